import { describe, expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../../src/base/memory-store.ts';
import { createMirror } from '../../src/base/mirror.ts';
import { createRecords } from '../../src/base/records.ts';
import { fail, ok } from '../../src/base/result.ts';
import { committed, del, put, text } from '../contract/store.contract.ts';
import { manualClock, settled } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';

async function recordsOf(store: MemoryStore, order?: 'as-heard') {
  const mirrorOf = (prefix: string) =>
    createMirror({
      store,
      prefix,
      decode: (_, value) => (text(value) === 'bad' ? fail('it is bad') : ok(text(value))),
      clock: manualClock(),
      log: silentLog,
    });
  const mirrors = new Map(['a/', 'b/'].map((prefix) => [prefix, mirrorOf(prefix)]));
  const records = createRecords(mirrors, order);
  const told: string[] = [];
  const seen = () => [...records.kept()].map(([key, { value }]) => `${key}=${value}`).join(' ');
  for (const mirror of mirrors.values()) await mirror.start();
  records.subscribe((news) =>
    told.push(news.kind === 'listed' ? 'listed' : `${news.revision}: ${seen()}`),
  );
  return { records, told, seen };
}

describe('records of several mirrors', () => {
  it('tell each revision once, whole and in order, with what it left behind', async () => {
    const store = createMemoryStore();
    await committed(store, put('a/1', 'old'));
    const { records, told } = await recordsOf(store);
    const first = await committed(store, put('a/1', 'new'), put('b/1', 'new'));
    const second = await committed(store, put('a/2', 'x'));
    const third = await committed(store, del('b/1'));
    await settled();
    expect(told).toEqual([
      `${first}: a/1=new b/1=new`,
      `${second}: a/1=new a/2=x b/1=new`,
      `${third}: a/1=new a/2=x`,
    ]);
    expect(records.get('a/1')?.revision).toBe(first);
    expect([records.changed(), records.completeTo()]).toEqual([third, third]);
  });

  it('may be told as they are heard; what comes late is told as listed', async () => {
    const store = createMemoryStore();
    await committed(store, put('a/1', 'old'));
    const { records, told, seen } = await recordsOf(store, 'as-heard');
    const alone = await committed(store, put('b/1', 'x'));
    const both = await committed(store, put('a/1', 'new'), put('b/1', 'y'));
    await settled();
    expect(told).toEqual([`${alone}: a/1=old b/1=x`, `${both}: a/1=new b/1=x`, 'listed']);
    expect([seen(), records.changed(), records.completeTo()]).toEqual([
      'a/1=new b/1=y',
      both,
      both,
    ]);
  });

  it('know the revision of what was listed', async () => {
    const store = createMemoryStore();
    const old = await committed(store, put('a/1', 'x'));
    await committed(store, put('c', 'y'));
    const { records } = await recordsOf(store);
    expect(records.get('a/1')).toEqual({ value: 'x', revision: old });
    expect(records.changed()).toBe(old);
  });

  it('of which one cannot be read are told as listed, never as gone', async () => {
    const store = createMemoryStore();
    await committed(store, put('a/1', 'x'));
    const { records, told } = await recordsOf(store);
    await committed(store, put('a/1', 'bad'));
    await settled();
    expect(told).toEqual(['listed']);
    expect([...records.broken()]).toEqual([['a/1', 'it is bad']]);
    const mended = await committed(store, put('a/1', 'y'));
    await settled();
    expect(told).toEqual(['listed', `${mended}: a/1=y`]);
  });

  it('are told as listed once the history that was missed is compacted', async () => {
    const store = createMemoryStore();
    await committed(store, put('a/1', 'x'));
    const { records, told, seen } = await recordsOf(store);
    const release = store.sever();
    await settled();
    const elsewhere = store.session();
    await committed(elsewhere, put('a/2', 'y'));
    const last = await committed(elsewhere, del('a/1'));
    store.compact(last);
    release();
    await settled();
    expect(told.every((line) => line === 'listed')).toBe(true);
    expect(told.length).toBeGreaterThan(0);
    expect(seen()).toBe('a/2=y');
    expect(records.completeTo()).toBe(last);
  });
});
