/** What a lane's decisions look at: entries as last seen in the store, under the writes decided so far. */

import { bytesOf, type CommitSize } from './commit-size.ts';
import type { Reads, View } from './decision.ts';
import { compareKeys } from './key-order.ts';
import { ok, type Result } from './result.ts';
import {
  absent,
  type Condition,
  compareRevisions,
  overlap,
  type Revision,
  type Store,
  type StoreProblem,
  type Write,
} from './store.ts';

type Known = { readonly value: Uint8Array | undefined; readonly modRevision: Revision };
type KnownPrefix = { readonly keys: readonly string[]; readonly revision: Revision };

/** Keys a lane remembers; a lane that touches more reads them each time. */
const rememberedMax = 256;

export type Base = {
  readonly value: (key: string) => Uint8Array | undefined;
  readonly keysUnder: (prefix: string) => readonly string[];
  /** `absent` when the key is not there. */
  readonly revisionOf: (key: string) => Revision;
  /** Of the last read of keys. */
  readonly readAt: () => Revision;
  /** Whether everything these jobs read is remembered. */
  readonly knows: (jobs: readonly { readonly reads: Reads }[]) => boolean;
  /** Reads everything these jobs look at, and forgets all else. */
  readonly read: (
    jobs: readonly { readonly reads: Reads }[],
  ) => Promise<Result<void, StoreProblem>>;
  readonly remember: (writes: Iterable<Write>, revision: Revision) => void;
  readonly forget: () => void;
  /** The newest change among these entries; `absent` where there are none. */
  readonly newestOf: (reads: Reads) => Revision;
  /** What must hold at commit time for these reads to have been true. */
  readonly conditionsOf: (reads: Reads) => readonly Condition[];
};

export function createBase(store: Store, counters: { reads: number }): Base {
  const known = new Map<string, Known>();
  const prefixes = new Map<string, KnownPrefix>();
  let revision = absent;
  const forget = () => {
    known.clear();
    prefixes.clear();
  };
  const unmoved = (key: string): Condition => ({
    kind: 'unmoved',
    key,
    modRevision: known.get(key)?.modRevision ?? absent,
  });

  return {
    value: (key) => known.get(key)?.value,
    revisionOf: (key) => known.get(key)?.modRevision ?? absent,
    keysUnder: (prefix) => prefixes.get(prefix)?.keys ?? [],
    readAt: () => revision,
    knows: (jobs) =>
      jobs.every(
        ({ reads }) =>
          (reads.prefixes ?? []).length === 0 &&
          reads.unproven === undefined &&
          reads.keys.every((key) => known.has(key)),
      ),
    read: async (jobs) => {
      forget();
      const keys = new Set(jobs.flatMap(({ reads }) => [...reads.keys, ...(reads.unproven ?? [])]));
      const wanted = new Set(jobs.flatMap(({ reads }) => reads.prefixes ?? []));
      // Prefixes first: the revision answered for is then the one of the last read.
      for (const prefix of wanted) {
        counters.reads += 1;
        const listed = await store.list(prefix);
        if (!listed.ok) return listed;
        revision = listed.value.revision;
        for (const entry of listed.value.entries) known.set(entry.key, entry);
        const names = listed.value.entries.map((entry) => entry.key);
        prefixes.set(prefix, { keys: names, revision });
      }
      if (keys.size === 0 && wanted.size > 0) return ok(undefined);
      counters.reads += 1;
      const got = await store.get([...keys]);
      if (!got.ok) return got;
      revision = got.value.revision;
      for (const key of keys) known.set(key, { value: undefined, modRevision: absent });
      for (const entry of got.value.entries) known.set(entry.key, entry);
      return ok(undefined);
    },
    remember: (writes, at) => {
      prefixes.clear();
      for (const write of writes) {
        if (write.kind === 'delete-under') {
          for (const key of known.keys()) if (key.startsWith(write.prefix)) known.delete(key);
          continue;
        }
        const deleted = write.kind === 'delete';
        known.set(write.key, {
          value: deleted ? undefined : write.value,
          modRevision: deleted ? absent : at,
        });
      }
      if (known.size > rememberedMax) forget();
    },
    forget,
    newestOf: (reads) => {
      const under = (reads.prefixes ?? []).flatMap((prefix) => prefixes.get(prefix)?.keys ?? []);
      let newest = absent;
      for (const key of [...reads.keys, ...(reads.unproven ?? []), ...under]) {
        const changed = known.get(key)?.modRevision ?? absent;
        if (compareRevisions(changed, newest) > 0) newest = changed;
      }
      return newest;
    },
    conditionsOf: (reads) => [
      ...reads.keys.map(unmoved),
      ...(reads.prefixes ?? []).flatMap((prefix): Condition[] => {
        const seen = prefixes.get(prefix);
        if (seen === undefined || seen.keys.length === 0) return [{ kind: 'none-under', prefix }];
        // Together: none came or changed, and each one seen is still there.
        return [{ kind: 'quiet-under', prefix, since: seen.revision }, ...seen.keys.map(unmoved)];
      }),
    ],
  };
}

export type Overlay = {
  readonly view: View;
  readonly writes: ReadonlyMap<string, Write>;
  readonly apply: (writes: readonly Write[]) => void;
  /** How many writes the commit had with these, and what they weighed together. */
  readonly sizeWith: (writes: readonly Write[]) => Pick<CommitSize, 'writes' | 'bytes'>;
  /** Whether a swept prefix stands between these and the writes decided so far: etcd takes no such pair. */
  readonly sharesWith: (writes: readonly Write[]) => boolean;
  /** Whether a write decided so far concerns what this condition asks about. */
  readonly touches: (condition: Condition) => boolean;
};

export function createOverlay(base: Base): Overlay {
  const writes = new Map<string, Write>();
  let bytes = 0;
  const sweeps: Extract<Write, { kind: 'delete-under' }>[] = [];
  const swept = (key: string): boolean => sweeps.some(({ prefix }) => key.startsWith(prefix));
  const value = (key: string): Uint8Array | undefined => {
    const write = writes.get(key);
    if (write === undefined) return swept(key) ? undefined : base.value(key);
    return write.kind === 'put' ? write.value : undefined;
  };
  const get = (key: string) => {
    const found = value(key);
    return found === undefined ? undefined : { key, value: found };
  };
  const sizeWith: Overlay['sizeWith'] = (more) => {
    const size = { writes: writes.size, bytes };
    for (const write of more) {
      const before = writes.get(placeOf(write));
      size.writes += before === undefined ? 1 : 0;
      size.bytes += bytesOf(write) - (before === undefined ? 0 : bytesOf(before));
    }
    return size;
  };
  return {
    writes,
    view: {
      get,
      under: (prefix) => {
        const keys = new Set(base.keysUnder(prefix));
        for (const key of writes.keys()) if (key.startsWith(prefix)) keys.add(key);
        // The place of a swept prefix is no key: `get` finds nothing there.
        return [...keys].sort(compareKeys).flatMap((key) => get(key) ?? []);
      },
      revisionOf: (key) => (writes.has(key) || swept(key) ? undefined : base.revisionOf(key)),
      readAt: base.readAt(),
    },
    apply: (more) => {
      bytes = sizeWith(more).bytes;
      for (const write of more) {
        writes.set(placeOf(write), write);
        if (write.kind === 'delete-under') sweeps.push(write);
      }
    },
    sizeWith,
    sharesWith: (more) => {
      const wider = more.filter((write) => write.kind === 'delete-under');
      return (
        more.some((write) => sweeps.some((sweep) => overlap(sweep, write))) ||
        wider.some((sweep) => [...writes.values()].some((write) => overlap(sweep, write)))
      );
    },
    touches: (condition) => {
      if (condition.kind === 'unmoved' || condition.kind === 'held')
        return writes.has(condition.key) || swept(condition.key);
      const asked: Write = { kind: 'delete-under', prefix: condition.prefix };
      return [...writes.values()].some((write) => overlap(asked, write));
    },
  };
}

/** A later write takes the place of an earlier one to the same key. No key ends in NUL. */
function placeOf(write: Write): string {
  return write.kind === 'delete-under' ? `${write.prefix}\0` : write.key;
}
