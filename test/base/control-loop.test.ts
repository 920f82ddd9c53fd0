import { describe, expect, it } from 'vitest';
import { createControlLoop } from '../../src/base/control-loop.ts';
import { manualClock, settled } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';

function setUp(
  work: (key: string) => Promise<{ readonly againInMs?: number }>,
  more: { readonly runningMax?: number; readonly keysMax?: number } = {},
) {
  const clock = manualClock();
  const runs: string[] = [];
  const loop = createControlLoop({
    clock,
    log: silentLog,
    work: (key) => {
      runs.push(`${key}@${clock.monotonicMs()}`);
      return work(key);
    },
    ...more,
  });
  return { clock, runs, loop };
}

/** Work that ends when the test says so. */
function gate() {
  const open: (() => void)[] = [];
  const work = () =>
    new Promise<Record<string, never>>((resolve) => {
      open.push(() => resolve({}));
    });
  return { work, open };
}

describe('a control loop', () => {
  it('starts with what was woken before', async () => {
    const { loop, runs } = setUp(async () => ({}));
    loop.wake('a');
    loop.wake('b');
    loop.wake('a');
    await settled();
    expect(runs).toEqual([]);
    loop.start();
    await settled();
    expect(runs).toEqual(['a@0', 'b@0']);
  });

  it('looks again when the work says so, or sooner when woken', async () => {
    const { loop, runs, clock } = setUp(async () => ({ againInMs: 1_000 }));
    loop.start();
    loop.wake('a');
    await clock.run(1_500);
    loop.wake('a');
    await clock.run(1_400);
    expect(runs).toEqual(['a@0', 'a@1000', 'a@1500', 'a@2500']);
    await loop.stop();
    expect(clock.timers()).toBe(0);
  });

  it('works on one key once at a time, and once more when it was woken meanwhile', async () => {
    const { work, open } = gate();
    const { loop, runs } = setUp(work);
    loop.start();
    for (let at = 0; at < 5; at++) loop.wake('a');
    expect(runs).toEqual(['a@0']);
    open[0]?.();
    await settled();
    expect(runs).toEqual(['a@0', 'a@0']);
    open[1]?.();
    await settled();
    expect(loop.counters()).toMatchObject({ runs: 2, keys: 0, running: 0 });
  });

  it('runs no more keys at once than it may', async () => {
    const { work, open } = gate();
    const { loop, runs } = setUp(work, { runningMax: 2 });
    loop.start();
    for (const key of ['a', 'b', 'c']) loop.wake(key);
    expect(runs.length).toBe(2);
    open[0]?.();
    await settled();
    expect(runs.length).toBe(3);
  });

  it('tries again with growing pauses after a failure, and forgets them after a success', async () => {
    let broken = true;
    const { loop, runs, clock } = setUp(async () => {
      if (broken) throw new Error('not yet');
      return { againInMs: 10_000 };
    });
    loop.start();
    loop.wake('a');
    await clock.run(1_500);
    expect(runs).toEqual(['a@0', 'a@200', 'a@600', 'a@1400']);
    broken = false;
    await clock.run(2_000);
    broken = true;
    await clock.run(10_000);
    expect(runs.slice(4)).toEqual(['a@3000', 'a@13000', 'a@13200']);
    expect(loop.counters().failures).toBe(6);
  });

  it('drops a forgotten key, though never runs it twice at once', async () => {
    const { work, open } = gate();
    const { loop, runs } = setUp(work);
    loop.start();
    loop.wake('a');
    loop.forget('a');
    loop.wake('a');
    expect(runs.length).toBe(1);
    open[0]?.();
    await settled();
    expect(runs.length).toBe(2);
    loop.forget('a');
    open[1]?.();
    await settled();
    expect(loop.counters().keys).toBe(0);
  });

  it('refuses and counts keys beyond its bound', async () => {
    const { loop } = setUp(async () => ({}), { keysMax: 2 });
    for (const key of ['a', 'b', 'c']) loop.wake(key);
    expect(loop.counters()).toMatchObject({ keys: 2, refused: 1 });
  });

  it('stops when what runs has ended', async () => {
    const { work, open } = gate();
    const { loop } = setUp(work);
    loop.start();
    loop.wake('a');
    let stopped = false;
    const stopping = loop.stop().then(() => {
      stopped = true;
    });
    await settled();
    expect(stopped).toBe(false);
    open[0]?.();
    await stopping;
  });
});
