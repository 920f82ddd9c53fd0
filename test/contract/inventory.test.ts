import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemChance } from '../../src/base/io/system-chance.ts';
import { systemClock } from '../../src/base/io/system-clock.ts';
import type { Store } from '../../src/base/store.ts';
import { createTransact } from '../../src/base/transact.ts';
import { createInventory } from '../../src/inventory/create.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import type { IpamConfig } from '../../src/inventory/ipam-config.ts';
import type { Serial } from '../../src/inventory/machine.ts';
import { actor, bring, kindOf, must } from '../inventory/desks.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { aNewMachine, ipamG, ipv4 } from '../support/machines.ts';
import { silentLog } from '../support/silent-log.ts';
import { until } from './store.contract.ts';

/** Room for 1,000 machines in 36 racks. */
const ipam: IpamConfig = {
  ...ipamG,
  nodeIpv4Pool: { base: ipv4('10.0.0.0'), prefixLength: 8 },
  bmcIpv4Pool: { base: ipv4('172.16.0.0'), prefixLength: 12 },
};

describe('the inventory of two servers on etcd', () => {
  let etcd: TestEtcd;
  const stores: Store[] = [];
  const open = async (prefix: string, clock = systemClock): Promise<Inventory> => {
    const store = await openTestStore(etcd.endpoints, { prefix });
    stores.push(store);
    const world = {
      clock,
      chance: systemChance,
      log: silentLog,
      store,
    };
    const inventory = createInventory({ world, transact: createTransact(store, world) });
    must(await inventory.start());
    return inventory;
  };
  const pair = async (
    prefix: string,
    clock = systemClock,
  ): Promise<readonly [Inventory, Inventory]> => {
    const [one, two] = [await open(prefix, clock), await open(prefix)];
    must(await one.putIpam(ipam, actor));
    return [one, two];
  };

  beforeAll(async () => {
    etcd = await startTestEtcd();
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await etcd.stop();
  });

  it('a thousand machines are registered by one request in one transaction and show at once', async () => {
    const [one, two] = await pair('/thousand/');
    const wanted = Array.from({ length: 1000 }, (_, at) =>
      aNewMachine({ serial: `m${at}`, rack: Math.floor(at / 28) }),
    );
    must(await one.register(wanted, actor));
    expect(one.machines()).toHaveLength(1000);
    expect(new Set(one.machines().map((machine) => one.revisionOf(machine))).size).toBe(1);
    expect(await kindOf(two.register(wanted.slice(999), actor))).toBe('machine-exists');
    for (const desk of [one, two]) desk.stop();
  });

  const listOf = (count: number, first: number, value: string) =>
    Array.from({ length: count }, (_, at) =>
      aNewMachine({
        serial: `m-${first + at}`,
        rack: Math.floor((first + at) / 28),
        labels: new Map([['list', value]]),
      }),
    );

  it('a list is applied in one transaction, again without a change, and with its differences alone', async () => {
    const [one, two] = await pair('/apply/');
    const list = listOf(1_000, 0, 'x');
    const kinds = async (desk: Inventory, wishes: typeof list, dryRun = false) => {
      const { outcomes } = must(await desk.applyMachines(wishes, { dryRun }, actor));
      const counts: Record<string, number> = {};
      for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
      return counts;
    };
    expect(await kinds(one, list, true)).toEqual({ registered: 1_000 });
    expect(one.machines()).toEqual([]);
    expect(await kinds(one, list)).toEqual({ registered: 1_000 });
    expect(one.machines()).toHaveLength(1_000);
    expect(new Set(one.machines().map((machine) => one.revisionOf(machine))).size).toBe(1);
    expect(await kinds(two, list)).toEqual({ unchanged: 1_000 });
    const moved = [...list.slice(0, 990), ...listOf(20, 990, 'y')];
    expect(await kinds(two, moved)).toEqual({ unchanged: 990, changed: 10, registered: 10 });
    expect(await kinds(one, listOf(1_010, 0, 'z'))).toEqual({ changed: 1_010 });
    for (const desk of [one, two]) desk.stop();
  });

  it('two servers that apply overlapping lists at once: each machine comes once, lists stay true', async () => {
    const [one, two] = await pair('/overlap/');
    const applied = await Promise.all([
      one.applyMachines(listOf(700, 0, 'x'), {}, actor),
      two.applyMachines(listOf(700, 350, 'y'), {}, actor),
      one.applyMachines(listOf(30, 1_100, 'x'), {}, actor),
      two.applyMachines(listOf(30, 1_090, 'y'), {}, actor),
    ]);
    const came = applied.flatMap((result) =>
      must(result).outcomes.flatMap(({ kind, machine }) =>
        kind === 'registered' ? [machine.spec.serial] : [],
      ),
    );
    expect(new Set(came).size).toBe(came.length);
    const last = must(await one.applyMachines(listOf(1, 2_000, 'x'), {}, actor)).revision;
    const store = stores.at(-1) as Store;
    const lists = must(await store.list('node-indices/'));
    expect(Number(lists.revision)).toBeGreaterThanOrEqual(Number(last));
    const slots = one.machines().map(({ spec }) => `${spec.rack}/${spec.indexInRack}`);
    expect(slots).toHaveLength(1_050 + 40 + 1);
    const listed = lists.entries.flatMap(({ key, value }) =>
      (JSON.parse(new TextDecoder().decode(value)) as number[]).map(
        (index) => `${key.split('/')[1]}/${index}`,
      ),
    );
    expect(listed.sort()).toEqual(slots.sort());
    for (const desk of [one, two]) desk.stop();
  });

  it('two servers that fill one rack at once share out every slot exactly once', async () => {
    const [one, two] = await pair('/race/');
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        kindOf((at % 2 === 0 ? one : two).register([aNewMachine({ serial: `m${at}` })], actor)),
      ),
    );
    expect(answers.filter((kind) => kind === 'done')).toHaveLength(28);
    expect(answers.filter((kind) => kind === 'rack-full')).toHaveLength(12);
    expect(await kindOf(one.putIpam(ipam, actor))).toBe('machines-exist');
    // What the other one registered comes with the watch.
    await until('all machines', () => one.machines().length === 28);
    const slots = one.machines().map(({ spec }) => spec.indexInRack);
    expect(new Set(slots).size).toBe(28);
    for (const desk of [one, two]) desk.stop();
  });

  it('a machine walks to its removal without a wait for news that never comes', async () => {
    let waitsInVain = 0;
    const after: typeof systemClock.after = (ms, act) =>
      systemClock.after(ms, () => {
        if (ms >= 1_000) waitsInVain += 1;
        act();
      });
    const [one, two] = await pair('/walk/', { ...systemClock, after });
    must(await one.register([aNewMachine({ serial: 's' })], actor));
    await bring(one, 's', 'healthy');
    must(await one.setLabel('s' as Serial, 'a', 'b', actor));
    await bring(one, 's', 'healthy');
    expect(one.find('s' as Serial)?.status.reason?.text).toBe('because');
    await bring(one, 's', 'retired');
    must(await one.remove('s' as Serial, actor));
    must(await one.register([], actor));
    expect(one.find('s' as Serial)).toBeUndefined();
    expect(waitsInVain).toBe(0);
    const log = must(await two.auditLog(undefined, undefined));
    expect(log.map(({ action }) => action)).toEqual([
      'put',
      'register',
      'set-state',
      'put-label',
      'set-state',
      'set-state',
      'delete',
      'register',
    ]);
    expect(new Set(log.map(({ rev }) => rev)).size).toBe(log.length);
    for (const desk of [one, two]) desk.stop();
  });
});
