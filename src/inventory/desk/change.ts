/** A change of the inventory as one transaction: what it reads, and what it writes or refuses. No effects. */

import type { Decision, Reads, View } from '../../base/decision.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Write } from '../../base/store.ts';
import { type IpamConfig, parseIpamConfig } from '../ipam-config.ts';
import { keys } from '../keys.ts';
import type { Machine, Serial } from '../machine.ts';
import { decodeMachine } from '../machine-json.ts';
import type { InventoryProblem } from '../problem.ts';

export type Change<T> = {
  readonly lane: string;
  readonly reads: Reads;
  readonly decide: (view: View) => Decision<T, InventoryProblem>;
};

export function putJson(key: string, json: unknown): Write {
  return { kind: 'put', key, value: new TextEncoder().encode(JSON.stringify(json)) };
}

export type StoredMachine = { readonly machine: Machine; readonly bytes: Uint8Array };

export function readMachine(
  view: Pick<View, 'get'>,
  serial: Serial,
):
  | { readonly ok: true; readonly value: StoredMachine }
  | { readonly ok: false; readonly error: InventoryProblem } {
  const entry = view.get(keys.machine(serial));
  if (entry === undefined) return fail(unknownMachine(serial));
  const machine = decodeMachine(entry.value, serial);
  if (!machine.ok) return fail(brokenRecord(entry.key, machine.error));
  return { ok: true, value: { machine: machine.value, bytes: entry.value } };
}

/** No list yet, or `null` as Sabakan writes it, is an empty rack. */
export function readIndices(view: View, rack: number): Result<readonly number[], InventoryProblem> {
  const entry = view.get(keys.nodeIndices(rack));
  const json = entry === undefined ? null : parseBytes(entry.value);
  if (json === null) return ok([]);
  if (Array.isArray(json) && json.every((index) => Number.isInteger(index))) return ok(json);
  return fail(brokenRecord(keys.nodeIndices(rack), 'it is not a list of whole numbers'));
}

export function readIpam(view: View): Result<IpamConfig, InventoryProblem> {
  const entry = view.get(keys.ipam);
  if (entry === undefined) {
    const text = 'IPAMConfig is not set: PUT /api/v1/config/ipam first';
    return fail({ kind: 'ipam-missing', text });
  }
  const config = parseIpamConfig(parseBytes(entry.value));
  return config.ok ? ok(config.value) : fail(brokenRecord(keys.ipam, config.error));
}

/** Undefined when it is not JSON. */
export function parseBytes(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

export function unknownMachine(serial: string): InventoryProblem {
  return { kind: 'machine-unknown', serial, text: `no machine has the serial ${serial}` };
}

export function brokenRecord(key: string, why: string): InventoryProblem {
  const text = `the record ${key} in the store is broken and was left alone: ${why}`;
  return { kind: 'record-broken', key, text };
}
