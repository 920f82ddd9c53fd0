/** What the bridge keeps in the store under one key: the last cluster and its memory, as JSON. */

import { formatIpv4, parseIpv4 } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Revision } from '../base/store.ts';
import type { Instant, Rfc3339 } from '../base/time.ts';
import type { Role, Serial } from '../inventory/machine.ts';
import {
  emptyMemory,
  type LastCluster,
  type MachineMemory,
  type Member,
  type Memory,
  type TaintState,
} from './cluster.ts';

export const recordKey = 'tetsukan/cluster';
/** etcd takes requests of 1.5 MiB; 5,000 members with a few labels each stay below a megabyte. */
export const recordBytesMax = 1_400_000;
const version = 1;

export type BridgeRecord = {
  readonly lastCluster: LastCluster | undefined;
  readonly memory: Memory;
};

export const emptyRecord: BridgeRecord = { lastCluster: undefined, memory: emptyMemory };

export function encodeRecord(record: BridgeRecord): Uint8Array {
  const last = record.lastCluster;
  const memory = [...record.memory].map(([serial, { downSince, up, falls }]) => [
    serial,
    downSince ?? null,
    up,
    falls,
  ]);
  const cluster =
    last === undefined
      ? null
      : {
          ...last,
          removedAt: last.removedAt ?? null,
          controlPlanesChangedAt: last.controlPlanesChangedAt ?? null,
          members: last.members.map(encodeMember),
        };
  return new TextEncoder().encode(JSON.stringify({ version, cluster, memory }));
}

/** A list, not an object: 5,000 times the names would be a third of the whole. */
function encodeMember({ facts, controlPlane, joinedAt, replaces, taint }: Member): unknown {
  return [
    facts.serial,
    formatIpv4(facts.address),
    facts.rack,
    facts.indexInRack,
    facts.role,
    facts.registerDate,
    facts.retireDate,
    Object.fromEntries(facts.labels),
    controlPlane,
    joinedAt,
    replaces ?? null,
    taint.state,
    taint.at,
  ];
}

/** Strict: a record we cannot read in full stops the bridge, since a member left out would be a member removed. */
export function decodeRecord(bytes: Uint8Array): Result<BridgeRecord, string> {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const whole = members(json, 'the record');
    if (whole['version'] !== version) {
      return fail(
        `the record has version ${String(whole['version'])}; this release reads ${version}`,
      );
    }
    const memory = list(whole['memory'], 'memory').map(decodeMemory);
    const cluster = whole['cluster'];
    return ok({
      lastCluster: cluster === null ? undefined : decodeCluster(members(cluster, 'cluster')),
      memory: new Map(memory),
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function decodeCluster(json: Readonly<Record<string, unknown>>): LastCluster {
  return {
    generation: number(json['generation'], 'generation'),
    inventoryRevision: text(json['inventoryRevision'], 'inventoryRevision') as Revision,
    writtenAt: number(json['writtenAt'], 'writtenAt') as Instant,
    fingerprint: text(json['fingerprint'], 'fingerprint'),
    removedAt: optionalInstant(json['removedAt'], 'removedAt'),
    controlPlanesChangedAt: optionalInstant(
      json['controlPlanesChangedAt'],
      'controlPlanesChangedAt',
    ),
    members: list(json['members'], 'members').map(decodeMember),
  };
}

function decodeMember(json: unknown): Member {
  const [
    serial,
    addressText,
    rack,
    indexInRack,
    role,
    registerDate,
    retireDate,
    labelTexts,
    controlPlane,
    joinedAt,
    replaces,
    state,
    taintedAt,
  ] = list(json, 'member');
  const address = parseIpv4(text(addressText, 'address'));
  if (!address.ok) throw new Error(address.error);
  const labels = Object.entries(members(labelTexts, 'labels'));
  return {
    facts: {
      serial: text(serial, 'serial') as Serial,
      labels: new Map(labels.map(([name, value]) => [name, text(value, `label ${name}`)])),
      rack: number(rack, 'rack'),
      indexInRack: number(indexInRack, 'indexInRack'),
      role: text(role, 'role') as Role,
      registerDate: text(registerDate, 'registerDate') as Rfc3339,
      retireDate: text(retireDate, 'retireDate') as Rfc3339,
      address: address.value,
    },
    controlPlane: controlPlane === true,
    joinedAt: number(joinedAt, 'joinedAt') as Instant,
    replaces: replaces === null ? undefined : (text(replaces, 'replaces') as Serial),
    taint: { state: taintState(state), at: number(taintedAt, 'taint time') as Instant },
  };
}

function decodeMemory(json: unknown): readonly [Serial, MachineMemory] {
  const [serial, downSince, up, falls] = list(json, 'memory entry');
  const memory = {
    downSince: optionalInstant(downSince, 'downSince'),
    up: up === true,
    falls: list(falls, 'falls').map((fall) => number(fall, 'fall') as Instant),
  };
  return [text(serial, 'serial') as Serial, memory];
}

function taintState(json: unknown): TaintState {
  const states: readonly TaintState[] = ['none', 'unreachable', 'retiring', 'retired'];
  const state = states.find((each) => each === json);
  if (state === undefined)
    throw new Error(`taint: ${String(json)} is not one of ${states.join(', ')}`);
  return state;
}

function members(json: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Error(`${name} is not an object`);
  }
  return json as Readonly<Record<string, unknown>>;
}

function list(json: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(json)) throw new Error(`${name} is not a list`);
  return json;
}

function text(json: unknown, name: string): string {
  if (typeof json !== 'string') throw new Error(`${name} is not a text`);
  return json;
}

function number(json: unknown, name: string): number {
  if (typeof json !== 'number' || !Number.isFinite(json))
    throw new Error(`${name} is not a number`);
  return json;
}

function optionalInstant(json: unknown, name: string): Instant | undefined {
  return json === null ? undefined : (number(json, name) as Instant);
}
