/**
 * A boot storm: 1,000 machines powered on in the same moment, each through every stage on real sockets (DHCP behind a
 * relay, loader by TFTP or HTTP, iPXE's DHCP, scripts, kernel, initrd, Ignition, an OS that answers). Machines wait
 * where real firmware waits, and HTTP comes from each machine's own address.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { createHttpClient } from '../../src/base/io/http-client.ts';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createNet } from '../../src/base/io/udp.ts';
import { fail, ok } from '../../src/base/result.ts';
import type { HttpClient } from '../../src/base/world.ts';
import { createApi } from '../../src/sim/api.ts';
import { createSeededChance } from '../../src/sim/chance.ts';
import { rackMachinesMax, relayAddressOf, roleOf } from '../../src/sim/documents.ts';
import { createRealOsEdge } from '../../src/sim/io/real-os.ts';
import { simLoaders } from '../../src/sim/sim-server.ts';
import { createSite } from '../../src/sim/site.ts';
import { sendAll, uploadsFor } from '../../src/sim/uploads.ts';
import { freePorts } from '../support/ports.ts';
import { mb, ms, percentile, type Row } from './row.ts';
import { type BenchServer, startBenchServer } from './server.ts';

const machines = 1_000;
const racks = Math.ceil(machines / rackMachinesMax);
/** A twenty-fifth of a real image of 200 MB: both ends of all machines share this host's processors. */
const image = { kernelBytes: 1_000_000, initrdBytes: 8_000_000 };
const limitMs = 600_000;
const lookMs = 500;

type Boot = { onMs: number; scriptMs: number; loadedMs: number; upMs: number };

export async function run(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-bench-storm-'));
  const root = join(folder, 'loaders');
  mkdirSync(root);
  for (const [name, { bytes }] of simLoaders()) writeFileSync(join(root, name), bytes);
  const server = await startBenchServer(folder, { tftpRoot: root });
  const [nodePort = 0] = await freePorts(1);
  const osEdge = createRealOsEdge(nodePort);
  const chance = createSeededChance('storm');
  const boots = new Map<string, Boot>();
  const failures: string[] = [];
  const site = createSite(
    {
      racks,
      machines,
      serialOf: (number) => `storm-${String(number).padStart(4, '0')}`,
      relayAddressOf: (rack) => relayAddressOf('127', rack),
      relayPort: 0,
      dhcpServers: [{ address: '127.0.0.1', port: server.dhcpPort }],
      tftpPort: server.tftpPort,
      hurry: 1,
      loss: 0,
    },
    (name, address) => {
      const world = { net: createNet(), clock: systemClock, chance: chance.split(name) };
      return { ...world, http: clientFrom(address) };
    },
    osEdge,
    ({ serial, stage, text }) => {
      const nowMs = performance.now();
      const boot = boots.get(serial);
      if (boot === undefined) boots.set(serial, { onMs: nowMs, scriptMs: 0, loadedMs: 0, upMs: 0 });
      else if (stage === 'script') boot.scriptMs = nowMs;
      else if (stage === 'kernel') boot.loadedMs = nowMs;
      else if (stage === 'up') boot.upMs = nowMs;
      if (stage === 'dark') failures.push(`${serial}: ${text}`);
    },
  );
  const http = createHttpClient();
  try {
    const role = (at: number) => roleOf(Math.floor(at / racks));
    const sent = await sendAll(
      createApi(http, server.url),
      uploadsFor(site, '127', role, image),
      () => {},
    );
    if (!sent.ok) throw new Error(sent.error);
    const started = await site.start();
    if (!started.ok) throw new Error(started.error.text);
    const memoryBefore = server.memoryBytes();
    for (const machine of site.machines) machine.powerOn();
    const seen = await watch(server, http, () =>
      site.machines.every((machine) => machine.stage() === 'up'),
    );
    return rowsOf(boots, failures, { ...seen, memoryBefore });
  } finally {
    site.stop();
    await osEdge.close();
    await http.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Seen = {
  readonly memoryPeak: number;
  readonly latenciesMs: readonly number[];
  readonly waitingMax: number;
  readonly downloadingMax: number;
  readonly toldToWait: number;
};

/** Looks at the server as an operator would, until all is done or time is up. */
async function watch(server: BenchServer, http: HttpClient, isDone: () => boolean): Promise<Seen> {
  const untilMs = performance.now() + limitMs;
  const latenciesMs: number[] = [];
  let [memoryPeak, waitingMax, downloadingMax, toldToWait] = [0, 0, 0, 0];
  while (!isDone() && performance.now() < untilMs) {
    const askedAtMs = performance.now();
    const answer = await http.request({
      method: 'GET',
      url: `${server.url}/api/v2/status`,
      timeoutMs: 60_000,
      bodyBytesMax: 16_000_000,
    });
    latenciesMs.push(performance.now() - askedAtMs);
    if (answer.ok) {
      const status = JSON.parse(new TextDecoder().decode(answer.value.body));
      const { admission } = status.boot;
      waitingMax = Math.max(waitingMax, admission.waiting);
      downloadingMax = Math.max(downloadingMax, admission.downloading);
      toldToWait = admission.counters.toldToWait;
    }
    memoryPeak = Math.max(memoryPeak, server.memoryBytes());
    await new Promise((settled) => setTimeout(settled, lookMs));
  }
  return { memoryPeak, latenciesMs, waitingMax, downloadingMax, toldToWait };
}

function rowsOf(
  boots: ReadonlyMap<string, Boot>,
  failures: readonly string[],
  seen: Seen & { readonly memoryBefore: number },
): readonly Row[] {
  const up = [...boots.values()].filter(({ upMs }) => upMs > 0);
  const totals = up.map(({ onMs, upMs }) => upMs - onMs);
  const loads = up.map(({ scriptMs, loadedMs }) => loadedMs - scriptMs);
  const [slowest, median] = [Math.max(...totals), percentile(totals, 0.5)];
  const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
  return [
    {
      what: `${machines} machines in ${racks} racks, kernel 1 MB and initrd 8 MB (1/25)`,
      figure: `${up.length} up, ${failures.length} failures${failures[0] ? ` (${failures[0]})` : ''}`,
      target: 'all up, 0 failures',
    },
    {
      what: 'power on to OS up: median, slowest, fairness (slowest / median)',
      figure: `${seconds(median)}, ${seconds(slowest)}, ${(slowest / median).toFixed(2)}`,
      target: 'fairness ≤ 3',
    },
    {
      what: 'script to loaded (its turn and the download): median, longest',
      figure: `${seconds(percentile(loads, 0.5))}, ${seconds(Math.max(...loads))}`,
      target: '',
    },
    {
      what: 'seen loading, seen waiting, scripts that said to wait',
      figure: `${seen.downloadingMax}, ${seen.waitingMax}, ${seen.toldToWait}`,
      target: 'loading ≤ 64',
    },
    {
      what: 'status by the API meanwhile: p50, p99',
      figure: `${ms(percentile(seen.latenciesMs, 0.5))}, ${ms(percentile(seen.latenciesMs, 0.99))}`,
      target: '',
    },
    {
      what: "the server's memory before and at most",
      figure: `${mb(seen.memoryBefore)}, ${mb(seen.memoryPeak)}`,
      target: '',
    },
  ];
}

/** A machine's own connections, from its own address; bodies are counted and not kept, but for short ones. */
function clientFrom(address: () => string): HttpClient {
  return {
    request: async ({ method, url, headers, timeoutMs }) => {
      const dispatcher = new Agent({ localAddress: address(), connections: 1 });
      try {
        const signal = AbortSignal.timeout(timeoutMs * 10);
        const answer = await request(url, { method, dispatcher, signal, headers: { ...headers } });
        const chunks: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
          size += chunk.length;
          if (size <= 65_536) chunks.push(chunk);
        }
        const body = size <= 65_536 ? Buffer.concat(chunks) : filler.subarray(0, size);
        const plain = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
        return ok({ status: answer.statusCode, headers: Object.fromEntries(plain), body });
      } catch (error) {
        return fail({ kind: 'failed', text: `${method} ${url}: ${(error as Error).message}` });
      } finally {
        await dispatcher.destroy();
      }
    },
  };
}

/** Stands for what was counted: a thousand initrds at once would be this process's memory, not the server's. */
const filler = new Uint8Array(image.initrdBytes);
