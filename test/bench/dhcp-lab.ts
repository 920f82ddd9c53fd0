/**
 * Our server and Kea, each on its port of one link in a network namespace of their own; perfdhcp and the timed client
 * at the other end. Writes what it finds as JSON to the file it is told.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterLab, serverLink } from '../compat/support/network.ts';
import type { ClientFigures } from './dhcp-client.ts';
import {
  clientsPerRelay,
  keaConfig,
  racksIpam,
  relayAddress,
  relayNetwork,
  relays,
  textOf,
} from './dhcp-racks.ts';
import { startBenchServer } from './server.ts';

export type Figures = {
  /** Exchanges per second of perfdhcp, the best of its rates; one figure a round. */
  readonly rates: readonly number[];
  /** Exchanges per second with a fixed number of them under way; one figure a round. */
  readonly busy: readonly number[];
  /** CPU time of each of these, in microseconds; ours with etcd's beside it. */
  readonly cpu: readonly (readonly number[])[];
  readonly latency: ClientFigures;
};

export type Findings = {
  readonly tetsukan: Figures;
  readonly kea: Figures;
  /** Milliseconds that etcd waited for the disk in the run of `latency`: at least so many of a hundred syncs. */
  readonly sync: { readonly p50: number; readonly p99: number };
};

const server = '10.200.0.1';
const client = '10.200.0.2';
const ourPort = 1067;
const keaPort = 67;
const rounds = 3;
const trialSeconds = 4;
/** Around and above what either answers: a server that is offered more than it can do still has to do what it can. */
const offered = [1_000, 2_000, 4_000, 8_000];
/** Half of the racks have somebody who waits, which keeps either server busy all the time. */
const outstanding = 300;
const busySeconds = 5;
const latencyRate = 200;
const latencySeconds = 8;

const folder = mkdtempSync(join(tmpdir(), 'tetsukan-dhcp-'));
const lab = enterLab();

function prepareNetwork(): void {
  lab.serverIp('addr', 'add', `${server}/24`, 'dev', serverLink);
  lab.clientIp('addr', 'add', `${client}/24`, 'dev', 'c0');
  lab.serverIp('route', 'add', relayNetwork, 'via', client);
  // perfdhcp speaks for many relays and listens on one address: what comes for a relay is readdressed.
  const rule =
    'table ip relays { chain in { type filter hook prerouting priority -300; ' +
    `ip daddr ${relayNetwork} ip daddr set ${client}; }; }`;
  amongClients('nft', rule);
  const list = Array.from({ length: relays }, (_, rack) => textOf(relayAddress(rack)));
  writeFileSync(join(folder, 'relays'), `${list.join('\n')}\n`);
}

function amongClients(...command: readonly string[]): string {
  const [program = '', ...args] = [...lab.amongClients, ...command];
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

async function startKea(): Promise<ChildProcess> {
  const config = join(folder, 'kea.json');
  writeFileSync(config, keaConfig(serverLink, folder));
  const child = spawn('kea-dhcp4', ['-c', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, KEA_LOCKFILE_DIR: 'none', KEA_PIDFILE_DIR: folder },
  });
  while (trial(keaPort, 10, 1) === 0) {
    if (child.exitCode !== null) throw new Error(`kea-dhcp4 ended with ${child.exitCode}`);
    await new Promise((settled) => setTimeout(settled, 200));
  }
  return child;
}

/** Exchanges completed a second, of `rate` begun. Whatever is answered later than within a second counts as dropped. */
function trial(port: number, rate: number, seconds: number): number {
  const [program = '', ...args] = [
    ...lab.amongClients,
    ...['perfdhcp', '-4', '-l', client, '-N', String(port), '-J', join(folder, 'relays')],
    ...['-R', String(clientsPerRelay), '-r', String(rate), '-p', String(seconds)],
    ...['-W', '500000', server],
  ];
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  const [, acks = 0] = numbersAfter(stdout, 'received packets');
  return acks / seconds;
}

function numbersAfter(text: string, label: string): readonly number[] {
  return [...text.matchAll(new RegExp(`^${label}: (\\d+)`, 'gm'))].map(([, digits]) =>
    Number(digits),
  );
}

/** The best of all rates that are offered: how much a server does, whatever it is asked for. */
function bestOf(name: string, port: number): number {
  const answered = offered.map((rate) => trial(port, rate, trialSeconds));
  const figures = answered.map((one, at) => `${Math.round(one)} of ${offered[at]}`).join(', ');
  console.error(`  ${name}, perfdhcp: ${figures} a second`);
  return Math.max(...answered);
}

function drive(
  port: number,
  kind: 'rate' | 'outstanding',
  many: number,
  seconds: number,
): ClientFigures {
  const script = join(import.meta.dirname, 'dhcp-client.ts');
  const numbers = [many, seconds, 0].map(String);
  const args = [process.execPath, script, server, String(port), kind, ...numbers];
  return JSON.parse(amongClients(...args)) as ClientFigures;
}

/** User and system time of a process so far, in microseconds; Linux counts in hundredths of a second. */
function cpuOf(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = rest.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10_000;
}

/** Buckets of etcd's waits for its disk: how many lasted up to so many seconds. */
async function syncsOf(etcd: number | undefined): Promise<ReadonlyMap<number, number>> {
  const command = etcd === undefined ? '' : readFileSync(`/proc/${etcd}/cmdline`, 'utf8');
  const [, url] = /--listen-client-urls\0([^\0,]+)/.exec(command) ?? [];
  if (url === undefined) return new Map();
  const text = await (await fetch(`${url}/metrics`)).text();
  const buckets = text.matchAll(
    /^etcd_disk_wal_fsync_duration_seconds_bucket\{le="([^"]+)"\} (\d+)/gm,
  );
  return new Map(
    [...buckets].map(([, upTo, count]) => [
      Number(upTo?.replace('+Inf', 'Infinity')),
      Number(count),
    ]),
  );
}

function syncShare(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  share: number,
): number {
  const grown = [...after].map(([upTo, count]) => [upTo, count - (before.get(upTo) ?? 0)] as const);
  const all = grown.at(-1)?.[1] ?? 0;
  return (grown.find(([, count]) => count >= all * share)?.[0] ?? 0) * 1000;
}

prepareNetwork();
const ours = await startBenchServer(join(folder, 'ours'), {
  dhcpBind: `${server}:${ourPort}`,
  relayNetwork,
});
const kea = await startKea();
try {
  await ours.send('PUT', '/api/v1/config/ipam', JSON.stringify(racksIpam));
  await ours.send('PUT', '/api/v1/config/dhcp', JSON.stringify({ 'lease-minutes': 60 }));
  const etcd = ours.processes().etcd;
  const sides = [
    { name: 'tetsukan', port: ourPort, pids: [ours.processes().server, etcd] },
    { name: 'kea', port: keaPort, pids: [kea.pid] },
  ] as const;
  type Side = (typeof sides)[number]['name'];
  const rates: Record<Side, number[]> = { tetsukan: [], kea: [] };
  const busy: Record<Side, number[]> = { tetsukan: [], kea: [] };
  const cpu: Record<Side, (readonly number[])[]> = { tetsukan: [], kea: [] };
  // The first seconds of a server are not what it sustains: code is compiled, files grow.
  for (const { port } of sides) drive(port, 'outstanding', outstanding, busySeconds);
  const before = await syncsOf(etcd);
  const latency = drive(ourPort, 'rate', latencyRate, latencySeconds);
  const after = await syncsOf(etcd);
  const theirs = drive(keaPort, 'rate', latencyRate, latencySeconds);
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, port, pids } of sides) {
      const began = pids.map(cpuOf);
      const { done, perSecond } = drive(port, 'outstanding', outstanding, busySeconds);
      const each = pids.map((pid, at) => Math.round((cpuOf(pid) - (began[at] ?? 0)) / done));
      busy[name].push(perSecond);
      cpu[name].push(each);
      console.error(
        `  ${name}, ${outstanding} under way: ${Math.round(perSecond)}/s, CPU ${each.join(' + ')} µs each`,
      );
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, port } of sides) rates[name].push(bestOf(name, port));
  }
  const of = (name: Side) => ({ rates: rates[name], busy: busy[name], cpu: cpu[name] });
  const findings: Findings = {
    tetsukan: { ...of('tetsukan'), latency },
    kea: { ...of('kea'), latency: theirs },
    sync: { p50: syncShare(before, after, 0.5), p99: syncShare(before, after, 0.99) },
  };
  writeFileSync(process.argv[2] ?? '/dev/stdout', JSON.stringify(findings));
} finally {
  kea.kill('SIGTERM');
  await ours.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
