/** Opens a store on a test etcd, whose calls have far more time than they take; the test fails when that does not work. */

import { type EtcdConfig, openEtcdStore } from '../../src/base/io/etcd-store.ts';
import type { Store } from '../../src/base/store.ts';
import type { Log } from '../../src/base/world.ts';
import { silentLog } from './silent-log.ts';

export async function openTestStore(
  endpoints: readonly string[],
  more: Partial<EtcdConfig> = {},
  log: Log = silentLog,
): Promise<Store> {
  const opened = await openEtcdStore(
    { endpoints, prefix: '/test/', timeoutMs: 15_000, ...more },
    log,
  );
  if (!opened.ok) throw new Error(`the store did not open: ${opened.error.text}`);
  return opened.value;
}

/** Compacts the history up to and including a revision, through etcd's JSON gateway. */
export async function compactEtcd(endpoint: string, revision: string): Promise<void> {
  const answer = await fetch(`${endpoint}/v3/kv/compaction`, {
    method: 'POST',
    body: JSON.stringify({ revision, physical: true }),
  });
  if (!answer.ok) throw new Error(`compaction failed: ${await answer.text()}`);
}
