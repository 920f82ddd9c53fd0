/** Randomness from Node, good enough for tokens too. */

import { randomFillSync } from 'node:crypto';
import type { Chance } from '../world.ts';

const pool = new Uint32Array(256);
let left = 0;

export const systemChance: Chance = {
  next: () => {
    if (left < 2) {
      randomFillSync(pool);
      left = pool.length;
    }
    const high = (pool[--left] ?? 0) >>> 5;
    const low = (pool[--left] ?? 0) >>> 6;
    // 53 bits, as many as a number holds exactly.
    return (high * 2 ** 26 + low) / 2 ** 53;
  },
};
