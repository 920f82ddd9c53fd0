/** The Store on an etcd cluster. */

import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import {
  type CommitLimits,
  commitBytesMax,
  conditionsMaxOf,
  operationsDefault,
  requestBytesDefault,
  writesMaxOf,
} from '../commit-size.ts';
import { fail, ok, type Result } from '../result.ts';
import type { Listing, Store, StoreProblem } from '../store.ts';
import type { Log } from '../world.ts';
import { etcdClaim } from './etcd-claim.ts';
import { etcdCommits } from './etcd-commit.ts';
import { connectMembers, type EtcdConfig } from './etcd-connection.ts';
import { keySpace } from './etcd-keys.ts';
import { type CallProblem, storeProblem, tlsProblemText } from './etcd-problem.ts';
import { etcdReads } from './etcd-reads.ts';
import { etcdWatches } from './etcd-watch.ts';

export type { EtcdConfig } from './etcd-connection.ts';

/**
 * A store just opened reads with patience, this many times the deadline of a call: a server that starts while the
 * cluster elects a leader waits for it. etcd 3.4 may leave reads unanswered that came in during an election.
 */
const patienceFactor = 5;
const patiencePauseMs = 100;

/**
 * Connects and reads once, so that a wrong address, certificate or password is said now; waits a while for a leader.
 * @returns the store; `store-refused` when the configuration must change, `store-unavailable` when waiting may help.
 */
export async function openEtcdStore(
  config: EtcdConfig,
  log: Log,
): Promise<Result<Store, StoreProblem>> {
  const operationsMax = config.transactionOperationsMax ?? operationsDefault;
  const requestBytesMax = config.requestBytesMax ?? requestBytesDefault;
  const limits: CommitLimits = { operationsMax, bytesMax: commitBytesMax(requestBytesMax) };
  const space = keySpace(config.prefix);
  const connection = connectMembers(config);
  const reads = etcdReads(connection, space);
  const commits = etcdCommits(connection, space, {
    timeoutMs: config.timeoutMs,
    limits,
    log,
  });
  const watches = etcdWatches(connection, space, log);
  const listed = (result: Result<Listing, CallProblem>): Result<Listing, StoreProblem> =>
    result.ok ? result : fail(storeProblem(result.error, operationsMax));

  const patientUntilMs = performance.now() + patienceFactor * config.timeoutMs;
  const patiently = async (
    read: () => Promise<Result<Listing, CallProblem>>,
  ): Promise<Result<Listing, CallProblem>> => {
    for (;;) {
      const result = await read();
      if (result.ok || result.error.kind !== 'unavailable') return result;
      if (performance.now() >= patientUntilMs) return result;
      await new Promise((wake) => setTimeout(wake, patiencePauseMs));
    }
  };

  const first = await reads.get([]);
  if (!first.ok) {
    // gRPC reports a refused certificate as "unavailable"; TLS itself says why.
    const why =
      first.error.kind === 'unavailable'
        ? await certificateProblem(config)
        : storeProblem(first.error, operationsMax);
    if (why === undefined) log.warn('etcd does not answer yet', { text: first.error.text });
    const again = why === undefined ? await patiently(() => reads.get([])) : first;
    if (!again.ok) {
      connection.close();
      return fail(why ?? storeProblem(again.error, operationsMax));
    }
  }
  return ok({
    get: async (keys) => listed(await patiently(() => reads.get(keys))),
    list: async (prefix) => listed(await patiently(() => reads.list(prefix))),
    commit: commits.commit,
    watch: watches.watch,
    claim: (key, value, ttlSeconds) =>
      etcdClaim(connection, space, config.timeoutMs, { key, value, ttlSeconds }),
    writesMax: writesMaxOf(limits),
    conditionsMax: conditionsMaxOf(limits),
    bytesMax: limits.bytesMax,
    close: async () => {
      watches.close();
      await commits.close();
      connection.close();
    },
  });
}

/** What TLS says about the first endpoint, when it says anything at all. */
async function certificateProblem(config: EtcdConfig): Promise<StoreProblem | undefined> {
  const [endpoint] = config.endpoints;
  if (endpoint === undefined || !endpoint.startsWith('https:')) return undefined;
  const { hostname, port } = new URL(endpoint);
  const isName = /[a-z]/i.test(hostname) && !hostname.startsWith('[');
  const options: ConnectionOptions = {
    host: hostname,
    port: Number(port || 443),
    ALPNProtocols: ['h2'],
    ...(isName ? { servername: hostname } : {}),
    ...(config.tls ?? {}),
  };
  return new Promise((resolve) => {
    const done = (text: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(
        text === undefined
          ? undefined
          : { kind: 'store-refused', text: `etcd ${endpoint}: TLS failed: ${text}` },
      );
    };
    const timer = setTimeout(() => done(undefined), config.timeoutMs);
    const socket = connectTls(options);
    // A server that refuses our certificate says so after the handshake, in TLS 1.3.
    socket.on('secureConnect', () => void setTimeout(() => done(undefined), 300));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      done(
        error.code === 'ECONNREFUSED' ? undefined : tlsProblemText(error.code ?? '', error.message),
      ),
    );
  });
}
