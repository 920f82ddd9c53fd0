/**
 * When an ended lease may go to another client. The owner counts its lease by its own clock from the ACK on, so an
 * expiry that this server's wall clock has passed proves little while that clock differs from the one it was written
 * by, or was just set.
 */

import { addMs, type Instant, instant } from '../../base/time.ts';

/** What the clocks say at one moment. */
export type ClockReading = {
  /** Wall time. */
  readonly now: Instant;
  readonly monotonicMs: number;
};

/** What is remembered from one reading to the next. */
export type ClockWatch = {
  /** Wall minus monotonic time at the last reading. */
  readonly offsetMs: number;
  /** The last jump: by how much, and when in monotonic time. Undefined: none since the beginning. */
  readonly jumped: { readonly byMs: number; readonly atMs: number } | undefined;
};

/** A jump as it is remembered over a restart. */
export type SeenJump = {
  /** By the wall clock after it. */
  readonly at: Instant;
  readonly byMs: number;
};

/** Clocks of servers on one store may differ by 90 s, plus what an ACK takes on its way. */
export const reuseMarginMs = 120_000;
/** More between two readings, which are seconds apart, is no slow correction (NTP moves 0.5 ms a second). */
const jumpMsMax = 10_000;

/** The watch after another reading. */
export function watchClock(
  before: ClockWatch | undefined,
  { now, monotonicMs }: ClockReading,
): ClockWatch {
  const offsetMs = now - monotonicMs;
  const byMs = offsetMs - (before?.offsetMs ?? offsetMs);
  const jumped = Math.abs(byMs) > jumpMsMax ? { byMs, atMs: monotonicMs } : before?.jumped;
  return { offsetMs, jumped };
}

/**
 * The watch with which a server goes on after a restart: as if it had run since the jump. Where the wall clock says that
 * the jump is still to come, it was set back meanwhile, and the time of a lease begins now.
 */
export function resumeWatch(
  { at, byMs }: SeenJump,
  { now, monotonicMs }: ClockReading,
): ClockWatch {
  const sinceMs = Math.max(now - at, 0);
  return { offsetMs: now - monotonicMs, jumped: { byMs, atMs: monotonicMs - sinceMs } };
}

/**
 * The latest expiry that counts as over for other clients.
 *
 * After a jump none does until a whole lease has passed by the monotonic clock: what was lent before it is over by
 * then, whichever of the two times was right.
 */
export function reusableUpTo(
  { jumped }: ClockWatch,
  { now, monotonicMs }: ClockReading,
  leaseSeconds: number,
): Instant {
  const settleMs = leaseSeconds * 1000 + reuseMarginMs;
  const isSettling = jumped !== undefined && monotonicMs - jumped.atMs < settleMs;
  return isSettling ? noneEnded : addMs(now, -reuseMarginMs);
}

const noneEnded = instant(Number.NEGATIVE_INFINITY);
