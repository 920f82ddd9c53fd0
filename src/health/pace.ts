/** When a machine is asked again: evenly over the interval, and sooner where somebody waits for the answer. */

import { type Instant, msBetween } from '../base/time.ts';
import type { Chance } from '../base/world.ts';
import type { HealthPolicy } from './policy.ts';
import type { Verdict } from './verdict.ts';

/** The part of an interval by which passes spread, so that they never fall into step. Only ever earlier. */
const jitterShare = 0.1;

export function intervalMs({ intervalSeconds }: HealthPolicy, chance: Chance): number {
  return intervalSeconds * 1000 * (1 - jitterShare * chance.next());
}

/** Counted from when it was asked, and sooner when patience ends sooner: failures show within two intervals and it. */
export function nextPassMs(
  verdict: Verdict,
  askedAt: Instant,
  now: Instant,
  policy: HealthPolicy,
  chance: Chance,
): number {
  const regular = Math.max(0, intervalMs(policy, chance) - msBetween(askedAt, now));
  const due = verdict.kind === 'wait' ? verdict.dueAt : undefined;
  const untilDue = due === undefined ? regular : msBetween(now, due);
  return untilDue > 0 ? Math.min(regular, untilDue) : regular;
}
