/**
 * What reconcilers and people read, with 1,000, 10,000 and 100,000 machines in etcd: REST lists, polls, CKE's search,
 * and what the server takes to start and to hold them.
 */

import { request } from 'undici';
import { filledFolder } from './filled.ts';
import { mb, ms, percentile, type Row } from './row.ts';
import { perRack, startBenchServer } from './server.ts';

const sizes = [1_000, 10_000, 100_000];

/** What CKE sends. */
const ckeSearch = `query ckeSearch($having: MachineParams = null, $notHaving: MachineParams = {roles: ["boot"] states: [RETIRED]}) {
  searchMachines(having: $having, notHaving: $notHaving) {
    spec { serial labels { name value } rack indexInRack role ipv4 registerDate retireDate bmc { bmcType } }
    status { state duration }
  }
}`;

export async function run(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const machines of sizes) rows.push(...(await fleetOf(machines)));
  return rows;
}

async function fleetOf(machines: number): Promise<readonly Row[]> {
  const server = await startBenchServer(await filledFolder(machines));
  const count = machines.toLocaleString('en');
  const isUsual = machines === 1_000;
  const isHuge = machines === 100_000;
  try {
    const memoryAtStart = server.memoryBytes();
    const startedIn = `${(server.startedInMs / 1000).toFixed(2)} s`;
    const rows = [
      { what: `start, ${count} in etcd`, figure: startedIn, target: isHuge ? '≤ 10 s' : '' },
      ...(isHuge ? [] : await lists(server.url, count, isUsual)),
      ...(await searches(server.url, machines)),
    ];
    const memory = `${mb(memoryAtStart)} at start, ${mb(server.memoryBytes())} after`;
    const target = isUsual ? '≤ 200 MB' : isHuge ? '≤ 1.5 GB' : '';
    return [...rows, { what: `memory, ${count}`, figure: memory, target }];
  } finally {
    await server.stop();
  }
}

async function lists(url: string, count: string, isUsual: boolean): Promise<readonly Row[]> {
  const machines = `${url}/api/v1/machines`;
  const first = await request(machines);
  const bytes = (await first.body.arrayBuffer()).byteLength;
  const etag = String(first.headers['etag'] ?? '');
  const list = await times(300, async () => {
    const answer = await request(machines);
    await answer.body.arrayBuffer();
  });
  const poll = await times(1_000, async () => {
    const answer = await request(machines, { headers: { 'if-none-match': etag } });
    await answer.body.dump();
    if (answer.statusCode !== 304) throw new Error(`a poll was answered ${answer.statusCode}`);
  });
  return [
    {
      what: `GET machines, ${count} (${mb(bytes)})`,
      figure: spread(list),
      target: isUsual ? 'p99 ≤ 10 ms' : '',
    },
    {
      what: `poll with nothing changed, ${count}`,
      figure: spread(poll),
      target: isUsual ? 'p99 ≤ 1 ms' : '',
    },
  ];
}

/** All machines; and one rack of them, whose cost must not grow with the fleet. */
async function searches(url: string, machines: number): Promise<readonly Row[]> {
  const count = machines.toLocaleString('en');
  const all = await search(url, machines >= 100_000 ? 10 : 30, undefined, machines);
  const rack = await search(url, 100, { having: { racks: [7] }, notHaving: null }, perRack);
  return [
    {
      what: `ckeSearch, all ${count}`,
      figure: spread(all),
      target: machines === 10_000 ? '≤ 250 ms' : '',
    },
    { what: `ckeSearch, one rack of ${count}`, figure: spread(rack), target: 'as with 1,000' },
  ];
}

async function search(
  url: string,
  rounds: number,
  variables: unknown,
  expected: number,
): Promise<readonly number[]> {
  const body = JSON.stringify({ query: ckeSearch, variables });
  const headers = { 'content-type': 'application/json' };
  return times(rounds, async () => {
    const answer = await request(`${url}/graphql`, { method: 'POST', headers, body });
    const text = await answer.body.text();
    const found = text.split('"serial"').length - 1;
    if (found !== expected) throw new Error(`${found} machines instead of ${expected}`);
  });
}

function spread(samples: readonly number[]): string {
  return `p50 ${ms(percentile(samples, 0.5))}, p99 ${ms(percentile(samples, 0.99))}`;
}

async function times(count: number, once: () => Promise<void>): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const startedAt = performance.now();
    await once();
    samples.push(performance.now() - startedAt);
  }
  return samples;
}
