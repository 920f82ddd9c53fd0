/** The racks of version 2, counted from the machines in them. */

import { ok } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { bootRole, type Machine } from '../../inventory/machine.ts';
import { machineStates } from '../contract/machine.ts';
import type { RackV2, rackColumns } from '../contract/rack.ts';
import { whyNotWhole } from '../whole-truth.ts';
import type { Collection, Column } from './collection.ts';

type Rack = RackV2;

const columns: Readonly<Record<keyof typeof rackColumns, Omit<Column<Rack>, 'name'>>> = {
  rack: numbered(({ rack }) => rack),
  machines: numbered(({ machines }) => machines),
  workers: numbered(({ workers }) => workers.registered),
  boot: { text: ({ boot }) => boot ?? undefined },
  healthy: numbered(({ states }) => states['healthy'] ?? 0),
  unhealthy: numbered(({ states }) => states['unhealthy'] ?? 0),
  unreachable: numbered(({ states }) => states['unreachable'] ?? 0),
};

export function rackCollection(inventory: Inventory): Collection<Rack> {
  let counted:
    | {
        readonly of: readonly Machine[];
        readonly room: number | null;
        readonly racks: readonly Rack[];
      }
    | undefined;

  const racks = (): readonly Rack[] => {
    const machines = inventory.machines();
    const room = inventory.ipam()?.maxNodesInRack ?? null;
    if (counted?.of !== machines || counted.room !== room) {
      counted = {
        of: machines,
        room,
        racks: countRacks(machines, room, inventory.machinesRevision()),
      };
    }
    return counted.racks;
  };
  const whole = <T>(value: () => T) => {
    const doubt = whyNotWhole(inventory);
    return doubt === undefined ? ok(value()) : ({ ok: false, error: doubt } as const);
  };

  return {
    noun: 'racks',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    nameOf: ({ rack }) => String(rack),
    toJson: (rack) => rack,
    revisionOf: ({ revision }) => revision as Revision,
    snapshot: () => whole(() => ({ revision: inventory.machinesRevision(), items: racks() })),
    find: (name) => whole(() => racks().find(({ rack }) => String(rack) === name)),
  };
}

/** Ascending by number. */
function countRacks(
  machines: readonly Machine[],
  room: number | null,
  revision: Revision,
): readonly Rack[] {
  const byRack = Map.groupBy(machines, ({ spec }) => spec.rack);
  return [...byRack]
    .toSorted(([a], [b]) => a - b)
    .map(([rack, members]) => {
      const boot = members.find(({ spec }) => spec.role === bootRole)?.spec.serial ?? null;
      const states = Object.fromEntries(machineStates.map((state) => [state, 0]));
      const roles = new Map<string, number>();
      for (const { spec, status } of members) {
        states[status.state] = (states[status.state] ?? 0) + 1;
        roles.set(spec.role, (roles.get(spec.role) ?? 0) + 1);
      }
      const registered = members.length - (boot === null ? 0 : 1);
      return {
        rack,
        revision,
        machines: members.length,
        workers: { registered, room },
        boot,
        states,
        roles: Object.fromEntries(roles),
      };
    });
}

function numbered(number: (rack: Rack) => number): Omit<Column<Rack>, 'name'> {
  return { text: (rack) => String(number(rack)), number };
}
