/** New machines and the racks as they are → machines with index and addresses, all or none. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Rfc3339 } from '../../base/time.ts';
import { bmcAddress, type IpamConfig, nodeAddresses, whyOutsidePool } from '../ipam.ts';
import { bootRole, type Machine, type NewMachine } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';

export type Placement = {
  readonly machines: readonly Machine[];
  /** Used indices of each touched rack, in the order they were assigned. */
  readonly indices: ReadonlyMap<number, readonly number[]>;
};

/**
 * Places machines in the order of the list. `indices` holds the used slots of every rack that the machines name.
 * Errors: `boot-slot-taken`, `rack-full`, `outside-pool`, `serial-repeated`.
 */
export function placeMachines(
  config: IpamConfig,
  wanted: readonly NewMachine[],
  indices: ReadonlyMap<number, readonly number[]>,
  now: Rfc3339,
): Result<Placement, InventoryProblem> {
  const used = new Map<number, number[]>();
  const machines: Machine[] = [];
  const serials = new Set<string>();
  for (const machine of wanted) {
    if (serials.has(machine.serial)) {
      const text = `serial ${machine.serial} is in the request twice`;
      return fail({ kind: 'serial-repeated', serial: machine.serial, text });
    }
    serials.add(machine.serial);
    const slots = used.get(machine.rack) ?? [...(indices.get(machine.rack) ?? [])];
    const index = freeIndex(config, machine, slots);
    if (!index.ok) return index;
    const outside = whyOutsidePool(config, machine.rack, index.value);
    if (outside !== undefined)
      return fail({ kind: 'outside-pool', rack: machine.rack, text: outside });
    slots.push(index.value);
    used.set(machine.rack, slots);
    machines.push(placed(config, machine, index.value, now));
  }
  return ok({ machines, indices: used });
}

function freeIndex(
  config: IpamConfig,
  machine: NewMachine,
  used: readonly number[],
): Result<number, InventoryProblem> {
  const { rack, role } = machine;
  const first = config.nodeIndexOffset;
  if (role === bootRole) {
    if (!used.includes(first)) return ok(first);
    const text = `rack ${rack} has a ${bootRole} machine already; there is one slot for it, index ${first}`;
    return fail({ kind: 'boot-slot-taken', rack, text });
  }
  const taken = new Set(used);
  for (let index = first + 1; index <= first + config.maxNodesInRack; index += 1) {
    if (!taken.has(index)) return ok(index);
  }
  const text = `no node index is available for new machine: rack ${rack} holds ${config.maxNodesInRack} machines`;
  return fail({ kind: 'rack-full', rack, text });
}

function placed(
  config: IpamConfig,
  machine: NewMachine,
  indexInRack: number,
  now: Rfc3339,
): Machine {
  const nodes = nodeAddresses(config, machine.rack, indexInRack);
  const bmc = bmcAddress(config, machine.rack, indexInRack);
  return {
    spec: {
      serial: machine.serial,
      labels: machine.labels,
      rack: machine.rack,
      indexInRack,
      role: machine.role,
      ipv4: nodes.map((nic) => nic.address),
      registerDate: now,
      retireDate: machine.retireDate ?? now,
      bmc: { type: machine.bmcType, ipv4: bmc.address },
    },
    status: { state: 'uninitialized', since: now },
    info: { network: nodes, bmc },
  };
}
