/** What people see of the bridge: the plan, its reasons, what holds it back, and every machine's decision. */

import type { Revision } from '../base/store.ts';
import type { Instant } from '../base/time.ts';
import type { Serial } from '../inventory/machine.ts';
import type { Pass } from './pass.ts';
import { type Change, type Decision, formatChange, type Swap, type Waiting } from './plan.ts';
import type { Refusal } from './refusal.ts';

/** Writes that are remembered for people; older ones are in the audit of the reconciler. */
export const writesKeptMax = 50;

export type ClusterWrite = {
  readonly at: Instant;
  readonly generation: number;
  readonly inventoryRevision: Revision;
  readonly changes: readonly string[];
};

export type BridgeCounters = {
  readonly passes: number;
  /** Clusters handed to the sink. */
  readonly writes: number;
  /** Passes in which nothing was to be changed. */
  readonly quiet: number;
  /** Passes held by a guard. */
  readonly held: number;
  /** The record was changed by another server meanwhile. */
  readonly conflicts: number;
  readonly storeProblems: number;
  readonly sinkProblems: number;
  /** Duration of the last pass's planning, in milliseconds. */
  readonly planningMs: number;
};

const zeroCounters: BridgeCounters = {
  passes: 0,
  writes: 0,
  quiet: 0,
  held: 0,
  conflicts: 0,
  storeProblems: 0,
  sinkProblems: 0,
  planningMs: 0,
};

export type PlanView = {
  /** Whether this server may act on the plan; others only look. */
  readonly leading: boolean;
  /** Undefined before the first pass. */
  readonly madeAt: Instant | undefined;
  readonly inventoryRevision: Revision | undefined;
  /** Of the cluster as written last; 0 when there is none. */
  readonly generation: number;
  /** What differs from the cluster as written last. */
  readonly changes: readonly (Pick<Change, 'kind' | 'serial'> & { readonly text: string })[];
  /** True when a write is due: also when only the template changed, or the file is missing or old. */
  readonly pending: boolean;
  readonly swaps: readonly Swap[];
  readonly refusals: readonly Refusal[];
  /** What would hold, had not a person overruled it for a while. */
  readonly overruled: readonly Refusal[];
  readonly waitingFor: readonly Waiting[];
  readonly decisions: ReadonlyMap<Serial, Decision>;
  readonly controlPlanes: readonly Serial[];
  readonly workers: readonly Serial[];
  /** Newest last. */
  readonly writes: readonly ClusterWrite[];
  /** Why the last attempt to write failed, until one succeeds. */
  readonly problem: string | undefined;
  readonly counters: BridgeCounters;
};

export const emptyView: PlanView = {
  leading: false,
  madeAt: undefined,
  inventoryRevision: undefined,
  generation: 0,
  changes: [],
  pending: false,
  swaps: [],
  refusals: [],
  overruled: [],
  waitingFor: [],
  decisions: new Map(),
  controlPlanes: [],
  workers: [],
  writes: [],
  problem: undefined,
  counters: zeroCounters,
};

/** The parts of a view that come from a pass. */
export function viewOfPass(
  pass: Pass,
): Pick<
  PlanView,
  | 'changes'
  | 'swaps'
  | 'refusals'
  | 'overruled'
  | 'waitingFor'
  | 'decisions'
  | 'controlPlanes'
  | 'workers'
> {
  const members = pass.plan?.members ?? [];
  const serialsOf = (controlPlane: boolean): readonly Serial[] =>
    members.flatMap((member) => (member.controlPlane === controlPlane ? member.facts.serial : []));
  return {
    changes: (pass.plan?.changes ?? []).map((change) => ({
      kind: change.kind,
      serial: change.serial,
      text: formatChange(change),
    })),
    swaps: pass.plan?.swaps ?? [],
    refusals: pass.refusals,
    overruled: pass.overruled,
    waitingFor: pass.plan?.waitingFor ?? [],
    decisions: pass.plan?.decisions ?? new Map(),
    controlPlanes: serialsOf(true),
    workers: serialsOf(false),
  };
}
