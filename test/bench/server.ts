/** A server to measure: a process of its own with an embedded etcd in a temporary folder. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from 'undici';
import { freePorts } from '../support/ports.ts';

export type BenchServer = {
  readonly url: string;
  readonly dhcpPort: number;
  readonly tftpPort: number;
  readonly folder: string;
  /** From spawn to the first answer of /health. */
  readonly startedInMs: number;
  readonly send: (method: 'PUT' | 'POST', path: string, body: string | Uint8Array) => Promise<void>;
  readonly processes: () => { readonly server: number; readonly etcd: number | undefined };
  /** Resident memory of the server alone, without its etcd. */
  readonly memoryBytes: () => number;
  /** Processor time of the server alone, so far. */
  readonly cpuSeconds: () => number;
  readonly stop: (options?: { readonly keep?: boolean }) => Promise<void>;
};

export const perRack = 28;

/** Room for 100,000 machines: 4,096 racks of 28 behind loopback relays. */
export const benchIpam = {
  'max-nodes-in-rack': perRack,
  'node-ipv4-pool': '127.64.0.0/10',
  'node-ipv4-range-size': 6,
  'node-ipv4-range-mask': 26,
  'node-ip-per-node': 1,
  'node-index-offset': 3,
  'node-gateway-offset': 1,
  'bmc-ipv4-pool': '127.0.0.0/10',
  'bmc-ipv4-range-size': 5,
  'bmc-ipv4-range-mask': 10,
  'bmc-ipv4-gateway-offset': 1,
};

export async function startBenchServer(
  folder = mkdtempSync(join(tmpdir(), 'tetsukan-bench-')),
  {
    tftpRoot = '/usr/lib/ipxe',
    dhcpBind,
    relayNetwork = '127.0.0.0/8',
    endpoints,
  }: {
    readonly tftpRoot?: string;
    /** Default: a free port of loopback. */
    readonly dhcpBind?: string;
    readonly relayNetwork?: string;
    /** Default: an embedded etcd. */
    readonly endpoints?: readonly string[];
  } = {},
): Promise<BenchServer> {
  mkdirSync(join(folder, 'data'), { recursive: true });
  const [http = 0, metrics = 0, dhcp = 0, tftp = 0] = await freePorts(4);
  const ports = { http, metrics, dhcp, tftp };
  const file = join(folder, 'server.yml');
  writeFileSync(
    file,
    `http: 127.0.0.1:${ports.http}
metrics: 127.0.0.1:${ports.metrics}
https: 127.0.0.1:0
advertise-url: http://127.0.0.1:${ports.http}
advertise-url-https: https://127.0.0.1:18443
data-dir: ${folder}/data
dhcp-bind: ${dhcpBind ?? `127.0.0.1:${ports.dhcp}`}
dhcp: { relay-networks: [${relayNetwork}], probe-ms: 0 }
tftp: { listen: 127.0.0.1:${ports.tftp}, root: ${tftpRoot} }
ipxe-efi-path: ${tftpRoot}/ipxe.efi
etcd: ${endpoints === undefined ? `{ embedded: { data-dir: ${folder}/etcd } }` : `{ endpoints: [${endpoints.join()}] }`}
log-level: warn
health: { interval-seconds: 3600, patience-seconds: 7200, crowd: { window-seconds: 7200 } }
`,
  );
  const url = `http://127.0.0.1:${ports.http}`;
  const startedAt = performance.now();
  const child = spawn(resolve('bin/tetsu'), ['server', '--config', file], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await answers(child, `${url}/health`);
  const startedInMs = performance.now() - startedAt;
  return {
    url,
    dhcpPort: ports.dhcp,
    tftpPort: ports.tftp,
    folder,
    startedInMs,
    send: async (method, path, body) => {
      const answer = await request(`${url}${path}`, {
        method,
        body,
        headersTimeout: 120_000,
        bodyTimeout: 120_000,
      });
      const text = await answer.body.text();
      if (answer.statusCode >= 300)
        throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    },
    processes: () => {
      const server = child.pid ?? 0;
      const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8');
      const [etcd] = children.split(' ').filter((pid) => pid !== '');
      return { server, etcd: etcd === undefined ? undefined : Number(etcd) };
    },
    memoryBytes: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    },
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    stop: async ({ keep = false } = {}) => {
      const ended = new Promise((settled) => child.once('exit', settled));
      child.kill('SIGTERM');
      await ended;
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(child: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const status = await statusOf(url);
    if (status === 200) return;
    await new Promise((settled) => setTimeout(settled, 10));
  }
  throw new Error(`${url} did not answer within 120 s`);
}

async function statusOf(url: string): Promise<number> {
  try {
    const answer = await request(url);
    await answer.body.dump();
    return answer.statusCode;
  } catch {
    return 0;
  }
}

/** Of a process and those it waited for; on a busy machine it says more than the time by the clock. */
export function cpuSecondsOf(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const ticks = fields.split(' ').slice(11, 15);
  return ticks.reduce((sum, count) => sum + Number(count), 0) / 100;
}

/** Registration bodies of machines. */
export function newMachines(count: number, first = 0): string {
  return JSON.stringify(
    Array.from({ length: count }, (_, at) => ({
      serial: `bench-${String(first + at).padStart(6, '0')}`,
      rack: Math.floor((first + at) / perRack),
      role: at % 7 === 6 ? 'ss' : 'cs',
      labels: { product: 'R650', datacenter: 'dc1', 'machine-type': 'r650-cs-1' },
      bmc: { type: 'iDRAC-9' },
      'retire-date': '2031-11-21T00:00:00Z',
    })),
  );
}
