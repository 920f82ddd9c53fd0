/** Wishes and the machines there are → what each becomes, and every reason why one cannot. No effects. */

import { absent, type Revision } from '../../base/store.ts';
import type { Rfc3339 } from '../../base/time.ts';
import { type ApplyTerms, type MachineWish, movableStates } from '../apply.ts';
import { goRfc3339 } from '../go-time.ts';
import type { IpamConfig } from '../ipam-config.ts';
import { bootRole, type Machine, type Role, type Serial } from '../machine.ts';
import type { MachineRefusal, WishProblem } from '../problem.ts';
import { movedMachine } from './expected.ts';
import { movedTo, newMachineAt, type Slots } from './placement.ts';

/** What there is of a serial; `revision` undefined: that of a commit under way. */
export type Present = {
  readonly machine: Machine | undefined;
  readonly revision: Revision | undefined;
  /** Its record cannot be read. */
  readonly broken?: WishProblem;
};

export type Wished = {
  readonly before: Machine | undefined;
  /** The same value as `before` when nothing changes. */
  readonly after: Machine;
  readonly revision: Revision | undefined;
};

/** `onlyNew`: a machine that is there already is a refusal. */
type WishTerms = Pick<ApplyTerms, 'expected' | 'evenInUse'> & { readonly onlyNew?: boolean };

/** What a wish says of place and role. */
export type Place = { readonly rack: number; readonly role: Role };

/**
 * Decides on all wishes, in order. Slots that machines leave are free for the others of the list. Of a wish that is
 * refused nothing is taken, so the reasons of the others are those of the list without it.
 */
export function decideWishes(
  config: IpamConfig,
  wishes: readonly MachineWish[],
  presentOf: (serial: Serial) => Present,
  slots: Slots,
  terms: WishTerms,
  now: Rfc3339,
): { readonly wished: readonly Wished[]; readonly refusals: readonly MachineRefusal[] } {
  const refused = new Map<number, readonly MachineRefusal[]>();
  const movers = new Set<number>();
  const seen = new Set<Serial>();
  const presents = wishes.map(({ serial }) => presentOf(serial));
  for (const [at, wish] of wishes.entries()) {
    const present = presents[at] as Present;
    const reasons = whyNot(wish, present, seen.has(wish.serial), terms);
    seen.add(wish.serial);
    if (reasons.length > 0) {
      refused.set(
        at,
        reasons.map((reason) => ({ at, serial: wish.serial, ...reason })),
      );
    } else if (present.machine !== undefined && isMove(present.machine, wish)) {
      const { rack, indexInRack } = present.machine.spec;
      movers.add(at);
      slots.giveBack(rack, indexInRack);
    }
  }
  const wished: Wished[] = [];
  for (const [at, wish] of wishes.entries()) {
    if (refused.has(at)) continue;
    const { machine: before, revision } = presents[at] as Present;
    if (before !== undefined && !movers.has(at)) {
      wished.push({ before, after: adjusted(before, wish), revision });
      continue;
    }
    const slot = slots.take(wish.rack, wish.role);
    if (!slot.ok) {
      const member = slot.error.kind === 'boot-slot-taken' ? 'role' : 'rack';
      refused.set(at, [{ at, serial: wish.serial, member, problem: slot.error }]);
      continue;
    }
    const after =
      before === undefined
        ? newMachineAt(config, wish, slot.value, now)
        : adjusted(movedTo(config, before, wish.rack, slot.value), wish);
    wished.push({ before, after, revision });
  }
  const refusals = [...refused].sort(([a], [b]) => a - b).flatMap(([, reasons]) => reasons);
  return { wished, refusals };
}

type Reason = Pick<MachineRefusal, 'member' | 'problem'>;
type Stays = Reason & { readonly problem: Extract<WishProblem, { kind: 'change-forbidden' }> };

function whyNot(
  wish: MachineWish,
  { machine, revision, broken }: Present,
  isRepeated: boolean,
  terms: WishTerms,
): readonly Reason[] {
  const { serial } = wish;
  const of = (problem: WishProblem): readonly Reason[] => [{ member: 'serial', problem }];
  if (isRepeated) {
    const text = `serial ${serial} is in the request twice`;
    return of({ kind: 'serial-repeated', serial, text });
  }
  if (terms.onlyNew === true && (machine !== undefined || broken !== undefined)) {
    const text = `machine ${serial} is registered already`;
    return of({ kind: 'machine-exists', serial, text });
  }
  if (broken !== undefined) return of(broken);
  const expected = terms.expected?.get(serial);
  if (expected !== undefined && expected !== revision) {
    return of(movedMachine(serial, revision ?? absent));
  }
  if (machine === undefined || terms.evenInUse === true) return [];
  return whyStays(machine, wish);
}

/** Why rack and role of a machine stay as they are for now; none where they may change, or need not. */
export function whyStays(machine: Machine, wish: Place): readonly Stays[] {
  const { serial, rack, role } = machine.spec;
  const { state } = machine.status;
  if (movableStates.includes(state)) return [];
  const forbidden = (
    member: 'rack' | 'role',
    from: string | number,
    to: string | number,
  ): Stays => {
    const text =
      `${member} of ${serial} stays ${from} while it is ${state}: clusters know a node by address and role; ` +
      `it can become ${to} when it is ${movableStates.join(' or ')}`;
    return {
      member,
      problem: { kind: 'change-forbidden', serial, state, members: [member], text },
    };
  };
  return [
    ...(rack === wish.rack ? [] : [forbidden('rack', rack, wish.rack)]),
    ...(role === wish.role ? [] : [forbidden('role', role, wish.role)]),
  ];
}

/** Whether the machine needs another slot: another rack, or to or from the boot machine's own. */
export function isMove({ spec }: Machine, wish: Place): boolean {
  return spec.rack !== wish.rack || (spec.role === bootRole) !== (wish.role === bootRole);
}

/** The machine with all of the wish but its place; the same value when nothing changes. */
function adjusted(machine: Machine, wish: MachineWish): Machine {
  const { spec } = machine;
  const labels =
    wish.labels === undefined || sameLabels(spec.labels, wish.labels) ? spec.labels : wish.labels;
  const retireDate = wish.retireDate === undefined ? spec.retireDate : goRfc3339(wish.retireDate);
  const isSame =
    labels === spec.labels &&
    (wish.retireDate === undefined || retireDate === goRfc3339(spec.retireDate)) &&
    wish.role === spec.role &&
    wish.bmcType === spec.bmc.type;
  if (isSame) return machine;
  const bmc = { ...spec.bmc, type: wish.bmcType };
  return { ...machine, spec: { ...spec, labels, retireDate, role: wish.role, bmc } };
}

function sameLabels(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
