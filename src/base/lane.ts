/**
 * One lane of `transact`: decisions wait in order, and those that can share a commit do.
 *
 * Pass: take what waits → read what is not remembered → let each decide on what those before it wrote → commit.
 */

import type { Contended } from './decision.ts';
import {
  type Decided,
  decideAll,
  type Job,
  nameOf,
  ownConditions,
  type Round,
} from './lane-round.ts';
import { createBase } from './lane-view.ts';
import { fail, ok } from './result.ts';
import type { Condition, Revision, Store, StoreProblem } from './store.ts';
import type { World } from './world.ts';

export type Lane = { readonly add: (job: Job) => void; readonly idle: () => boolean };

/** One commit's worth of decisions is bounded, so that a batch never blocks the event loop for long. */
const batchMax = 512;
/** Decisions that may wait in one lane; a lane that far behind answers nobody in time. */
const waitingMax = 20_000;
/** How often one decision is taken again because others moved its keys. */
const attemptsMax = 40;
const backOffMaxMs = 50;

export type LaneCounters = {
  /** Decisions answered. */
  decided: number;
  /** Commits sent to the store. */
  commits: number;
  /** Commits refused because a key had moved. */
  moved: number;
  /** Reads sent to the store. */
  reads: number;
  /** Decisions given up: others kept moving the keys, the claim was lost, or too many waited. */
  contended: number;
};

export function createLane(
  store: Store,
  world: Pick<World, 'clock' | 'chance'>,
  counters: LaneCounters,
): Lane {
  const base = createBase(store, counters);
  const limits = { operationsMax: store.conditionsMax + 1, bytesMax: store.bytesMax };
  let waiting: Job[] = [];
  let running = false;

  const run = async () => {
    // One turn of patience, so that decisions asked for in the same turn share the first commit already.
    await null;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchSize(waiting));
      waiting = waiting.slice(batch.length);
      const again = await pass(batch).catch((bug: unknown) => {
        for (const job of batch) job.reject(bug);
        return [];
      });
      waiting = again.length === 0 ? waiting : [...again, ...waiting];
      const attempts = again[0]?.attempts ?? 0;
      if (attempts > 1) await backOff(attempts);
    }
    running = false;
  };

  const backOff = (attempts: number) =>
    new Promise<void>((resolve) => {
      const limitMs = Math.min(backOffMaxMs, 2 ** attempts);
      world.clock.after(world.chance.next() * limitMs, resolve);
    });

  /** Returns the jobs that must be decided again, in their order. */
  const pass = async (batch: readonly Job[]): Promise<readonly Job[]> => {
    const remembered = base.knows(batch);
    const before = remembered ? undefined : await base.read(batch);
    if (before !== undefined && !before.ok) return answerAll(batch, before.error);
    const round = decideAll(batch, base, limits, !remembered);
    if (round.writes.size === 0) {
      if (!remembered) settle(round.settled);
      // Nothing to commit, so nothing would prove what was remembered; and nobody needs a thousand keys again.
      if (remembered || batch.some(({ reads }) => reads.unproven !== undefined)) base.forget();
      return remembered ? [...round.decided.map(({ job }) => job), ...round.rest] : round.rest;
    }
    settle(round.settled);
    return [...(await commit(round)), ...round.rest];
  };

  const commit = async (round: Round): Promise<readonly Job[]> => {
    counters.commits += 1;
    const outcome = await store.commit([...round.conditions.values()], [...round.writes.values()]);
    if (!outcome.ok) {
      base.forget();
      return answerAll(
        round.decided.map(({ job }) => job),
        outcome.error,
      );
    }
    if (outcome.value.kind === 'committed') {
      base.remember(round.writes.values(), outcome.value.revision);
      settle(round.decided, outcome.value.revision);
      return [];
    }
    counters.moved += 1;
    base.forget();
    const lost = await lostClaims(round.conditions.values());
    return round.decided.flatMap(({ job, decision }) => {
      job.attempts += 1;
      const fence = ownConditions(decision).find((condition) => lost.has(nameOf(condition)));
      if (fence === undefined && job.attempts < attemptsMax) return [job];
      counters.contended += 1;
      const text = fence
        ? `the claim is not held any more (${nameOf(fence)})`
        : `others kept changing ${job.reads.keys[0] ?? 'the same keys'}: gave up after ${attemptsMax} tries`;
      job.answer(fail({ kind: 'contended', text } satisfies Contended));
      return [];
    });
  };

  /** Names of the claims among the conditions that are gone: no further try under them could succeed. */
  const lostClaims = async (conditions: Iterable<Condition>): Promise<ReadonlySet<string>> => {
    const fences = [...conditions].flatMap((one) => (one.kind === 'held' ? [one] : []));
    if (fences.length === 0) return new Set();
    const got = await store.get(fences.map((fence) => fence.key));
    if (!got.ok) return new Set();
    const holds = new Map(got.value.entries.map((entry) => [entry.key, entry.createRevision]));
    const lost = fences.filter((fence) => holds.get(fence.key) !== fence.createRevision);
    return new Set(lost.map(nameOf));
  };

  const settle = (decided: readonly Decided[], committedAt?: Revision) => {
    for (const { job, decision } of decided) {
      counters.decided += 1;
      const revision = committedAt ?? base.newestOf(job.reads);
      job.answer(decision.ok ? ok({ value: decision.value, revision }) : decision);
    }
  };

  return {
    idle: () => !running,
    add: (job) => {
      if (waiting.length >= waitingMax) {
        counters.contended += 1;
        const text = `${waitingMax} changes of the same keys are waiting already`;
        return job.answer(fail({ kind: 'contended', text } satisfies Contended));
      }
      waiting.push(job);
      if (running) return;
      running = true;
      void run();
    },
  };
}

/**
 * After a second conflict a decision with conditions of its own goes alone: one of them may be what fails, and those
 * folded with it would fail for ever.
 */
function batchSize(waiting: readonly Job[]): number {
  const alone = waiting.findIndex((job) => job.conditioned && job.attempts > 1);
  if (alone === 0) return 1;
  return Math.min(batchMax, alone < 0 ? waiting.length : alone);
}

function answerAll(jobs: readonly Job[], problem: StoreProblem): Job[] {
  for (const job of jobs) job.answer(fail(problem));
  return [];
}
