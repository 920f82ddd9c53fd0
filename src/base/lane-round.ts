/** One commit's worth of decisions of a lane. */

import { bytesOf, type CommitLimits, whyTooLarge } from './commit-size.ts';
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
export function decideAll(
  batch: readonly Job[],
  base: Base,
  limits: CommitLimits,
  fresh: boolean,
): Round {
  const overlay = createOverlay(base);
  const decided: Decided[] = [];
  const settled: Decided[] = [];
  const conditions = new Map<string, Condition>();
  for (const [at, job] of batch.entries()) {
    // Conditions since the read say nothing of what others write in the same commit.
    const isFirstOnly = job.reads.unproven !== undefined;
    if (isFirstOnly && overlay.writes.size > 0) {
      return { decided, settled, rest: batch.slice(at), conditions, writes: overlay.writes };
    }
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
    const size = { ...overlay.sizeWith(writes), conditions: sizeWith(conditions, needed) };
    const bytes = size.bytes + [...conditions.values(), ...needed].reduce(sumOfBytes, 0);
    const tooLarge = whyTooLarge({ ...size, bytes }, limits);
    const fits =
      tooLarge === undefined &&
      !overlay.sharesWith(writes) &&
      // A condition is checked against the store, not against writes that share the commit.
      !own.some((condition) => overlay.touches(condition));
    if (!fits) {
      if (decided.length > 0 || overlay.writes.size > 0) {
        return { decided, settled, rest: batch.slice(at), conditions, writes: overlay.writes };
      }
      job.answer(fail(tooLarge ?? unfit));
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

/** A decision that contradicts itself, such as a sweep over what it writes. */
const unfit = {
  kind: 'too-large',
  text: 'one change whose own writes or conditions exclude each other',
  operationsMax: 0,
} as const satisfies StoreProblem;

function sumOfBytes(sum: number, condition: Condition): number {
  return sum + bytesOf(condition);
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
    case 'none-born-under':
      return `${condition.kind} ${condition.since} ${condition.prefix}`;
  }
}
