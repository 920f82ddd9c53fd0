import { afterAll, expect, it } from 'vitest';
import { systemChance } from '../../src/base/io/system-chance.ts';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createTransact } from '../../src/base/transact.ts';
import { createInventory } from '../../src/inventory/create.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { startTestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { aNewMachine, ipamG } from '../support/machines.ts';
import { silentLog } from '../support/silent-log.ts';
import { until } from './store.contract.ts';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const actor = { user: 'test', ip: '127.0.0.1', host: 'test' };

it('two servers registering into one rack at once fill it exactly, and give no index twice', async () => {
  const etcd = await startTestEtcd();
  closing.push(etcd.stop);
  const serverOf = async (): Promise<Inventory> => {
    const store = await openTestStore(etcd.endpoints);
    closing.push(store.close);
    const world = { clock: systemClock, chance: systemChance, log: silentLog, store };
    const inventory = createInventory({ world, transact: createTransact(store, world) });
    const started = await inventory.start();
    if (!started.ok) throw new Error(started.error.text);
    closing.push(async () => inventory.stop());
    return inventory;
  };
  const servers = [await serverOf(), await serverOf()];
  expect((await servers[0]?.putIpam(ipamG, actor))?.ok).toBe(true);
  await until('the configuration on both', () => servers.every((one) => one.ipam() !== undefined));

  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, at) => {
      await new Promise((resolve) => setTimeout(resolve, (at % 7) * 3));
      const serial = `s-${at}`;
      const machine = aNewMachine({ serial, rack: 0 });
      const server = servers[at % 2];
      const answer = await server?.register([machine], actor);
      // What a server acknowledged, it shows.
      if (answer?.ok) expect(server?.find(machine.serial)).toBeDefined();
      return { serial, answer };
    }),
  );
  const won = answers.filter(({ answer }) => answer?.ok);
  const refusals = new Set(
    answers.map(({ answer }) => (answer === undefined || answer.ok ? '' : answer.error.kind)),
  );
  console.log(`one rack, two servers: ${won.length} of 60 registered`);
  expect(refusals).toEqual(new Set(['', 'rack-full']));
  for (const server of servers) {
    await until('both to show all', () => server.machines().length === won.length);
    const indices = server.machines().map((machine) => machine.spec.indexInRack);
    const addresses = server.machines().flatMap((machine) => machine.spec.ipv4);
    expect(new Set(indices).size).toBe(won.length);
    expect(new Set(addresses).size).toBe(won.length * 3);
  }
  expect(won.length).toBe(ipamG.maxNodesInRack);
});
