import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail } from '../../../src/base/result.ts';
import { addMs } from '../../../src/base/time.ts';
import { clockMarkPrefix, createClockMark } from '../../../src/pxe/dhcp/clock-mark.ts';
import { resumeWatch, reusableUpTo, watchClock } from '../../../src/pxe/dhcp/reuse.ts';
import { manualClock } from '../../support/clock.ts';
import { ipamG, testStart } from '../../support/machines.ts';
import { aBed, bind, message } from './bed.ts';

/** One address to lend, for a minute. */
const narrow = { ipam: { ...ipamG, maxNodesInRack: 58 }, dhcp: { 'lease-minutes': 1 } };

describe('an ended lease', () => {
  const reading = (wallMs: number, monotonicMs: number) => ({
    now: addMs(testStart, wallMs),
    monotonicMs,
  });

  it('is over for others two minutes later', () => {
    const watch = watchClock(undefined, reading(0, 5));
    expect(reusableUpTo(watch, reading(0, 5), 60)).toBe(addMs(testStart, -120_000));
  });

  it.each([
    ['an hour forward', 3_600_000],
    ['an hour back', -3_600_000],
    ['to 1970', -Number(testStart)],
  ])('is over for nobody else for the time of a lease after the clock was set %s', (_, byMs) => {
    const before = watchClock(undefined, reading(0, 0));
    const jumped = watchClock(before, reading(byMs + 1_000, 1_000));
    expect(jumped.jumped).toEqual({ byMs, atMs: 1_000 });
    expect(reusableUpTo(jumped, reading(byMs + 180_999, 180_999), 60)).toBe(-Infinity);
    const later = reading(byMs + 181_000, 181_000);
    expect(reusableUpTo(watchClock(jumped, later), later, 60)).toBe(addMs(later.now, -120_000));
  });

  it.each([
    ['half a minute ago', -30_000, 150_000],
    ['an hour ago', -3_600_000, 0],
    ['still to come, since the clock was set back meanwhile', 3_600_000, 180_000],
  ])('is over for nobody else after a restart, where the jump was %s', (_, ofMs, settlesMs) => {
    const start = reading(0, 7);
    const watch = resumeWatch({ at: addMs(testStart, ofMs), byMs: 1 }, start);
    const isSettling = (ms: number) => reusableUpTo(watch, reading(ms, ms + 7), 60) === -Infinity;
    expect([settlesMs > 0 && isSettling(settlesMs - 1), isSettling(settlesMs)]).toEqual([
      settlesMs > 0,
      false,
    ]);
    // It is no jump of now, to be told of once more.
    expect(watchClock(watch, start).jumped).toBe(watch.jumped);
  });

  it('is not held back by slow corrections', () => {
    let watch = watchClock(undefined, reading(0, 0));
    for (let at = 1; at < 10_000; at += 1)
      watch = watchClock(watch, reading(at * 5_100, at * 5_000));
    expect(watch.jumped).toBeUndefined();
  });
});

describe('servers whose clocks differ', () => {
  it.each([90_000, -90_000])('by %d ms never lend one address twice', async (skewMs) => {
    const clock = manualClock();
    const skewed = manualClock();
    skewed.jump(skewMs);
    const memory = createMemoryStore({ clock });
    const one = aBed({ ...narrow, store: memory.session(), clock, server: '10.69.1.3' });
    const other = aBed({
      ...narrow,
      store: memory.session(),
      clock: skewed,
      server: '10.69.1.4',
    });
    const pairs = [
      [one, other],
      [other, one],
    ] as const;
    for (const [lender, rival] of pairs) {
      const address = await bind(lender, { mac: 1 });
      for (let second = 0; second < 60; second += 10) {
        expect(await rival.ask(message('discover', { mac: 2 }))).toBeUndefined();
        clock.advance(10_000);
        skewed.advance(10_000);
      }
      expect((await rival.ask(message('discover', { mac: 1 })))?.yourAddress).toBe(address);
      clock.advance(300_000);
      skewed.advance(300_000);
      expect(await bind(rival, { mac: 2 })).toBe(address);
      clock.advance(300_000);
      skewed.advance(300_000);
    }
  });
});

describe('a REQUEST that was long under way', () => {
  it('does not free the address of its sender on a server whose clock is ahead', async () => {
    const clock = manualClock();
    const ahead = manualClock();
    ahead.jump(90_000);
    const memory = createMemoryStore({ clock });
    const dhcp = { 'lease-minutes': 1 };
    const one = aBed({ dhcp, store: memory.session(), clock, server: '10.69.1.3' });
    const other = aBed({ dhcp, store: memory.session(), clock: ahead, server: '10.69.1.4' });
    const address = await bind(one, { mac: 1 });
    const late = message('request', { mac: 1, wants: '10.69.1.50', server: other.server });
    expect((await other.ask(late))?.type).toBe('nak');
    expect((await one.ask(message('request', { mac: 1, ciaddr: address })))?.type).toBe('ack');
  });
});

describe('a clock that is set', () => {
  it.each([3_600_000, 86_400_000])(
    'forward by %d ms frees no lease that still runs',
    async (byMs) => {
      const bed = aBed(narrow);
      const address = await bind(bed, { mac: 1 });
      bed.clock.jump(byMs);
      bed.clock.advance(59_000);
      expect(await bed.ask(message('discover', { mac: 2 }))).toBeUndefined();
      expect(bed.lines.map(({ fields }) => fields?.['reason'])).toContain(
        'no address is free in the range: the clock was set, so for the time of a lease none goes to another client',
      );
      expect((await bed.ask(message('discover', { mac: 1 })))?.yourAddress).toBe(address);
      expect(bed.responder.counters().clockJumps).toBe(1);
      expect(bed.lines.filter(({ message: text }) => text.startsWith('the clock was set'))).toEqual(
        [
          expect.objectContaining({
            level: 'warn',
            fields: { text: `forward by ${byMs / 1000} s` },
          }),
        ],
      );
      // A lease's time after it was noticed.
      bed.clock.advance(180_000);
      expect(await bind(bed, { mac: 2 })).toBe(address);
    },
  );

  it('is remembered by a server that restarts, once the store takes it', async () => {
    const clock = manualClock();
    const store = createMemoryStore({ clock });
    let isAway = true;
    const flaky = {
      ...store,
      commit: (async (...given) =>
        isAway
          ? fail({ kind: 'unavailable', text: 'away' })
          : store.commit(...given)) as typeof store.commit,
    };
    const mark = createClockMark(flaky, clock, '10.69.0.3:10080');
    expect(await mark.recall()).toEqual({ ok: true, value: undefined });
    const bed = aBed({ ...narrow, store, clock, onClockJump: mark.note });
    const address = await bind(bed, { mac: 1 });
    clock.jump(3_600_000);
    bed.responder.lookAtClock();
    await mark.keep();
    isAway = false;
    await mark.keep();

    const watch = await createClockMark(store, clock, '10.69.0.3:10080').recall();
    if (!watch.ok) throw new Error(watch.error);
    const again = aBed({ ...narrow, store, clock, clockWatch: watch.value });
    clock.advance(59_000);
    expect(await again.ask(message('discover', { mac: 2 }))).toBeUndefined();
    expect((await again.ask(message('discover', { mac: 1 })))?.yourAddress).toBe(address);
    clock.advance(180_000);
    expect(await bind(again, { mac: 2 })).toBe(address);
    // Another server's clock is its own.
    const other = await createClockMark(store, clock, '10.69.0.4:10080').recall();
    expect(other).toEqual({ ok: true, value: undefined });
  });

  it.each([
    ['is of a time to come', '{"at":"2099-01-01T00:00:00Z","byMs":3600000}', true],
    ['is broken', '{"at":7}', false],
    ['is no JSON', '\u0000', false],
  ])(
    'a record of it that %s holds ended leases for one lease, however often one restarts',
    async (_, text, isRead) => {
      const clock = manualClock();
      const store = createMemoryStore({ clock });
      const name = '10.69.0.3:10080';
      const value = new TextEncoder().encode(text);
      await store.commit([], [{ kind: 'put', key: clockMarkPrefix + name, value }]);
      const mark = createClockMark(store, clock, name);
      expect((await mark.recall()).ok).toBe(isRead);
      await mark.keep();
      clock.advance(50_000);
      const later = await createClockMark(store, clock, name).recall();
      expect(later.ok && later.value?.jumped?.atMs).toBe(clock.monotonicMs() - 50_000);
    },
  );

  it('every five seconds frees nothing while that goes on, and owners are served', async () => {
    const bed = aBed(narrow);
    const address = await bind(bed, { mac: 1 });
    for (let step = 0; step < 100; step += 1) {
      bed.clock.advance(5_000);
      bed.clock.jump(step % 2 === 0 ? 3_600_000 : -3_600_000);
      bed.responder.lookAtClock();
      expect(await bed.ask(message('discover', { mac: 2 }))).toBeUndefined();
    }
    expect(await bind(bed, { mac: 1 })).toBe(address);
  });
});
