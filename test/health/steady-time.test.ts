import { describe, expect, it } from 'vitest';
import { createSteadyTime } from '../../src/health/steady-time.ts';
import { manualClock } from '../support/clock.ts';
import { later, startMs } from './health-world.ts';

const policy = { jumpSecondsMax: 5, settleSeconds: 60 };

describe('steady time', () => {
  it('passes as monotonic time does, whatever happens to the wall clock', () => {
    const clock = manualClock(startMs);
    const time = createSteadyTime(clock);
    clock.advance(10_000);
    clock.jump(3_600_000);
    expect(time.now()).toBe(later(10_000));
    clock.jump(-99_999_999_999);
    expect(time.now()).toBe(later(10_000));
  });

  it('is shown by the clock of now', () => {
    const clock = manualClock(startMs);
    const time = createSteadyTime(clock);
    clock.advance(10_000);
    clock.jump(3_600_000);
    expect(time.toWall(later(4_000))).toBe(later(3_604_000));
    expect(time.fromWall(later(3_604_000))).toBe(later(4_000));
  });

  it.each([3_600_000, -3_600_000, 86_400_000, -startMs, 5_001])(
    'a jump by %i ms is noticed until it settled',
    (byMs) => {
      const clock = manualClock(startMs);
      const time = createSteadyTime(clock);
      expect(time.jump(policy)).toBeUndefined();
      clock.jump(byMs);
      expect(time.jump(policy)).toEqual({ byMs, untilAt: later(60_000) });
      clock.advance(59_999);
      expect(time.jump(policy)?.byMs).toBe(byMs);
      clock.advance(1);
      expect(time.jump(policy)).toBeUndefined();
    },
  );

  it('slow corrections are no jump, and each new jump starts the wait again', () => {
    const clock = manualClock(startMs);
    const time = createSteadyTime(clock);
    for (let step = 0; step < 20; step++) {
      clock.advance(1000);
      clock.jump(400);
      expect(time.jump(policy)).toBeUndefined();
    }
    for (let step = 0; step < 20; step++) {
      clock.advance(5000);
      clock.jump(6000);
      expect(time.jump(policy)).toBeDefined();
    }
  });
});
