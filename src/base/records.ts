/**
 * What mirrors hold, for others to list and to follow: every record with the revision that made it what it is, and news
 * of each later revision once, whole and in order, also where one commit changes records of several mirrors.
 */

import { compareKeys } from './key-order.ts';
import {
  brokenUnder,
  type Freshness,
  type Mirror,
  type MirrorChange,
  worstFreshness,
} from './mirror.ts';
import { absent, compareRevisions, type Revision } from './store.ts';

export type Kept<V> = { readonly value: V; readonly revision: Revision };

export type RecordsNews =
  /** All keys that one revision changed, with the prefixes of their mirrors; `kept` is as this revision left it. */
  | { readonly kind: 'changed'; readonly revision: Revision; readonly keys: readonly string[] }
  /** What happened since the last news is not known in order. */
  | { readonly kind: 'listed' };

export type Records<V> = {
  /** By key, in key order, of one moment: that of `completeTo`. */
  readonly kept: () => ReadonlyMap<string, Kept<V>>;
  readonly get: (key: string) => Kept<V> | undefined;
  /** Of the last change, as far as it is known. */
  readonly changed: () => Revision;
  /** No change up to here is missing in `kept`, nor in what was told. */
  readonly completeTo: () => Revision;
  /** The worst of the mirrors'. */
  readonly freshness: () => Freshness;
  /** Records that cannot be read, and why. */
  readonly broken: () => ReadonlyMap<string, string>;
  /** Returns how to stop. */
  readonly subscribe: (listener: (news: RecordsNews) => void) => () => void;
};

/** A mirror that waits for news of another one's revision hears of its progress within this, or its link is down. */
const otherMirrorMs = 60_000;

/**
 * Made before the mirrors start, so that it misses nothing.
 *
 * @param mirrors by their prefix.
 * @param order `whole`: a revision is told when every mirror has it, for records that one commit changes together in
 * all of them. A mirror in which nothing changes hears of progress every ten minutes, so records that change one by one
 * are told `as-heard`; news that comes late is then told as `listed`.
 */
export function createRecords<V>(
  mirrors: ReadonlyMap<string, Mirror<V>>,
  order: 'whole' | 'as-heard' = 'whole',
): Records<V> {
  const end = order === 'whole' ? older : newer;
  const all = [...mirrors.values()];
  const listeners = new Set<(news: RecordsNews) => void>();
  let kept = new Map<string, Kept<V>>();
  let sorted: ReadonlyMap<string, Kept<V>> | undefined;
  let changed = absent;
  /** Heard of, but another mirror may still have something to say of the same revision. */
  let waiting: { readonly key: string; readonly change: MirrorChange<V> }[] = [];

  const tell = (news: RecordsNews): void => {
    sorted = undefined;
    for (const listener of [...listeners]) listener(news);
  };

  /** As all mirrors have it now, whatever was waiting. */
  const relist = (): void => {
    waiting = [];
    kept = new Map();
    for (const [prefix, mirror] of mirrors) {
      for (const [key, value] of mirror.entries()) {
        kept.set(prefix + key, { value, revision: revisionsOf.get(mirror)?.get(key) ?? absent });
      }
    }
    changed = all.map((mirror) => mirror.changed()).reduce(newer, absent);
    tell({ kind: 'listed' });
  };

  const settle = (): void => {
    const upTo = all.map((mirror) => mirror.revision()).reduce(end);
    const ready = waiting.filter(({ change }) => compareRevisions(change.revision, upTo) <= 0);
    if (ready.length === 0) return;
    const isLate = ready.some(({ change }) => compareRevisions(change.revision, changed) <= 0);
    if (order === 'as-heard' && isLate) {
      relist();
      return;
    }
    waiting = waiting.filter(({ change }) => compareRevisions(change.revision, upTo) > 0);
    const inOrder = ready.toSorted((a, b) =>
      compareRevisions(a.change.revision, b.change.revision),
    );
    for (const [revision, together] of Map.groupBy(inOrder, ({ change }) => change.revision)) {
      for (const { key, change } of together) {
        if (change.value === undefined) kept.delete(key);
        else kept.set(key, { value: change.value, revision });
      }
      changed = newer(changed, revision);
      tell({ kind: 'changed', revision, keys: together.map(({ key }) => key) });
    }
  };

  /** By key without the prefix: a listing says of what did not change only that it is still there. */
  const revisionsOf = new Map(all.map((mirror) => [mirror, new Map<string, Revision>()]));
  for (const [prefix, mirror] of mirrors) {
    const others = all.filter((one) => one !== mirror);
    const revisions = revisionsOf.get(mirror);
    mirror.subscribe((changes, how) => {
      for (const { key, value, revision } of changes) {
        if (value === undefined) revisions?.delete(key);
        else revisions?.set(key, revision);
      }
      // A record that cannot be read is none that went; nobody may act on that.
      const isUnclear = changes.some(
        ({ key, value }) => value === undefined && mirror.broken().has(key),
      );
      if (how === 'listed' || isUnclear) return relist();
      waiting.push(...changes.map((change) => ({ key: prefix + change.key, change })));
      settle();
      if (order === 'as-heard') return;
      const last = waiting.at(-1)?.change.revision;
      if (last === undefined) return;
      for (const other of others) void other.reached(last, otherMirrorMs).then(settle);
    });
  }

  return {
    kept: () => {
      settle();
      sorted ??= new Map([...kept].sort(([a], [b]) => compareKeys(a, b)));
      return sorted;
    },
    get: (key) => {
      settle();
      return kept.get(key);
    },
    changed: () => changed,
    completeTo: () => {
      settle();
      return all.map((mirror) => mirror.revision()).reduce(end);
    },
    freshness: () => worstFreshness(all.map((mirror) => mirror.freshness())),
    broken: () => new Map([...mirrors].flatMap((one) => [...brokenUnder(...one)])),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function newer(a: Revision, b: Revision): Revision {
  return compareRevisions(a, b) >= 0 ? a : b;
}

function older(a: Revision, b: Revision): Revision {
  return compareRevisions(a, b) <= 0 ? a : b;
}
