/** Everything the inventory refuses, as data: kinds for programs, a sentence for people. */

import type { Revision } from '../base/store.ts';
import type { ForbiddenTransition } from './lifecycle.ts';
import type { MachineState, Serial } from './machine.ts';
import type { Mistake } from './mistake.ts';

export type InventoryProblem =
  | { readonly kind: 'machine-unknown'; readonly serial: string; readonly text: string }
  | { readonly kind: 'label-unknown'; readonly serial: string; readonly text: string }
  | { readonly kind: 'machine-exists'; readonly serial: string; readonly text: string }
  /** The same serial twice in one request. */
  | { readonly kind: 'serial-repeated'; readonly serial: string; readonly text: string }
  | { readonly kind: 'boot-slot-taken'; readonly rack: number; readonly text: string }
  | { readonly kind: 'rack-full'; readonly rack: number; readonly text: string }
  | { readonly kind: 'outside-pool'; readonly rack: number; readonly text: string }
  /** Role and rack of a machine in use stay (`apply.ts`). */
  | {
      readonly kind: 'change-forbidden';
      readonly serial: string;
      readonly state: MachineState;
      readonly members: readonly ('rack' | 'role')[];
      readonly text: string;
    }
  /** The caller saw another change than this would be; nothing was done. */
  | { readonly kind: 'not-as-expected'; readonly text: string }
  /** A list of machines, of which some cannot be as they should: every reason at once, in the order of the list. */
  | {
      readonly kind: 'machines-refused';
      readonly refusals: readonly MachineRefusal[];
      readonly text: string;
    }
  | { readonly kind: 'ipam-missing'; readonly text: string }
  | { readonly kind: 'machines-exist'; readonly text: string }
  | { readonly kind: 'not-retired'; readonly serial: string; readonly text: string }
  | { readonly kind: 'disk-keys-exist'; readonly serial: string; readonly text: string }
  | { readonly kind: 'disk-key-exists'; readonly serial: string; readonly text: string }
  /** A key for a machine that is not registered: another status than for all else one asks of such a machine. */
  | { readonly kind: 'disk-key-owner-unknown'; readonly serial: string; readonly text: string }
  | { readonly kind: 'disk-key-too-late'; readonly serial: string; readonly text: string }
  | { readonly kind: 'disk-keys-too-many'; readonly serial: string; readonly text: string }
  | { readonly kind: 'not-retiring'; readonly serial: string; readonly text: string }
  /** The state is not the one the decision was made on. */
  | { readonly kind: 'state-moved'; readonly serial: string; readonly text: string }
  /** The machine is not as the caller knew it: `current` is the revision of its last change. */
  | {
      readonly kind: 'precondition-failed';
      readonly serial: string;
      readonly current: Revision;
      readonly text: string;
    }
  /** A record in the store that we cannot read; it is left as it is. */
  | { readonly kind: 'record-broken'; readonly key: string; readonly text: string }
  | { readonly kind: 'invalid'; readonly mistakes: readonly Mistake[]; readonly text: string }
  | ForbiddenTransition;

/** Why one of the wishes cannot come true; a wish may have several. */
export type MachineRefusal = {
  /** Its position in the list, from 0. */
  readonly at: number;
  readonly serial: Serial;
  /** The member of the wish that is in the way. */
  readonly member: 'serial' | 'rack' | 'role';
  readonly problem: WishProblem;
};

export type WishProblem = Exclude<InventoryProblem, { readonly kind: 'machines-refused' }>;
