/**
 * Requests that wait for their range's lease table. REQUESTs go before DISCOVERs, so that boots under way end before
 * new ones begin; in a flood the oldest DISCOVERs are dropped, whose senders ask again.
 */

export type Waiting = { readonly isDiscover: boolean };

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

/** @param onDropped is told of a job that will never be done */
export function createQueue<Job extends Waiting>(onDropped: (job: Job) => void): Queue<Job> {
  // Most queues live for one request: two empty lists weigh a tenth of two sets.
  const discovers: Job[] = [];
  const others: Job[] = [];
  return {
    add: (job) => {
      const jobs = job.isDiscover ? discovers : others;
      jobs.push(job);
      if (jobs.length <= (job.isDiscover ? discoversMax : othersMax)) return;
      const [oldest] = jobs.splice(0, 1);
      if (oldest !== undefined) onDropped(oldest);
    },
    take: () => {
      const taken = others.splice(0, batchMax);
      if (taken.length < batchMax && discovers.length > 0) {
        taken.push(...discovers.splice(0, batchMax - taken.length));
      }
      return taken;
    },
    takeDiscovers: () => discovers.splice(0),
    hasDiscovers: () => discovers.length > 0,
    size: () => discovers.length + others.length,
  };
}
