/** Chance from a seed: what was thrown once can be thrown again. */

export type Dice = {
  /** In [0, 1). */
  readonly next: () => number;
  /** 0 to n - 1. */
  readonly below: (n: number) => number;
  readonly isBelow: (chance: number) => boolean;
  readonly pick: <T>(from: readonly T[]) => T;
};

/** Mulberry32: each request has its own, so that one can be made alone. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    next,
    below,
    isBelow: (chance) => next() < chance,
    pick: (from) => {
      const found = from[below(from.length)];
      if (found === undefined && from.length === 0) throw new Error('nothing to pick from');
      return found as (typeof from)[number];
    },
  };
}
