/** How many machines are in service, per rack and in all, kept up by each change rather than counted each time. */

import type { Change } from '../inventory/inventory.ts';
import type { Machine } from '../inventory/machine.ts';
import type { Census } from './crowd.ts';

export type RunningCensus = {
  readonly now: () => Census;
  readonly change: (changes: readonly Pick<Change, 'before' | 'after'>[]) => void;
};

export function takeCensus(machines: readonly Machine[]): RunningCensus {
  const racks = new Map<number, number>();
  let fleet = 0;
  const count = (machine: Machine | undefined, amount: 1 | -1) => {
    if (machine === undefined || !isInService(machine)) return;
    const { rack } = machine.spec;
    const machinesNow = (racks.get(rack) ?? 0) + amount;
    if (machinesNow === 0) racks.delete(rack);
    else racks.set(rack, machinesNow);
    fleet += amount;
  };
  for (const machine of machines) count(machine, 1);
  return {
    now: () => ({ fleet, racks }),
    change: (changes) => {
      for (const { before, after } of changes) {
        count(before, -1);
        count(after, 1);
      }
    },
  };
}

/** Those that could newly fall out. */
function isInService(machine: Machine): boolean {
  return machine.status.state === 'healthy' || machine.status.state === 'unhealthy';
}
