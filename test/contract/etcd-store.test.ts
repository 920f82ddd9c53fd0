import { systemClock } from '../../src/base/io/system-clock.ts';
import { startTestEtcd } from '../support/etcd.ts';
import { compactEtcd, openTestStore } from '../support/etcd-store.ts';
import { storeContract } from './store.contract.ts';

storeContract('on etcd', async () => {
  const etcd = await startTestEtcd();
  const store = await openTestStore(etcd.endpoints);
  const other = await openTestStore(etcd.endpoints);
  return {
    store,
    other,
    clock: systemClock,
    compact: (revision) => compactEtcd(etcd.endpoints[0] as string, revision),
    close: async () => {
      await store.close();
      await other.close();
      await etcd.stop();
    },
  };
});
