/** The choice of an address for a client that has none, for all clients of one batch. */

import type { Instant } from '../../base/time.ts';
import type { LeaseRange } from '../../inventory/ipam.ts';
import type { FreeIndices, LeaseTable } from './leases.ts';

export type Picker = {
  /**
   * Never used first, counting up from `startAt` and around, then the one whose lease ended longest ago. Undefined when
   * all are lent, held or not to be lent.
   */
  readonly unheld: (
    startAt: number,
    mayLend: (index: number) => boolean,
    isHeld: (index: number) => boolean,
  ) => number | undefined;
  /** The same, but what is held counts as free. */
  readonly any: (startAt: number, mayLend: (index: number) => boolean) => number | undefined;
};

/** Indices looked at one by one. */
const nearbyMax = 32;

/**
 * Remembers when nothing is left, so that a flood of clients does not walk through the range once each. Holds that end
 * while the batch is decided are found by the next one.
 *
 * @param upTo at the time of the call, the latest expiry that counts as over, of `reusableUpTo`.
 */
export function createPicker(table: LeaseTable, range: LeaseRange, upTo: () => Instant): Picker {
  let known: FreeIndices | undefined;
  let isExhausted = false;
  const current = (): FreeIndices => {
    const free = table.free(range.count, upTo());
    if (free !== known) {
      known = free;
      isExhausted = false;
    }
    return free;
  };
  /** Most find a place at once: no list of all that is free is needed for these. */
  const nearby = (startAt: number, isGood: (index: number) => boolean): number | undefined => {
    for (let step = 0; step < Math.min(range.count, nearbyMax); step += 1) {
      const index = (startAt + step) % range.count;
      if (table.holderOf(index) === undefined && isGood(index)) return index;
    }
    return undefined;
  };
  return {
    unheld: (startAt, mayLend, isHeld) => {
      const isGood = (index: number): boolean => mayLend(index) && !isHeld(index);
      const near = nearby(startAt, isGood);
      if (near !== undefined) return near;
      const free = current();
      if (isExhausted) return undefined;
      const found = firstFrom(free.neverUsed, startAt, isGood) ?? free.ended.find(isGood);
      isExhausted = found === undefined;
      return found;
    },
    any: (startAt, mayLend) => {
      const free = current();
      return firstFrom(free.neverUsed, startAt, mayLend) ?? free.ended.find(mayLend);
    },
  };
}

/** The first good one at or above `startAt`, else from the beginning. `indices` ascend. */
function firstFrom(
  indices: readonly number[],
  startAt: number,
  isGood: (index: number) => boolean,
): number | undefined {
  let low = 0;
  for (let high = indices.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((indices[middle] ?? 0) < startAt) low = middle + 1;
    else high = middle;
  }
  for (let step = 0; step < indices.length; step += 1) {
    const index = indices[(low + step) % indices.length];
    if (index !== undefined && isGood(index)) return index;
  }
  return undefined;
}
