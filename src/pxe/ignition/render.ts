/**
 * A role's template and a machine → the Ignition document its first boot reads.
 *
 * A pure function: the same template, machine and settings give the same octets on every server. What is rendered
 * and what passes through is data in `spec2-schema.ts`; as in Sabakan 3.1.9 the document is re-serialised from the
 * typed structure, so in 2.x unknown members fall away and empty sections appear.
 */

import type { Ipv4 } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Instant, Rfc3339 } from '../../base/time.ts';
import { bmcAddress, nodeAddresses } from '../../inventory/ipam.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { Machine, Role, Serial } from '../../inventory/machine.ts';
import { type Budget, createBudget } from '../template/budget.ts';
import type { Callable } from '../template/callable.ts';
import { templateFunctions } from '../template/functions.ts';
import { fromJson, type Value } from '../template/go-value.ts';
import { parseTemplate } from '../template/parser.ts';
import { runTemplate } from '../template/run.ts';
import { decodeDataText, encodeDataText } from './data-url.ts';
import { duplicateIn } from './duplicates.ts';
import { machineValue } from './machine-value.ts';
import type { Member, Shape } from './shape.ts';
import { type IgnitionVersion, isStrict, shapeOf } from './versions.ts';

/** As stored under `ignitions/<role>/<id>`. */
export type IgnitionTemplate = {
  readonly version: IgnitionVersion;
  readonly template: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>> | null;
};

export type RenderSettings = {
  readonly advertiseUrl: string;
  readonly advertiseUrlHttps: string;
  readonly now: Instant;
};

/** Names the member (`systemd.units[0].contents`), and for a template error the line and expression. */
export type RenderProblem = {
  readonly kind: 'template-broken';
  readonly member: string;
  readonly line: number | undefined;
  readonly expression: string | undefined;
  readonly text: string;
};

/** A whole document; the largest template upload is 2 MiB. */
export const documentBytesMax = 8 * 1024 * 1024;

class Broken extends Error {
  readonly problem: RenderProblem;
  constructor(member: string, text: string, line?: number, expression?: string) {
    super(text);
    this.problem = { kind: 'template-broken', member, text, line, expression };
  }
}

/** The JSON text of the rendered document. */
export function renderIgnition(
  template: IgnitionTemplate,
  machine: Machine,
  settings: RenderSettings,
): Result<string, RenderProblem> {
  const { advertiseUrl, advertiseUrlHttps, now } = settings;
  const metadata = new Map(
    Object.entries(template.meta ?? {}).map(([name, value]) => [name, fromJson(value)]),
  );
  const functions = templateFunctions({ advertiseUrl, advertiseUrlHttps, metadata });
  const rendering: Rendering = {
    dot: machineValue(machine, now),
    functions,
    names: new Set(functions.keys()),
    budget: createBudget(),
    strict: isStrict(template.version),
  };
  try {
    const document = rewrite(rendering, shapeOf(template.version), template.template, '') as {
      ignition: Record<string, unknown>;
    };
    const duplicate = rendering.strict ? duplicateIn(document) : undefined;
    if (duplicate !== undefined) throw new Broken(duplicate.member, duplicate.text);
    document.ignition['version'] = `${template.version}.0`;
    const text = JSON.stringify(document);
    if (text.length > documentBytesMax)
      throw new Broken('', `the document is larger than ${documentBytesMax} bytes`);
    return ok(text);
  } catch (problem) {
    if (problem instanceof Broken) return fail(problem.problem);
    throw problem;
  }
}

/** The machine that a template is tried with before it is stored: Sabakan's own example machine. */
export function exampleMachine(config: IpamConfig, now: Rfc3339): Machine {
  const nodes = nodeAddresses(config, 1, 1);
  const bmc = bmcAddress(config, 1, 1);
  return {
    spec: {
      serial: '1234abcd' as Serial,
      labels: new Map(),
      rack: 1,
      indexInRack: 1,
      role: '' as Role,
      ipv4: nodes.map((nic) => nic.address),
      registerDate: now,
      retireDate: now,
      bmc: { type: '', ipv4: bmc.address as Ipv4 },
    },
    status: { state: 'uninitialized', since: now },
    info: { network: nodes, bmc },
  };
}

/** Names the member; of a template that is Go's whole message, with the member as the template's name. */
export function describeRenderProblem({ member, text }: RenderProblem): string {
  return member === '' || text.startsWith(`template: ${member}:`) ? text : `${member}: ${text}`;
}

type Rendering = {
  readonly dot: Value;
  readonly functions: ReadonlyMap<string, Callable>;
  readonly names: ReadonlySet<string>;
  /** One for the whole document. */
  readonly budget: Budget;
  /** Members that the version does not know are refused, not dropped; 3.x. */
  readonly strict: boolean;
};

function rewrite(
  rendering: Rendering,
  shape: Shape,
  value: unknown,
  path: string,
  render?: Member['render'],
): unknown {
  if (typeof shape === 'string') return scalar(rendering, shape, value, path, render);
  if ('list' in shape) {
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) throw new Broken(path, `must be a list, not ${typeof value}`);
    return value.map((item, at) => rewrite(rendering, shape.list, item, `${path}[${at}]`, render));
  }
  return rewriteObject(rendering, shape.members, value ?? {}, path);
}

function rewriteObject(
  rendering: Rendering,
  members: readonly Member[],
  value: unknown,
  path: string,
): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Broken(path, `must be an object, not ${JSON.stringify(value)}`);
  const given = value as Readonly<Record<string, unknown>>;
  if (rendering.strict) refuseUnknown(members, given, path);
  const written: Record<string, unknown> = {};
  for (const member of members) {
    const raw = rendering.strict ? given[member.name] : memberOf(given, member.name);
    const isGiven = raw !== undefined && raw !== null;
    if (member.when === 'pointer' && !isGiven) continue;
    const below = path === '' ? member.name : `${path}.${member.name}`;
    if (member.when === 'required' && !isGiven) throw new Broken(below, 'is missing');
    const isPacked = rendering.strict && member.render === 'source' && isCompressed(given);
    const render = isPacked ? undefined : member.render;
    const result = rewrite(rendering, member.shape, raw, below, render);
    if (member.when === 'omit' && isZero(result)) continue;
    written[member.name] = result;
  }
  return written;
}

function refuseUnknown(
  members: readonly Member[],
  given: Readonly<Record<string, unknown>>,
  path: string,
): void {
  const known = members.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const below = path === '' ? unknown : `${path}.${unknown}`;
  throw new Broken(below, `is no member of this version; there are ${known.join(', ')}`);
}

/** Octets that have to be unpacked first are none of a template. In 2.x Sabakan 3.1.9 renders them all the same. */
function isCompressed(given: Readonly<Record<string, unknown>>): boolean {
  const { compression, source } = given;
  const isEmbedded = typeof source === 'string' && source.startsWith('data:');
  return isEmbedded && typeof compression === 'string' && compression !== '';
}

/** Go matches member names in any case, the exact one first. */
function memberOf(given: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(given, name)) return given[name];
  const other = Object.keys(given).find((key) => key.toLowerCase() === name.toLowerCase());
  return other === undefined ? undefined : given[other];
}

function isZero(value: unknown): boolean {
  return (
    value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0)
  );
}

function scalar(
  rendering: Rendering,
  shape: 'string' | 'int' | 'bool',
  value: unknown,
  path: string,
  render: Member['render'],
): unknown {
  if (value === null || value === undefined) return { string: '', int: 0, bool: false }[shape];
  if (shape === 'int') {
    if (!Number.isSafeInteger(value))
      throw new Broken(path, `must be a whole number, not ${JSON.stringify(value)}`);
    return value;
  }
  if (shape === 'bool') {
    if (typeof value !== 'boolean')
      throw new Broken(path, `must be true or false, not ${JSON.stringify(value)}`);
    return value;
  }
  if (typeof value !== 'string')
    throw new Broken(path, `must be a string, not ${JSON.stringify(value)}`);
  if (render === undefined) return value;
  return render === 'text' ? run(rendering, value, path) : source(rendering, value, path);
}

function source(rendering: Rendering, url: string, path: string): string {
  if (!url.startsWith('data:')) return run(rendering, url, path);
  const text = decodeDataText(url);
  if (text === undefined) throw new Broken(path, 'is not a well-formed data URL');
  if (rendering.strict && !text.includes('{{')) return url;
  return encodeDataText(run(rendering, text, path));
}

function run(rendering: Rendering, given: string, path: string): string {
  if (!given.includes('{{')) return given;
  const parsed = parseTemplate(path, given, rendering.names);
  if (!parsed.ok) throw new Broken(path, parsed.error.text, parsed.error.line);
  const { dot, functions, budget } = rendering;
  const result = runTemplate(parsed.value, dot, functions, budget);
  if (result.ok) return result.value;
  const { text, line, expression } = result.error;
  throw new Broken(path, text, line, expression);
}
