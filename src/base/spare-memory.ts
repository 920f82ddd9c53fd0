/**
 * Memory that a flood or a storm took, given back when it is over. An engine collects when it needs room, so a process that
 * has nothing to do keeps what it does not use, and an allocator keeps what was freed in between. Looked at now and then;
 * each step stops everything for a moment, so it waits until nobody is served, and is left out where it would take long.
 */

export const lookEveryMs = 5_000;
/**
 * Of one core's time, since the last look and on the average of some: four hundred machines a second that ask for addresses
 * are above it; what is done for its own sake now and then is not, as looking through all boots twice a minute, which takes
 * 0.2 s after a flood.
 */
const quietShareMax = 0.08;
const quietLooks = 3;
/** Less than this is not worth the pause. */
const grownBytesMin = 32 * 1024 * 1024;
/** Nor is less than this share of it: the more there is, the longer the pause. */
const grownShareMin = 0.2;

/**
 * All stands still for half a second at most, by the heap's size and two cores with nothing else to do: what finds the
 * garbage takes 0.9 ms for each MiB that is in use, what moves the rest together and frees pages 2.6 ms.
 */
export const usedBytesMax = { collect: 512 * 1024 * 1024, compact: 192 * 1024 * 1024 } as const;

/** Two stops at two looks: the second is as long as what is in use, and nobody waits for both. */
export type SpareStep = keyof typeof usedBytesMax;

export type Look = {
  /** Time of the processor since the last look that went into our own work, as a share of one core. */
  readonly busyShare: number;
  readonly residentBytes: number;
  /** Of the engine's heap; with the garbage that is in it. */
  readonly usedBytes: number;
  /** Machines are being given something. */
  readonly isServing: boolean;
};

export type Held = Pick<Look, 'residentBytes' | 'usedBytes'>;

export type SpareMemory = {
  /** @returns what to do now. */
  readonly look: (look: Look) => SpareStep | undefined;
  /** It is done, and this is left. */
  readonly took: (step: SpareStep, left: Held) => void;
};

/** @param startBytes resident when everything has started. */
export function createSpareMemory(startBytes: number): SpareMemory {
  /** Busy shares of the last looks. */
  let shares: readonly number[] = [];
  let next: SpareStep = 'collect';
  /** What it has when it rests. */
  let restBytes = startBytes;
  return {
    look: ({ busyShare, residentBytes, usedBytes, isServing }) => {
      shares = [...shares, busyShare].slice(-quietLooks);
      if (shares.length < quietLooks) return undefined;
      const averageShare = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      if (averageShare > quietShareMax) next = 'collect';
      if (Math.max(averageShare, busyShare) > quietShareMax) return undefined;
      restBytes = Math.min(restBytes, residentBytes);
      const grown = residentBytes - restBytes;
      if (grown < Math.max(grownBytesMin, restBytes * grownShareMin)) return undefined;
      if (isServing || usedBytes > usedBytesMax[next]) return undefined;
      return next;
    },
    took: (step, { residentBytes, usedBytes }) => {
      if (step === 'collect' && usedBytes <= usedBytesMax.compact) {
        next = 'compact';
        return;
      }
      next = 'collect';
      restBytes = residentBytes;
      shares = [];
    },
  };
}
