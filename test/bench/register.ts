/** Registering 1,000 machines in one request, all or nothing. */

import { ms, percentile, type Row } from './row.ts';
import { benchIpam, newMachines, startBenchServer } from './server.ts';

const rounds = 5;

export async function run(): Promise<readonly Row[]> {
  const server = await startBenchServer();
  try {
    await server.send('PUT', '/api/v1/config/ipam', JSON.stringify(benchIpam));
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const startedAt = performance.now();
      await server.send('POST', '/api/v1/machines', newMachines(1000, round * 1000));
      samples.push(performance.now() - startedAt);
    }
    const figure = `median ${ms(percentile(samples, 0.5))}, worst ${ms(Math.max(...samples))}`;
    return [{ what: 'register 1,000 machines in one request', figure, target: '≤ 1 s' }];
  } finally {
    await server.stop();
  }
}
