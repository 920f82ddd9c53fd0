/** A list as it was at an earlier revision: what is there now, with the changes since taken back. */

import { compareKeys } from '../../base/key-order.ts';
import type { Collection } from './collection.ts';
import type { JournalEntry } from './journal.ts';

/**
 * @param since all entries after that revision, oldest first.
 * @returns undefined where something has gone since and nothing says where it stood.
 */
export function pastList<T>(
  { nameOf }: Pick<Collection<T>, 'nameOf'>,
  items: readonly T[],
  since: readonly JournalEntry<T>[],
): readonly T[] | undefined {
  const was = new Map<string, T | undefined>();
  for (const { changes } of since.toReversed()) {
    for (const { name, before } of changes) was.set(name, before);
  }
  const kept = items.flatMap((item) => {
    const name = nameOf(item);
    if (!was.has(name)) return [item];
    const before = was.get(name);
    was.delete(name);
    return before === undefined ? [] : [before];
  });
  const gone = [...was.values()].filter((item) => item !== undefined);
  if (gone.length === 0) return kept;
  const byName = (a: T, b: T): number => compareKeys(nameOf(a), nameOf(b));
  const isInOrder = items.every((item, at) => {
    const next = items[at + 1];
    return next === undefined || byName(item, next) < 0;
  });
  return isInOrder ? [...kept, ...gone].sort(byName) : undefined;
}
