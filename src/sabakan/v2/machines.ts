/** The machines of version 2: columns, and the shape that `contract/machine.ts` describes. */

import { formatIpv4 } from '../../base/addresses.ts';
import { fail, ok } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import { holdOn } from '../../inventory/hold.ts';
import type { Change, Inventory } from '../../inventory/inventory.ts';
import { keys } from '../../inventory/keys.ts';
import type { Machine, NicConfig, Serial } from '../../inventory/machine.ts';
import { durationSeconds } from '../../inventory/machine-json.ts';
import type { machineColumns } from '../contract/columns.ts';
import type { MachineV2 } from '../contract/machine.ts';
import { whyNotWhole } from '../whole-truth.ts';
import type { Collection, Column } from './collection.ts';

type ColumnOf = Omit<Column<Machine>, 'name'>;

const columns: Readonly<Record<Exclude<keyof typeof machineColumns, 'held'>, ColumnOf>> = {
  serial: { text: ({ spec }) => spec.serial },
  rack: numbered(({ spec }) => spec.rack),
  indexInRack: numbered(({ spec }) => spec.indexInRack),
  role: { text: ({ spec }) => spec.role },
  state: { text: ({ status }) => status.state },
  since: { text: ({ status }) => status.since },
  bmcType: { text: ({ spec }) => spec.bmc.type, path: 'spec.bmc.type' },
  ipv4: {
    text: ({ spec: { ipv4 } }) => ipv4[0] && formatIpv4(ipv4[0]),
    number: ({ spec: { ipv4 } }) => ipv4[0] ?? 0,
  },
  registerDate: { text: ({ spec }) => spec.registerDate },
  retireDate: { text: ({ spec }) => spec.retireDate },
};

export function machineCollection(inventory: Inventory, clock: Clock): Collection<Machine> {
  // A hold that has run out is none, whether or not it is still in the record.
  const held: ColumnOf = { text: (machine) => String(holdOn(machine, clock.now()) !== undefined) };
  const completeTo = inventory.machinesCompleteTo;
  return {
    noun: 'machines',
    columns: Object.entries({ ...columns, held }).map(([name, column]) => ({ name, ...column })),
    get ages() {
      return inventory.machines().some(({ hold }) => hold?.until !== undefined);
    },
    nameOf: ({ spec }) => spec.serial,
    labelsOf: ({ spec }) => spec.labels,
    toJson: (machine, now): MachineV2 => {
      const { spec, status, info } = machine;
      const { reason } = status;
      const hold = holdOn(machine, now);
      return {
        serial: spec.serial,
        revision: inventory.revisionOf(machine),
        spec: {
          rack: spec.rack,
          indexInRack: spec.indexInRack,
          role: spec.role,
          labels: Object.fromEntries(spec.labels),
          ipv4: spec.ipv4.map(formatIpv4),
          bmc: { type: spec.bmc.type, ipv4: formatIpv4(spec.bmc.ipv4) },
          registerDate: spec.registerDate,
          retireDate: spec.retireDate,
          hold: hold ? { ...hold, until: hold.until ?? null } : null,
        },
        status: {
          state: status.state,
          since: status.since,
          durationSeconds: durationSeconds(machine, now),
          reason: reason
            ? { by: reason.by, text: reason.text, evidence: [...reason.evidence] }
            : null,
        },
        network: { nodes: info.network.map(nic), bmc: nic(info.bmc) },
      };
    },
    revisionOf: inventory.revisionOf,
    snapshot: () => {
      const doubt = whyNotWhole(inventory);
      if (doubt !== undefined) return fail(doubt);
      const changed = inventory.machinesRevision();
      return ok({ changed, completeTo: completeTo(), items: inventory.machines() });
    },
    find: (name) => {
      const machine = inventory.find(name as Serial);
      if (machine !== undefined) return ok(machine);
      // "There is none" is a statement about the whole inventory.
      const doubt = whyNotWhole(inventory, [name]);
      return doubt === undefined ? ok(undefined) : fail(doubt);
    },
    completeTo,
    subscribe: (listener) =>
      inventory.subscribe((changes, how) => {
        // A record that cannot be read is no machine that went; nobody may act on that.
        const isUnclear = changes.some(
          ({ serial, after }) =>
            after === undefined && inventory.broken().has(keys.machine(serial)),
        );
        if (how === 'listed' || isUnclear) return listener({ kind: 'listed' });
        for (const [revision, together] of byRevision(changes)) {
          listener({
            kind: 'changed',
            revision,
            changes: together.map(({ serial, before, after }) => ({ name: serial, before, after })),
          });
        }
      }),
  };
}

/** In the order they came, which is that of revisions. */
export function byRevision(changes: readonly Change[]): ReadonlyMap<Revision, readonly Change[]> {
  return Map.groupBy(changes, ({ revision }) => revision);
}

function numbered(number: (item: Machine) => number): ColumnOf {
  return { text: (item) => String(number(item)), number };
}

function nic({ address, netmask, maskBits, gateway }: NicConfig) {
  return {
    address: formatIpv4(address),
    netmask: formatIpv4(netmask),
    maskBits,
    gateway: formatIpv4(gateway),
  };
}
