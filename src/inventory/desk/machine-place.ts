/** Role, rack and BMC type of one machine: a change of place takes a slot there and gives the old one back. */

import type { View } from '../../base/decision.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Write } from '../../base/store.ts';
import type { MachinePatch } from '../inventory.ts';
import type { IpamConfig } from '../ipam-config.ts';
import { keys } from '../keys.ts';
import type { Machine, Serial } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';
import { putJson, readIndices, readIpam } from './change.ts';
import { createSlots, movedTo } from './placement.ts';
import { isListed, lookAgain, presentIn } from './presence.ts';
import { isMove, type Place, whyStays } from './wishes.ts';

/** What this server knows beforehand of the machine that is patched. */
export type Whereabouts = {
  /** Where it is, as far as is known here, and where else it was found. */
  readonly racks: readonly number[];
  /** The machines of a rack: one that the rack's list lacks must be looked at before a slot is given. */
  readonly known: (rack: number) => readonly Machine[];
  /** Those that are read, too. */
  readonly inspected: readonly Serial[];
};

export type Placed =
  | { readonly kind: 'placed'; readonly machine: Machine; readonly writes: readonly Write[] }
  /** It is in a rack whose list was not read, or lists lack machines: ask again with these. */
  | {
      readonly kind: 'look-again';
      readonly racks: readonly number[];
      readonly inspected: readonly Serial[];
    };

type PlacePatch = Pick<MachinePatch, 'rack' | 'role' | 'bmcType'>;

/** What must be read for such a patch. */
export function keysToPlace(patch: PlacePatch, where: Whereabouts): readonly string[] {
  if (patch.rack === undefined && patch.role === undefined) return [];
  const lists = racksOf(patch, where).map(keys.nodeIndices);
  return [keys.ipam, ...lists, ...where.inspected.map(keys.machine)];
}

export function placedAnew(
  view: View,
  machine: Machine,
  patch: PlacePatch,
  where: Whereabouts,
  evenInUse: boolean,
): Result<Placed, InventoryProblem> {
  const { spec } = machine;
  const rack = patch.rack ?? spec.rack;
  const role = patch.role ?? spec.role;
  const type = patch.bmcType ?? spec.bmc.type;
  const stays = evenInUse ? [] : whyStays(machine, { rack, role });
  const [first] = stays;
  if (first !== undefined) {
    const text = stays.map(({ problem }) => problem.text).join('; ');
    const members = stays.flatMap(({ problem }) => problem.members);
    return fail({ ...first.problem, members, text });
  }
  if (rack === spec.rack && role === spec.role && type === spec.bmc.type) {
    return ok({ kind: 'placed', machine, writes: [] });
  }
  const withType = (at: Machine): Machine => ({
    ...at,
    spec: { ...at.spec, role, bmc: { ...at.spec.bmc, type } },
  });
  if (!isMove(machine, { rack, role })) {
    return ok({ kind: 'placed', machine: withType(machine), writes: [] });
  }
  const config = readIpam(view);
  if (!config.ok) return config;
  const moved = takeSlot(view, config.value, machine, { rack, role }, racksOf(patch, where), where);
  if (!moved.ok || moved.value.kind === 'look-again') return moved;
  return ok({ ...moved.value, machine: withType(moved.value.machine) });
}

function takeSlot(
  view: View,
  config: IpamConfig,
  machine: Machine,
  to: Place,
  racks: readonly number[],
  { known, inspected }: Whereabouts,
): Result<Placed, InventoryProblem> {
  const indices = new Map<number, readonly number[]>();
  for (const one of racks) {
    const list = readIndices(view, one);
    if (!list.ok) return list;
    indices.set(one, list.value);
  }
  const presents = new Map(
    [machine.spec.serial, ...inspected].map((serial) => [serial, presentIn(view, serial)]),
  );
  const missing = lookAgain(presents, indices, racks.flatMap(known));
  if (missing !== undefined) return ok(missing);
  const slots = createSlots(config, indices);
  for (const { machine: present, broken } of presents.values()) {
    if (broken !== undefined) return fail(broken);
    if (present === undefined || isListed(present, indices)) continue;
    slots.hold(present.spec.rack, present.spec.indexInRack);
  }
  slots.giveBack(machine.spec.rack, machine.spec.indexInRack);
  const index = slots.take(to.rack, to.role);
  if (!index.ok) return index;
  const writes = [...slots.changed()].map(([one, used]) => putJson(keys.nodeIndices(one), used));
  return ok({ kind: 'placed', machine: movedTo(config, machine, to.rack, index.value), writes });
}

function racksOf(patch: PlacePatch, where: Whereabouts): readonly number[] {
  return [...new Set([...where.racks, ...(patch.rack === undefined ? [] : [patch.rack])])];
}
