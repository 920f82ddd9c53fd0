import { afterAll, beforeAll, describe } from 'vitest';
import { systemChance } from '../../src/base/io/system-chance.ts';
import { systemClock } from '../../src/base/io/system-clock.ts';
import type { Store } from '../../src/base/store.ts';
import { createTransact } from '../../src/base/transact.ts';
import { createInventory } from '../../src/inventory/create.ts';
import { must } from '../inventory/desks.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { silentLog } from '../support/silent-log.ts';
import { raceContract } from './races.contract.ts';
import { until } from './store.contract.ts';

describe('two servers at once', () => {
  let etcd: TestEtcd;
  let opened = 0;
  beforeAll(async () => {
    etcd = await startTestEtcd();
  });
  afterAll(() => etcd.stop());

  raceContract('on etcd', [11, 12, 13, 14], async () => {
    opened += 1;
    const prefix = `/races-${opened}/`;
    const stores: Store[] = [];
    const open = async () => {
      const store = await openTestStore(etcd.endpoints, { prefix });
      stores.push(store);
      const world = { clock: systemClock, chance: systemChance, log: silentLog, store };
      const inventory = createInventory({ world, transact: createTransact(store, world) });
      must(await inventory.start());
      return inventory;
    };
    const servers = [await open(), await open()];
    return {
      servers,
      store: stores[0] as Store,
      settle: (isSettled) => until('both servers to show the store', isSettled),
      close: async () => {
        for (const server of servers) server.stop();
        for (const store of stores) await store.close();
      },
    };
  });
});
