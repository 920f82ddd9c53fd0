/**
 * A Store in a Map, revisions and watches included; it passes the same contract suite as the one on etcd.
 *
 * Answers come in microtasks. Nothing needs a timer except claims, which expire by the clock handed in.
 */

import { createMemoryCore } from './memory-core.ts';
import { type MemorySession, memorySession } from './memory-session.ts';
import type { Revision } from './store.ts';
import type { Clock } from './world.ts';

export type MemoryStore = MemorySession & {
  /** Forgets the history up to and including `revision`, as etcd's compaction does. */
  readonly compact: (revision: Revision) => void;
  /** Stops all news (after a `behind`) until the returned function is called. */
  readonly cutWatches: () => () => void;
  /** Another client of the same data: one per simulated server. */
  readonly session: () => MemorySession;
};

/** @param options.clock makes claims expire; without it they last until they are released. */
export function createMemoryStore(options: { readonly clock?: Clock } = {}): MemoryStore {
  const core = createMemoryCore();
  const link = { watchesCut: 0 };
  const open = (): MemorySession => memorySession(core, link, options.clock);
  return {
    ...open(),
    compact: core.compact,
    cutWatches: () => {
      link.watchesCut += 1;
      core.notify();
      return () => {
        link.watchesCut -= 1;
        core.notify();
      };
    },
    session: open,
  };
}
