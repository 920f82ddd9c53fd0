/**
 * Which of several servers runs the loops: the one that holds a claim in the store.
 *
 * Leading ends at `certainUntil` of the claim, which lies before the lease can have expired, so that two never lead at
 * once as far as clocks go; each write of a leader carries `fence()` besides, so that none slips in late either.
 */

import { assert } from './assert.ts';
import type { Claim, Condition, Revision, Store } from './store.ts';
import type { World } from './world.ts';

export type Leadership = {
  readonly start: () => void;
  /** Gives the claim up at once, so that another server need not wait for the lease to expire. */
  readonly stop: () => Promise<void>;
  readonly isLeader: () => boolean;
  /** Who leads as far as this server knows; undefined before the first answer. */
  readonly holder: () => string | undefined;
  /** Goes with every write made as the leader; undefined when this server does not lead: then write nothing. */
  readonly fence: () => Condition | undefined;
};

/** While another leads, we look this often (a watch wakes us sooner). */
const tryAgainMs = 2_000;

/**
 * @param options.holder this server's name, shown to the others.
 * @param options.onElected called with the claim as soon as it is ours.
 * @param options.onLost called once per term, with the reason; what the leader runs must stop there and then.
 */
export function createLeadership(options: {
  readonly store: Pick<Store, 'claim' | 'get' | 'watch'>;
  readonly clock: World['clock'];
  readonly log: World['log'];
  readonly key: string;
  readonly holder: string;
  readonly ttlSeconds: number;
  readonly onElected: (claim: Claim) => void;
  readonly onLost: (why: string) => void;
}): Leadership {
  const { store, clock, key } = options;
  const log = options.log.with({ key });
  let claim: Claim | undefined;
  let knownHolder: string | undefined;
  let running = false;
  let trying = false;
  let cancelTimer = () => {};
  let stopWatching = () => {};

  const tryLater = (delayMs: number) => {
    cancelTimer();
    cancelTimer = running ? clock.after(delayMs, () => void attempt()) : () => {};
  };

  const attempt = async () => {
    if (!running || trying || claim !== undefined) return;
    trying = true;
    const asked = await lookOrClaim();
    trying = false;
    if (asked === 'held') return tryLater(tryAgainMs);
    if (asked.ok) return take(asked.value);
    if (asked.error.kind !== 'held-by-other') {
      log.warn('could not ask for leadership', { text: asked.error.text });
    }
    tryLater(tryAgainMs);
  };

  /** Looks first: a claim costs the store three writes, a look none. */
  const lookOrClaim = async () => {
    const now = await store.get([key]);
    if (!now.ok) return now;
    const [held] = now.value.entries;
    if (held === undefined) {
      return store.claim(key, new TextEncoder().encode(options.holder), options.ttlSeconds);
    }
    knownHolder = new TextDecoder().decode(held.value);
    followHolder(now.value.revision);
    return 'held' as const;
  };

  const take = async (won: Claim) => {
    stopWatching();
    if (!running) return won.release();
    claim = won;
    knownHolder = options.holder;
    log.info('leading', { fence: won.createRevision });
    options.onElected(won);
    const why = await won.lost;
    claim = undefined;
    knownHolder = undefined;
    log.info('no longer leading', { why });
    options.onLost(why);
    tryLater(0);
  };

  /** The holder's key going away is the moment to try. */
  const followHolder = (from: Revision) => {
    stopWatching();
    if (!running) return;
    const watching = store.watch(key, from, (news) => {
      const gone =
        news.kind === 'compacted' ||
        (news.kind === 'events' &&
          news.events.some((event) => event.kind === 'delete' && event.key === key));
      if (gone) tryLater(0);
    });
    stopWatching = () => watching.stop();
  };

  const isLeader = () => claim !== undefined && clock.monotonicMs() < claim.certainUntilMs();

  return {
    start: () => {
      assert(!running, 'leadership is started once');
      running = true;
      void attempt();
    },
    stop: async () => {
      running = false;
      cancelTimer();
      stopWatching();
      await claim?.release();
    },
    isLeader,
    holder: () => knownHolder,
    fence: () =>
      claim !== undefined && isLeader()
        ? { kind: 'held', key, createRevision: claim.createRevision }
        : undefined,
  };
}
