/** Who makes room when more machines come than are kept. */

import { instantOf } from '../../base/time.ts';
import { type Discovery, isConfirmed } from '../discovery.ts';

/** Settled ones first, then those that never reached iPXE, the oldest of each. */
export function leavers(all: readonly Discovery[], count: number): readonly Discovery[] {
  if (count <= 0) return [];
  return all
    .filter(canLeave)
    .toSorted(
      (a, b) =>
        Number(b.state === 'approved') - Number(a.state === 'approved') ||
        instantOf(a.lastSeen) - instantOf(b.lastSeen),
    )
    .slice(0, count);
}

/** Nobody is asked to decide about it, or it never followed a script of ours. */
export function canLeave(discovery: Discovery): boolean {
  return (
    discovery.state === 'approved' || (discovery.state === 'waiting' && !isConfirmed(discovery))
  );
}
