import { describe, expect, it } from 'vitest';
import { loadNative } from '../../src/base/io/native.ts';
import { createReadySet, type ReadySet } from '../../src/base/io/ready-set.ts';

function setThatTicks(everyMs: number): ReadySet {
  const native = loadNative();
  if (!native.ok) throw new Error(native.error);
  const set = createReadySet(native.value, everyMs);
  if (set === undefined) throw new Error('no descriptor is left');
  return set;
}

/** Nobody waits so long for a test. */
const hourMs = 3_600_000;

describe('a set of descriptors', () => {
  it('is looked at without waiting where nothing ticks', () => {
    const set = setThatTicks(hourMs);
    expect([set.look(), set.isTurnOver()]).toEqual([0, false]);
    set.keepTicking(true);
    set.keepTicking(false);
    expect([set.look(), set.isTurnOver()]).toEqual([0, false]);
  });

  it('gives the turn back with each tick', () => {
    const set = setThatTicks(3);
    set.keepTicking(true);
    for (let at = 0; at < 5; at += 1) expect([set.look(), set.isTurnOver()]).toEqual([0, true]);
    set.keepTicking(false);
  });

  it('gives the turn back at once when the event loop has something else', async () => {
    const [set, another] = [setThatTicks(hourMs), setThatTicks(hourMs)];
    const slept = new Promise<void>((resolve) => another.sleep(resolve));
    set.keepTicking(true);
    // A thread tells the loop that this is done while the loop waits here.
    another.wake();
    expect([set.look(), set.isTurnOver()]).toEqual([0, true]);
    set.keepTicking(false);
    await slept;
  });

  it('ends a sleep when it is woken, and not for what the event loop does', async () => {
    const set = setThatTicks(hourMs);
    let isAwake = false;
    const awake = new Promise<void>((resolve) => {
      set.sleep(() => {
        isAwake = true;
        resolve();
      });
    });
    await new Promise((settled) => setTimeout(settled, 20));
    expect(isAwake).toBe(false);
    set.wake();
    await awake;
    expect([set.look(), set.isTurnOver()]).toEqual([0, false]);
  });
});
