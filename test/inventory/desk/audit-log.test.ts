import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import type { Store } from '../../../src/base/store.ts';
import { addMs, instantOf, type Rfc3339 } from '../../../src/base/time.ts';
import { auditWrite } from '../../../src/inventory/audit.ts';
import { auditPages, readAuditLog } from '../../../src/inventory/desk/audit-log.ts';
import { seededChance } from '../../support/clock.ts';
import { actor, must } from '../desks.ts';

const first = instantOf('2026-03-01T01:02:03Z' as Rfc3339);
const hourMs = 3_600_000;

/** 200 records, one an hour, from 01:02 on the first of March. */
async function aLog(): Promise<Store> {
  const store = createMemoryStore();
  const chance = seededChance();
  for (let hour = 0; hour < 200; hour += 1) {
    const { write } = auditWrite(actor, addMs(first, hour * hourMs), chance, {
      category: 'machines',
      instance: '',
      action: 'register',
      detail: String(hour),
    });
    must(await store.commit([], [write]));
  }
  return store;
}

describe('audit log', () => {
  const read = async (since?: string, until?: string, now = addMs(first, 200 * hourMs)) => {
    const lists: string[] = [];
    const store = await aLog();
    const watched: Store = {
      ...store,
      list: (prefix) => {
        lists.push(prefix);
        return store.list(prefix);
      },
    };
    const pages = auditPages(watched, since, until, now);
    return { records: must(await readAuditLog(pages)), lists };
  };

  it.each([
    [undefined, undefined, 200],
    ['20260302', undefined, 177],
    [undefined, '20260302', 23],
    ['20260302', '20260303', 24],
    ['20260302', '20260302', 0],
    ['20260401', undefined, 0],
    [undefined, '20260301', 0],
    ['20200101', '20300101', 200],
    // No such days; as text they lie before the first of March and after the first.
    ['20260231', undefined, 200],
    ['20260301', '20260301x', 23],
  ])('since %s until %s has %i records', async (since, until, count) => {
    const { records } = await read(since, until);
    expect(records).toHaveLength(count);
    const hours = records.map(({ detail }) => Number(detail));
    expect(hours).toEqual(hours.toSorted((a, b) => a - b));
  });

  it('is ordered by day, then revision, then key, as Sabakan writes its keys', async () => {
    const store = createMemoryStore();
    const record = (key: string, detail: string) =>
      ({ kind: 'put', key, value: new TextEncoder().encode(JSON.stringify({ detail })) }) as const;
    must(await store.commit([], [record('audit/20260302/00000000000000ff', 'c')]));
    must(await store.commit([], [record('audit/20260302/0000000000000001', 'd')]));
    const together = ['b', 'a'].map((id) => record(`audit/20260301/0000000000000f0${id}`, id));
    must(await store.commit([], together));
    const records = must(await readAuditLog(auditPages(store, undefined, undefined, first)));
    expect(records.map(({ detail }) => detail)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('reads only the days asked for', async () => {
    expect((await read('20260302', '20260304')).lists).toEqual([
      'audit/20260302',
      'audit/20260303',
    ]);
    // To the end of time, of which little is looked at day by day.
    const { lists } = await read('20260302');
    expect(lists.slice(0, 3)).toEqual(['audit/20260302', 'audit/20260303', 'audit/20260304']);
    expect(lists.length).toBeLessThan(70);
    expect((await read()).lists.length).toBeLessThan(160);
  });

  it('is read day by day, so that a long one needs no memory', async () => {
    const store = await aLog();
    const sizes: number[] = [];
    const now = addMs(first, 200 * hourMs);
    for await (const page of auditPages(store, undefined, undefined, now)) {
      sizes.push(must(page).length);
    }
    expect(sizes).toEqual([23, 24, 24, 24, 24, 24, 24, 24, 9]);
  });

  it('has every day exactly once, whenever it was written', async () => {
    const store = createMemoryStore();
    const now = instantOf('2026-03-01T00:00:00Z' as Rfc3339);
    const days = ['00000101', '19991231', '20191010', '20251231', '20260228', '20260301'];
    days.push('20260303', '20260304', '20260310', '20270101', '20301231', '99991231');
    for (const day of days) {
      const value = new TextEncoder().encode(JSON.stringify({ detail: day }));
      must(await store.commit([], [{ kind: 'put', key: `audit/${day}/0`, value }]));
    }
    const records = must(await readAuditLog(auditPages(store, undefined, undefined, now)));
    expect(records.map(({ detail }) => detail)).toEqual(days);
    const some = must(await readAuditLog(auditPages(store, '20251231', '20270101', now)));
    expect(some.map(({ detail }) => detail)).toEqual(days.slice(3, 9));
  });

  it('ends with the problem where the store does not answer', async () => {
    const store = await aLog();
    let lists = 0;
    const failing: Store = {
      ...store,
      list: async (prefix) => {
        lists += 1;
        if (lists < 30) return store.list(prefix);
        return { ok: false, error: { kind: 'store-unavailable', text: 'gone' } };
      },
    };
    const pages = auditPages(failing, undefined, undefined, addMs(first, 200 * hourMs));
    expect(await readAuditLog(pages)).toMatchObject({ ok: false });
  });
});
