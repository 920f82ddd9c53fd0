/** A store with a fleet in it before any server runs: registering so many is another benchmark. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEtcdChild } from '../../src/base/io/etcd-child.ts';
import { openEtcdStore } from '../../src/base/io/etcd-store.ts';
import { createJsonLog } from '../../src/base/io/json-log.ts';
import { formatInstant, instant } from '../../src/base/time.ts';
import { ipamConfigToJson, parseIpamConfig } from '../../src/inventory/ipam-config.ts';
import { keys, schemaVersion } from '../../src/inventory/keys.ts';
import { encodeMachine } from '../../src/inventory/machine-json.ts';
import { aMachine } from '../support/machines.ts';
import { benchIpam, perRack } from './server.ts';

const perCommit = 2000;

/** @returns a folder for `startBenchServer` with this many machines in its etcd. */
export async function filledFolder(machines: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-bench-'));
  const log = createJsonLog({ level: 'warn' });
  const child = await startEtcdChild({ directory: join(folder, 'etcd'), log });
  if (!child.ok) throw new Error(child.error.text);
  const settings = { ...child.value.settings, prefix: '/sabakan/', timeoutMs: 30_000 };
  const store = await openEtcdStore(settings, log);
  const ipam = parseIpamConfig(benchIpam);
  if (!store.ok || !ipam.ok) throw new Error('the store could not be filled');
  const put = (key: string, value: Uint8Array) => ({ kind: 'put', key, value }) as const;
  const json = new TextEncoder().encode(JSON.stringify(ipamConfigToJson(ipam.value)));
  const version = new TextEncoder().encode(schemaVersion);
  await store.value.commit([], [put(keys.version, version), put(keys.ipam, json)]);
  const now = formatInstant(instant(Date.now()));
  for (let first = 0; first < machines; first += perCommit) {
    const writes = Array.from({ length: Math.min(perCommit, machines - first) }, (_, at) => {
      const number = first + at;
      const serial = `bench-${String(number).padStart(6, '0')}`;
      const machine = aMachine({
        serial,
        rack: Math.floor(number / perRack),
        index: 4 + (number % perRack),
        ipam: ipam.value,
        labels: { product: 'R650', datacenter: 'dc1', 'machine-type': 'r650-cs-1' },
        since: now,
      });
      return put(keys.machine(serial), encodeMachine(machine));
    });
    const done = await store.value.commit([], writes);
    if (!done.ok) throw new Error(done.error.text);
  }
  await store.value.close();
  await child.value.stop();
  return folder;
}
