/** Notices when wall time jumps: deadlines computed from it must not all come due at once. */

import type { Clock } from '../../base/world.ts';

/** Less than this is what NTP corrects in passing. */
const jumpMsMin = 30_000;
/** Even time for this long makes the clock trusted again. */
const distrustMs = 600_000;

export type Timekeeper = {
  /** By how much wall time jumped of late, 0 when it has kept step with monotonic time. */
  readonly jumpMs: () => number;
};

export function createTimekeeper(clock: Pick<Clock, 'now' | 'monotonicMs'>): Timekeeper {
  let offset = clock.now() - clock.monotonicMs();
  let jump = 0;
  let distrustedUntilMs = 0;
  return {
    jumpMs: () => {
      const monotonicMs = clock.monotonicMs();
      const drift = clock.now() - monotonicMs - offset;
      // Slow corrections are followed, so that they never add up to a jump.
      offset += drift;
      if (Math.abs(drift) >= jumpMsMin) {
        jump = drift;
        distrustedUntilMs = monotonicMs + distrustMs;
      }
      return monotonicMs < distrustedUntilMs ? jump : 0;
    },
  };
}
