/** A plan in the making: the next members, and the reasons gathered on the way. */

import type { Ipv4 } from '../../base/addresses.ts';
import { addMs, type Instant } from '../../base/time.ts';
import type { Machine, Serial } from '../../inventory/machine.ts';
import {
  factsOf,
  type LastCluster,
  type Member,
  type Memory,
  type TaintState,
  taintStateOf,
} from '../cluster.ts';
import type { BridgeSettings, Constraints } from '../settings.ts';
import type { ClusterTemplate } from '../template.ts';
import { healthStanding, type Standing, standingOf } from './standing.ts';

export type PlanInput = {
  readonly template: ClusterTemplate;
  readonly constraints: Constraints;
  readonly settings: BridgeSettings;
  /** The whole inventory. */
  readonly machines: readonly Machine[];
  /** Members whose records cannot be read: neither gone nor known. */
  readonly unreadable: ReadonlySet<Serial>;
  readonly lastCluster: LastCluster | undefined;
  /** As of this pass. */
  readonly memory: Memory;
  /** Taint keys that others have put on a member's Node; absent means none. */
  readonly nodeTaints?: ReadonlyMap<Serial, readonly string[]>;
  readonly now: Instant;
  /** How much the guards allow: everything, only taints, or nothing. */
  readonly mode: 'full' | 'taints-only' | 'frozen';
};

export type Change =
  | {
      readonly kind: 'join';
      readonly serial: Serial;
      readonly address: Ipv4;
      readonly controlPlane: boolean;
      readonly replaces: Serial | undefined;
      readonly why: string;
    }
  | {
      readonly kind: 'leave';
      readonly serial: Serial;
      readonly address: Ipv4;
      readonly controlPlane: boolean;
      readonly why: string;
    }
  | { readonly kind: 'promote' | 'demote'; readonly serial: Serial; readonly why: string }
  | {
      readonly kind: 'readdress';
      readonly serial: Serial;
      readonly from: Ipv4;
      readonly to: Ipv4;
      readonly why: string;
    }
  | {
      readonly kind: 'taint';
      readonly serial: Serial;
      readonly from: TaintState;
      readonly to: TaintState;
      readonly why: string;
    }
  | { readonly kind: 'refresh'; readonly serial: Serial; readonly why: string };

export type WaitingKind =
  | 'control-plane-candidates'
  | 'control-plane-spread'
  | 'control-plane-settles'
  | 'control-plane-quorum'
  | 'control-plane-grace'
  | 'grace'
  | 'held'
  | 'no-spare'
  | 'newcomer-settles'
  | 'removal-budget'
  | 'workers-rate'
  | 'rack-down'
  | 'machines-settle'
  | 'spare-pool'
  | 'workers-wanted'
  | 'nodes-max'
  | 'taint-interval'
  | 'address-change';

/** Why something is not done yet. */
export type Waiting = {
  readonly kind: WaitingKind;
  readonly text: string;
  readonly serials: readonly Serial[];
  /** When time alone will move it. */
  readonly until: Instant | undefined;
};

export type Draft = {
  readonly input: PlanInput;
  readonly machineOf: ReadonlyMap<Serial, Machine>;
  readonly next: Map<Serial, Member>;
  readonly changes: Change[];
  readonly waiting: Waiting[];
  /** Extra words for a machine's decision. */
  readonly notes: Map<Serial, string>;
  /** Machines that are no members, with what speaks against them. */
  readonly standings: ReadonlyMap<Serial, Standing>;
  /** Free machines in good standing, ascending by serial; taken ones are deleted. */
  readonly free: Map<Serial, Machine>;
  removedAt: Instant | undefined;
  controlPlanesChangedAt: Instant | undefined;
};

export function createDraft(input: PlanInput): Draft {
  const members = input.lastCluster?.members ?? [];
  const next = new Map(members.map((member) => [member.facts.serial, member]));
  const takenBy = new Map<Ipv4, Serial>(
    members.map((member) => [member.facts.address, member.facts.serial]),
  );
  const standings = new Map<Serial, Standing>();
  const free = new Map<Serial, Machine>();
  for (const machine of input.machines) {
    const { serial } = machine.spec;
    if (next.has(serial)) continue;
    const { template, memory, settings, now } = input;
    const standing = standingOf(machine, template, memory, settings, takenBy, now);
    standings.set(serial, standing);
    if (standing.kind !== 'ready') continue;
    free.set(serial, machine);
    // Two new machines with one address: the first by serial has it.
    const address = machine.spec.ipv4[0];
    if (address !== undefined) takenBy.set(address, serial);
  }
  return {
    input,
    machineOf: new Map(input.machines.map((machine) => [machine.spec.serial, machine])),
    next,
    changes: [],
    waiting: [],
    notes: new Map(),
    standings,
    free,
    removedAt: input.lastCluster?.removedAt,
    controlPlanesChangedAt: input.lastCluster?.controlPlanesChangedAt,
  };
}

export function wait(
  draft: Draft,
  kind: WaitingKind,
  text: string,
  serials: readonly Serial[] = [],
  until?: Instant,
): void {
  draft.waiting.push({ kind, text, serials, until });
  for (const serial of serials) draft.notes.set(serial, text);
}

export function join(
  draft: Draft,
  machine: Machine,
  controlPlane: boolean,
  why: string,
  replaces?: Serial,
): void {
  const facts = factsOf(machine);
  if (facts === undefined) return;
  const { serial, address } = facts;
  const { now } = draft.input;
  const taint = { state: taintStateOf(machine.status.state), at: now };
  draft.next.set(serial, { facts, controlPlane, joinedAt: now, replaces, taint });
  draft.free.delete(serial);
  draft.changes.push({ kind: 'join', serial, address, controlPlane, replaces, why });
}

export function leave(draft: Draft, member: Member, why: string): void {
  const { serial, address } = member.facts;
  draft.next.delete(serial);
  draft.changes.push({
    kind: 'leave',
    serial,
    address,
    controlPlane: member.controlPlane,
    why,
  });
}

export function workersOf(draft: Draft): readonly Member[] {
  return [...draft.next.values()].filter((member) => !member.controlPlane);
}

/** A member whose machine is healthy, for long enough, and does not flap. */
export function isSound(draft: Draft, serial: Serial): boolean {
  const machine = draft.machineOf.get(serial);
  const { memory, settings, now } = draft.input;
  return machine !== undefined && healthStanding(machine, memory, settings, now).kind === 'ready';
}

export function secondsAfter(at: Instant, seconds: number): Instant {
  return addMs(at, seconds * 1000);
}

/** Names for a sentence: all of a few, else the first and how many more. */
export function naming(serials: readonly Serial[]): string {
  const shown = serials.slice(0, 5).join(', ');
  return serials.length > 5 ? `${shown} and ${serials.length - 5} more` : shown;
}
