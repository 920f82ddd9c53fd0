/** Looks at each member of an etcd cluster by itself. The only write is to a key of its own, which is taken away again. */

import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect as connectTls } from 'node:tls';
import type { Etcd3 } from 'etcd3';
import type { EtcdFacts, EtcdMemberFacts } from '../etcd-facts.ts';
import { createClient, type EtcdConfig } from './etcd-connection.ts';
import { callProblem } from './etcd-problem.ts';

/** Ours, relative to the prefix: for writes that are timed, and taken away again at once. */
const probeKey = 'tetsukan/doctor';
const readsOfMember = 20;
const writesOfCluster = 5;
const metricsBytesMax = 8 * 1024 * 1024;

/**
 * @param writes whether writes may be timed; else nothing is written.
 * @returns within about three times `config.timeoutMs`, whatever hangs.
 */
export async function lookAtEtcd(config: EtcdConfig, writes: boolean): Promise<EtcdFacts> {
  const clients = config.endpoints.map((endpoint) => ({
    endpoint,
    client: createClient({ ...config, endpoints: [endpoint] }, endpoint),
  }));
  try {
    const members = await Promise.all(
      clients.map(({ endpoint, client }) => memberFacts(config, endpoint, client)),
    );
    const answering = clients.find((_, at) => members[at]?.status !== undefined)?.client;
    if (answering === undefined) {
      return { members, alarms: [], writes: { ms: [], refused: 'no member could be asked' } };
    }
    return { members, ...(await clusterFacts(config, answering, writes)) };
  } finally {
    for (const { client } of clients) client.close();
  }
}

async function memberFacts(
  config: EtcdConfig,
  endpoint: string,
  client: Etcd3,
): Promise<EtcdMemberFacts> {
  const [asked, seen, certificateEndsMs] = await Promise.all([
    askMember(config, endpoint, client),
    readMetrics(config, endpoint),
    certificateEnd(config, endpoint),
  ]);
  return { endpoint, ...asked, ...seen, ...(certificateEndsMs && { certificateEndsMs }) };
}

async function askMember(
  config: EtcdConfig,
  endpoint: string,
  client: Etcd3,
): Promise<Pick<EtcdMemberFacts, 'silent' | 'status' | 'readMs'>> {
  try {
    const { header, version, dbSize, leader } = await client.maintenance.status();
    const read = { key: Buffer.from(`${config.prefix}version`), serializable: true };
    const readMs: number[] = [];
    let revision = header.revision;
    for (let n = 0; n < readsOfMember; n += 1) {
      const startMs = performance.now();
      const answer = await client.kv.range(read);
      readMs.push(performance.now() - startMs);
      revision = answer.header.revision;
    }
    const { cluster_id: clusterId, member_id: memberId } = header;
    const dbBytes = Number(dbSize);
    return {
      status: { version, dbBytes, clusterId, memberId, leaderId: leader, revision },
      readMs,
    };
  } catch (error) {
    return { silent: callProblem(error, endpoint).text, readMs: [] };
  }
}

async function clusterFacts(
  config: EtcdConfig,
  client: Etcd3,
  writesToo: boolean,
): Promise<Omit<EtcdFacts, 'members'>> {
  const [cluster, alarms, takesTransactions, neverCompacted, writes] = await Promise.all([
    attempt(async () => (await client.cluster.memberList({})).members),
    attempt(async () => (await client.maintenance.alarm({ action: 'Get' })).alarms),
    transactionsTaken(config, client),
    isUncompacted(config, client),
    writesToo ? timedWrites(config, client) : { ms: [], refused: 'none were tried' },
  ]);
  return {
    ...(cluster && {
      cluster: cluster.map(({ name, clientURLs }) => ({ name, clientUrls: clientURLs })),
    }),
    alarms: (alarms ?? []).map(({ memberID, alarm }) => ({ memberId: memberID, alarm })),
    ...(takesTransactions !== undefined && { takesTransactions }),
    ...(neverCompacted !== undefined && { neverCompacted }),
    writes,
  };
}

/** A transaction of reads alone, as large as ours may become: nothing is proposed to the cluster. */
async function transactionsTaken(config: EtcdConfig, client: Etcd3): Promise<boolean | undefined> {
  const request_range = { key: Buffer.from(`${config.prefix}version`), keys_only: true };
  const success = Array.from({ length: config.transactionOperationsMax ?? 128 }, () => ({
    request_range,
  }));
  try {
    await client.kv.txn({ success });
    return true;
  } catch (error) {
    return callProblem(error, '').kind === 'too-large' ? false : undefined;
  }
}

async function isUncompacted(config: EtcdConfig, client: Etcd3): Promise<boolean | undefined> {
  try {
    await client.kv.range({ key: Buffer.from(`${config.prefix}version`), revision: '1' });
    return true;
  } catch (error) {
    return callProblem(error, '').kind === 'compacted' ? false : undefined;
  }
}

async function timedWrites(config: EtcdConfig, client: Etcd3): Promise<EtcdFacts['writes']> {
  const own = Buffer.from(config.prefix + probeKey);
  const ms: number[] = [];
  try {
    for (let n = 0; n < writesOfCluster; n += 1) {
      const startMs = performance.now();
      await client.kv.put({ key: own, value: Buffer.from('examined') });
      ms.push(performance.now() - startMs);
    }
    await client.kv.deleteRange({ key: own });
    return { ms };
  } catch (error) {
    return { ms, refused: callProblem(error, config.endpoints.join(', ')).text };
  }
}

/** The listener of etcd's clients also serves plain HTTP; what cannot be read is left out. */
async function readMetrics(
  config: EtcdConfig,
  endpoint: string,
): Promise<Pick<EtcdMemberFacts, 'metrics' | 'clockAheadMs'>> {
  const answer = await attempt(() => get(config, `${endpoint.replace(/\/$/, '')}/metrics`));
  if (answer === undefined) return {};
  const { text, date, atMs } = answer;
  const number = (name: string): number | undefined => {
    const line = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text);
    return line === null ? undefined : Number(line[1]);
  };
  const quotaBytes = number('etcd_server_quota_backend_bytes');
  const inUseBytes = number('etcd_mvcc_db_total_size_in_use_in_bytes');
  const theirsMs = Date.parse(date);
  return {
    metrics: { ...(quotaBytes && { quotaBytes }), ...(inUseBytes && { inUseBytes }) },
    // The header names the second that had begun: on average it lies half of one back.
    ...(Number.isNaN(theirsMs) ? {} : { clockAheadMs: theirsMs + 500 - atMs }),
  };
}

async function get(
  config: EtcdConfig,
  url: string,
): Promise<{ readonly text: string; readonly date: string; readonly atMs: number }> {
  const options = { agent: false as const, signal: AbortSignal.timeout(config.timeoutMs) };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = url.startsWith('https:')
      ? https.request(url, { ...options, ...config.tls })
      : http.request(url, options);
    asked.on('response', resolve).on('error', reject).end();
  });
  const atMs = Date.now();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > metricsBytesMax) throw new Error('too large');
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString(), date: answer.headers.date ?? '', atMs };
}

/** Asked without checking it: an expired certificate is what we want to hear of. */
async function certificateEnd(config: EtcdConfig, endpoint: string): Promise<number | undefined> {
  if (!endpoint.startsWith('https:')) return undefined;
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    const socket = connectTls({
      host: hostname,
      port: Number(port || 443),
      rejectUnauthorized: false,
      timeout: config.timeoutMs,
      ...config.tls,
    });
    const done = (endsMs: number | undefined): void => {
      socket.destroy();
      resolve(endsMs);
    };
    socket.on('secureConnect', () => {
      const endsMs = Date.parse(socket.getPeerCertificate().valid_to ?? '');
      done(Number.isNaN(endsMs) ? undefined : endsMs);
    });
    socket.on('error', () => done(undefined));
    socket.on('timeout', () => done(undefined));
  });
}

async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
