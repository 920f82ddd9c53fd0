/**
 * Requests that wait for their range's lease table. REQUESTs go before DISCOVERs, so that boots under way end before
 * new ones begin; in a flood the oldest DISCOVERs are dropped, whose senders ask again.
 */

export type Waiting = {
  readonly isDiscover: boolean;
  /** Called when the job will never be done. */
  readonly dropped: () => void;
};

export type Queue<Job extends Waiting> = {
  /** The job itself or an older one may be dropped for want of room. */
  readonly add: (job: Job) => void;
  /** The next ones to do together; empty when nothing waits. */
  readonly take: () => readonly Job[];
  /** All DISCOVERs, oldest first: most of them can be answered without a commit. */
  readonly takeDiscovers: () => readonly Job[];
  readonly hasDiscovers: () => boolean;
  readonly size: () => number;
};

/** Per range, so that a flood through one relay leaves the others alone. */
const discoversMax = 512;
/** Everything else: a rack's machines send one each, and repeat it. */
const othersMax = 2_048;
/** One commit's worth. */
const batchMax = 256;

export function createQueue<Job extends Waiting>(): Queue<Job> {
  const discovers = new Set<Job>();
  const others = new Set<Job>();
  const takeFrom = (jobs: Set<Job>, room: number): Job[] => {
    const taken: Job[] = [];
    for (const job of jobs) {
      if (taken.length >= room) break;
      taken.push(job);
      jobs.delete(job);
    }
    return taken;
  };
  return {
    add: (job) => {
      const jobs = job.isDiscover ? discovers : others;
      jobs.add(job);
      if (jobs.size <= (job.isDiscover ? discoversMax : othersMax)) return;
      for (const oldest of takeFrom(jobs, 1)) oldest.dropped();
    },
    take: () => {
      const first = takeFrom(others, batchMax);
      return [...first, ...takeFrom(discovers, batchMax - first.length)];
    },
    takeDiscovers: () => takeFrom(discovers, discoversMax),
    hasDiscovers: () => discovers.size > 0,
    size: () => discovers.size + others.size,
  };
}
