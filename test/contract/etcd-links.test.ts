import { afterEach, describe, expect, it } from 'vitest';
import type { EtcdConfig } from '../../src/base/io/etcd-store.ts';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createMirror, type MirrorChange } from '../../src/base/mirror.ts';
import { ok } from '../../src/base/result.ts';
import { absent, type Store } from '../../src/base/store.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { compactEtcd, openTestStore } from '../support/etcd-store.ts';
import { freePorts } from '../support/ports.ts';
import { type LogLine, rememberingLog, silentLog } from '../support/silent-log.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { bytes, committed, follow, listed, put, text, until } from './store.contract.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** `near` goes through the proxy, `direct` does not. */
async function setUp(
  lines: LogLine[] = [],
  ofNear: Partial<EtcdConfig> = {},
): Promise<{
  etcd: TestEtcd;
  proxy: TcpProxy;
  near: Store;
  direct: Store;
}> {
  const etcd = await startTestEtcd();
  closing.push(etcd.stop);
  const proxy = await startTcpProxy(etcd.members[0]?.clientPort as number);
  closing.push(proxy.close);
  const near = await openTestStore([proxy.url], ofNear, rememberingLog(lines));
  closing.push(near.close);
  const direct = await openTestStore(etcd.endpoints);
  closing.push(direct.close);
  return { etcd, proxy, near, direct };
}

/** `count` updates of one key, each a commit and a revision of its own. */
async function writeMany(store: Store, count: number): Promise<void> {
  for (let at = 0; at < count; at++) await committed(store, put('many/one', String(at)));
}

describe('a link to etcd that breaks', () => {
  it('6,000 writes with the link cut twice during catch-up: 0 missing, 0 doubled', async () => {
    const { proxy, near, direct } = await setUp();
    const start = await committed(direct, put('many/one', 'start'));
    const seen = follow(near, 'many/', start);
    let beforeSecondCut = 0;
    near.watch('many/', start, () => {
      if (proxy.cuts() < 2) beforeSecondCut = seen.events().length;
    });
    await until('the watch', () => seen.news.length > 0);
    proxy.refuse(true);
    await writeMany(direct, 6_000);
    // Twice in mid-stream: 6,000 events are some 300 kB, and two watches are told them.
    proxy.cutAfter(120_000, 120_000);
    proxy.refuse(false);
    await until('the second cut', () => proxy.cuts() === 2);
    expect(beforeSecondCut).toBeGreaterThan(0);
    expect(beforeSecondCut).toBeLessThan(6_000);
    await until('all events', () => seen.events().length >= 6_000);
    const values = seen
      .events()
      .map((event) => (event.kind === 'put' ? Number(text(event.entry.value)) : Number.NaN));
    const missing = 6_000 - new Set(values).size;
    const doubled = values.length - new Set(values).size;
    console.log(`catch-up after two cuts: ${missing} missing, ${doubled} doubled`);
    expect(values).toEqual(Array.from({ length: 6_000 }, (_, at) => at));
    seen.stop();
  });

  it('compaction while away: the mirror lists again and tells the differences', async () => {
    const { etcd, proxy, near, direct } = await setUp();
    await committed(direct, put('m/stays', '1'), put('m/changes', '1'), put('m/goes', '1'));
    const mirror = createMirror({
      store: near,
      prefix: 'm/',
      decode: (_, value) => ok(text(value)),
      clock: systemClock,
      log: silentLog,
    });
    await mirror.start();
    const changes: MirrorChange<string | undefined>[] = [];
    mirror.subscribe((batch) => changes.push(...batch));
    proxy.refuse(true);
    await committed(direct, put('m/changes', '2'), { kind: 'delete', key: 'm/goes' });
    await committed(direct, put('m/comes', '3'));
    const last = await committed(direct, put('unrelated'));
    await compactEtcd(etcd.endpoints[0] as string, last);
    proxy.refuse(false);
    expect(await mirror.reached(last, 60_000)).toBe(true);
    expect(mirror.entries()).toEqual([
      ['changes', '2'],
      ['comes', '3'],
      ['stays', '1'],
    ]);
    expect(changes.map(({ key, before, value }) => `${key} ${before}->${value}`).sort()).toEqual([
      'changes 1->2',
      'comes undefined->3',
      'goes 1->undefined',
    ]);
    const next = await committed(direct, put('m/later', '4'));
    expect(await mirror.reached(next, 60_000)).toBe(true);
    mirror.stop();
  });

  it('create-if-absent with the answer swallowed is found done, exactly once', async () => {
    const lines: LogLine[] = [];
    const { proxy, near, direct } = await setUp(lines);
    await committed(near, put('warm'));
    proxy.swallowAnswers(true);
    const creating = near.commit(
      [{ kind: 'unmoved', key: 'created', modRevision: absent }],
      [put('created', 'mine')],
    );
    await until('the write to arrive', () => proxy.bytesBack() > 0);
    let there = false;
    while (!there) there = (await listed(direct, 'created')).entries.length > 0;
    proxy.swallowAnswers(false);
    proxy.cut();
    const outcome = await creating;
    const [entry] = (await listed(direct, 'created')).entries;
    expect(outcome).toEqual(ok({ kind: 'committed', revision: entry?.modRevision }));
    expect(entry?.createRevision).toBe(entry?.modRevision);
    expect(lines.map((line) => line.message)).toContain('a write got no answer and was found done');
  });

  it('a write that never arrived is answered as not done, and stays so', async () => {
    const { proxy, near, direct } = await setUp([], { timeoutMs: 2_000 });
    await committed(near, put('warm'));
    proxy.stall(true);
    const writing = near.commit([], [put('lost', 'x')]);
    // Longer than the deadline, so that the outcome has to be found out over a new connection.
    await new Promise((resolve) => setTimeout(resolve, 2_300));
    proxy.stall(false);
    const outcome = await writing;
    const there = (await listed(direct, 'lost')).entries.length;
    // The stalled bytes arrive when the link moves again: done or prevented, but never "unknown" and never both.
    if (outcome.ok) expect(there).toBe(1);
    else {
      expect(outcome.error.kind).toBe('store-unavailable');
      expect(there).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await listed(direct, 'lost')).entries.length).toBe(0);
    }
  });

  it('only a store that stays away leaves an outcome unknown, within a bound', async () => {
    const { proxy, near } = await setUp([], { timeoutMs: 1_000 });
    await committed(near, put('warm'));
    proxy.swallowAnswers(true);
    const beganMs = performance.now();
    const outcome = await near.commit([], [put('unknown', 'x')]);
    expect(outcome).toMatchObject({ ok: false, error: { kind: 'outcome-unknown' } });
    expect(performance.now() - beganMs).toBeLessThan(60_000);
    proxy.swallowAnswers(false);
    proxy.cut();
    await expect.poll(async () => (await near.get(['unknown'])).ok).toBe(true);
    await expect.poll(async () => (await near.commit([], [put('next')])).ok).toBe(true);
  });

  it('a holder whose link stalls stops before another can hold the claim', async () => {
    const { proxy, near, direct } = await setUp();
    const mine = await near.claim('lead', bytes('mine'), 5);
    if (!mine.ok) throw new Error('the claim was refused');
    const grantedUntilMs = mine.value.certainUntilMs();
    await until('a renewal', () => mine.value.certainUntilMs() > grantedUntilMs);
    proxy.stall(true);
    let wonMs = 0;
    while (wonMs === 0) {
      const theirs = await direct.claim('lead', bytes('theirs'), 5);
      if (theirs.ok) {
        wonMs = performance.now();
        await theirs.value.release();
      } else await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // What holders go by. Their timer may be late where the processor is busy, what they look at is not.
    const untilMs = mine.value.certainUntilMs();
    console.log(`lease: over ${Math.round(wonMs - untilMs)} ms before another could begin`);
    expect(untilMs).toBeLessThan(wonMs);
    expect(await mine.value.lost).toBe('the lease could not be renewed in time');
  });

  it('tells its watches that they are behind, and catches up when the link is back', async () => {
    const { proxy, near, direct } = await setUp();
    const seen = follow(near, 'b/', await committed(direct, put('b/0')));
    await until('the watch', () => seen.news.length > 0);
    proxy.stall(true);
    await until('behind', () => seen.news.some((one) => one.kind === 'behind'));
    await committed(direct, put('b/1'));
    proxy.stall(false);
    proxy.cut();
    await until('the event', () => seen.events().length === 1);
    seen.stop();
  });
});

describe('an etcd that was wiped', () => {
  it('makes mirrors list again instead of waiting for its old revision', async () => {
    const lines: LogLine[] = [];
    const old = await startTestEtcd();
    closing.push(old.stop);
    const fresh = await startTestEtcd();
    closing.push(fresh.stop);
    // Of a range from which nobody else is given a port while nobody listens on it.
    const [port = 0] = await freePorts(1);
    let proxy = await startTcpProxy(old.members[0]?.clientPort as number, 'http', port);
    const store = await openTestStore([proxy.url], {}, rememberingLog(lines));
    closing.push(store.close);
    for (let at = 0; at < 20; at++) await committed(store, put(`m/${at}`));
    const mirror = createMirror({
      store,
      prefix: 'm/',
      decode: (_, value) => ok(text(value)),
      clock: systemClock,
      log: silentLog,
    });
    await mirror.start();
    await proxy.close();
    const direct = await openTestStore(fresh.endpoints);
    closing.push(direct.close);
    await committed(direct, put('m/new', 'new'));
    proxy = await startTcpProxy(fresh.members[0]?.clientPort as number, 'http', port);
    closing.push(proxy.close);
    await until('the new contents', () => mirror.entries().length === 1);
    expect(mirror.entries()).toEqual([['new', 'new']]);
    expect(lines.map((line) => line.message)).toContain(
      'the store was rewound or replaced, listing again',
    );
    mirror.stop();
  });
});
