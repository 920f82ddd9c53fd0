/** The published form of a machine and the stored one, both ways (Sabakan 3.1.9: `spec`, `status`, `info`). */

import { formatIpv4, type Ipv4, parseIpv4 } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type Instant, instantOf, msBetween, parseRfc3339, type Rfc3339 } from '../base/time.ts';
import {
  labelMap,
  type Machine,
  type MachineState,
  machineStates,
  type NicConfig,
  type Role,
  type Serial,
} from './machine.ts';

export type NicJson = {
  readonly address: string;
  readonly netmask: string;
  readonly maskbits: number;
  readonly gateway: string;
};

export type MachineJson = {
  readonly spec: {
    readonly serial: string;
    readonly labels: Readonly<Record<string, string>> | null;
    readonly rack: number;
    readonly 'index-in-rack': number;
    readonly role: string;
    readonly ipv4: readonly string[];
    readonly ipv6: null;
    readonly 'register-date': string;
    readonly 'retire-date': string;
    readonly bmc: { readonly ipv4: string; readonly ipv6: string; readonly type: string };
  };
  readonly status: {
    readonly timestamp: string;
    /** Seconds since the last change of state. */
    readonly duration: number;
    readonly state: string;
  };
  readonly info: {
    readonly network: { readonly ipv4: readonly NicJson[] };
    readonly bmc: { readonly ipv4: NicJson };
  };
};

/** `duration` is 0 in what is stored and the age of the state in what is published. */
export function machineToJson(machine: Machine, now: Instant): MachineJson {
  return withDuration(machine, durationSeconds(machine, now));
}

export function durationSeconds(machine: Machine, now: Instant): number {
  return Math.max(msBetween(instantOf(machine.status.since), now), 0) / 1000;
}

/** The stored form. Members of `original` that are not ours are kept: another version may have written them. */
export function encodeMachine(machine: Machine, original?: Uint8Array): Uint8Array {
  const json: unknown = withDuration(machine, 0);
  const base = original === undefined ? undefined : parseJson(original);
  const merged = base === undefined ? json : merge(base, json);
  return new TextEncoder().encode(JSON.stringify(merged));
}

export function decodeMachine(bytes: Uint8Array): Result<Machine, string> {
  const json = parseJson(bytes);
  return json === undefined ? fail('the record is not JSON') : machineFromJson(json);
}

/** Reads what any Sabakan has stored; it only refuses what it could not serve truthfully. */
export function machineFromJson(json: unknown): Result<Machine, string> {
  const [spec, status, info] = ['spec', 'status', 'info'].map((name) => objectAt(json, name));
  const serial = textAt(spec, 'serial');
  if (serial === '') return fail('spec.serial is missing');
  const state = machineStates.find((known) => known === textAt(status, 'state'));
  if (state === undefined)
    return fail(`status.state is ${JSON.stringify(textAt(status, 'state'))}`);
  const dates = [
    ['status.timestamp', textAt(status, 'timestamp')],
    ['spec.register-date', textAt(spec, 'register-date')],
    ['spec.retire-date', textAt(spec, 'retire-date')],
  ] as const;
  for (const [name, text] of dates)
    if (!parseRfc3339(text).ok) return fail(`${name} is ${JSON.stringify(text)}`);
  const [since, registerDate, retireDate] = dates.map(([, text]) => text as Rfc3339) as [
    Rfc3339,
    Rfc3339,
    Rfc3339,
  ];
  const ipv4 = listAt(spec, 'ipv4').map((text) => parseIpv4(String(text)));
  // A machine without an address would stop a reconciler that reads the first one.
  if (ipv4.length === 0) return fail('spec.ipv4 is empty');
  const broken = ipv4.find((address) => !address.ok);
  if (broken !== undefined && !broken.ok) return fail(`spec.ipv4: ${broken.error}`);
  const bmc = objectAt(spec, 'bmc');
  const bmcAddress = parseIpv4(textAt(bmc, 'ipv4'));
  const labels = objectAt(spec, 'labels') as Readonly<Record<string, string>>;
  const network = listAt(objectAt(info, 'network'), 'ipv4').map(nicFromJson);
  const machine: Machine = {
    spec: {
      serial: serial as Serial,
      labels: labelMap(labels),
      rack: numberAt(spec, 'rack'),
      indexInRack: numberAt(spec, 'index-in-rack'),
      role: textAt(spec, 'role') as Role,
      ipv4: ipv4.map((address) => (address.ok ? address.value : (0 as Ipv4))),
      registerDate,
      retireDate,
      bmc: { type: textAt(bmc, 'type'), ipv4: bmcAddress.ok ? bmcAddress.value : (0 as Ipv4) },
    },
    status: { state: state as MachineState, since },
    info: { network, bmc: nicFromJson(objectAt(objectAt(info, 'bmc'), 'ipv4')) },
  };
  return ok(machine);
}

/** All but `duration`, computed once per machine value: lists of 100,000 are built from these. */
const fixedParts = new WeakMap<Machine, Omit<MachineJson, 'status'>>();

function withDuration(machine: Machine, duration: number): MachineJson {
  const { since, state } = machine.status;
  const fixed = fixedParts.get(machine) ?? fixedPart(machine);
  fixedParts.set(machine, fixed);
  return { spec: fixed.spec, status: { timestamp: since, duration, state }, info: fixed.info };
}

function fixedPart({ spec, info }: Machine): Omit<MachineJson, 'status'> {
  return {
    spec: {
      serial: spec.serial,
      labels: spec.labels.size === 0 ? null : Object.fromEntries(spec.labels),
      rack: spec.rack,
      'index-in-rack': spec.indexInRack,
      role: spec.role,
      ipv4: spec.ipv4.map(formatIpv4),
      ipv6: null,
      'register-date': spec.registerDate,
      'retire-date': spec.retireDate,
      bmc: { ipv4: formatIpv4(spec.bmc.ipv4), ipv6: '', type: spec.bmc.type },
    },
    info: { network: { ipv4: info.network.map(nicToJson) }, bmc: { ipv4: nicToJson(info.bmc) } },
  };
}

function nicToJson(nic: NicConfig): NicJson {
  return {
    address: formatIpv4(nic.address),
    netmask: formatIpv4(nic.netmask),
    maskbits: nic.maskBits,
    gateway: formatIpv4(nic.gateway),
  };
}

function nicFromJson(json: unknown): NicConfig {
  const address = (name: string): Ipv4 => {
    const parsed = parseIpv4(textAt(json, name));
    return parsed.ok ? parsed.value : (0 as Ipv4);
  };
  return {
    address: address('address'),
    netmask: address('netmask'),
    maskBits: numberAt(json, 'maskbits'),
    gateway: address('gateway'),
  };
}

/** Ours over theirs, member by member; lists and labels are replaced whole. */
function merge(theirs: unknown, ours: unknown): unknown {
  if (!isObject(theirs) || !isObject(ours)) return ours;
  const merged: Record<string, unknown> = { ...theirs };
  for (const [name, value] of Object.entries(ours)) {
    merged[name] = name === 'labels' ? value : merge(theirs[name], value);
  }
  return merged;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(json: unknown, name: string): Readonly<Record<string, unknown>> {
  const value = isObject(json) ? json[name] : undefined;
  return isObject(value) ? value : {};
}

function listAt(json: unknown, name: string): readonly unknown[] {
  const value = isObject(json) ? json[name] : undefined;
  return Array.isArray(value) ? value : [];
}

function textAt(json: unknown, name: string): string {
  const value = isObject(json) ? json[name] : undefined;
  return typeof value === 'string' ? value : '';
}

function numberAt(json: unknown, name: string): number {
  const value = isObject(json) ? json[name] : undefined;
  return typeof value === 'number' ? value : 0;
}
