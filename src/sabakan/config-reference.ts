/**
 * The members of the configuration as data, learnt from the reader itself: which it asks for, what it takes where
 * nothing is given, and what it says of a wrong value. So this cannot differ from what a server does.
 */

import { defaultBridgeSettings, defaultConstraints } from '../cke-bridge/settings.ts';
import { defaultHealthPolicy } from '../health/policy.ts';
import { askedMembers, parseConfig } from './config.ts';
import { meanings } from './config-meanings.ts';

export type ConfigMember = {
  /** `etcd.timeout`. */
  readonly path: string;
  /** What it may be: `a whole number from 0 to 86400`. */
  readonly holds: string;
  /** As it would stand in the file; `required`; or in words, where it depends. */
  readonly otherwise: string;
  /** Sabakan has it, with this name. */
  readonly isSabakans: boolean;
  readonly meaning: string;
};

const required = {
  'advertise-url': 'http://10.69.0.3:10080',
  'advertise-url-https': 'https://10.69.0.3:10443',
};
const requiredCluster = { template: '/t.yml', output: '/c.yml' };
/** Members that hold more members. */
const all = {
  ...required,
  etcd: { embedded: {} },
  health: {},
  cluster: requiredCluster,
};

/** In the order of their meanings; whatever has none comes last, with an empty one. */
export function configMembers(): readonly ConfigMember[] {
  const defaults = new Map<string, unknown>([
    ...askedMembers(all),
    ...flat('health', defaultHealthPolicy),
    ...flat('cluster.constraints', defaultConstraints),
    ...flat('cluster', defaultBridgeSettings),
  ]);
  const order = [...meanings.keys()];
  const place = (path: string): number => {
    const at = order.indexOf(path);
    return at === -1 ? order.length : at;
  };
  return [...defaults]
    .map(([path, value]): ConfigMember => {
      const { text = '', otherwise, isSabakans = false } = meanings.get(path) ?? {};
      const holds = holdsOf(path);
      return { path, holds, otherwise: otherwise ?? written(value), isSabakans, meaning: text };
    })
    .toSorted((a, b) => place(a.path) - place(b.path));
}

/** A policy's members in the hyphenated spelling of the file. */
function flat(path: string, value: unknown): readonly (readonly [string, unknown])[] {
  if (!isPlainObject(value)) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) =>
    flat(`${path}.${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, inner),
  );
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map)
  );
}

/** What the reader asks for when it is given something absurd: of the right type first, then of any. */
function holdsOf(path: string): string {
  const { holds } = meanings.get(path) ?? {};
  if (holds !== undefined) return holds;
  for (const absurd of ['\u0001 ', ['\u0001 '], { '?': 0 }]) {
    const refused = refusalOf(path, absurd);
    if (refused !== undefined && !isAboutType(refused)) return refused;
  }
  return refusalOf(path, { '?': 0 }) ?? 'anything';
}

function isAboutType(text: string): boolean {
  return text === 'text' || text === 'a list of texts';
}

function refusalOf(path: string, value: unknown): string | undefined {
  const given = structuredClone<Record<string, unknown>>({
    ...required,
    ...(path.startsWith('cluster.') ? { cluster: requiredCluster } : {}),
  });
  const names = path.split('.');
  let inner = given;
  for (const name of names.slice(0, -1)) {
    inner[name] ??= {};
    inner = inner[name] as Record<string, unknown>;
  }
  inner[names.at(-1) ?? ''] = value;
  const parsed = parseConfig(JSON.stringify(given));
  if (parsed.ok) return undefined;
  const own = parsed.error.find(
    ({ member, text }) => isWithin(member, path) && /^must be |is not an? /.test(text),
  );
  return own?.text
    .replace(/^must be /, '')
    .replace(/^".*" is not /, '')
    .replace(/, not .*$/s, '')
    .replace(/: .*$/s, '');
}

function isWithin(member: string, path: string): boolean {
  return member === path || member.startsWith(`${path}.`);
}

/** As it would stand in the file, on one line. */
function written(value: unknown): string {
  return value === undefined || value === '' ? 'none' : `\`${yaml(value)}\``;
}

function yaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yaml).join(', ')}]`;
  const plain = value instanceof Map ? Object.fromEntries(value) : value;
  if (!isPlainObject(plain)) return String(plain);
  const members = Object.entries(plain).map(([name, inner]) => `${name}: ${yaml(inner)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
