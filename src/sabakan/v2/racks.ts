/** The racks of version 2, counted from the machines in them. */

import { fail, ok } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { bootRole, type Machine, machineStates } from '../../inventory/machine.ts';
import type { rackColumns } from '../contract/columns.ts';
import type { RackV2 } from '../contract/rack.ts';
import { whyNotWhole } from '../whole-truth.ts';
import type { Collection, CollectionChange, Column } from './collection.ts';
import { machineCollection } from './machines.ts';

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

export function rackCollection(inventory: Inventory, clock: Clock): Collection<Rack> {
  let counted:
    | {
        readonly of: readonly Machine[];
        readonly room: number | null;
        readonly racks: readonly Rack[];
      }
    | undefined;

  const roomNow = (): number | null => inventory.ipam()?.maxNodesInRack ?? null;
  const rackNow = (number: number, revision: Revision): Rack | undefined => {
    const members = inventory.search({ having: { racks: [number] } });
    return members.length === 0 ? undefined : countRack(number, members, roomNow(), revision);
  };
  const racks = (): readonly Rack[] => {
    const machines = inventory.machines();
    const room = roomNow();
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
    return doubt === undefined ? ok(value()) : fail(doubt);
  };

  return {
    noun: 'racks',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    nameOf: ({ rack }) => String(rack),
    toJson: (rack) => rack,
    revisionOf: ({ revision }) => revision as Revision,
    snapshot: () =>
      whole(() => ({
        changed: inventory.machinesRevision(),
        completeTo: inventory.machinesCompleteTo(),
        items: racks(),
      })),
    find: (name) => whole(() => racks().find(({ rack }) => String(rack) === name)),
    completeTo: inventory.machinesCompleteTo,
    subscribe: (listener) => {
      /** As they were told last. */
      const told = new Map<number, Rack>();
      const remember = (number: number, rack: Rack | undefined): void => {
        if (rack === undefined) told.delete(number);
        else told.set(number, rack);
      };
      return machineCollection(inventory, clock).subscribe((news) => {
        if (news.kind === 'listed') {
          told.clear();
          for (const rack of racks()) told.set(rack.rack, rack);
          return listener(news);
        }
        const changes = racksOf(news.changes).flatMap((number) => {
          const before = told.get(number);
          const after = rackNow(number, news.revision);
          remember(number, after);
          return isSame(before, after) ? [] : [{ name: String(number), before, after }];
        });
        if (changes.length > 0) listener({ ...news, changes });
      });
    },
  };
}

/** Each rack that machines came to, changed in, or left. */
function racksOf(changes: readonly CollectionChange<Machine>[]): readonly number[] {
  const machines = changes.flatMap(({ before, after }) => [before, after]);
  return [...new Set(machines.flatMap((machine) => machine?.spec.rack ?? []))];
}

/** Whatever its machines did, the rack is the same while its counts are. */
function isSame(a: Rack | undefined, b: Rack | undefined): boolean {
  return JSON.stringify({ ...a, revision: '' }) === JSON.stringify({ ...b, revision: '' });
}

/** Ascending by number. */
function countRacks(
  machines: readonly Machine[],
  room: number | null,
  revision: Revision,
): readonly Rack[] {
  return [...Map.groupBy(machines, ({ spec }) => spec.rack)]
    .toSorted(([a], [b]) => a - b)
    .map(([rack, members]) => countRack(rack, members, room, revision));
}

function countRack(
  rack: number,
  members: readonly Machine[],
  room: number | null,
  revision: Revision,
): Rack {
  const boot = members.find(({ spec }) => spec.role === bootRole)?.spec.serial ?? null;
  const states = Object.fromEntries(machineStates.map((state) => [state, 0]));
  const roles = new Map<string, number>();
  for (const { spec, status } of members) {
    states[status.state] = (states[status.state] ?? 0) + 1;
    roles.set(spec.role, (roles.get(spec.role) ?? 0) + 1);
  }
  return {
    rack,
    revision,
    machines: members.length,
    workers: { registered: members.length - (boot === null ? 0 : 1), room },
    boot,
    states,
    roles: Object.fromEntries(roles),
  };
}

function numbered(number: (rack: Rack) => number): Omit<Column<Rack>, 'name'> {
  return { text: (rack) => String(number(rack)), number };
}
