import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store, WatchNews } from '../../src/base/store.ts';
import { absent } from '../../src/base/store.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';

const octets = new TextEncoder();

/** How many watch streams have ever been opened, as etcd counts them. */
async function streamsOpened(etcd: TestEtcd): Promise<number> {
  const text = await (await fetch(`${etcd.endpoints[0]}/metrics`)).text();
  const [, count] = /^grpc_server_started_total\{grpc_method="Watch",.*\} (\d+)$/m.exec(text) ?? [];
  return Number(count);
}

describe('watches of one store on etcd', () => {
  let etcd: TestEtcd;
  let store: Store;
  beforeAll(async () => {
    etcd = await startTestEtcd();
    store = await openTestStore(etcd.endpoints);
  });
  afterAll(async () => {
    await store.close();
    await etcd.stop();
  });

  const heard: WatchNews[] = [];
  let wake = () => {};
  const put = async (key: string, value: string) => {
    const done = await store.commit([], [{ kind: 'put', key, value: octets.encode(value) }]);
    if (!done.ok) throw new Error(done.error.text);
  };
  const eventsHeard = async (count: number) => {
    const events = () => heard.filter(({ kind }) => kind === 'events').length;
    while (events() < count) {
      await new Promise<void>((go) => {
        wake = go;
      });
    }
  };

  it('go on over the same stream when one of them is stopped', async () => {
    const watching = store.watch('kept/', absent, (news) => {
      heard.push(news);
      wake();
    });
    await put('kept/a', '0');
    await eventsHeard(1);
    const before = await streamsOpened(etcd);
    for (let round = 2; round <= 10; round += 1) {
      const other = await new Promise<{ readonly stop: () => void }>((ready) => {
        const one = store.watch('other/', absent, () => queueMicrotask(() => ready(one)));
      });
      other.stop();
      await put('kept/a', String(round));
      await eventsHeard(round);
    }
    watching.stop();
    expect(await streamsOpened(etcd)).toBe(before);
  });
});
