import { describe, expect, it } from 'vitest';
import { absent, type WatchNews } from '../../src/base/store.ts';
import { createFaultyStore, noEtcdFaults } from '../../src/sim/etcd-faults.ts';
import { nextTurn } from '../../src/sim/io/turn.ts';
import { createSimWorld } from '../../src/sim/world.ts';

function aFaultyStore() {
  const sim = createSimWorld({ seed: 'etcd', startMs: 0, turn: nextTurn });
  const store = createFaultyStore(sim.store, sim.clock, sim.chance.split('etcd'));
  return { sim, store };
}
const put = { kind: 'put', key: 'k', value: Uint8Array.of(1) } as const;

describe('a faulty link to etcd', () => {
  it('an unknown outcome was committed all the same', async () => {
    const { sim, store } = aFaultyStore();
    store.set({ ...noEtcdFaults, unknown: 1 });
    const outcome = await store.commit([], [put]);
    expect(outcome.ok ? 'ok' : outcome.error.kind).toBe('outcome-unknown');
    const kept = await sim.store.get(['k']);
    expect(kept.ok && kept.value.entries.length).toBe(1);
  });

  it('a refusal did nothing', async () => {
    const { sim, store } = aFaultyStore();
    store.set({ ...noEtcdFaults, refused: 1 });
    const outcome = await store.commit([], [put]);
    expect(outcome.ok ? 'ok' : outcome.error.kind).toBe('store-unavailable');
    const kept = await sim.store.get(['k']);
    expect(kept.ok && kept.value.entries.length).toBe(0);
  });

  it('a slow call takes its time', async () => {
    const { sim, store } = aFaultyStore();
    store.set({ ...noEtcdFaults, delayMs: 700 });
    let doneAt = -1;
    void store.get(['k']).then(() => {
      doneAt = sim.clock.elapsedMs();
    });
    await sim.clock.runUntil(1_000);
    expect(doneAt).toBe(700);
  });

  it('a watch that lost its history says so', async () => {
    const { sim, store } = aFaultyStore();
    const news: WatchNews['kind'][] = [];
    store.watch('', absent, (told) => news.push(told.kind));
    store.sever();
    await sim.store.commit([], [put]);
    await sim.clock.runUntil(10_000);
    await store.mend({ historyLost: true });
    await sim.clock.runUntil(20_000);
    expect(news.at(-1)).toBe('compacted');
  });
});
