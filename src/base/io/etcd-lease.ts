/**
 * A lease we keep alive, and the moment until which we may rely on it.
 *
 * etcd counts a renewal from when its leader took it, which is after we sent it. So "sent + TTL − margin" is never too
 * late, whatever became of the answer.
 */

import { fail, ok, type Result } from '../result.ts';
import type { Connection } from './etcd-connection.ts';
import type { CallProblem } from './etcd-problem.ts';

export type Lease = {
  readonly id: string;
  readonly certainUntilMs: () => number;
  /** Resolves once, with the reason, before the lease can have expired. */
  readonly lost: Promise<string>;
  /** Ends it in the store, and with it every key that hangs on it. */
  readonly revoke: () => Promise<void>;
};

/** For clocks that run a little differently here and there, and for this process being late. */
const marginMaxMs = 500;
const retryMs = 200;

export async function grantLease(
  connection: Connection,
  ttlSeconds: number,
  timeoutMs: number,
): Promise<Result<Lease, CallProblem>> {
  const sentMs = performance.now();
  // Asking twice at worst leaves a lease nobody renews.
  const granted = await connection.read((client) =>
    client.leaseClient.leaseGrant({ TTL: ttlSeconds }),
  );
  if (!granted.ok) return granted;
  if (granted.value.error !== '') {
    return fail({ kind: 'unavailable', text: granted.value.error, certain: true });
  }
  return ok(
    keepLease(connection, granted.value.ID, Number(granted.value.TTL) * 1000, sentMs, timeoutMs),
  );
}

function keepLease(
  connection: Connection,
  id: string,
  ttlMs: number,
  grantSentMs: number,
  timeoutMs: number,
): Lease {
  const marginMs = Math.min(marginMaxMs, ttlMs / 4);
  let certainUntilMs = grantSentMs + ttlMs - marginMs;
  let renewTimer: NodeJS.Timeout | undefined;
  let endTimer: NodeJS.Timeout | undefined;
  let over = false;
  let resolveLost: (why: string) => void = () => {};
  const lost = new Promise<string>((resolve) => {
    resolveLost = resolve;
  });

  const end = (why: string) => {
    over = true;
    clearTimeout(renewTimer);
    clearTimeout(endTimer);
    resolveLost(why);
  };
  const watchTheClock = () => {
    clearTimeout(endTimer);
    const leftMs = certainUntilMs - performance.now();
    endTimer = setTimeout(
      () => {
        if (performance.now() < certainUntilMs) return watchTheClock();
        end('the lease could not be renewed in time');
        void revoke();
      },
      Math.max(0, leftMs),
    );
  };
  const renew = async () => {
    const sentMs = performance.now();
    const ttl = await keepAliveOnce(connection, id, Math.min(timeoutMs, ttlMs / 4));
    if (over) return;
    if (ttl === undefined) {
      renewTimer = setTimeout(renew, retryMs);
      return;
    }
    if (ttl <= 0) return end('the lease is gone from the store');
    certainUntilMs = Math.max(certainUntilMs, sentMs + ttl * 1000 - marginMs);
    watchTheClock();
    renewTimer = setTimeout(renew, ttlMs / 3);
  };
  const revoke = async () => {
    // Whatever fails here, the lease ends by itself, since nobody renews it any more.
    await connection.read((client) => client.leaseClient.leaseRevoke({ ID: id }));
  };

  watchTheClock();
  renewTimer = setTimeout(renew, ttlMs / 3);
  return {
    id,
    certainUntilMs: () => certainUntilMs,
    lost,
    revoke: async () => {
      if (!over) end('released');
      certainUntilMs = 0;
      await revoke();
    },
  };
}

/** One renewal over a stream of its own. The TTL in seconds, 0 when the lease is gone, undefined without an answer. */
async function keepAliveOnce(
  connection: Connection,
  id: string,
  timeoutMs: number,
): Promise<number | undefined> {
  const member = connection.pick();
  try {
    const stream = await member.client.leaseClient.leaseKeepAlive();
    return await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no answer within ${timeoutMs} ms`));
        stream.cancel();
      }, timeoutMs);
      stream.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      stream.on('data', (answer) => {
        clearTimeout(timer);
        resolve(Number(answer.TTL));
        stream.end();
      });
      stream.write({ ID: id });
    });
  } catch {
    connection.suspect(member);
    return undefined;
  }
}
