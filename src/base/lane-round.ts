/** One commit's worth of decisions of a lane. */

import type { Decision, Reads, Transacted, View } from './decision.ts';
import { type Base, createOverlay, type Overlay } from './lane-view.ts';
import { fail, type Result } from './result.ts';
import type { Condition, StoreProblem, Write } from './store.ts';

export type Job = {
  readonly reads: Reads;
  readonly decide: (view: View) => Decision<unknown, unknown>;
  readonly answer: (result: Result<Transacted<unknown>, unknown>) => void;
  readonly reject: (bug: unknown) => void;
  attempts: number;
  /** Whether its last decision brought conditions of its own. */
  conditioned: boolean;
};

export type Decided = { readonly job: Job; readonly decision: Decision<unknown, unknown> };

export type Round = {
  /** Stand or fall with the commit, in order. */
  readonly decided: readonly Decided[];
  /** Answers that rest on entries just read and on nobody's writes. */
  readonly settled: readonly Decided[];
  /** Did not fit into this commit. */
  readonly rest: readonly Job[];
  readonly conditions: ReadonlyMap<string, Condition>;
  readonly writes: ReadonlyMap<string, Write>;
};

/** Lets each job decide on the base with the writes of those before it, until the commit is full. */
export function decideAll(batch: readonly Job[], base: Base, max: number, fresh: boolean): Round {
  const overlay = createOverlay(base);
  const decided: Decided[] = [];
  const settled: Decided[] = [];
  const conditions = new Map<string, Condition>();
  for (const [at, job] of batch.entries()) {
    const decision = tryDecide(job, overlay);
    if (decision === undefined) continue;
    const writes = decision.ok ? decision.writes : [];
    if (writes.length === 0 && fresh && overlay.writes.size === 0) {
      settled.push({ job, decision });
      continue;
    }
    const own = ownConditions(decision);
    job.conditioned = own.length > 0;
    const needed = [...base.conditionsOf(job.reads), ...own];
    const fits =
      overlay.sizeWith(writes) <= max &&
      sizeWith(conditions, needed) <= max &&
      !overlay.sharesWith(writes) &&
      // A condition is checked against the store, not against writes that share the commit.
      !own.some((condition) => overlay.touches(condition));
    if (!fits) {
      if (decided.length > 0 || overlay.writes.size > 0) {
        return { decided, settled, rest: batch.slice(at), conditions, writes: overlay.writes };
      }
      job.answer(fail(tooLarge(writes.length, needed.length, max)));
      continue;
    }
    for (const condition of needed) conditions.set(nameOf(condition), condition);
    overlay.apply(writes);
    decided.push({ job, decision });
  }
  return { decided, settled, rest: [], conditions, writes: overlay.writes };
}

/** A `decide` that throws is a bug of its caller, who hears of it; the others go on. */
function tryDecide(job: Job, overlay: Overlay): Decision<unknown, unknown> | undefined {
  try {
    return job.decide(overlay.view);
  } catch (bug) {
    job.reject(bug);
    return undefined;
  }
}

export function ownConditions(decision: Decision<unknown, unknown>): readonly Condition[] {
  return (decision.ok && decision.conditions) || [];
}

function tooLarge(writes: number, conditions: number, max: number): StoreProblem {
  const text = `one change with ${writes} writes under ${conditions} conditions; a commit takes ${max} of each`;
  return { kind: 'too-large', text, operationsMax: max };
}

function sizeWith(conditions: ReadonlyMap<string, Condition>, more: readonly Condition[]): number {
  const added = new Set(more.map(nameOf).filter((name) => !conditions.has(name)));
  return conditions.size + added.size;
}

/** Equal conditions have equal names. */
export function nameOf(condition: Condition): string {
  switch (condition.kind) {
    case 'unmoved':
      return `unmoved ${condition.modRevision} ${condition.key}`;
    case 'held':
      return `held ${condition.createRevision} ${condition.key}`;
    case 'none-under':
      return `none-under ${condition.prefix}`;
    case 'quiet-under':
      return `quiet-under ${condition.since} ${condition.prefix}`;
  }
}
