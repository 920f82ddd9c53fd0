import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createTransact } from '../../src/base/transact.ts';
import { seededChance } from '../support/clock.ts';
import { startTestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { follow, listed, put, text, until } from './store.contract.ts';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('through links that break at random, each acknowledged change is there once and each refused one is not', async () => {
  const seed = 20261121;
  const chance = seededChance(seed);
  const etcd = await startTestEtcd();
  closing.push(etcd.stop);
  const direct = await openTestStore(etcd.endpoints);
  closing.push(direct.close);
  const writers = await Promise.all(
    [1, 2].map(async () => {
      const proxy = await startTcpProxy(etcd.members[0]?.clientPort as number);
      closing.push(proxy.close);
      const store = await openTestStore([proxy.url], { timeoutMs: 400 });
      closing.push(store.close);
      return { proxy, transact: createTransact(store, { clock: systemClock, chance }) };
    }),
  );
  const start = (await listed(direct, 'log/')).revision;
  const near = await openTestStore([writers[0]?.proxy.url as string]);
  closing.push(near.close);
  const seen = follow(near, 'log/', start);

  let over = false;
  const answers = new Map<string, 'done' | 'not done' | 'unknown'>();
  const work = async (writer: (typeof writers)[number], name: string) => {
    for (let at = 0; !over; at++) {
      const id = `log/${name}-${at}`;
      const answer = await writer.transact('lane', { keys: ['total'] }, (view) => {
        const total = Number(text(view.get('total')?.value) ?? '0') + 1;
        return {
          ok: true,
          value: total,
          writes: [put('total', String(total)), put(id, String(total))],
        };
      });
      const unknown = !answer.ok && answer.error.kind === 'outcome-unknown';
      answers.set(id, answer.ok ? 'done' : unknown ? 'unknown' : 'not done');
    }
  };
  const workers = writers.flatMap((writer, at) =>
    Array.from({ length: 8 }, (_, i) => work(writer, `${at}-${i}`)),
  );
  const answered = (wanted: string) =>
    [...answers.values()].filter((kind) => kind === wanted).length;
  const hasSeenBoth = () => answered('done') > 100 && answers.size > answered('done');
  for (let round = 0; round < 24 || (round < 600 && !hasSeenBoth()); round++) {
    const proxy = writers[round % 2]?.proxy;
    await new Promise((resolve) => setTimeout(resolve, 40 + chance.next() * 120));
    const kind = chance.next();
    if (kind < 0.5) {
      proxy?.swallowAnswers(true);
      await new Promise((resolve) => setTimeout(resolve, chance.next() * 60));
      proxy?.swallowAnswers(false);
      proxy?.cut();
    } else if (kind < 0.8) proxy?.cut();
    else {
      proxy?.stall(true);
      await new Promise((resolve) => setTimeout(resolve, 300 + chance.next() * 300));
      proxy?.stall(false);
    }
  }
  over = true;
  await Promise.all(workers);

  const there = new Map(
    (await listed(direct, 'log/')).entries.map((entry) => [entry.key, text(entry.value)]),
  );
  console.log(
    `random cuts: ${answered('done')} done, ${answered('not done')} not done, ${answered('unknown')} unknown`,
  );
  const lost = [...answers].filter(([id, kind]) => kind === 'done' && !there.has(id));
  const ghosts = [...answers].filter(([id, kind]) => kind === 'not done' && there.has(id));
  expect({ lost, ghosts }).toEqual({ lost: [], ghosts: [] });
  // Each change read the total that the one before it wrote: no two share a number, none is left out.
  const totals = [...there.values()].map(Number).sort((a, b) => a - b);
  expect(totals).toEqual(Array.from({ length: totals.length }, (_, at) => at + 1));
  expect(answered('done')).toBeGreaterThan(100);
  expect(answered('not done') + answered('unknown')).toBeGreaterThan(0);

  await until('the watch to catch up', () => seen.events().length >= there.size);
  const keys = seen.events().map((event) => (event.kind === 'put' ? event.entry.key : ''));
  expect(keys.length).toBe(there.size);
  expect(new Set(keys).size).toBe(there.size);
  seen.stop();
});
