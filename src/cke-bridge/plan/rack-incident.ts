/** Racks of which most members are down: a switch or a power feed, not so many broken machines. */

import type { Machine, Serial } from '../../inventory/machine.ts';
import type { Member } from '../cluster.ts';
import type { BridgeSettings } from '../settings.ts';
import { isDown } from './memory.ts';

/** With fewer members than this a rack says nothing about itself. */
const rackMembersMin = 3;

export function racksDown(
  members: Iterable<Member>,
  machineOf: ReadonlyMap<Serial, Machine>,
  settings: Pick<BridgeSettings, 'rackDownPercentMax'>,
): ReadonlySet<number> {
  const racks = new Map<number, { all: number; down: number }>();
  for (const { facts } of members) {
    const machine = machineOf.get(facts.serial);
    const rack = racks.get(facts.rack) ?? { all: 0, down: 0 };
    rack.all += 1;
    if (machine !== undefined && isDown(machine.status.state)) rack.down += 1;
    racks.set(facts.rack, rack);
  }
  const dark = [...racks].filter(
    ([, { all, down }]) =>
      all >= rackMembersMin && down > 1 && down * 100 > settings.rackDownPercentMax * all,
  );
  return new Set(dark.map(([rack]) => rack));
}
