/** `node-indices/<rack>` against the machines of the rack: the list is what new machines are placed by. */

import { parseJson } from '../../base/exact-json.ts';
import { compareKeys } from '../../base/key-order.ts';
import type { Entry } from '../../base/store.ts';
import { keys } from '../keys.ts';
import type { Finding, Records } from '../takeover.ts';
import type { CheckedMachines } from './machine-check.ts';

const prefix = 'node-indices/';

export function isIndexKey(key: string): boolean {
  return /^node-indices\/(0|[1-9]\d{0,9})$/.test(key);
}

export function checkIndices(
  records: Records,
  slots: CheckedMachines['slots'],
): readonly Finding[] {
  const findings: Finding[] = [];
  const lists = new Map<number, readonly number[]>();
  for (const entry of records.under(prefix)) {
    if (!isIndexKey(entry.key)) continue;
    const rack = Number(entry.key.slice(prefix.length));
    const list = indicesIn(entry);
    if (list === undefined) findings.push(unreadable(entry.key));
    else findings.push(...notUsed(entry.key, list, slots.get(rack)));
    lists.set(rack, list ?? [...(slots.get(rack)?.keys() ?? [])]);
  }
  for (const [rack, indices] of slots) {
    const listed = new Set(lists.get(rack));
    for (const [index, machines] of indices) {
      if (!listed.has(index)) findings.push(missing(rack, index, machines));
    }
  }
  return findings.sort((a, b) => compareKeys(a.key, b.key));
}

/** Undefined for what is no list of indices. A rack that never had a machine may have `null`. */
function indicesIn(entry: Entry): readonly number[] | undefined {
  const json = parseJson(entry.value);
  if (json === null) return [];
  if (!Array.isArray(json)) return undefined;
  const list = json as readonly unknown[];
  return list.every((index) => Number.isSafeInteger(index) && (index as number) >= 0)
    ? (list as readonly number[])
    : undefined;
}

function unreadable(key: string): Finding {
  return {
    key,
    weight: 'problem',
    what: 'is not a list of indices',
    does: 'registers and removes no machine of this rack, and leaves the record as it is',
    remedy: 'put a JSON list of the index-in-rack of all machines of the rack there',
  };
}

function notUsed(
  key: string,
  list: readonly number[],
  used: ReadonlyMap<number, unknown> | undefined,
): readonly Finding[] {
  const counts = new Map<number, number>();
  for (const index of list) counts.set(index, (counts.get(index) ?? 0) + 1);
  const repeated = [...counts].filter(([, count]) => count > 1).map(([index]) => index);
  const leftover = [...counts.keys()].filter((index) => !used?.has(index));
  const findings: Finding[] = [];
  if (repeated.length > 0) {
    findings.push({
      key,
      weight: 'notice',
      what: `lists ${repeated.join(', ')} more than once`,
      does: 'takes it as used; when the machine is removed, the index may stay taken',
      remedy: 'leave one of each in the list',
    });
  }
  if (leftover.length > 0) {
    findings.push({
      key,
      weight: 'notice',
      what: `lists ${leftover.join(', ')}, which no machine of the rack has`,
      does: 'takes it as used: no machine is placed there',
      remedy: 'take it out of the list when no machine runs with its addresses',
    });
  }
  return findings;
}

function missing(rack: number, index: number, machines: readonly string[]): Finding {
  return {
    key: keys.nodeIndices(rack),
    weight: 'problem',
    what: `does not list ${index}, which ${machines.join(' and ')} ${machines.length === 1 ? 'has' : 'have'}`,
    does: 'takes it as free: the next machine of this rack may get the same index and addresses',
    remedy: `add ${index} to the list before a machine is registered in rack ${rack}`,
  };
}
