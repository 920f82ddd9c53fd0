/** A machine, and the parsers for what people type about one (Sabakan 3.1.9). */

import type { Ipv4 } from '../base/addresses.ts';
import type { Brand } from '../base/brand.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { instantOf, parseRfc3339, type Rfc3339 } from '../base/time.ts';
import { goRfc3339 } from './go-time.ts';
import { type Mistake, showValue } from './mistake.ts';

/** The SMBIOS serial number: what iPXE sends as `${serial}`, and the primary key. */
export type Serial = Brand<string, 'Serial'>;
export type Role = Brand<string, 'Role'>;

/** At most one machine of a rack has it, at an index of its own (Sabakan 3.1.9). */
export const bootRole = 'boot' as Role;

export const machineStates = [
  'uninitialized',
  'healthy',
  'unhealthy',
  'unreachable',
  'updating',
  'retiring',
  'retired',
] as const;
export type MachineState = (typeof machineStates)[number];

export type MachineSpec = {
  readonly serial: Serial;
  /** Names in ascending order; a Map, so that a label called `constructor` is only a label. */
  readonly labels: ReadonlyMap<string, string>;
  readonly rack: number;
  readonly indexInRack: number;
  readonly role: Role;
  /** `ipv4[0]` is the machine's address for people, probes and Kubernetes. */
  readonly ipv4: readonly Ipv4[];
  readonly registerDate: Rfc3339;
  readonly retireDate: Rfc3339;
  readonly bmc: { readonly type: string; readonly ipv4: Ipv4 };
};

export type MachineStatus = {
  readonly state: MachineState;
  /** When the state last really changed. */
  readonly since: Rfc3339;
  /** Absent: nobody told, as when another program set the state. */
  readonly reason?: StateReason;
};

/** Why a machine is in its state: shown to people next to it, kept until the next change. */
export type StateReason = {
  /** Who decided: `health`, `bridge`, or a person's name. */
  readonly by: string;
  /** One sentence an operator can act on. */
  readonly text: string;
  /** The facts behind it, such as the last probe results. */
  readonly evidence: readonly string[];
};

/** Why automation keeps its hands off a machine, and until when (`hold.ts`). */
export type MachineHold = {
  /** Who asked for it. */
  readonly by: string;
  readonly reason: string;
  readonly since: Rfc3339;
  /** Absent: until somebody releases it. */
  readonly until?: Rfc3339;
};

/** One address with what its owner needs to use it. */
export type NicConfig = {
  readonly address: Ipv4;
  readonly netmask: Ipv4;
  readonly maskBits: number;
  readonly gateway: Ipv4;
};

export type Machine = {
  readonly spec: MachineSpec;
  readonly status: MachineStatus;
  /** Automation keeps its hands off it. */
  readonly hold?: MachineHold;
  /** Sabakan's `info`: computed from the IPAM configuration at registration and stored. */
  readonly info: { readonly network: readonly NicConfig[]; readonly bmc: NicConfig };
};

/** What a technician says of a new machine; the inventory adds index, addresses and dates. */
export type NewMachine = {
  readonly serial: Serial;
  readonly labels: ReadonlyMap<string, string>;
  readonly rack: number;
  readonly role: Role;
  readonly bmcType: string;
  /** Default: the time of registration. */
  readonly retireDate?: Rfc3339;
};

/** Label names, roles, and label values that are not empty: what Kubernetes takes as a label value, too. */
const namePattern = /^[a-z0-9A-Z]([a-z0-9A-Z_.-]{0,61}[a-z0-9A-Z])?$/;
const bmcTypePattern = /^[a-z0-9A-Z\-_/.]+$/;
/** Control and invisible characters, spaces that only look like one, and what paths and lists are cut at. */
const unsafeInSerial = /[\p{Cc}\p{Cf}\p{Cs}\p{DI}\p{NChar}\p{Zl}\p{Zp}[\p{Zs}--[ ]]\/\\,]/v;

/** SMBIOS strings are short; this leaves room for vendors who are not. */
export const serialCharactersMax = 128;
/** Annotations and labels of a Kubernetes node are bounded; so are ours. */
export const labelsPerMachineMax = 64;
/** More machines in one request than a data hall holds are a mistake. */
export const machinesPerRequestMax = 10_000;
/** Rack numbers are multiplied into 32-bit addresses; far above any pool. */
export const rackMax = 1_000_000;

/** Serials go into URLs, file names, etcd keys and comma lists, so what would break those is refused. */
export function parseSerial(text: string): Result<Serial, string> {
  if (text === '') return fail('serial is empty');
  if (text.length > serialCharactersMax) {
    return fail(`serial is longer than ${serialCharactersMax} characters`);
  }
  if (text === '.' || text === '..') return fail('serial must not be . or ..');
  if (text !== text.trim()) return fail('serial must not begin or end with white space');
  if (unsafeInSerial.test(text)) {
    return fail(
      'serial must not contain a slash, backslash, comma, control or invisible character',
    );
  }
  return ok(text as Serial);
}

const nameRule = '1 to 63 letters, digits, - _ . with a letter or digit at both ends';

export function parseRole(text: string): Result<Role, string> {
  return namePattern.test(text) ? ok(text as Role) : fail(`invalid role: ${nameRule}`);
}

export function isLabelName(text: string): boolean {
  return namePattern.test(text);
}

export function isLabelValue(text: string): boolean {
  return text === '' || namePattern.test(text);
}

export function parseBmcType(text: string): Result<string, string> {
  if (text === '') return fail('BMC type is empty');
  return bmcTypePattern.test(text) ? ok(text) : fail('BMC type contains invalid character');
}

/** Pairs as a map in ascending order of names; a later pair replaces an earlier one. */
export function labelMap(
  labels: Iterable<readonly [name: string, value: string]>,
): ReadonlyMap<string, string> {
  return new Map([...new Map(labels)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The body of a registration: a list of machines, or every mistake in it. What the server assigns (index, addresses,
 * dates of registration) may be there and is ignored, as Sabakan does.
 */
export function parseNewMachines(json: unknown): Result<readonly NewMachine[], readonly Mistake[]> {
  const list = json ?? [];
  if (!Array.isArray(list)) {
    return fail([{ path: '', value: typeof json, text: 'must be a list of machines' }]);
  }
  if (list.length > machinesPerRequestMax) {
    const text = `more than ${machinesPerRequestMax} machines in one request`;
    return fail([{ path: '', value: list.length, text }]);
  }
  const mistakes: Mistake[] = [];
  const machines = list.map((item, at) => parseNewMachine(item, `/${at}`, mistakes));
  return mistakes.length > 0
    ? fail(mistakes)
    : ok(machines.filter((machine) => machine !== undefined));
}

function parseNewMachine(item: unknown, path: string, mistakes: Mistake[]): NewMachine | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    mistakes.push({
      path,
      value: item,
      text: 'must be a machine: an object with serial, rack, role and bmc',
    });
    return undefined;
  }
  const given = item as Readonly<Record<string, unknown>>;
  const before = mistakes.length;
  const take = <T>(below: string, value: unknown, result: Result<T, string>): T | undefined => {
    if (result.ok) return result.value;
    mistakes.push({ path: `${path}${below}`, value, text: result.error });
    return undefined;
  };
  const textOf = (value: unknown): string | undefined =>
    typeof value === 'string' ? value : value === undefined || value === null ? '' : undefined;
  const parsed = <T>(
    below: string,
    value: unknown,
    parse: (text: string) => Result<T, string>,
  ): T | undefined => {
    const text = textOf(value);
    return take(below, value, text === undefined ? fail('must be a string') : parse(text));
  };

  const serial = parsed('/serial', given['serial'], parseSerial);
  const role = parsed('/role', given['role'], parseRole);
  const labels = take('/labels', given['labels'], parseNewLabels(given['labels']));
  const bmc = given['bmc'] as Readonly<Record<string, unknown>> | null | undefined;
  const bmcIsObject = typeof bmc === 'object' && bmc !== null;
  const bmcType = parsed('/bmc/type', bmcIsObject ? bmc['type'] : undefined, parseBmcType);
  const rack = take('/rack', given['rack'], parseRack(given['rack']));
  const retire = given['retire-date'];
  const retireDate =
    retire === undefined || retire === null
      ? undefined
      : parsed('/retire-date', retire, parseRetireDate);
  if (mistakes.length > before) return undefined;
  return {
    serial: serial as Serial,
    role: role as Role,
    labels: labels ?? new Map(),
    rack: rack ?? 0,
    bmcType: bmcType ?? '',
    ...(retireDate === undefined || retireDate === goNever ? {} : { retireDate }),
  };
}

/** sabactl always sends the member: what its user's file leaves out is Go's zero time. */
const goNever = '0001-01-01T00:00:00Z';

/** No label, but a list of them: Sabakan publishes it as `{}`, and a machine that never had any as null. */
export const emptyLabels: ReadonlyMap<string, string> = new Map();

export function parseLabels(value: unknown): Result<ReadonlyMap<string, string>, string> {
  if (value === undefined || value === null) return ok(new Map());
  if (typeof value !== 'object' || Array.isArray(value))
    return fail('must be an object of names and values');
  const given = Object.entries(value);
  if (given.length === 0) return ok(emptyLabels);
  const labels: [string, string][] = [];
  for (const [name, item] of given) {
    // To Go, null is the empty text here.
    const text: unknown = item ?? '';
    if (typeof text !== 'string')
      return fail(`the value of label ${showValue(name)} must be a string`);
    if (!isLabelName(name) || !isLabelValue(text)) return fail('labels contain invalid character');
    labels.push([name, text]);
  }
  return ok(labelMap(labels));
}

function parseNewLabels(value: unknown): Result<ReadonlyMap<string, string>, string> {
  const labels = parseLabels(value);
  if (!labels.ok || labels.value.size <= labelsPerMachineMax) return labels;
  return fail(`a machine has at most ${labelsPerMachineMax} labels, not ${labels.value.size}`);
}

/** Go's time that was never set, which its programs (`sabactl machines create`, too) send for "none". */
const goZeroTime = instantOf('0001-01-01T00:00:00Z' as Rfc3339);

/** Undefined for the year 1, Go's way to say none. */
export function parseRetireDate(text: string): Result<Rfc3339 | undefined, string> {
  const date = parseRfc3339(text);
  if (!date.ok) return date;
  return ok(instantOf(date.value) === goZeroTime ? undefined : goRfc3339(date.value));
}

/** Absent is rack 0, as in Go. */
export function parseRack(value: unknown): Result<number, string> {
  if (value === undefined || value === null) return ok(0);
  if (!Number.isInteger(value) || (value as number) < 0)
    return fail('must be an unsigned whole number');
  return (value as number) > rackMax ? fail(`must be at most ${rackMax}`) : ok(value as number);
}
