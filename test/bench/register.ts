/** Machines registered, changed and left alone, all or nothing, on an etcd with its default limits. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEtcdChild } from '../../src/base/io/etcd-child.ts';
import type { EtcdConfig } from '../../src/base/io/etcd-store.ts';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createTransact } from '../../src/base/transact.ts';
import type { Applied } from '../../src/inventory/apply.ts';
import { createInventory } from '../../src/inventory/create.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { parseIpamConfig } from '../../src/inventory/ipam.ts';
import { type NewMachine, parseNewMachines } from '../../src/inventory/machine.ts';
import { seededChance } from '../support/clock.ts';
import { startTestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { silentLog } from '../support/silent-log.ts';
import { ms, percentile, type Row } from './row.ts';
import { benchIpam, newMachines, startBenchServer } from './server.ts';

const rounds = 5;
const target = '≤ 1 s';
const actor = { user: 'bench', ip: '127.0.0.1', host: 'bench' };

export async function run(): Promise<readonly Row[]> {
  const etcd = await startTestEtcd();
  try {
    return [
      ...(await applied(etcd.endpoints, 1000)),
      ...(await applied(etcd.endpoints, 2000)),
      ...(await applied(etcd.endpoints, 2500)),
      ...(await appliedEmbedded(2500)),
      await posted(etcd.endpoints),
    ];
  } finally {
    await etcd.stop();
  }
}

/** Through the inventory of a server: what a request costs beyond reading its body. */
async function applied(
  endpoints: readonly string[],
  count: number,
  settings: Partial<EtcdConfig> = {},
): Promise<readonly Row[]> {
  const own = settings.requestBytesMax === undefined ? '' : ', embedded etcd';
  const name = `${count.toLocaleString('en')} rows${own}`;
  const more = { prefix: `/bench-${count}/`, timeoutMs: 5_000, ...settings };
  const store = await openTestStore(endpoints, more);
  const world = { clock: systemClock, chance: seededChance(1), log: silentLog, store };
  const inventory = createInventory({ world, transact: createTransact(store, world) });
  try {
    await inventory.start();
    const ipam = parseIpamConfig(benchIpam);
    if (ipam.ok) await inventory.putIpam(ipam.value, actor);
    const samples = new Map<string, number[]>();
    const measure = async (what: string, wishes: readonly NewMachine[], dryRun = false) => {
      const startedAt = performance.now();
      const result = await inventory.applyMachines(wishes, { dryRun }, actor);
      const took = performance.now() - startedAt;
      if (!result.ok) return shortOf(result.error.text);
      const told = samples.get(`${name}: ${what}`) ?? [];
      samples.set(`${name}: ${what}`, [...told, took]);
      return problemOf(result.value, inventory, wishes, dryRun);
    };
    for (let round = 0; round < rounds; round += 1) {
      const machines = parseNewMachines(JSON.parse(newMachines(count, round * count)));
      if (!machines.ok) throw new Error('the list was refused');
      const changed = machines.value.map((machine) => ({ ...machine, labels: new Map() }));
      const trouble =
        (await measure('preview', machines.value, true)) ??
        (await measure('apply', machines.value)) ??
        (await measure('apply again, nothing to change', machines.value)) ??
        (await measure('apply with other labels', changed));
      if (trouble !== undefined) return [{ what: name, figure: trouble, target }];
    }
    return [...samples].map(([what, took]) => ({ what, figure: figureOf(took), target }));
  } finally {
    inventory.stop();
    await store.close();
  }
}

/** The one whose limits are ours to set. */
async function appliedEmbedded(count: number): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tetsukan-bench-etcd-'));
  const child = await startEtcdChild({ directory, log: silentLog });
  if (!child.ok) throw new Error(child.error.text);
  try {
    return await applied(child.value.settings.endpoints, count, child.value.settings);
  } finally {
    await child.value.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function shortOf(text: string): string {
  const [weight] = /weighs \d+ bytes/.exec(text) ?? [text];
  const [fitting] = /about \d+ at a time/.exec(text) ?? [''];
  return `refused before anything is written: ${weight}, ${fitting}`;
}

/** A figure of something that was not done is worth nothing. */
function problemOf(
  { outcomes }: Applied,
  inventory: Inventory,
  wishes: readonly NewMachine[],
  dryRun: boolean,
): string | undefined {
  if (outcomes.length !== wishes.length) return `${outcomes.length} outcomes`;
  const shown = wishes.filter(({ serial }) => inventory.find(serial) !== undefined);
  return dryRun || shown.length === wishes.length ? undefined : `${shown.length} are registered`;
}

/** As `sabactl machines create` sends it. */
async function posted(endpoints: readonly string[]): Promise<Row> {
  const server = await startBenchServer(undefined, { endpoints });
  try {
    await server.send('PUT', '/api/v1/config/ipam', JSON.stringify(benchIpam));
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const startedAt = performance.now();
      await server.send('POST', '/api/v1/machines', newMachines(1000, round * 1000));
      samples.push(performance.now() - startedAt);
    }
    return { what: '1,000 machines in one request of v1', figure: figureOf(samples), target };
  } finally {
    await server.stop();
  }
}

function figureOf(samples: readonly number[]): string {
  return `median ${ms(percentile(samples, 0.5))}, worst ${ms(Math.max(...samples))}`;
}
