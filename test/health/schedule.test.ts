import { describe, expect, it } from 'vitest';
import { createSchedule } from '../../src/health/schedule.ts';
import { manualClock } from '../support/clock.ts';

/** Work takes `workMs` and is due again after `againMs`. */
function scheduleOf(workMs: number, againMs: number, underWayMax = 2) {
  const clock = manualClock();
  const begun: string[] = [];
  let most = 0;
  const schedule = createSchedule({
    clock,
    underWayMax: () => underWayMax,
    work: (key) => {
      begun.push(`${clock.monotonicMs()} ${key}`);
      most = Math.max(most, schedule.underWay());
      return new Promise((done) => clock.after(workMs, () => done(againMs)));
    },
  });
  return { clock, schedule, begun, most: () => most };
}

describe('schedule', () => {
  it('calls each when it is due, again and again', async () => {
    const { clock, schedule, begun } = scheduleOf(10, 90);
    schedule.plan('a', 50);
    await clock.run(260);
    expect(begun).toEqual(['50 a', '150 a', '250 a']);
  });

  it('no more than the bound run at once; the rest waits in order and is late', async () => {
    const { clock, schedule, begun, most } = scheduleOf(100, 100_000);
    for (const key of ['a', 'b', 'c', 'd', 'e']) schedule.plan(key, 10);
    await clock.run(60);
    expect(schedule.lateMs()).toBe(50);
    expect(schedule.underWay()).toBe(2);
    await clock.run(1000);
    expect(begun).toEqual(['10 a', '10 b', '110 c', '110 d', '210 e']);
    expect(most()).toBe(2);
    expect(schedule.lateMs()).toBe(0);
  });

  it('one under way is never begun twice', async () => {
    const { clock, schedule, begun } = scheduleOf(100, 500);
    schedule.plan('a', 0);
    await clock.run(50);
    schedule.plan('a', 0);
    expect(schedule.dueMs('a')).toBeUndefined();
    await clock.run(400);
    expect(begun).toEqual(['0 a']);
    expect(schedule.dueMs('a')).toBe(600);
  });

  it('what is dropped is forgotten, also while it is under way', async () => {
    const { clock, schedule, begun } = scheduleOf(100, 100);
    schedule.plan('a', 0);
    schedule.plan('b', 10);
    schedule.drop('b');
    await clock.run(50);
    schedule.drop('a');
    await clock.run(1000);
    expect(begun).toEqual(['0 a']);
    expect(schedule.underWay()).toBe(0);
    expect(clock.timers()).toBe(0);
  });

  it('after stop nothing begins and no timer waits', async () => {
    const { clock, schedule, begun } = scheduleOf(10, 10);
    schedule.plan('a', 5);
    schedule.stop();
    schedule.plan('b', 5);
    await clock.run(100);
    expect(begun).toEqual([]);
    expect(clock.timers()).toBe(0);
  });
});
