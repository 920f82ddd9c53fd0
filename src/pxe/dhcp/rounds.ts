/**
 * Who is decided on together: what waits for a range is taken as one batch, one of each range under way at a time, those
 * of many ranges in one commit; what arrives meanwhile becomes the next. DISCOVERs that memory can answer wait for none.
 */

import type { Result } from '../../base/result.ts';
import type { Answer } from './answer.ts';
import type { LeaseProblem } from './lease-commits.ts';
import type { LeaseDesk, LeaseWish } from './lease-desk.ts';
import { createQueue, type Queue, type Waiting } from './queue.ts';

export type Round = Waiting & LeaseWish & { readonly tableKey: string };

export type Rounds<Job extends Round> = {
  readonly add: (job: Job) => void;
  readonly waiting: () => number;
};

/** Ranges at work at once. Beyond it newcomers are dropped: relays cannot be that many by chance. */
const rangesMax = 4_096;
/** Two, so that one is on its way while etcd writes the other to its disk; more would only make each smaller. */
const commitsMax = 2;

type Range<Job extends Waiting> = {
  readonly key: string;
  readonly queue: Queue<Job>;
  isBusy: boolean;
};

export function createRounds<Job extends Round>(deps: {
  readonly desk: Pick<LeaseDesk, 'glance' | 'settle' | 'batchesMax'>;
  /** Those worth an answer, in the order in which they are decided. */
  readonly inTime: (jobs: readonly Job[]) => readonly Job[];
  /** One that will never be decided, for want of room. */
  readonly dropped: (job: Job) => void;
  /** Of a DISCOVER, from memory. */
  readonly speak: (job: Job, answer: Answer) => void;
  /** Of a batch, after what they promise is stored, or cannot be. */
  readonly conclude: (
    tableKey: string,
    jobs: readonly Job[],
    settled: Result<readonly Answer[], LeaseProblem>,
  ) => void;
}): Rounds<Job> {
  const { desk, inTime, dropped, speak, conclude } = deps;
  const ranges = new Map<string, Range<Job>>();
  const arrived = new Set<string>();
  let commitsUnderWay = 0;

  const add = (job: Job): void => {
    const { tableKey } = job;
    let range = ranges.get(tableKey);
    if (range === undefined) {
      if (ranges.size >= rangesMax) {
        dropped(job);
        return;
      }
      range = { key: tableKey, queue: createQueue(dropped), isBusy: false };
      ranges.set(tableKey, range);
    }
    range.queue.add(job);
    lookAt(tableKey);
  };

  /** What came in with a datagram in one go belongs into the same batch, and so do answers of one commit. */
  const lookAt = (key: string): void => {
    if (arrived.size === 0) void Promise.resolve().then(work);
    arrived.add(key);
  };

  const work = (): void => {
    const keys = [...arrived];
    arrived.clear();
    for (const key of keys) offerFrom(key);
    storeWaiting();
  };

  /** Answers the range's DISCOVERs if memory will do; else they wait for its table. */
  const offerFrom = (key: string): void => {
    const range = ranges.get(key);
    if (range === undefined) return;
    if (range.queue.hasDiscovers()) {
      const glanced = desk.glance(key, () => inTime(range.queue.takeDiscovers()));
      for (const [job, answer] of glanced ?? []) speak(job, answer);
    }
    if (!range.isBusy && range.queue.size() === 0) ranges.delete(key);
  };

  /** The ranges for the next commit, those that waited longest first. */
  const nextIdle = (): readonly Range<Job>[] => {
    const idle: Range<Job>[] = [];
    for (const range of ranges.values()) {
      if (idle.length >= desk.batchesMax) break;
      if (!range.isBusy) idle.push(range);
    }
    return idle;
  };

  const storeWaiting = (): void => {
    while (commitsUnderWay < commitsMax) {
      const taken = nextIdle();
      if (taken.length === 0) return;
      commitsUnderWay += 1;
      const batches = taken.map((range) => {
        const { key } = range;
        range.isBusy = true;
        // The range goes to the end of the line.
        ranges.delete(key);
        ranges.set(key, range);
        const wishes = inTime(range.queue.take());
        return {
          tableKey: key,
          wishes,
          answer: (settled: Result<readonly Answer[], LeaseProblem>) => {
            conclude(key, wishes, settled);
            range.isBusy = false;
            lookAt(key);
          },
        };
      });
      void desk.settle(batches).then(() => {
        commitsUnderWay -= 1;
        storeWaiting();
      });
    }
  };

  return {
    add,
    waiting: () => [...ranges.values()].reduce((sum, { queue }) => sum + queue.size(), 0),
  };
}
