/** 1,000 watchers of machines while 1,000 of them change: all delivered, in order; how late, and what it costs. */

import http from 'node:http';
import { request } from 'undici';
import { filledFolder } from './filled.ts';
import { mb, ms, percentile, type Row } from './row.ts';
import { startBenchServer } from './server.ts';

const watchers = 1_000;
const changes = 1_000;
/** Changes under way at once: what a mass event looks like. */
const atOnce = 20;
const deliveredWithinMs = 60_000;

type Watcher = { readonly seen: string[]; readonly close: () => void };

export async function run(): Promise<readonly Row[]> {
  const server = await startBenchServer(await filledFolder(changes));
  try {
    const url = `${server.url}/api/v2/watch/machines`;
    const before = server.memoryBytes();
    const arrivals: number[] = [];
    const sentAt = new Map<string, number>();
    const open = await Promise.all(
      Array.from({ length: watchers }, () =>
        watch(url, (serial) => {
          arrivals.push(performance.now() - (sentAt.get(serial) ?? Number.NaN));
        }),
      ),
    );
    const idle = server.memoryBytes();
    const startedAt = performance.now();
    await change(server.url, sentAt);
    const acknowledgedMs = performance.now() - startedAt;
    const deadline = performance.now() + deliveredWithinMs;
    while (open.some(({ seen }) => seen.length < changes) && performance.now() < deadline) {
      await new Promise((go) => setTimeout(go, 20));
    }
    const tookMs = performance.now() - startedAt;
    const memory = server.memoryBytes();
    const [first] = open;
    const order = first?.seen.join(' ');
    const whole = open.filter(({ seen }) => new Set(seen).size === changes).length;
    const alike = open.filter(({ seen }) => seen.join(' ') === order).length;
    for (const { close } of open) close();
    return [
      {
        what: `${watchers.toLocaleString('en')} watchers, all ${changes.toLocaleString('en')} changes once`,
        figure: `${whole} watchers`,
        target: 'all',
      },
      { what: 'in one order', figure: `${alike} watchers`, target: 'all' },
      {
        what: 'from asking for a change to hearing of it',
        figure: `p50 ${ms(percentile(arrivals, 0.5))}, p99 ${ms(percentile(arrivals, 0.99))}`,
        target: '',
      },
      { what: 'changes acknowledged after', figure: ms(acknowledgedMs), target: '' },
      { what: 'all delivered after', figure: ms(tookMs), target: '' },
      {
        what: 'memory',
        figure: `${mb(before)}, with watchers ${mb(idle)}, after ${mb(memory)}`,
        target: 'flat',
      },
    ];
  } finally {
    await server.stop();
  }
}

async function change(url: string, sentAt: Map<string, number>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < changes) {
      const serial = `bench-${String(next).padStart(6, '0')}`;
      next += 1;
      sentAt.set(serial, performance.now());
      const answer = await request(`${url}/api/v1/labels/${serial}/watched`, {
        method: 'PUT',
        body: 'yes',
      });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`a change was answered ${answer.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** By Node's own client: a watch has no end, and undici would keep a pool for each. */
function watch(url: string, onChange: (serial: string) => void): Promise<Watcher> {
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    const asked = http.get(url, { agent: false }, (answer) => {
      let rest = '';
      answer.setEncoding('utf8');
      answer.on('error', () => {});
      answer.on('data', (text: string) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          // Parsing a megabyte of JSON for each of 1,000 watchers would measure this client.
          for (const [, serial = ''] of block.matchAll(/"name":"([^"]+)","object"/g)) {
            seen.push(serial);
            onChange(serial);
          }
        }
      });
      resolve({ seen, close: () => asked.destroy() });
    });
    asked.on('error', (problem) => reject(problem));
  });
}
