/**
 * Our server and Kea, each on its port of one link in a network namespace of their own; perfdhcp and the timed client
 * at the other end. Writes what it finds as JSON to the file it is told.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterLab, serverLink } from '../compat/support/network.ts';
import type { Latency } from './dhcp-client.ts';
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
  /** Exchanges per second, one figure a round. */
  readonly rates: readonly number[];
  readonly latency: Latency;
};

export type Findings = { readonly tetsukan: Figures; readonly kea: Figures };

const server = '10.200.0.1';
const client = '10.200.0.2';
const ourPort = 1067;
const keaPort = 67;
const rounds = 3;
const trialSeconds = 4;
/** What a server may leave unanswered of a rate that it is said to sustain. */
const dropShareMax = 0.01;
const firstRate = 600;
const step = 1.15;
const latencyRate = 200;

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
  while (trial(keaPort, 10, 1).answered === 0) {
    if (child.exitCode !== null) throw new Error(`kea-dhcp4 ended with ${child.exitCode}`);
    await new Promise((settled) => setTimeout(settled, 200));
  }
  return child;
}

type Trial = { readonly answered: number; readonly dropShare: number };

/** `rate` exchanges begun a second; DISCOVERs and REQUESTs without their answer within a second count as dropped. */
function trial(port: number, rate: number, seconds: number): Trial {
  const [program = '', ...args] = [
    ...lab.amongClients,
    ...['perfdhcp', '-4', '-l', client, '-N', String(port), '-J', join(folder, 'relays')],
    ...['-R', String(clientsPerRelay), '-r', String(rate), '-p', String(seconds)],
    ...['-W', '500000', server],
  ];
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  const sent = numbersAfter(stdout, 'sent packets');
  const received = numbersAfter(stdout, 'received packets');
  const [discovers = 0, requests = 0] = sent;
  const [offers = 0, acks = 0] = received;
  const dropped = 1 - (offers / discovers) * (acks / requests);
  return { answered: acks / seconds, dropShare: Number.isNaN(dropped) ? 1 : dropped };
}

function numbersAfter(text: string, label: string): readonly number[] {
  return [...text.matchAll(new RegExp(`^${label}: (\\d+)`, 'gm'))].map(([, digits]) =>
    Number(digits),
  );
}

/** Climbs until two tries at one rate fail; the best rate that was answered. */
function climb(port: number, from: number): number {
  let best = 0;
  for (let rate = from; ; rate = Math.round(rate * step)) {
    let passed: Trial | undefined;
    for (let tries = 0; tries < 2 && passed === undefined; tries += 1) {
      const tried = trial(port, rate, trialSeconds);
      const isGood = tried.dropShare <= dropShareMax;
      console.error(
        `  port ${port}: ${rate}/s asked, ${Math.round(tried.answered)}/s answered, ${(tried.dropShare * 100).toFixed(1)} % dropped`,
      );
      if (isGood) passed = tried;
    }
    // perfdhcp, too, has its limit: a rate that is not reached any more is none.
    if (passed === undefined || passed.answered < best * 1.02)
      return Math.max(best, passed?.answered ?? 0);
    best = passed.answered;
  }
}

function latencyOf(port: number): Latency {
  const script = join(import.meta.dirname, 'dhcp-client.ts');
  const args = [process.execPath, script, server, String(port), String(latencyRate)];
  return JSON.parse(amongClients(...args)) as Latency;
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
  const ports = { tetsukan: ourPort, kea: keaPort };
  const rates: Record<keyof Findings, number[]> = { tetsukan: [], kea: [] };
  // The first seconds of a server are not what it sustains: code is compiled, files grow.
  for (const port of Object.values(ports)) trial(port, firstRate, trialSeconds);
  const latency = { tetsukan: latencyOf(ourPort), kea: latencyOf(keaPort) };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ['tetsukan', 'kea'] as const) {
      const from = Math.max(firstRate, Math.round((rates[name][0] ?? 0) * 0.75));
      rates[name].push(climb(ports[name], from));
    }
  }
  const findings: Findings = {
    tetsukan: { rates: rates.tetsukan, latency: latency.tetsukan },
    kea: { rates: rates.kea, latency: latency.kea },
  };
  writeFileSync(process.argv[2] ?? '/dev/stdout', JSON.stringify(findings));
} finally {
  kea.kill('SIGTERM');
  await ours.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
