/**
 * A prefix of the store as decoded values in memory: listed once, then fed by the watch.
 *
 * Reads are answered from here; `reached` lets a writer wait until its own commit shows, so that a server's answer
 * always contains what that server has acknowledged.
 */

import { keyPosition } from './key-order.ts';
import { ok, type Result } from './result.ts';
import {
  absent,
  compareRevisions,
  type Entry,
  type Listing,
  type Revision,
  type Store,
  type StoreProblem,
  type WatchEvent,
  type Watching,
  type WatchNews,
} from './store.ts';
import type { World } from './world.ts';

export type Freshness =
  | { readonly kind: 'loading' }
  | { readonly kind: 'live' }
  /** The link is down: the values are those of `revision`, `silentMs` old at least. */
  | { readonly kind: 'behind'; readonly silentMs: number; readonly text: string };

export type MirrorChange<V> = {
  readonly key: string;
  /** Undefined when the key was deleted. */
  readonly value: V | undefined;
  readonly before: V | undefined;
  readonly revision: Revision;
};

export type MirrorListener<V> = (
  changes: readonly MirrorChange<V>[],
  how: 'watched' | 'listed',
) => void;

export type Mirror<V> = {
  /** Keys without the mirror's prefix. */
  readonly get: (key: string) => V | undefined;
  /** In key order (bytewise), as listed; a new array only when something changed. */
  readonly entries: () => readonly (readonly [key: string, value: V])[];
  /** All changes up to here are in. */
  readonly revision: () => Revision;
  /** Of the last change that is in, as far as it is known: a key that went before the first listing leaves no trace. */
  readonly changed: () => Revision;
  /** Behind, too, while a revision is not in that `reached` was asked for and gave up on. */
  readonly freshness: () => Freshness;
  /**
   * Waits for a revision that changed something under this prefix (others may pass unnoticed for a while).
   * Resolves true when `revision` is in, false when `timeoutMs` passed first.
   */
  readonly reached: (revision: Revision, timeoutMs: number) => Promise<boolean>;
  /**
   * Called after each applied batch, in revision order, and after a listing with the differences alone: what happened
   * between two listings is not known. Returns how to stop.
   */
  readonly subscribe: (listener: MirrorListener<V>) => () => void;
  /**
   * Values that did not decode, by key, and why: `get` answers undefined for them, so whoever acts on absence looks
   * here first.
   */
  readonly broken: () => ReadonlyMap<string, string>;
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
};

/** A write is answered when this server's own copy shows it, or after this long: the commit stands either way. */
export const ownWriteTimeoutMs = 2_000;
/** Re-listing after a compaction is tried again with these pauses. */
const relistPauseMinMs = 50;
const relistPauseMaxMs = 5_000;

/**
 * @param options.decode gets the key without the prefix; its error says what is wrong with the value.
 */
export function createMirror<V>(options: {
  readonly store: Pick<Store, 'list' | 'watch'>;
  readonly prefix: string;
  readonly decode: (key: string, value: Uint8Array) => Result<V, string>;
  readonly clock: World['clock'];
  readonly log: World['log'];
}): Mirror<V> {
  const { store, prefix, decode, clock } = options;
  const log = options.log.with({ prefix });
  const held = new Map<string, Held<V>>();
  const broken = new Map<string, string>();
  const listeners = new Set<MirrorListener<V>>();
  const waiters = new Set<{
    readonly revision: Revision;
    readonly done: (isIn: boolean) => void;
  }>();
  const sorted: string[] = [];
  let entries: readonly (readonly [string, V])[] | undefined;
  let revision = absent;
  let changed = absent;
  let live = false;
  let behindSinceMs: number | undefined;
  let behindText = '';
  /** What a writer waited for in vain: its answer says that the change is made, so no read may leave it out. */
  let owed: { readonly revision: Revision; readonly sinceMs: number } | undefined;
  let watching: Watching | undefined;
  let cancelRelist = () => {};
  let stopped = false;

  const change = (key: string, now: Held<V> | undefined, at: Revision): MirrorChange<V> => {
    const was = held.get(key);
    if (now === undefined) held.delete(key);
    else held.set(key, now);
    if ((was?.value === undefined) !== (now?.value === undefined)) {
      const position = keyPosition(sorted, key, (item) => item);
      if (now?.value === undefined) sorted.splice(position, 1);
      else sorted.splice(position, 0, key);
    }
    entries = undefined;
    if (compareRevisions(at, changed) > 0) changed = at;
    return { key, value: now?.value, before: was?.value, revision: at };
  };

  const put = (entry: Entry): MirrorChange<V> => {
    const key = entry.key.slice(prefix.length);
    const { modRevision } = entry;
    const decoded = decode(key, entry.value);
    if (decoded.ok) {
      broken.delete(key);
      return change(key, { value: decoded.value, modRevision }, modRevision);
    }
    broken.set(key, decoded.error);
    log.error('a stored value cannot be read', { key, text: decoded.error });
    return change(key, { value: undefined, modRevision }, modRevision);
  };

  const remove = (key: string, at: Revision): MirrorChange<V> => {
    broken.delete(key);
    return change(key, undefined, at);
  };

  const apply = (event: WatchEvent): MirrorChange<V> =>
    event.kind === 'put'
      ? put(event.entry)
      : remove(event.key.slice(prefix.length), event.modRevision);

  const advance = (
    to: Revision,
    changes: readonly MirrorChange<V>[],
    how: 'watched' | 'listed' = 'watched',
  ) => {
    if (compareRevisions(to, revision) > 0) revision = to;
    if (owed !== undefined && compareRevisions(owed.revision, revision) <= 0) owed = undefined;
    behindSinceMs = undefined;
    const real = changes.filter((one) => one.value !== undefined || one.before !== undefined);
    if (real.length > 0 || how === 'listed') {
      for (const listener of [...listeners]) listener(real, how);
    }
    for (const waiter of [...waiters]) {
      if (compareRevisions(waiter.revision, revision) <= 0) waiter.done(true);
    }
  };

  const onNews = (news: WatchNews) => {
    if (stopped) return;
    switch (news.kind) {
      case 'events':
        return advance(news.revision, news.events.map(apply));
      case 'progress':
        return advance(news.revision, []);
      case 'behind':
        behindSinceMs ??= clock.monotonicMs() - news.silentMs;
        behindText = news.text;
        return;
      case 'compacted':
        log.warn('the history was compacted while away, listing again', { revision });
        behindSinceMs ??= clock.monotonicMs();
        behindText = 'the history was compacted while away; listing again';
        void relist(relistPauseMinMs);
        return;
    }
  };

  /** Takes over a listing; what differs from what is held becomes changes. */
  const adopt = (listing: Listing) => {
    const listed = new Set(listing.entries.map((entry) => entry.key.slice(prefix.length)));
    const gone = [...held.keys()].filter((key) => !listed.has(key));
    // A store restored from a backup counts from an older revision; equal revisions then prove nothing.
    const rewound = compareRevisions(listing.revision, revision) < 0;
    const changes = gone.map((key) => remove(key, listing.revision));
    for (const entry of listing.entries) {
      const was = held.get(entry.key.slice(prefix.length));
      if (rewound || was?.modRevision !== entry.modRevision) changes.push(put(entry));
    }
    revision = listing.revision;
    if (rewound) changed = newestOf(listing);
    // All that was ever acknowledged is in a listing, unless the store itself lost it.
    owed = undefined;
    advance(listing.revision, changes, 'listed');
  };

  const relist = async (pauseMs: number): Promise<void> => {
    const listed = await store.list(prefix);
    if (stopped) return;
    if (listed.ok) return follow(listed.value);
    log.warn('listing failed, trying again', { text: listed.error.text });
    const nextMs = Math.min(pauseMs * 2, relistPauseMaxMs);
    cancelRelist = clock.after(pauseMs, () => void relist(nextMs));
  };

  const follow = (listing: Listing) => {
    adopt(listing);
    live = true;
    watching = store.watch(prefix, listing.revision, onNews);
  };

  return {
    get: (key) => held.get(key)?.value,
    entries: () => {
      entries ??= sorted.map((key) => [key, held.get(key)?.value as V] as const);
      return entries;
    },
    revision: () => revision,
    changed: () => changed,
    freshness: () => {
      if (!live) return { kind: 'loading' };
      const nowMs = clock.monotonicMs();
      if (behindSinceMs !== undefined) {
        return { kind: 'behind', silentMs: nowMs - behindSinceMs, text: behindText };
      }
      if (owed === undefined) return { kind: 'live' };
      const text = `a change made here, revision ${owed.revision}, has not come back`;
      return { kind: 'behind', silentMs: nowMs - owed.sinceMs, text };
    },
    reached: (wanted, timeoutMs) => {
      if (compareRevisions(wanted, revision) <= 0) return Promise.resolve(true);
      const askedMs = clock.monotonicMs();
      return new Promise((resolve) => {
        const done = (isIn: boolean) => {
          cancel();
          waiters.delete(waiter);
          resolve(isIn);
        };
        const waiter = { revision: wanted, done };
        const cancel = clock.after(timeoutMs, () => {
          const isNewest = owed === undefined || compareRevisions(wanted, owed.revision) > 0;
          if (isNewest && !stopped) owed = { revision: wanted, sinceMs: askedMs };
          done(false);
        });
        waiters.add(waiter);
      });
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    broken: () => broken,
    start: async () => {
      stopped = false;
      const listed = await store.list(prefix);
      if (!listed.ok) return listed;
      follow(listed.value);
      return ok(undefined);
    },
    stop: () => {
      stopped = true;
      cancelRelist();
      watching?.stop();
      for (const waiter of [...waiters]) waiter.done(false);
    },
  };
}

export function worstFreshness(all: readonly Freshness[]): Freshness {
  return all.reduce<Freshness>(worse, { kind: 'live' });
}

function worse(a: Freshness, b: Freshness): Freshness {
  if (a.kind === 'loading' || b.kind === 'live') return a;
  if (b.kind === 'loading' || a.kind === 'live') return b;
  return a.silentMs >= b.silentMs ? a : b;
}

/** What a mirror cannot read, by whole key. */
export function brokenUnder(
  prefix: string,
  mirror: Pick<Mirror<unknown>, 'broken'>,
): ReadonlyMap<string, string> {
  return new Map([...mirror.broken()].map(([key, why]) => [prefix + key, why]));
}

function newestOf({ entries }: Listing): Revision {
  return entries.reduce<Revision>(
    (newest, { modRevision }) => (compareRevisions(modRevision, newest) > 0 ? modRevision : newest),
    absent,
  );
}

/** Undefined stands for a value that is there but did not decode. */
type Held<V> = { readonly value: V | undefined; readonly modRevision: Revision };
