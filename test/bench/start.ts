/** Start-up and memory with 100,000 machines already in etcd. */

import { startEtcdChild } from '../../src/base/io/etcd-child.ts';
import { openEtcdStore } from '../../src/base/io/etcd-store.ts';
import { createJsonLog } from '../../src/base/io/json-log.ts';
import { formatInstant, instant } from '../../src/base/time.ts';
import { ipamConfigToJson, parseIpamConfig } from '../../src/inventory/ipam.ts';
import { parseNewMachines } from '../../src/inventory/machine.ts';
import { encodeMachine } from '../../src/inventory/machine-json.ts';
import { aMachine } from '../support/machines.ts';
import { mb, type Row } from './row.ts';
import { benchIpam, newMachines, startBenchServer } from './server.ts';

const machines = 100_000;
const perCommit = 2000;

export async function run(): Promise<readonly Row[]> {
  const empty = await startBenchServer();
  const { folder } = empty;
  await empty.stop({ keep: true });
  await fill(`${folder}/etcd`);
  const server = await startBenchServer(folder);
  const rows = [
    {
      what: 'start with no machines',
      figure: `${(empty.startedInMs / 1000).toFixed(2)} s`,
      target: '',
    },
    {
      what: `start with ${machines.toLocaleString('en')} machines`,
      figure: `${(server.startedInMs / 1000).toFixed(2)} s`,
      target: '≤ 10 s to serving',
    },
    { what: 'memory then', figure: mb(server.memoryBytes()), target: '≤ 1.5 GB' },
  ];
  await server.stop();
  return rows;
}

/** Straight into the store: registering them is another benchmark. */
async function fill(directory: string): Promise<void> {
  const log = createJsonLog({ level: 'warn' });
  const child = await startEtcdChild({ directory, log });
  if (!child.ok) throw new Error(child.error.text);
  const store = await openEtcdStore(
    { ...child.value.settings, prefix: '/sabakan/', timeoutMs: 30_000 },
    log,
  );
  const ipam = parseIpamConfig(benchIpam);
  const wanted = parseNewMachines(JSON.parse(newMachines(10)));
  if (!store.ok || !ipam.ok || !wanted.ok) throw new Error('the store could not be filled');
  const put = (key: string, value: Uint8Array) => ({ kind: 'put', key, value }) as const;
  await store.value.commit(
    [],
    [put('ipam', new TextEncoder().encode(JSON.stringify(ipamConfigToJson(ipam.value))))],
  );
  const now = formatInstant(instant(Date.now()));
  for (let first = 0; first < machines; first += perCommit) {
    const writes = Array.from({ length: perCommit }, (_, at) => {
      const number = first + at;
      const serial = `bench-${String(number).padStart(6, '0')}`;
      const machine = aMachine({
        serial,
        rack: Math.floor(number / 28),
        index: 4 + (number % 28),
        ipam: ipam.value,
        labels: { product: 'R650', datacenter: 'dc1' },
        since: now,
      });
      return put(`machines/${serial}`, encodeMachine(machine));
    });
    const done = await store.value.commit([], writes);
    if (!done.ok) throw new Error(done.error.text);
  }
  await store.value.close();
  await child.value.stop();
}
