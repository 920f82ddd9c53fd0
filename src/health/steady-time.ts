/**
 * Wall time as it would be if nobody ever set the clock: the wall time of the beginning plus monotonic time.
 *
 * Patience is measured in it, so that a clock set forward by an hour makes nobody silent for an hour.
 */

import { addMs, type Instant, instant, msBetween } from '../base/time.ts';
import type { Clock } from '../base/world.ts';
import type { ClockPolicy } from './policy.ts';

export type ClockJump = {
  /** Positive: wall time went forward. */
  readonly byMs: number;
  /** Steady time until which it must stay quiet. */
  readonly untilAt: Instant;
};

export type SteadyTime = {
  readonly now: () => Instant;
  /** The wall time of a steady instant, as seen by the clock of now. */
  readonly toWall: (at: Instant) => Instant;
  /** The steady instant of a wall time, never in the future. */
  readonly fromWall: (at: Instant) => Instant;
  /** Compares the clocks; the last jump while it has not settled. Call it often: slow corrections (NTP) are no jumps. */
  readonly jump: (policy: ClockPolicy) => ClockJump | undefined;
};

export function createSteadyTime(clock: Clock): SteadyTime {
  const startMs = clock.now() - clock.monotonicMs();
  let lastOffset = startMs;
  let last: ClockJump | undefined;
  const now = () => instant(startMs + clock.monotonicMs());
  return {
    now,
    toWall: (at) => instant(Math.round(clock.now() - msBetween(at, now()))),
    fromWall: (at) => addMs(now(), -Math.max(0, clock.now() - at)),
    jump: (policy) => {
      const offset = clock.now() - clock.monotonicMs();
      const byMs = offset - lastOffset;
      lastOffset = offset;
      if (Math.abs(byMs) > policy.jumpSecondsMax * 1000) {
        last = { byMs, untilAt: addMs(now(), policy.settleSeconds * 1000) };
      }
      if (last !== undefined && msBetween(now(), last.untilAt) <= 0) last = undefined;
      return last;
    },
  };
}
