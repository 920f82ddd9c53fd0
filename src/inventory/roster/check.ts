/** What no machine of a file can know alone: the same serial twice, racks that do not hold what they are given. */

import { whyOutsidePool } from '../ipam.ts';
import type { IpamConfig } from '../ipam-config.ts';
import { bootRole } from '../machine.ts';
import { type RosterMistake, type Spot, spotLine } from '../roster-spot.ts';
import type { RawName } from './raw.ts';
import type { Wish } from './wish.ts';

export type RosterMachine = {
  readonly wish: Wish;
  /** Of a field, or of the whole machine where the file does not name it. */
  readonly spotOf: (field: RawName | 'machine') => Spot;
};

export function duplicates(machines: readonly RosterMachine[]): readonly RosterMistake[] {
  const first = new Map<string, RosterMachine>();
  return machines.flatMap((one): readonly RosterMistake[] => {
    const { serial } = one.wish;
    const earlier = first.get(serial);
    if (earlier === undefined) {
      first.set(serial, one);
      return [];
    }
    const where = spotLine(earlier.spotOf('serial'));
    const text = `serial ${serial} is there twice: it stands in ${where}, too`;
    return [{ spot: one.spotOf('serial'), text }];
  });
}

/**
 * Racks that could not take these machines if they stood empty: too many, two for the one boot slot, a rack outside the
 * pools. What is registered already is not known here.
 */
export function overfull(
  machines: readonly RosterMachine[],
  ipam: IpamConfig | undefined,
): readonly RosterMistake[] {
  const mistakes: RosterMistake[] = [];
  for (const [rack, inRack] of Map.groupBy(machines, ({ wish }) => wish.rack)) {
    const boots = inRack.filter(({ wish }) => wish.role === bootRole);
    const workers = inRack.filter(({ wish }) => wish.role !== bootRole);
    const [first, ...others] = boots;
    for (const other of others) {
      const where = spotLine((first ?? other).spotOf('role'));
      const text = `rack ${rack} has one slot for a ${bootRole} machine, and ${where} takes it`;
      mistakes.push({ spot: other.spotOf('role'), text });
    }
    if (ipam === undefined) continue;
    const { maxNodesInRack, nodeIndexOffset } = ipam;
    for (const { spotOf } of workers.slice(maxNodesInRack)) {
      const text = `rack ${rack} holds ${maxNodesInRack} machines beside its boot machine; the file has ${workers.length} for it`;
      mistakes.push({ spot: spotOf('rack'), text });
    }
    const highest = nodeIndexOffset + Math.min(workers.length, maxNodesInRack);
    const outside = whyOutsidePool(ipam, rack, highest);
    const spot: Spot | undefined = inRack[0]?.spotOf('rack');
    if (outside !== undefined && spot !== undefined) mistakes.push({ spot, text: outside });
  }
  return mistakes;
}
