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
import { parseIpamConfig } from '../../src/inventory/ipam-config.ts';
import { type NewMachine, parseNewMachines } from '../../src/inventory/machine.ts';
import { seededChance } from '../support/clock.ts';
import { startTestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { silentLog } from '../support/silent-log.ts';
import { ms, percentile, type Row } from './row.ts';
import { benchIpam, newMachines, perRack, startBenchServer } from './server.ts';

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
      ...(await posted(etcd.endpoints)),
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
    const rows = (): readonly Row[] =>
      [...samples].map(([what, took]) => ({ what, figure: figureOf(took), target }));
    const measure = async (what: string, wishes: readonly NewMachine[], dryRun = false) => {
      const startedAt = performance.now();
      const result = await inventory.applyMachines(wishes, { dryRun }, actor);
      const took = performance.now() - startedAt;
      if (!result.ok)
        return { what: `${name}: ${what}`, figure: shortOf(result.error.text), target };
      const told = samples.get(`${name}: ${what}`) ?? [];
      samples.set(`${name}: ${what}`, [...told, took]);
      const problem = problemOf(result.value, inventory, wishes, dryRun);
      return problem === undefined
        ? undefined
        : { what: `${name}: ${what}`, figure: problem, target };
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
      if (trouble !== undefined) return [...rows(), trouble];
    }
    return rows();
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

/** As `sabactl machines create` sends it, and a file of rows as a technician does. */
async function posted(endpoints: readonly string[]): Promise<readonly Row[]> {
  const server = await startBenchServer(undefined, { endpoints });
  try {
    await server.send('PUT', '/api/v1/config/ipam', JSON.stringify(benchIpam));
    const samples = new Map<string, number[]>();
    const measure = async (what: string, path: string, body: string) => {
      const startedAt = performance.now();
      await server.send('POST', path, body);
      samples.set(what, [...(samples.get(what) ?? []), performance.now() - startedAt]);
    };
    const file = '/api/v2/registrations?format=csv';
    for (let round = 0; round < rounds; round += 1) {
      const rows = csvOf(1000, (rounds + round) * 1000);
      await measure('1,000 rows of CSV: preview', `${file}&dryRun=true`, rows);
      await measure('1,000 rows of CSV: apply', file, rows);
      await measure('1,000 rows of CSV: apply again, nothing to change', file, rows);
      const machines = newMachines(1000, round * 1000);
      await measure('1,000 machines in one request of v1', '/api/v1/machines', machines);
      const bulk = '/api/v2/bulk/machines';
      await measure('1,000 labels in bulk, all or none', bulk, labelling(rounds + round, true));
      await measure('1,000 labels in bulk, each by itself', bulk, labelling(rounds + round, false));
    }
    return [...samples].map(([what, took]) => ({ what, figure: figureOf(took), target }));
  } finally {
    await server.stop();
  }
}

/** Of the thousand rows of that number. */
function labelling(thousand: number, atomic: boolean): string {
  const names = Array.from({ length: 1000 }, (_, at) => `row-${thousand * 1000 + at}`);
  const patch = { spec: { labels: { atomic: String(atomic) } } };
  return JSON.stringify({ select: { names }, expect: 1000, patch, atomic });
}

function csvOf(count: number, first: number): string {
  const rows = Array.from({ length: count }, (_, at) => {
    const number = first + at;
    return `row-${number},${Math.floor(number / perRack)},cs,iDRAC-9,R650`;
  });
  return ['serial,rack,role,bmc-type,label:product', ...rows].join('\n');
}

function figureOf(samples: readonly number[]): string {
  return `median ${ms(percentile(samples, 0.5))}, worst ${ms(Math.max(...samples))}`;
}
