/** The published form of a machine and the stored one, both ways (Sabakan 3.1.9: `spec`, `status`, `info`). */

import { formatIpv4, type Ipv4, parseIpv4 } from '../base/addresses.ts';
import { isJsonObject, objectAt, parseExactJson, parseJson } from '../base/exact-json.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type Instant, instantOf, msBetween, parseRfc3339, type Rfc3339 } from '../base/time.ts';
import { holdFromJson } from './hold.ts';
import { parseMachineState } from './lifecycle.ts';
import {
  emptyLabels,
  type Machine,
  type NicConfig,
  parseLabels,
  parseRole,
  type Role,
  type Serial,
} from './machine.ts';
import { showValue } from './mistake.ts';
import { reasonFromJson, reasonToJson } from './state-reason.ts';

/** A record that is broken in more places is broken. */
const problemsShownMax = 5;

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

/** Parsed once per machine value: a list of 100,000 asks for each of them. */
const sinceOf = new WeakMap<Machine, Instant>();

/** How long the machine has been in its state, in seconds; 0 where the clocks of two servers disagree. */
export function durationSeconds(machine: Machine, now: Instant): number {
  let since = sinceOf.get(machine);
  if (since === undefined) {
    since = instantOf(machine.status.since);
    sinceOf.set(machine, since);
  }
  return Math.max(msBetween(since, now), 0) / 1000;
}

/** The member of a stored machine that is ours; Sabakan knows `spec`, `status` and `info`. */
const ourMember = 'tetsukan';

/**
 * The stored form. An `original` is taken as it is but for what may change (labels, retire date, status, place, role,
 * type of BMC): what another version has added to it stays.
 */
export function encodeMachine(machine: Machine, original?: Uint8Array): Uint8Array {
  const json = withDuration(machine, 0);
  const theirs = original === undefined ? undefined : parseExactJson(original);
  const known = isJsonObject(theirs)
    ? {
        ...theirs,
        ...placeIn(theirs, json),
        status: { ...objectAt(theirs, 'status'), ...json.status },
      }
    : json;
  const reason = reasonToJson(machine.status);
  const ours = { ...objectAt(theirs, ourMember), reason, hold: machine.hold };
  // Members that are undefined are left out of the text.
  const isEmpty = Object.values(ours).every((value) => value === undefined);
  const stored = { ...known, [ourMember]: isEmpty ? undefined : ours };
  return new TextEncoder().encode(JSON.stringify(stored));
}

/** What they hold of place and addresses, with ours where it differs: equal values keep their very text. */
function placeIn(theirs: object, { spec, info }: MachineJson): object {
  const before = objectAt(theirs, 'spec');
  const bmc = objectAt(before, 'bmc');
  const nics = objectAt(theirs, 'info');
  const isMoved =
    spec.ipv4.join() !== listAt(before, 'ipv4').join() || spec.bmc.ipv4 !== textAt(bmc, 'ipv4');
  const place = { rack: spec.rack, 'index-in-rack': spec['index-in-rack'], ipv4: spec.ipv4 };
  return {
    spec: {
      ...before,
      ...(isMoved ? place : {}),
      role: spec.role,
      labels: spec.labels,
      'retire-date': spec['retire-date'],
      bmc: { ...bmc, type: spec.bmc.type, ...(isMoved ? { ipv4: spec.bmc.ipv4 } : {}) },
    },
    ...(isMoved
      ? {
          info: {
            ...nics,
            network: { ...objectAt(nics, 'network'), ipv4: info.network.ipv4 },
            bmc: { ...objectAt(nics, 'bmc'), ipv4: info.bmc.ipv4 },
          },
        }
      : {}),
  };
}

/** @param serial what the record's key says; a record that lies under another machine's key is nobody's. */
export function decodeMachine(bytes: Uint8Array, serial: string): Result<Machine, string> {
  const json = parseJson(bytes);
  if (json === undefined) return fail('the record is not JSON');
  const machine = machineFromJson(json);
  if (!machine.ok || machine.value.spec.serial === serial) return machine;
  return fail(`the record is that of machine ${machine.value.spec.serial}`);
}

/**
 * Reads what Sabakan has stored. What it never writes is refused, since it could not be served truthfully: one machine
 * without an address, or with an invalid label, stops a reconciler for the whole fleet.
 */
function machineFromJson(json: unknown): Result<Machine, string> {
  const problems: string[] = [];
  const take = <T>(name: string, result: Result<T, string>, otherwise: T): T => {
    if (result.ok) return result.value;
    problems.push(`${name}: ${result.error}`);
    return otherwise;
  };
  const [spec, status, info] = ['spec', 'status', 'info'].map((name) => objectAt(json, name));
  const bmc = objectAt(spec, 'bmc');
  const nobody = 0 as Ipv4;
  const epoch = '1970-01-01T00:00:00Z' as Rfc3339;
  const time = (name: string, from: unknown, member: string): Rfc3339 =>
    take(name, parseRfc3339(textAt(from, member)), epoch);
  const count = (name: string, from: unknown, member: string): number =>
    take(`spec.${name}`, countAt(from, member), 0);
  const nic = (name: string, from: unknown): NicConfig => {
    const address = (member: string): Ipv4 =>
      take(`${name}.${member}`, parseIpv4(textAt(from, member)), nobody);
    return {
      address: address('address'),
      netmask: address('netmask'),
      maskBits: take(`${name}.maskbits`, countAt(from, 'maskbits'), 0),
      gateway: address('gateway'),
    };
  };

  const state = take('status.state', parseMachineState(textAt(status, 'state')), 'uninitialized');
  const since = time('status.timestamp', status, 'timestamp');
  const reason = reasonFromJson(memberOf(objectAt(json, ourMember), 'reason'), { state, since });
  const hold = holdFromJson(memberOf(objectAt(json, ourMember), 'hold'));
  const machine: Machine = {
    spec: {
      serial: textAt(spec, 'serial') as Serial,
      labels: take('spec.labels', parseLabels(memberOf(spec, 'labels')), new Map()),
      rack: count('rack', spec, 'rack'),
      indexInRack: count('index-in-rack', spec, 'index-in-rack'),
      role: take('spec.role', parseRole(textAt(spec, 'role')), '' as Role),
      ipv4: listAt(spec, 'ipv4').map((text) =>
        take('spec.ipv4', parseIpv4(typeof text === 'string' ? text : ''), nobody),
      ),
      registerDate: time('spec.register-date', spec, 'register-date'),
      retireDate: time('spec.retire-date', spec, 'retire-date'),
      bmc: {
        type: textAt(bmc, 'type'),
        ipv4: take('spec.bmc.ipv4', parseIpv4(textAt(bmc, 'ipv4')), nobody),
      },
    },
    status: { state, since, ...(reason === undefined ? {} : { reason }) },
    ...(hold === undefined ? {} : { hold }),
    info: {
      network: listAt(objectAt(info, 'network'), 'ipv4').map((one, at) =>
        nic(`info.network.ipv4[${at}]`, one),
      ),
      bmc: nic('info.bmc.ipv4', objectAt(objectAt(info, 'bmc'), 'ipv4')),
    },
  };
  if (machine.spec.serial === '') problems.unshift('spec.serial is missing');
  if (machine.spec.ipv4.length === 0) problems.push('spec.ipv4 is empty');
  return problems.length === 0 ? ok(machine) : fail(problems.slice(0, problemsShownMax).join('; '));
}

/** All but `status`, computed once per machine value. */
const fixedParts = new WeakMap<Machine, Omit<MachineJson, 'status'>>();

function withDuration(machine: Machine, duration: number): MachineJson {
  const { since, state } = machine.status;
  let fixed = fixedParts.get(machine);
  if (fixed === undefined) {
    fixed = fixedPart(machine);
    fixedParts.set(machine, fixed);
  }
  return { spec: fixed.spec, status: { timestamp: since, duration, state }, info: fixed.info };
}

function fixedPart({ spec, info }: Machine): Omit<MachineJson, 'status'> {
  return {
    spec: {
      serial: spec.serial,
      labels: hasNoLabels(spec) ? null : Object.fromEntries(spec.labels),
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

function hasNoLabels({ labels }: Machine['spec']): boolean {
  return labels.size === 0 && labels !== emptyLabels;
}

export function nicToJson(nic: NicConfig): NicJson {
  return {
    address: formatIpv4(nic.address),
    netmask: formatIpv4(nic.netmask),
    maskbits: nic.maskBits,
    gateway: formatIpv4(nic.gateway),
  };
}

function memberOf(json: unknown, name: string): unknown {
  return isJsonObject(json) && Object.hasOwn(json, name) ? json[name] : undefined;
}

function listAt(json: unknown, name: string): readonly unknown[] {
  const value = memberOf(json, name);
  return Array.isArray(value) ? value : [];
}

function textAt(json: unknown, name: string): string {
  const value = memberOf(json, name);
  return typeof value === 'string' ? value : '';
}

function countAt(json: unknown, name: string): Result<number, string> {
  const value = memberOf(json, name);
  if (Number.isSafeInteger(value) && (value as number) >= 0) return ok(value as number);
  return fail(`${showValue(value)} is not an unsigned whole number`);
}
