/**
 * Chance from a seed, split per purpose: what one machine draws does not shift what another one gets, so a story
 * stays the same story when something unrelated is added to it.
 */

import type { Chance } from '../base/world.ts';

export type SeededChance = Chance & {
  /** Its own sequence, fixed by the seed and the purpose alone. */
  readonly split: (purpose: string) => SeededChance;
};

export function createSeededChance(seed: string): SeededChance {
  // sfc32 (PractRand's small fast counter), started from four words of the seed's text.
  let [a, b, c, counter] = [word(seed, 1), word(seed, 2), word(seed, 3), 1];
  const draw = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) draw();
  return {
    // 53 bits, as Math.random gives.
    next: () => ((draw() >>> 5) * 0x400_0000 + (draw() >>> 6)) / 0x20_0000_0000_0000,
    split: (purpose) => createSeededChance(`${seed}/${purpose}`),
  };
}

/** FNV-1a with murmur3's final mix. */
function word(text: string, salt: number): number {
  let hash = 0x811c_9dc5 ^ Math.imul(salt, 0x9e37_79b1);
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
