/** A 200 MB initrd over HTTP beside nginx, in one run and with the same client (wrk). */

import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mb, type Row } from './row.ts';
import { startBenchServer } from './server.ts';

const peerPort = 18_180;
const bytes = 200_000_000;
const seconds = 5;

export async function run(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-bench-http-'));
  mkdirSync(join(folder, 'www'));
  writeFileSync(join(folder, 'www', 'initrd.gz'), randomBytes(bytes));
  writeFileSync(join(folder, 'www', 'kernel'), 'kernel');
  const tar = execFileSync('tar', ['-C', join(folder, 'www'), '-cf', '-', 'kernel', 'initrd.gz'], {
    maxBuffer: 2 * bytes,
  });
  const server = await startBenchServer(join(folder));
  const peer = startPeer(folder);
  const rows: Row[] = [];
  try {
    await server.send('PUT', '/api/v1/images/coreos/1.0.0', tar);
    const before = server.memoryBytes();
    for (const clients of [1, 200]) {
      const ours = transfer(`${server.url}/api/v1/boot/coreos/initrd.gz`, clients);
      const theirs = transfer(`http://127.0.0.1:${peerPort}/initrd.gz`, clients);
      rows.push({
        what: `200 MB, ${clients} client${clients > 1 ? 's' : ''}`,
        figure: `${ours.toFixed(1)} GB/s, nginx ${theirs.toFixed(1)} GB/s, ratio ${(ours / theirs).toFixed(2)}`,
        target: 'ratio ≥ 0.8',
      });
    }
    rows.push({
      what: 'memory before and after',
      figure: `${mb(before)}, ${mb(server.memoryBytes())}`,
      target: 'flat',
    });
  } finally {
    peer.kill('SIGTERM');
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

function startPeer(folder: string) {
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; user root; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; server { listen 127.0.0.1:${peerPort}; root ${folder}/www; } }
`,
  );
  return spawn('/usr/sbin/nginx', ['-c', file], { stdio: 'ignore' });
}

/** Gigabytes per second. */
function transfer(url: string, clients: number): number {
  const args = [
    '-t',
    clients > 1 ? '2' : '1',
    '-c',
    String(clients),
    '-d',
    `${seconds}s`,
    '--timeout',
    '30s',
    url,
  ];
  const output = execFileSync('wrk', args, { encoding: 'utf8' });
  const [, amount = '0', unit = ''] = /Transfer\/sec:\s+([\d.]+)([KMGT]?)B/.exec(output) ?? [];
  const scale = { K: 1e-6, M: 1e-3, G: 1, T: 1000 }[unit] ?? 1e-9;
  // wrk counts in powers of 1024.
  return Number(amount) * scale * 1.0737;
}
