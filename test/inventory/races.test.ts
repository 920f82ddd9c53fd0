import { describe } from 'vitest';
import type { Store } from '../../src/base/store.ts';
import { raceContract } from '../contract/races.contract.ts';
import { seededChance, settled } from '../support/clock.ts';
import { desks } from './desks.ts';

/** Calls reach the store, and answers come back, after a few turns: servers overtake one another. */
function dawdling(store: Store, chance: { readonly next: () => number }): Store {
  const slowly = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let turns = Math.floor(chance.next() * 6); turns > 0; turns -= 1) await null;
    const answer = await call();
    for (let turns = Math.floor(chance.next() * 6); turns > 0; turns -= 1) await null;
    return answer;
  };
  return {
    ...store,
    get: (keys) => slowly(() => store.get(keys)),
    list: (prefix) => slowly(() => store.list(prefix)),
    commit: (conditions, writes) => slowly(() => store.commit(conditions, writes)),
  };
}

describe('two servers at once', () => {
  raceContract('in memory', [1, 2, 3, 4, 5, 6, 7, 8], async () => {
    const chance = seededChance(99);
    const fleet = await desks({ ipam: false, storeOf: (store) => dawdling(store, chance) });
    let open = true;
    // Time passes by itself: back-offs and waits for news end.
    const passing = (async () => {
      while (open) {
        await fleet.clock.run(5);
        await settled();
      }
    })();
    return {
      servers: [fleet.one, fleet.two],
      store: fleet.store,
      settle: async (isSettled) => {
        for (let turns = 0; turns < 1000 && !isSettled(); turns += 1) await settled();
      },
      close: async () => {
        open = false;
        await passing;
        for (const server of [fleet.one, fleet.two]) server.stop();
      },
    };
  });
});
