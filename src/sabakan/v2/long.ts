/** Requests that may take longer than their client wants to wait: then they go on as an operation. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { Answer } from '../exchange.ts';
import { v2Status } from '../problems.ts';
import type { Works, WorkUnderWay } from '../works/desk.ts';
import { workKey } from '../works/work.ts';
import { json } from './collection-endpoints.ts';
import type { Refusal } from './endpoint.ts';
import { workJson } from './works.ts';

/** What the work is told and tells while it goes on. */
export type Hooks = {
  readonly onProgress: (done: number) => void;
  readonly isCancelled: () => boolean;
};

type Outcome = {
  readonly skipped: number;
  readonly items: readonly { readonly outcome: string }[];
};

/** Of a result that is kept; the others are counted. */
const failuresKeptMax = 500;

/**
 * The answer itself where it comes in time, otherwise 202 with where to look. The work goes on either way, also when its
 * client is gone.
 */
export async function answeredWithin<T extends Outcome>(
  waitMs: number,
  { works, clock }: { readonly works: Works; readonly clock: Clock },
  about: Parameters<Works['begin']>[0],
  change: (hooks: Hooks) => Promise<Result<T, Refusal>>,
): Promise<Result<Answer, Refusal>> {
  const begun = await works.begin(about);
  if (!begun.ok) return fail({ problem: begun.error });
  const underWay = begun.value;
  const location = `/api/v2/operations/${underWay.work.id}`;
  const done = finished(underWay, change);
  // Nobody may be waiting for it any more.
  done.catch(() => {});
  const first = waitMs === 0 ? undefined : await within(waitMs, done, clock);
  if (first !== undefined) return first.ok ? ok(json(first.value, { location })) : first;
  const { id } = underWay.work;
  const revision = works.records.get(workKey(id))?.revision ?? '0';
  const applied = waitMs === 0 ? 'respond-async' : `wait=${waitMs / 1_000}`;
  const headers = { location, 'preference-applied': applied };
  return ok({ ...json(workJson(underWay.work, revision), headers), status: 202 });
}

async function within<T>(waitMs: number, done: Promise<T>, clock: Clock): Promise<T | undefined> {
  let cancel = () => {};
  const tooLate = new Promise<undefined>((resolve) => {
    cancel = clock.after(waitMs, () => resolve(undefined));
  });
  return Promise.race([done, tooLate]).finally(() => cancel());
}

async function finished<T extends Outcome>(
  { progress, isCancelled, end, broke }: WorkUnderWay,
  change: (hooks: Hooks) => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  try {
    const done = await change({ onProgress: progress, isCancelled });
    if (done.ok) {
      const { skipped, items } = done.value;
      const failures = items.filter(({ outcome }) => outcome === 'failed');
      const kept = { ...done.value, items: failures.slice(0, failuresKeptMax) };
      await end(skipped > 0 ? 'cancelled' : 'succeeded', kept);
    } else {
      const { problem, places = [] } = done.error;
      const { kind, text } = problem;
      const type = `urn:tetsukan:problem:${kind}`;
      await end('failed', { type, status: v2Status(kind), detail: text, errors: places });
    }
    return done;
  } catch (bug) {
    await broke(bug);
    throw bug;
  }
}
