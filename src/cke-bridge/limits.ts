/** How much may happen at once; the planner keeps to it and the guards check that it did. */

import type { BridgeSettings } from './settings.ts';

/** One at least: a small cluster, too, must be able to let a node go. */
export function removalsMaxOf(
  settings: Pick<BridgeSettings, 'removalsPerPassMax' | 'removalsPercentMax'>,
  members: number,
): number {
  return Math.min(settings.removalsPerPassMax, shareOf(settings.removalsPercentMax, members));
}

/** So many percent of `members`, rounded down, but one at least. */
export function shareOf(percent: number, members: number): number {
  return Math.max(1, Math.floor((members * percent) / 100));
}
