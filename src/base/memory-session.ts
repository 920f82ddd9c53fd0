/** One client of a memory store: its calls, its watches, its claims, and a link that can be severed. */

import {
  type CommitLimits,
  commitBytesMax,
  conditionsMaxOf,
  operationsDefault,
  requestBytesDefault,
  sizeOf,
  whyTooLarge,
  writesMaxOf,
} from './commit-size.ts';
import { compareKeys } from './key-order.ts';
import { memoryClaim } from './memory-claim.ts';
import type { MemoryCore } from './memory-core.ts';
import { fail, ok } from './result.ts';
import type {
  Condition,
  Entry,
  Listing,
  Revision,
  Store,
  StoreProblem,
  WatchNews,
  Write,
} from './store.ts';
import type { Clock } from './world.ts';

export type MemorySession = Store & {
  /**
   * The link to the store is gone: calls answer `store-unavailable`, watches fall behind, claims are not renewed.
   * The returned function mends it.
   */
  readonly sever: () => () => void;
};

/** As an etcd with its defaults. */
const limits: CommitLimits = {
  operationsMax: operationsDefault,
  bytesMax: commitBytesMax(requestBytesDefault),
};

const severed: StoreProblem = {
  kind: 'store-unavailable',
  text: 'the link to the store is severed',
};
const closed: StoreProblem = { kind: 'store-unavailable', text: 'the store was closed' };

/** @param link `watchesCut` above zero stops the news of all sessions. */
export function memorySession(
  core: MemoryCore,
  link: { watchesCut: number },
  clock: Clock | undefined,
): MemorySession {
  const watches = new Set<{ readonly pump: () => void; readonly stop: () => void }>();
  const claims = new Set<ReturnType<typeof memoryClaim>>();
  let cuts = 0;
  let isClosed = false;

  const down = (): StoreProblem | undefined => (isClosed ? closed : cuts > 0 ? severed : undefined);
  const listing = (entries: readonly Entry[]): Listing => ({ entries, revision: core.revision() });

  const store: Store = {
    get: async (keys) => {
      await null;
      const problem = down();
      if (problem !== undefined) return fail(problem);
      const found = [...new Set(keys)].sort(compareKeys).flatMap((key) => core.data.get(key) ?? []);
      return ok(listing(found));
    },
    list: async (prefix) => {
      await null;
      const problem = down();
      return problem === undefined ? ok(listing(core.under(prefix))) : fail(problem);
    },
    commit: async (conditions: readonly Condition[], writes: readonly Write[]) => {
      await null;
      const problem = down() ?? whyTooLarge(sizeOf(conditions, writes), limits);
      if (problem !== undefined) return fail(problem);
      const revision = core.commit(conditions, writes);
      return ok(revision === undefined ? { kind: 'moved' } : { kind: 'committed', revision });
    },
    watch: (prefix, after, onNews) => {
      const watch = memoryWatch(
        core,
        prefix,
        after,
        onNews,
        () => isClosed || cuts > 0 || link.watchesCut > 0,
      );
      watches.add(watch);
      return {
        stop: () => {
          watches.delete(watch);
          watch.stop();
        },
      };
    },
    claim: async (key, value, ttlSeconds) => {
      await null;
      const problem = down();
      if (problem !== undefined) return fail(problem);
      const holder = core.data.get(key);
      if (holder !== undefined) return fail({ kind: 'held-by-other', holder: holder.value });
      const createRevision = core.commit([], [{ kind: 'put', key, value }]) as Revision;
      const held = memoryClaim(core, key, createRevision, ttlSeconds * 1000, clock, () => down());
      claims.add(held);
      void held.claim.lost.then(() => claims.delete(held));
      return ok(held.claim);
    },
    writesMax: writesMaxOf(limits),
    conditionsMax: conditionsMaxOf(limits),
    bytesMax: limits.bytesMax,
    close: async () => {
      isClosed = true;
      for (const watch of [...watches]) watch.stop();
      for (const held of [...claims]) {
        await held.claim.release();
        held.drop('the store was closed');
      }
      await null;
    },
  };

  return {
    ...store,
    sever: () => {
      cuts += 1;
      core.notify();
      return () => {
        cuts -= 1;
        core.notify();
      };
    },
  };
}

/** Delivers in microtasks, one batch per revision, from the resume point of this watch. */
function memoryWatch(
  core: MemoryCore,
  prefix: string,
  after: Revision,
  onNews: (news: WatchNews) => void,
  isDown: () => boolean,
): { readonly pump: () => void; readonly stop: () => void } {
  let seen = after;
  let stopped = false;
  let scheduled = false;
  let behind = false;

  const deliver = () => {
    scheduled = false;
    if (stopped) return;
    if (isDown()) {
      if (!behind) onNews({ kind: 'behind', silentMs: 0, text: 'the link to the store is cut' });
      behind = true;
      return;
    }
    const commits = core.since(seen);
    if (commits === undefined) {
      stop();
      onNews({ kind: 'compacted', compactRevision: core.compactRevision() });
      return;
    }
    let isTold = !behind;
    for (const commit of commits) {
      if (stopped || isDown()) return;
      seen = commit.revision;
      const events = commit.events.filter((event) =>
        (event.kind === 'put' ? event.entry.key : event.key).startsWith(prefix),
      );
      isTold = events.length > 0;
      if (isTold) onNews({ kind: 'events', events, revision: commit.revision });
    }
    // etcd says so, too, every few seconds: whoever waits for a revision must not depend on a change to come.
    if (!isTold && !stopped) onNews({ kind: 'progress', revision: seen });
    behind = false;
  };
  const pump = () => {
    if (scheduled || stopped) return;
    scheduled = true;
    queueMicrotask(deliver);
  };
  const unsubscribe = core.onChange(pump);
  const stop = () => {
    stopped = true;
    unsubscribe();
  };
  pump();
  return { pump, stop };
}
