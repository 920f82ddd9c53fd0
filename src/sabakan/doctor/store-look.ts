/** Reads what the examination needs of the store, and tells what lasts from what a change in between made look wrong. */

import { compareKeys } from '../../base/key-order.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Entry, Store, StoreProblem } from '../../base/store.ts';
import type { TakeoverPart } from '../../inventory/takeover.ts';
import { recordsOf } from '../../inventory/takeover.ts';
import { type ExpectedFile, expectedFiles } from '../../pxe/takeover.ts';
import { type Look, problem } from './finding.ts';
import { checkRecords, examinedKeys, examinedPrefixes } from './records-check.ts';

type Reads = Pick<Store, 'get' | 'list'>;

/** @returns entries ascending by key; each prefix is of one revision, all of them together are not. */
export async function readRecords(store: Reads): Promise<Result<readonly Entry[], StoreProblem>> {
  const read = await Promise.all([
    store.get(examinedKeys),
    ...examinedPrefixes.map((prefix) => store.list(prefix)),
  ]);
  const entries: Entry[] = [];
  for (const listing of read) {
    if (!listing.ok) return fail(listing.error);
    entries.push(...listing.value.entries);
  }
  return ok(entries.sort((a, b) => compareKeys(a.key, b.key)));
}

/**
 * Looks twice where something is wrong: a machine that was registered between two reads looks like one without a slot,
 * but not twice.
 */
export async function lookAtRecords(
  store: Reads,
  parts: readonly TakeoverPart[],
  more: (entries: readonly Entry[]) => Promise<readonly Look[]> = async () => [],
): Promise<readonly Look[]> {
  const looks: Look[][] = [];
  for (let time = 0; time < 2; time += 1) {
    const entries = await readRecords(store);
    if (!entries.ok) {
      const { text } = entries.error;
      return [problem('records', `cannot be read: ${text}`, 'see what the check of etcd says')];
    }
    const found = [...checkRecords(entries.value, parts), ...(await more(entries.value))];
    if (found.every(({ level }) => level === 'ok')) return found;
    looks.push(found);
  }
  const [first = [], second = []] = looks;
  const before = new Set(first.map(({ subject, found }) => `${subject}\n${found}`));
  return second.filter(({ subject, found }) => before.has(`${subject}\n${found}`));
}

export function filesNamed(entries: readonly Entry[]): readonly ExpectedFile[] {
  return expectedFiles(recordsOf(entries));
}
