/** Disk keys and the life of their machines: two servers on a real etcd with its default limits. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemChance } from '../../src/base/io/system-chance.ts';
import { systemClock } from '../../src/base/io/system-clock.ts';
import type { Store } from '../../src/base/store.ts';
import { createTransact } from '../../src/base/transact.ts';
import { createInventory } from '../../src/inventory/create.ts';
import { diskKeysPerMachineMax } from '../../src/inventory/disk-key.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import type { MachineState, Serial } from '../../src/inventory/machine.ts';
import { actor, bring, kindOf, must, why } from '../inventory/desks.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { aNewMachine, ipamG } from '../support/machines.ts';
import { silentLog } from '../support/silent-log.ts';

let etcd: TestEtcd;
let store: Store;
const closing: (() => Promise<void>)[] = [];
const desks: Inventory[] = [];

async function open(timeoutMs = 15_000): Promise<readonly [Inventory, Store]> {
  const own = await openTestStore(etcd.endpoints, { timeoutMs });
  const world = { clock: systemClock, chance: systemChance, log: silentLog, store: own };
  const inventory = createInventory({ world, transact: createTransact(own, world) });
  must(await inventory.start());
  closing.push(own.close, async () => inventory.stop());
  return [inventory, own];
}

beforeAll(async () => {
  etcd = await startTestEtcd();
  closing.push(etcd.stop);
  const [[one, first], [two]] = [await open(), await open()];
  store = first;
  desks.push(one, two);
  must(await one.putIpam(ipamG, actor));
});
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const deskAt = (at: number) => desks[at % 2] as Inventory;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const state = (at: number, serial: Serial, to: MachineState) =>
  kindOf(deskAt(at).setState({ serial, to, why }, actor));
const keysOf = async (serial: string) =>
  must(await store.list(`crypts/${serial}/`)).entries.map(({ key }) => key.split('/')[2]);

async function registered(serial: string): Promise<Serial> {
  must(await deskAt(0).register([aNewMachine({ serial })], actor));
  return serial as Serial;
}

describe('disk keys of two servers on etcd', () => {
  it('all go at once, far more than one transaction has operations, and none of a neighbour', async () => {
    const [serial, neighbour] = [await registered('many'), await registered('many0')];
    const paths = Array.from({ length: diskKeysPerMachineMax }, (_, at) => `${10_000 + at}`);
    for (let at = 0; at < paths.length; at += 100) {
      const writes = paths
        .slice(at, at + 100)
        .map(
          (path) => ({ kind: 'put', key: `crypts/many/${path}`, value: bytesOf(path) }) as const,
        );
      must(await store.commit([], writes));
    }
    must(await deskAt(0).putDiskKey(neighbour, 'd', bytesOf('k'), actor));
    await bring(deskAt(0), 'many', 'retiring');
    expect(await state(1, serial, 'retired')).toBe('disk-keys-exist');
    const [one, two] = await Promise.all(
      [0, 1].map(async (at) => must(await deskAt(at).deleteDiskKeys(serial, actor)).paths),
    );
    expect([one?.length, two?.length].sort()).toEqual([0, paths.length]);
    expect([...(one ?? []), ...(two ?? [])]).toEqual(paths);
    expect(await keysOf('many')).toEqual([]);
    expect(await keysOf('many0')).toEqual(['d']);
    expect(await state(1, serial, 'retired')).toBe('done');
  });

  it('one address, put by both servers at once, is written by one of them', async () => {
    const serial = await registered('twice');
    for (let round = 0; round < 30; round += 1) {
      const answers = await Promise.all(
        [0, 1, 0, 1].map((at, nth) =>
          kindOf(deskAt(at).putDiskKey(serial, `d${round}`, bytesOf(`${nth}`), actor)),
        ),
      );
      expect(answers.filter((kind) => kind === 'done')).toHaveLength(1);
      expect(answers.filter((kind) => kind === 'disk-key-exists')).toHaveLength(3);
      const value = must(await deskAt(1).diskKey(serial, `d${round}`));
      expect(new TextDecoder().decode(value)).toBe(String(answers.indexOf('done')));
    }
  });

  it('put while their machine retires: every acknowledged one is named by the delete, none is left', async () => {
    const serial = await registered('leaving');
    let tooLate = 0;
    let taken = 0;
    for (let round = 0; round < 40; round += 1) {
      const puts = Array.from({ length: 8 }, async (_, at) => {
        await new Promise((wake) => setTimeout(wake, at / 2));
        const kind = await kindOf(deskAt(at).putDiskKey(serial, `d${at}`, bytesOf('k'), actor));
        return kind === 'done' ? [`d${at}`] : [];
      });
      const retire = async () => {
        await new Promise((wake) => setTimeout(wake, round % 8));
        expect(await state(round, serial, 'retiring')).toBe('done');
        const [first, second] = await Promise.all(
          [0, 1].map(async (at) => must(await deskAt(at).deleteDiskKeys(serial, actor)).paths),
        );
        const retired = await state(round + 1, serial, 'retired');
        expect(retired).toBe('done');
        return [...(first ?? []), ...(second ?? [])];
      };
      const [gone, ...stored] = await Promise.all([retire(), ...puts]);
      expect(stored.flat().sort()).toEqual(gone.sort());
      expect(await keysOf('leaving')).toEqual([]);
      taken += gone.length;
      tooLate += 8 - gone.length;
      expect(await state(round, serial, 'uninitialized')).toBe('done');
    }
    console.log(`put against retiring: ${taken} stored and deleted, ${tooLate} too late`);
  });

  it('of a store that stands still are an error within its timeout, and are there when it goes on', async () => {
    const serial = await registered('frozen');
    const [impatient] = await open(3_000);
    must(await impatient.putDiskKey(serial, 'd', bytesOf('k'), actor));
    const [member] = etcd.members;
    member?.freeze();
    try {
      const began = performance.now();
      const asked = ['d', 'never'].map((path) => kindOf(impatient.diskKey(serial, path)));
      expect(await Promise.all(asked)).toEqual(['store-unavailable', 'store-unavailable']);
      expect(performance.now() - began).toBeLessThan(60_000);
    } finally {
      member?.thaw();
    }
    await expect.poll(() => kindOf(impatient.diskKey(serial, 'd'))).toBe('done');
    expect(must(await deskAt(0).diskKey(serial, 'd'))).toEqual(Buffer.from('k'));
    expect(must(await deskAt(0).diskKey(serial, 'never'))).toBeUndefined();
  });

  it('that this user may not read are an error, not unknown', async () => {
    const guarded = await startTestEtcd();
    closing.push(guarded.stop);
    const auth = async (path: string, body: object): Promise<void> => {
      const url = `${guarded.endpoints[0]}/v3/auth/${path}`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    };
    const span = (key: string, end: string) => ({
      permType: 'READWRITE',
      ...{ key: btoa(key), range_end: btoa(end) },
    });
    await auth('user/add', { name: 'root', password: 'root' });
    await auth('user/grant', { user: 'root', role: 'root' });
    await auth('user/add', { name: 'clerk', password: 'clerk' });
    await auth('role/add', { name: 'all-but-keys' });
    for (const perm of [span('/test/', '/test/crypts/'), span('/test/crypts0', '/test0')]) {
      await auth('role/grant', { name: 'all-but-keys', perm });
    }
    await auth('user/grant', { user: 'clerk', role: 'all-but-keys' });
    await auth('enable', {});
    const own = await openTestStore(guarded.endpoints, { username: 'clerk', password: 'clerk' });
    closing.push(own.close);
    const world = { clock: systemClock, chance: systemChance, log: silentLog, store: own };
    const desk = createInventory({ world, transact: createTransact(own, world) });
    expect(must(await own.get(['machines/s'])).entries).toEqual([]);
    expect(await kindOf(desk.diskKey('s' as Serial, 'd'))).toBe('store-refused');
  });
});
