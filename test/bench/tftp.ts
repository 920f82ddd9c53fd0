/**
 * TFTP reads beside tftpd-hpa and atftpd (unpacked by scripts/setup.mjs), in one run, with the same clients and by
 * turns.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../support/ports.ts';
import { percentile, type Row } from './row.ts';
import { cpuSecondsOf, startBenchServer } from './server.ts';
import type { TftpLoad, TftpLoadResult } from './tftp-load.ts';

/** Loaders that all serve; ours serves no other names. */
const files = [
  { file: 'ipxe.efi', bytes: 1_000_000, name: '1 MB' },
  { file: 'snponly.efi', bytes: 100_000_000, name: '100 MB' },
] as const;
const turns = 3;
const seconds = 1.5;

type Peer = {
  readonly name: string;
  readonly port: number;
  readonly windowsMax: number;
  /** Undefined: its transfers are processes that nobody waits for. */
  readonly cpuSeconds?: () => number;
};

export async function run(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-bench-tftp-'));
  const root = join(folder, 'loaders');
  mkdirSync(root);
  for (const { file, bytes } of files) writeFileSync(join(root, file), Buffer.alloc(bytes, file));
  writeFileSync(join(root, 'undionly.kpxe'), 'small');
  const [hpaPort = 0, atftpPort = 0] = await freePorts(2);
  const server = await startBenchServer(folder, { tftpRoot: root });
  const atftpd = startAtftp(atftpPort, root);
  const children = [startHpa(hpaPort, root), atftpd];
  const all: readonly Peer[] = [
    {
      name: 'ours',
      port: server.tftpPort,
      windowsMax: 65_535,
      cpuSeconds: server.cpuSeconds,
    },
    // It does not know RFC 7440.
    { name: 'tftpd-hpa', port: hpaPort, windowsMax: 1 },
    {
      name: 'atftpd',
      port: atftpPort,
      windowsMax: 65_535,
      cpuSeconds: () => cpuSecondsOf(atftpd.pid ?? 0),
    },
  ];
  const rows: Row[] = [];
  try {
    await new Promise((settled) => setTimeout(settled, 300));
    for (const { file, bytes, name } of files) {
      for (const clients of [1, 200]) {
        for (const windowSize of [1, 16, 64]) {
          const load = { file, bytes, clients, windowSize, seconds, loss: 0 };
          rows.push(
            await sideBySide(`${clientsText(clients)}, ${name}, window ${windowSize}`, all, load),
          );
        }
      }
    }
    const [small] = files;
    for (const windowSize of [1, 16]) {
      const load = { ...small, clients: 20, windowSize, seconds: 6, loss: 0.01 };
      rows.push(
        await lossy(`20 clients, 1 MB, 1 % loss, window ${windowSize}`, server.tftpPort, load),
      );
    }
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

async function sideBySide(
  what: string,
  all: readonly Peer[],
  load: Omit<TftpLoad, 'port'>,
): Promise<Row> {
  const rates = new Map<string, number[]>();
  const costs = new Map<string, number[]>();
  const able = all.filter(({ windowsMax }) => windowsMax >= load.windowSize);
  const failures: string[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { name, port, cpuSeconds } of able) {
      const before = cpuSeconds?.() ?? 0;
      const result = await measure({ ...load, port });
      const spentMs = ((cpuSeconds?.() ?? 0) - before) * 1000;
      rates.set(name, [...(rates.get(name) ?? []), result.megabytesPerSecond]);
      const costMs = spentMs / (result.megabytesPerSecond * load.seconds);
      costs.set(name, [...(costs.get(name) ?? []), costMs]);
      failures.push(...result.failures.map((text) => `${name}: ${text}`));
    }
  }
  const medians = able.map(({ name }) => [name, percentile(rates.get(name) ?? [], 0.5)] as const);
  const [ours = 0, ...theirs] = medians.map(([, rate]) => rate);
  const figures = medians.map(([name, rate]) => `${name} ${rate.toFixed(0)}`).join(', ');
  const cost = able
    .filter(({ cpuSeconds }) => cpuSeconds !== undefined)
    .map(({ name }) => `${name} ${percentile(costs.get(name) ?? [], 0.5).toFixed(1)}`)
    .join(', ');
  const trouble =
    failures.length === 0 ? '' : `; ${failures.length} failures, first ${failures[0]}`;
  return {
    what,
    figure: `MB/s: ${figures}; ratio ${(ours / Math.max(...theirs)).toFixed(2)}; processor ms/MB: ${cost}${trouble}`,
    target: 'ratio ≥ 1.0',
  };
}

async function lossy(what: string, port: number, load: Omit<TftpLoad, 'port'>): Promise<Row> {
  const { megabytesPerSecond, completed, failures } = await measure({ ...load, port });
  return {
    what,
    figure: `${megabytesPerSecond.toFixed(1)} MB/s, ${completed} whole, ${failures.length} failures${failures[0] ? ` (${failures[0]})` : ''}`,
    target: 'no failure, ≥ 14 MB/s',
  };
}

async function measure(load: TftpLoad): Promise<TftpLoadResult> {
  const program = resolve('test/bench/tftp-load.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(load)]);
  return JSON.parse(stdout) as TftpLoadResult;
}

function clientsText(clients: number): string {
  return `${clients} client${clients > 1 ? 's' : ''}`;
}

function startHpa(port: number, root: string): ChildProcess {
  const args = [
    '--foreground',
    '--address',
    `127.0.0.1:${port}`,
    '--secure',
    '--user',
    'root',
    root,
  ];
  const program = 'node_modules/.peers/tftpd-hpa/usr/sbin/in.tftpd';
  return spawn(resolve(program), args, { stdio: 'ignore' });
}

function startAtftp(port: number, root: string): ChildProcess {
  const args = ['--daemon', '--no-fork', '--logfile', '/dev/null', '--maxthread', '1000'];
  args.push('--bind-address', '127.0.0.1', '--port', String(port));
  args.push('--user', 'root', '--group', 'root', root);
  const program = 'node_modules/.peers/atftpd/usr/sbin/atftpd';
  return spawn(resolve(program), args, { stdio: 'ignore' });
}
