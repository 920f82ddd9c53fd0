import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { addMs } from '../../../src/base/time.ts';
import { dayOf } from '../../../src/inventory/audit.ts';
import { createAuditRetention } from '../../../src/inventory/desk/audit-retention.ts';
import { manualClock } from '../../support/clock.ts';
import { testStart } from '../../support/machines.ts';
import { silentLog } from '../../support/silent-log.ts';
import { must, put, stored } from '../desks.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

async function retention() {
  const clock = manualClock(testStart);
  const store = createMemoryStore({ clock });
  const world = { clock, log: silentLog };
  const addDay = (daysAgo: number, records = 1) => {
    const day = dayOf(addMs(clock.now(), -daysAgo * dayMs));
    return Promise.all(
      Array.from({ length: records }, (_, at) => put(store, `audit/${day}/${at}`, '{}')),
    );
  };
  const one = createAuditRetention({ ...world, store: store.session() });
  const two = createAuditRetention({ ...world, store: store.session() });
  return { clock, store, one, two, addDay };
}

describe('audit retention', () => {
  it('the first check ever only notes the time', async () => {
    const { one, store, addDay } = await retention();
    await addDay(90);
    expect(must(await one.check())).toBe(0);
    expect((await stored(store, 'audit'))['audit']).toBe('"2026-11-21T06:00:00Z"');
  });

  it('a day 61 days old goes, one 60 days old stays', async () => {
    const { one, clock, store, addDay } = await retention();
    must(await one.check());
    clock.advance(23 * hourMs);
    await addDay(61);
    await addDay(60);
    await addDay(0);
    expect(must(await one.check())).toBe(1);
    const days = Object.keys(await stored(store, 'audit/')).map((key) => key.slice(6, 14));
    expect(days).toEqual(['20260923', '20261122']);
  });

  it('is done once in 23 hours, by one server', async () => {
    const { one, two, clock, addDay } = await retention();
    must(await one.check());
    await addDay(70);
    clock.advance(23 * hourMs - 1);
    expect(must(await two.check())).toBe(0);
    clock.advance(1);
    const both = await Promise.all([one.check(), two.check()]);
    expect(both.map(must).sort()).toEqual([0, 1]);
    await addDay(70);
    expect(must(await two.check())).toBe(0);
  });

  it('of three servers that look at once, one deletes', async () => {
    const { one, two, clock, store, addDay } = await retention();
    const three = createAuditRetention({ clock, log: silentLog, store: store.session() });
    const all = () => Promise.all([one, two, three].map((server) => server.check()));
    must(await one.check());
    clock.advance(23 * hourMs);
    await addDay(80, 5);
    expect((await all()).map(must).toSorted()).toEqual([0, 0, 5]);
    expect((await all()).map(must)).toEqual([0, 0, 0]);
  });

  it('a time far ahead, left by a clock that ran wild, is taken back', async () => {
    const { one, clock, store, addDay } = await retention();
    await put(store, 'audit', '"2099-01-01T00:00:00Z"');
    await addDay(80);
    expect(must(await one.check())).toBe(0);
    expect((await stored(store, 'audit'))['audit']).toBe('"2026-11-21T06:00:00Z"');
    clock.advance(23 * hourMs);
    expect(must(await one.check())).toBe(1);
  });

  it('a day with more records than one commit takes goes whole', async () => {
    const { one, clock, store, addDay } = await retention();
    must(await one.check());
    clock.advance(dayMs);
    await addDay(65, 300);
    expect(must(await one.check())).toBe(300);
    expect(await stored(store, 'audit/')).toEqual({});
  });

  it('whatever is old goes, of last month, last year or years ago', async () => {
    const { one, clock, store, addDay } = await retention();
    for (const daysAgo of [0, 20, 51, 70, 200, 400, 2_000]) await addDay(daysAgo);
    must(await one.check());
    clock.advance(1000 * dayMs);
    await addDay(3);
    expect(must(await one.check())).toBe(7);
    expect(Object.keys(await stored(store, 'audit/'))).toHaveLength(1);
  });

  it('runs by itself soon after the start, then every hour until it is stopped, and an unreadable time begins anew', async () => {
    const { one, clock, store, addDay } = await retention();
    await put(store, 'audit', 'yesterday');
    await addDay(100);
    one.start();
    await clock.run(60_000);
    expect((await stored(store, 'audit'))['audit']).toBe('"2026-11-21T06:00:10Z"');
    await addDay(62);
    await clock.run(24 * hourMs);
    expect(Object.keys(await stored(store, 'audit/'))).toHaveLength(0);
    one.stop();
    expect(clock.timers()).toBe(0);
  });
});
