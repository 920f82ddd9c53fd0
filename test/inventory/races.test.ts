import { describe } from 'vitest';
import { raceContract } from '../contract/races.contract.ts';
import { seededChance, settled } from '../support/clock.ts';
import { dawdling, desks } from './desks.ts';

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
