/**
 * Memory that a flood or a storm took, given back when it is over. An engine collects when it needs room, so a process that
 * has nothing to do keeps what it does not use, and an allocator keeps what was freed in between. Looked at now and then;
 * a collection stops everything for a moment, so it waits until nobody asks for anything.
 */

export const lookEveryMs = 5_000;
/** Of one core's time; two hundred machines a second that ask for addresses are above it. */
const quietShareMax = 0.03;
/** One after the other. */
const quietLooksMin = 4;
/** Less than this is not worth the pause. */
const grownBytesMin = 32 * 1024 * 1024;
/** Nor is less than this share of it: the more there is, the longer the pause. */
const grownShareMin = 0.2;

export type Look = {
  /** Time of the processor since the last look, as a share of one core. */
  readonly busyShare: number;
  readonly residentBytes: number;
};

export type SpareMemory = {
  /** @returns whether to give back now; who does says afterwards what is left. */
  readonly look: (look: Look) => boolean;
  readonly gaveBack: (residentBytes: number) => void;
};

/** @param startBytes resident when everything has started. */
export function createSpareMemory(startBytes: number): SpareMemory {
  let quietLooks = 0;
  /** What it has when it rests. */
  let restBytes = startBytes;
  return {
    look: ({ busyShare, residentBytes }) => {
      quietLooks = busyShare > quietShareMax ? 0 : quietLooks + 1;
      if (quietLooks < quietLooksMin) return false;
      restBytes = Math.min(restBytes, residentBytes);
      const grown = residentBytes - restBytes;
      return grown >= Math.max(grownBytesMin, restBytes * grownShareMin);
    },
    gaveBack: (residentBytes) => {
      restBytes = residentBytes;
      quietLooks = 0;
    },
  };
}
