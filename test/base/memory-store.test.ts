import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import type { WatchNews } from '../../src/base/store.ts';
import { bytes, committed, follow, put, storeContract } from '../contract/store.contract.ts';
import { manualClock, settled } from '../support/clock.ts';

storeContract('in memory', async () => {
  const store = createMemoryStore();
  return {
    store,
    other: store.session(),
    clock: systemClock,
    compact: async (revision) => store.compact(revision),
    close: store.close,
  };
});

describe('a memory store', () => {
  it('holds back news while watches are cut, and loses none', async () => {
    const store = createMemoryStore();
    const seen = follow(store, 'a/', await committed(store, put('a/0')));
    const mend = store.cutWatches();
    await committed(store, put('a/1'));
    await committed(store, put('a/2'));
    await settled();
    expect(seen.news.map((one) => one.kind)).toEqual(['behind']);
    mend();
    await settled();
    expect(seen.events().length).toBe(2);
  });

  it('tells a watch that slept through a compaction to list again', async () => {
    const store = createMemoryStore();
    const seen = follow(store, 'a/', await committed(store, put('a/0')));
    await settled();
    const mend = store.cutWatches();
    await committed(store, put('a/1'));
    store.compact(await committed(store, put('a/2')));
    mend();
    await settled();
    expect(seen.news.map((one: WatchNews) => one.kind)).toEqual(['behind', 'compacted']);
  });

  it('a severed session loses its claim before another can have it', async () => {
    const clock = manualClock();
    const store = createMemoryStore({ clock });
    const [one, two] = [store.session(), store.session()];
    const claim = await one.claim('lead', bytes('one'), 6);
    if (!claim.ok) throw new Error('the claim was refused');
    const events: string[] = [];
    void claim.value.lost.then(() => events.push(`lost at ${clock.monotonicMs()}`));
    await clock.run(60_000);
    expect(events).toEqual([]);
    one.sever();
    expect(await one.get(['lead'])).toMatchObject({ error: { kind: 'store-unavailable' } });
    while (!events.some((event) => event.startsWith('won'))) {
      await clock.run(100);
      if ((await two.claim('lead', bytes('two'), 6)).ok)
        events.push(`won at ${clock.monotonicMs()}`);
    }
    expect(events).toEqual(['lost at 65500', 'won at 66000']);
  });
});
