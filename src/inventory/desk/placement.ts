/** Slots of racks: which are free, who gets which, and the addresses that go with them. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Rfc3339 } from '../../base/time.ts';
import type { MachineWish } from '../apply.ts';
import { bmcAddress, nodeAddresses, whyOutsidePool } from '../ipam.ts';
import type { IpamConfig } from '../ipam-config.ts';
import { bootRole, emptyLabels, type Machine, type Role } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';

export type SlotProblem = Extract<
  InventoryProblem,
  { readonly kind: 'boot-slot-taken' | 'rack-full' | 'outside-pool' }
>;

/** The used indices of some racks while machines come and go. */
export type Slots = {
  /** The lowest free index: the boot machine's own, or one of the others'. It is used from then on. */
  readonly take: (rack: number, role: Role) => Result<number, SlotProblem>;
  /** This very index is used, whether or not the list had it. */
  readonly hold: (rack: number, index: number) => void;
  readonly giveBack: (rack: number, index: number) => void;
  /** Racks where an index was taken or given back; the indices in the order they were assigned. */
  readonly changed: () => ReadonlyMap<number, readonly number[]>;
};

/** @param indices the used indices of every rack that will be asked for. */
export function createSlots(
  config: IpamConfig,
  indices: ReadonlyMap<number, readonly number[]>,
): Slots {
  const lists = new Map<number, number[]>();
  const changed = new Set<number>();
  const listOf = (rack: number): number[] => {
    const list = lists.get(rack) ?? [...(indices.get(rack) ?? [])];
    lists.set(rack, list);
    return list;
  };
  return {
    take: (rack, role) => {
      const list = listOf(rack);
      const index = freeIndex(config, rack, role, (one) => list.includes(one));
      if (!index.ok) return index;
      const outside = whyOutsidePool(config, rack, index.value);
      if (outside !== undefined) return fail({ kind: 'outside-pool', rack, text: outside });
      list.push(index.value);
      changed.add(rack);
      return index;
    },
    hold: (rack, index) => void listOf(rack).push(index),
    giveBack: (rack, index) => {
      lists.set(
        rack,
        listOf(rack).filter((used) => used !== index),
      );
      changed.add(rack);
    },
    changed: () => new Map([...changed].map((rack) => [rack, listOf(rack)])),
  };
}

function freeIndex(
  config: IpamConfig,
  rack: number,
  role: Role,
  isUsed: (index: number) => boolean,
): Result<number, SlotProblem> {
  const first = config.nodeIndexOffset;
  if (role === bootRole) {
    if (!isUsed(first)) return ok(first);
    const text = `rack ${rack} has a ${bootRole} machine already; there is one slot for it, index ${first}`;
    return fail({ kind: 'boot-slot-taken', rack, text });
  }
  for (let index = first + 1; index <= first + config.maxNodesInRack; index += 1) {
    if (!isUsed(index)) return ok(index);
  }
  const text = `no node index is available for new machine: rack ${rack} holds ${config.maxNodesInRack} machines`;
  return fail({ kind: 'rack-full', rack, text });
}

/** A machine that is registered at this index. */
export function newMachineAt(
  config: IpamConfig,
  wish: MachineWish,
  indexInRack: number,
  now: Rfc3339,
): Machine {
  const { nodes, bmc } = addressesAt(config, wish.rack, indexInRack);
  return {
    spec: {
      serial: wish.serial,
      labels: wish.labels ?? emptyLabels,
      rack: wish.rack,
      indexInRack,
      role: wish.role,
      ipv4: nodes.map((nic) => nic.address),
      registerDate: now,
      retireDate: wish.retireDate ?? now,
      bmc: { type: wish.bmcType, ipv4: bmc.address },
    },
    status: { state: 'uninitialized', since: now },
    info: { network: nodes, bmc },
  };
}

/** The same machine in another slot. */
export function movedTo(
  config: IpamConfig,
  machine: Machine,
  rack: number,
  indexInRack: number,
): Machine {
  const { nodes, bmc } = addressesAt(config, rack, indexInRack);
  const { spec } = machine;
  return {
    ...machine,
    spec: {
      ...spec,
      rack,
      indexInRack,
      ipv4: nodes.map((nic) => nic.address),
      bmc: { ...spec.bmc, ipv4: bmc.address },
    },
    info: { network: nodes, bmc },
  };
}

function addressesAt(config: IpamConfig, rack: number, indexInRack: number) {
  return {
    nodes: nodeAddresses(config, rack, indexInRack),
    bmc: bmcAddress(config, rack, indexInRack),
  };
}
