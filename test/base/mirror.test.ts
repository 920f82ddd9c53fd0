import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import { createMirror } from '../../src/base/mirror.ts';
import { fail, ok } from '../../src/base/result.ts';
import type { Store } from '../../src/base/store.ts';
import { committed, del, put, text } from '../contract/store.contract.ts';
import { manualClock, settled } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';

function mirrorOf(store: Store, clock = manualClock()) {
  const mirror = createMirror({
    store,
    prefix: 'm/',
    decode: (_, value) => (text(value) === 'bad' ? fail('it is bad') : ok(text(value))),
    clock,
    log: silentLog,
  });
  const changes: string[] = [];
  mirror.subscribe((batch) => {
    for (const { key, before, value } of batch) changes.push(`${key}: ${before} -> ${value}`);
  });
  return { mirror, changes, clock };
}

describe('a mirror', () => {
  it('answers from what it listed and what the watch told since', async () => {
    const store = createMemoryStore();
    await committed(store, put('m/b', '1'), put('m/a', '2'), put('n', '3'));
    const { mirror, changes } = mirrorOf(store);
    expect(mirror.freshness()).toEqual({ kind: 'loading' });
    await mirror.start();
    await committed(store, put('m/c', '4'), del('m/b'));
    await settled();
    expect(mirror.entries()).toEqual([
      ['a', '2'],
      ['c', '4'],
    ]);
    expect(changes).toEqual([
      'a: undefined -> 2',
      'b: undefined -> 1',
      'c: undefined -> 4',
      'b: 1 -> undefined',
    ]);
    expect(mirror.freshness()).toEqual({ kind: 'live' });
  });

  it('keeps the same array of entries until something changes', async () => {
    const store = createMemoryStore();
    const { mirror } = mirrorOf(store);
    await mirror.start();
    const before = mirror.entries();
    await committed(store, put('elsewhere'));
    await settled();
    expect(mirror.entries()).toBe(before);
    await committed(store, put('m/a'));
    await settled();
    expect(mirror.entries()).not.toBe(before);
  });

  it('says which values cannot be read, and shows them again when they can', async () => {
    const store = createMemoryStore();
    await committed(store, put('m/a', 'bad'), put('m/b', 'good'));
    const { mirror } = mirrorOf(store);
    await mirror.start();
    expect(mirror.entries()).toEqual([['b', 'good']]);
    expect([...mirror.broken()]).toEqual([['a', 'it is bad']]);
    await committed(store, put('m/a', 'mended'), put('m/b', 'bad'));
    await settled();
    expect(mirror.entries()).toEqual([['a', 'mended']]);
    expect([...mirror.broken().keys()]).toEqual(['b']);
    await committed(store, del('m/b'));
    await settled();
    expect(mirror.broken().size).toBe(0);
  });

  it('waits for a revision no longer than asked', async () => {
    const store = createMemoryStore();
    const { mirror, clock } = mirrorOf(store);
    await mirror.start();
    const mend = store.cutWatches();
    const revision = await committed(store, put('m/a'));
    const inTime = mirror.reached(revision, 500);
    const tooLate = mirror.reached(revision, 100);
    await clock.run(200);
    expect(await tooLate).toBe(false);
    mend();
    expect(await inTime).toBe(true);
    expect(await mirror.reached(revision, 0)).toBe(true);
    expect(clock.timers()).toBe(0);
  });

  it('is behind while a change that was waited for in vain is missing from it', async () => {
    const store = createMemoryStore();
    const { mirror, clock } = mirrorOf(store);
    await mirror.start();
    let silent = true;
    const quiet: Store = {
      ...store,
      watch: (prefix, after, onNews) =>
        store.watch(prefix, after, (news) => (silent ? undefined : onNews(news))),
    };
    const late = mirrorOf(quiet, clock).mirror;
    await late.start();
    const revision = await committed(store, put('m/a', '1'));
    const waited = late.reached(revision, 100);
    expect(late.freshness()).toEqual({ kind: 'live' });
    await clock.run(100);
    expect(await waited).toBe(false);
    expect(late.freshness()).toMatchObject({ kind: 'behind', silentMs: 100 });
    silent = false;
    await committed(store, put('m/b', '1'));
    await settled();
    expect(late.freshness()).toEqual({ kind: 'live' });
  });

  it('counts for how long it has been behind', async () => {
    const store = createMemoryStore();
    const { mirror, clock } = mirrorOf(store);
    await mirror.start();
    const mend = store.cutWatches();
    await settled();
    await clock.run(7_000);
    expect(mirror.freshness()).toMatchObject({ kind: 'behind', silentMs: 7_000 });
    mend();
    await settled();
    expect(mirror.freshness()).toEqual({ kind: 'live' });
  });

  it('lists again after a compaction, trying until the store answers, and tells only differences', async () => {
    const store = createMemoryStore();
    await committed(store, put('m/stays', '1'), put('m/goes', '1'), put('m/broken', 'bad'));
    let refusals = 0;
    const flaky: Store = {
      ...store,
      list: async (prefix) => {
        if (refusals === 0) return store.list(prefix);
        refusals -= 1;
        return fail({ kind: 'store-unavailable', text: 'not now' });
      },
    };
    const { mirror, changes, clock } = mirrorOf(flaky);
    await mirror.start();
    changes.length = 0;
    const mend = store.cutWatches();
    await committed(store, del('m/goes'), put('m/comes', '2'), del('m/broken'));
    store.compact(await committed(store, put('unrelated')));
    store.compact(await committed(store, put('unrelated')));
    refusals = 3;
    mend();
    await settled();
    expect(mirror.freshness()).toMatchObject({ kind: 'behind' });
    await clock.run(1_000);
    expect(mirror.freshness()).toEqual({ kind: 'live' });
    expect(changes.sort()).toEqual(['comes: undefined -> 2', 'goes: 1 -> undefined']);
    expect(mirror.broken().size).toBe(0);
    await committed(store, put('m/later', '3'));
    await settled();
    expect(mirror.get('later')).toBe('3');
  });

  it('hands back why it cannot start', async () => {
    const store = createMemoryStore();
    const session = store.session();
    session.sever();
    expect(await mirrorOf(session).mirror.start()).toMatchObject({
      error: { kind: 'store-unavailable' },
    });
  });
});
