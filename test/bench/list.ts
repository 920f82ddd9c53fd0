/** Lists: 1,000 machines over REST and GraphQL, a poll with nothing changed, and memory; then 10,000. */

import { request } from 'undici';
import { mb, ms, percentile, type Row } from './row.ts';
import { benchIpam, newMachines, startBenchServer } from './server.ts';

const rounds = 300;

/** What CKE sends. */
const ckeSearch = `query ckeSearch($having: MachineParams = null, $notHaving: MachineParams = {roles: ["boot"] states: [RETIRED]}) {
  searchMachines(having: $having, notHaving: $notHaving) {
    spec { serial labels { name value } rack indexInRack role ipv4 registerDate retireDate bmc { bmcType } }
    status { state duration }
  }
}`;

export async function run(): Promise<readonly Row[]> {
  const server = await startBenchServer();
  const rows: Row[] = [];
  try {
    await server.send('PUT', '/api/v1/config/ipam', JSON.stringify(benchIpam));
    await server.send('POST', '/api/v1/machines', newMachines(1000));
    rows.push(...(await lists(server.url, '1,000', 'p99 ≤ 10 ms', 'p99 ≤ 1 ms')));
    rows.push({
      what: 'memory with 1,000 machines',
      figure: mb(server.memoryBytes()),
      target: '≤ 200 MB',
    });
    for (let first = 1000; first < 10_000; first += 1000) {
      await server.send('POST', '/api/v1/machines', newMachines(1000, first));
    }
    rows.push(...(await lists(server.url, '10,000', '', '')));
  } finally {
    await server.stop();
  }
  return rows;
}

async function lists(
  url: string,
  count: string,
  target: string,
  pollTarget: string,
): Promise<readonly Row[]> {
  const machines = `${url}/api/v1/machines`;
  const first = await request(machines);
  const bytes = (await first.body.arrayBuffer()).byteLength;
  const etag = String(first.headers['etag'] ?? '');
  const list = await times(rounds, async () => {
    const answer = await request(machines);
    await answer.body.arrayBuffer();
  });
  const poll = await times(rounds, async () => {
    const answer = await request(machines, { headers: { 'if-none-match': etag } });
    await answer.body.dump();
    if (answer.statusCode !== 304) throw new Error(`a poll was answered ${answer.statusCode}`);
  });
  const search = await times(20, async () => {
    const answer = await request(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: ckeSearch }),
    });
    await answer.body.arrayBuffer();
  });
  return [
    { what: `GET machines, ${count} (${mb(bytes)})`, figure: spread(list), target },
    { what: `poll with nothing changed, ${count}`, figure: spread(poll), target: pollTarget },
    {
      what: `GraphQL ckeSearch, ${count}`,
      figure: spread(search),
      target: count === '10,000' ? '10,000 records ≤ 250 ms' : '',
    },
  ];
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
