/**
 * The narrow waist to etcd: keys, bytes and revisions, nothing of machines.
 *
 * Two implementations pass one contract suite (`test/contract/store.contract.ts`): `memory-store.ts` and
 * `io/etcd-store.ts`. Keys are relative to the configured prefix (spec/sabakan.md 6.1).
 */

import type { Brand } from './brand.ts';
import type { Result } from './result.ts';

/** etcd's 64-bit revision as decimal text; `'0'` stands for "absent" in conditions. */
export type Revision = Brand<string, 'Revision'>;

export const absent = '0' as Revision;

/** Negative when `a` is older, 0 when equal, positive when newer. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export type Entry = {
  readonly key: string;
  readonly value: Uint8Array;
  /** The revision of the last change of this key. */
  readonly modRevision: Revision;
  /** The revision at which the key came into being (again). */
  readonly createRevision: Revision;
};

/** What must hold at commit time; a commit is all or nothing. */
export type Condition =
  /** The key was last changed at `modRevision`; `absent` means it does not exist. */
  | { readonly kind: 'unmoved'; readonly key: string; readonly modRevision: Revision }
  /** The key exists since `createRevision`: the fence of a claim. */
  | { readonly kind: 'held'; readonly key: string; readonly createRevision: Revision }
  /** No key starts with `prefix`. */
  | { readonly kind: 'none-under'; readonly prefix: string }
  /** No key that starts with `prefix` came or changed after `since`. Says nothing of keys that went. */
  | { readonly kind: 'quiet-under'; readonly prefix: string; readonly since: Revision }
  /**
   * No key that starts with `prefix` and is there came into being after `since`: so each that was absent then is absent
   * still. One condition for the absence of any number of keys; changes of those that were there do not disturb it.
   */
  | { readonly kind: 'none-born-under'; readonly prefix: string; readonly since: Revision };

export type Write =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: string }
  /** Every key that starts with `prefix` when the commit happens, however many: one operation of the transaction. */
  | { readonly kind: 'delete-under'; readonly prefix: string };

/** Whether two writes concern a key in common: such a pair has no place in one commit. */
export function overlap(a: Write, b: Write): boolean {
  if (a.kind === 'delete-under') {
    return b.kind === 'delete-under'
      ? a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix)
      : b.key.startsWith(a.prefix);
  }
  return b.kind === 'delete-under' ? a.key.startsWith(b.prefix) : a.key === b.key;
}

/** A commit names each key once, be it by itself or by its prefix. */
export function namesEachKeyOnce(writes: readonly Write[]): boolean {
  const sweeps = writes.filter((write) => write.kind === 'delete-under');
  const keys = new Set(writes.flatMap((write) => ('key' in write ? [write.key] : [])));
  return (
    keys.size + sweeps.length === writes.length &&
    sweeps.every((sweep) => writes.every((other) => other === sweep || !overlap(sweep, other)))
  );
}

export type StoreProblem =
  /** Nothing was done: no connection, no quorum, no leader. Trying again makes sense. */
  | { readonly kind: 'store-unavailable'; readonly text: string }
  /** A write whose outcome could not be found out; it may have been done. Never repeated blindly. */
  | { readonly kind: 'outcome-unknown'; readonly text: string }
  /** More operations or bytes than one transaction of the store takes (`operationsMax`: etcd's limit). Nothing was done. */
  | { readonly kind: 'too-large'; readonly text: string; readonly operationsMax: number }
  /** The store is full, or refuses this user. Nothing was done. */
  | { readonly kind: 'store-refused'; readonly text: string };

export type Committed =
  | { readonly kind: 'committed'; readonly revision: Revision }
  /** A condition did not hold; nothing was written. */
  | { readonly kind: 'moved' };

export type Listing = {
  /** Ascending by key (bytewise), all of one revision. */
  readonly entries: readonly Entry[];
  /** The store's revision at which this was true. */
  readonly revision: Revision;
};

export type WatchEvent =
  | { readonly kind: 'put'; readonly entry: Entry }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: Revision };

/**
 * What a watch tells. Batches come in revision order; all events of one revision are in one batch, each exactly
 * once, also over reconnects.
 */
export type WatchNews =
  | { readonly kind: 'events'; readonly events: readonly WatchEvent[]; readonly revision: Revision }
  /** No event is missing up to `revision`; sent when the store says so, at least every few seconds. */
  | { readonly kind: 'progress'; readonly revision: Revision }
  /** The history since the last news is gone: list again and watch from there. The watch has ended. */
  | { readonly kind: 'compacted'; readonly compactRevision: Revision }
  /** The link is down since some seconds (`silentMs`); the watch goes on trying. */
  | { readonly kind: 'behind'; readonly silentMs: number; readonly text: string };

export type Watching = { readonly stop: () => void };

/** Leadership or any other exclusive right, tied to a lease. */
export type Claim = {
  readonly key: string;
  /** Goes with every write made under this claim, as a `held` condition. */
  readonly createRevision: Revision;
  /** Monotonic time until which the claim is certain: last renewal sent + TTL − margin. */
  readonly certainUntilMs: () => number;
  /** Resolves once, when the claim is lost or may be (always before the lease can have expired). */
  readonly lost: Promise<string>;
  /** Gives it up at once. */
  readonly release: () => Promise<void>;
};

export type Store = {
  /** Linearizable. */
  readonly get: (keys: readonly string[]) => Promise<Result<Listing, StoreProblem>>;
  /** Everything under a prefix, linearizable, of one revision however many there are. */
  readonly list: (prefix: string) => Promise<Result<Listing, StoreProblem>>;
  readonly commit: (
    conditions: readonly Condition[],
    writes: readonly Write[],
  ) => Promise<Result<Committed, StoreProblem>>;
  /** News of every change under `prefix` after `after` (exclusive). */
  readonly watch: (prefix: string, after: Revision, onNews: (news: WatchNews) => void) => Watching;
  /** Tries once to create `key` under a new lease: a claim, or who holds it now. */
  readonly claim: (
    key: string,
    value: Uint8Array,
    ttlSeconds: number,
  ) => Promise<
    Result<Claim, StoreProblem | { readonly kind: 'held-by-other'; readonly holder: Uint8Array }>
  >;
  /** How many writes one commit takes, under few conditions (etcd's default: 4,032 under 63; `commit-size.ts`). */
  readonly writesMax: number;
  /** How many conditions one commit takes (etcd: `--max-txn-ops`, default 128, of which one is our own). */
  readonly conditionsMax: number;
  /** What keys, values and conditions of one commit may weigh, by `bytesOf` (etcd: `--max-request-bytes`). */
  readonly bytesMax: number;
  readonly close: () => Promise<void>;
};
