/**
 * A server's link to etcd on a bad day: slow, refusing, forgetting its watch's history, or answering "I do not
 * know" to a write that went through. Made of a session of the shared store, so the data itself stays sound.
 */

import type { MemoryStore } from '../base/memory-store.ts';
import { fail, type Result } from '../base/result.ts';
import type { Store, StoreProblem } from '../base/store.ts';
import type { Chance, Clock } from '../base/world.ts';

export type EtcdFaults = {
  /** Every call takes this much longer. */
  readonly delayMs: number;
  /** Share of calls answered with `store-unavailable`, nothing done; 0 to 1. */
  readonly refused: number;
  /** Share of commits that are done and then answered with `outcome-unknown`; 0 to 1. */
  readonly unknown: number;
};

export type FaultyStore = Store & {
  readonly set: (faults: EtcdFaults) => void;
  /** No connection at all: calls fail, watches fall behind, claims are not renewed. */
  readonly sever: () => void;
  /** The connection is back; with `historyLost` etcd has compacted what the watches missed. */
  readonly mend: (how: { readonly historyLost: boolean }) => Promise<void>;
};

export const noEtcdFaults: EtcdFaults = { delayMs: 0, refused: 0, unknown: 0 };

const refusal: StoreProblem = { kind: 'store-unavailable', text: 'etcdserver: no leader' };
const doubt: StoreProblem = {
  kind: 'outcome-unknown',
  text: 'the connection was lost while the commit was under way',
};

export function createFaultyStore(store: MemoryStore, clock: Clock, chance: Chance): FaultyStore {
  const session = store.session();
  let faults = noEtcdFaults;
  let mends: (() => void)[] = [];

  const pause = (): Promise<void> =>
    faults.delayMs === 0
      ? Promise.resolve()
      : new Promise((resolve) => clock.after(faults.delayMs, resolve));
  const happens = (share: number): boolean => share > 0 && chance.next() < share;

  const call = async <T, E>(
    ask: () => Promise<Result<T, E | StoreProblem>>,
  ): Promise<Result<T, E | StoreProblem>> => {
    await pause();
    return happens(faults.refused) ? fail(refusal) : ask();
  };

  return {
    ...session,
    get: (keys) => call(() => session.get(keys)),
    list: (prefix) => call(() => session.list(prefix)),
    claim: (key, value, ttlSeconds) => call(() => session.claim(key, value, ttlSeconds)),
    commit: (conditions, writes) =>
      call(async () => {
        const committed = await session.commit(conditions, writes);
        return committed.ok && happens(faults.unknown) ? fail(doubt) : committed;
      }),
    set: (next) => {
      faults = next;
    },
    sever: () => {
      mends.push(session.sever());
    },
    mend: async ({ historyLost }) => {
      const now = await store.get([]);
      if (historyLost && now.ok) store.compact(now.value.revision);
      for (const mend of mends) mend();
      mends = [];
    },
  };
}
