/**
 * A 200 MB initrd over HTTP beside nginx, in one run, with the same client (wrk) and by turns; and what 200 downloads at
 * a time do to DHCP's socket and the API.
 */

import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import { freePorts } from '../support/ports.ts';
import { mb, ms, percentile, type Row } from './row.ts';
import { cpuSecondsOf, startBenchServer } from './server.ts';

const bytes = 200_000_000;
const seconds = 4;
const turns = 3;

export async function run(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-bench-http-'));
  mkdirSync(join(folder, 'www'));
  writeFileSync(join(folder, 'www', 'initrd.gz'), randomBytes(bytes));
  writeFileSync(join(folder, 'www', 'kernel'), 'kernel');
  const tar = execFileSync('tar', ['-C', join(folder, 'www'), '-cf', '-', 'kernel', 'initrd.gz'], {
    maxBuffer: 2 * bytes,
  });
  const [peerPort = 0] = await freePorts(1);
  const server = await startBenchServer(join(folder));
  const peer = startPeer(folder, peerPort);
  const peerCpuSeconds = () =>
    childrenOf(peer.pid ?? 0).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const rows: Row[] = [];
  try {
    await server.send('PUT', '/api/v1/images/coreos/1.0.0', tar);
    const url = `${server.url}/api/v1/boot/coreos/initrd.gz`;
    const peerUrl = `http://127.0.0.1:${peerPort}/initrd.gz`;
    const before = server.memoryBytes();
    // The image is read into memory by the first who asks.
    await (await request(url)).body.dump({ limit: 2 * bytes });
    const warm = server.memoryBytes();
    for (const clients of [1, 200]) {
      const ours: number[] = [];
      const theirs: number[] = [];
      const cpuBefore = { ours: server.cpuSeconds(), theirs: peerCpuSeconds() };
      for (let turn = 0; turn < turns; turn += 1) {
        ours.push(await transfer(url, clients, seconds));
        theirs.push(await transfer(peerUrl, clients, seconds));
      }
      const [our, their] = [percentile(ours, 0.5), percentile(theirs, 0.5)];
      rows.push({
        what: `200 MB, ${clients} client${clients > 1 ? 's' : ''}`,
        figure: `${our.toFixed(2)} GB/s, nginx ${their.toFixed(2)} GB/s, ratio ${(our / their).toFixed(2)}`,
        target: 'ratio ≥ 0.8',
      });
      const ourCpu = perMegabyte(server.cpuSeconds() - cpuBefore.ours, ours);
      const theirCpu = perMegabyte(peerCpuSeconds() - cpuBefore.theirs, theirs);
      rows.push({
        what: `processor time a megabyte, ${clients} client${clients > 1 ? 's' : ''}`,
        figure: `${ourCpu}, nginx ${theirCpu} (sendfile); load of this host ${loadavg()[0]?.toFixed(1)}`,
        target: '',
      });
    }
    rows.push({
      what: 'memory: without the image, with it, after 200 at a time',
      figure: [before, warm, server.memoryBytes()].map(mb).join(', '),
      target: 'flat',
    });
    for (const clients of [0, 200]) {
      const load = clients === 0 ? undefined : transfer(url, clients, 5);
      const latencies = await latenciesOf(server.url, 4_000);
      await load;
      rows.push({
        what: `API meanwhile, ${clients} downloads: p50, p99`,
        figure: `${ms(percentile(latencies, 0.5))}, ${ms(percentile(latencies, 0.99))}`,
        target: '',
      });
    }
  } finally {
    peer.kill('SIGTERM');
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

/** As an operator would have it: sendfile, one process for each processor. */
function startPeer(folder: string, port: number) {
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; user root; worker_processes auto; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; open_file_cache max=100;
server { listen 127.0.0.1:${port}; root ${folder}/www; } }
`,
  );
  return spawn('/usr/sbin/nginx', ['-c', file], { stdio: 'ignore' });
}

/** nginx's workers: the first process only minds them. */
function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

function perMegabyte(cpuSeconds: number, rates: readonly number[]): string {
  const megabytes = rates.reduce((sum, rate) => sum + rate * 1000 * seconds, 0);
  return ms((cpuSeconds * 1000) / megabytes);
}

/** One request after the other, of what a status page asks. */
async function latenciesOf(url: string, forMs: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    const startedAt = performance.now();
    const answer = await request(`${url}/api/v1/images/coreos`);
    await answer.body.dump();
    latencies.push(performance.now() - startedAt);
    await new Promise((settled) => setTimeout(settled, 5));
  }
  return latencies;
}

/** Gigabytes per second. */
async function transfer(url: string, clients: number, forSeconds: number): Promise<number> {
  const threads = clients > 1 ? '2' : '1';
  const args = [
    '-t',
    threads,
    '-c',
    String(clients),
    '-d',
    `${forSeconds}s`,
    '--timeout',
    '60s',
    url,
  ];
  const { stdout } = await promisify(execFile)('wrk', args);
  const [, amount = '0', unit = ''] = /Transfer\/sec:\s+([\d.]+)([KMGT]?)B/.exec(stdout) ?? [];
  const scale = { K: 1e-6, M: 1e-3, G: 1, T: 1000 }[unit] ?? 1e-9;
  // wrk counts in powers of 1024.
  return Number(amount) * scale * 1.0737;
}
