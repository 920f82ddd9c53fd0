/** An exclusive right: a key created under a lease of its own. */

import { fail, ok, type Result } from '../result.ts';
import type { Claim, Revision, StoreProblem } from '../store.ts';
import type { Connection } from './etcd-connection.ts';
import type { KeySpace } from './etcd-keys.ts';
import { grantLease } from './etcd-lease.ts';
import { storeProblem } from './etcd-problem.ts';

export async function etcdClaim(
  connection: Connection,
  space: KeySpace,
  timeoutMs: number,
  wanted: { readonly key: string; readonly value: Uint8Array; readonly ttlSeconds: number },
): Promise<
  Result<Claim, StoreProblem | { readonly kind: 'held-by-other'; readonly holder: Uint8Array }>
> {
  const granted = await grantLease(connection, wanted.ttlSeconds, timeoutMs);
  if (!granted.ok) return fail(storeProblem(granted.error, 1));
  const lease = granted.value;
  const key = space.toBytes(wanted.key);
  const created = await connection.write((client) =>
    client.kv.txn({
      compare: [{ key, target: 'Create', result: 'Equal', create_revision: '0' }],
      success: [{ request_put: { key, value: Buffer.from(wanted.value), lease: lease.id } }],
      failure: [{ request_range: { key } }],
    }),
  );
  if (created.ok && created.value.succeeded) {
    return ok({
      key: wanted.key,
      createRevision: created.value.header.revision as Revision,
      certainUntilMs: lease.certainUntilMs,
      lost: lease.lost,
      release: lease.revoke,
    });
  }
  // With the lease goes the key, should it have been created after all, and nothing can be created with it later.
  await lease.revoke();
  if (!created.ok) return fail(storeProblem(created.error, 1));
  const holder = created.value.responses[0]?.response_range.kvs[0]?.value ?? new Uint8Array();
  return fail({ kind: 'held-by-other', holder });
}
