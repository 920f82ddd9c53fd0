import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/base/store.ts';
import type { Serial } from '../../../src/inventory/machine.ts';
import { encodeMachine } from '../../../src/inventory/machine-json.ts';
import { aMachine, aNewMachine } from '../../support/machines.ts';
import { actor, bring, desks, kindOf, must, put, stored } from '../desks.ts';

const text = new TextDecoder();
const indexOf =
  (serial: string) =>
  ({ spec }: { spec: { serial: string; indexInRack: number } }) =>
    spec.serial === serial ? [spec.indexInRack] : [];

describe('a database edited by hand, whose list of used indices lacks a machine', () => {
  const withOld = async (list?: string) => {
    const fleet = await desks();
    const old = aMachine({ serial: 'old', index: 4 });
    await put(fleet.store, 'machines/old', text.decode(encodeMachine(old)));
    if (list !== undefined) await put(fleet.store, 'node-indices/0', list);
    await fleet.clock.run(0);
    return fleet;
  };

  it.each([undefined, 'null', '[]', '[5]'])(
    '%s: its index and addresses are not given again',
    async (list) => {
      const { store, one } = await withOld(list);
      must(await one.register([aNewMachine({ serial: 'new' })], actor));
      const next = list === '[5]' ? 6 : 5;
      expect(one.machines().flatMap(indexOf('new'))).toEqual([next]);
      const listed = JSON.parse((await stored(store, 'node-indices/'))['node-indices/0'] ?? '');
      expect(listed).toEqual([...(list === '[5]' ? [5] : []), 4, next]);
      const addresses = one.machines().flatMap(({ spec }) => [...spec.ipv4, spec.bmc.ipv4]);
      expect(new Set(addresses).size).toBe(addresses.length);
    },
  );

  it('a boot machine that is there holds the slot', async () => {
    const { store, one, clock } = await desks();
    const old = aMachine({ serial: 'old', index: 3, role: 'boot' });
    await put(store, 'machines/old', text.decode(encodeMachine(old)));
    await clock.run(0);
    const wanted = [aNewMachine({ serial: 'new', role: 'boot' })];
    expect(await kindOf(one.register(wanted, actor))).toBe('boot-slot-taken');
  });

  it('a broken record of it is an error, not a free slot', async () => {
    const { store, one } = await withOld();
    const pending = one.register([aNewMachine({ serial: 'new' })], actor);
    await put(store, 'machines/old', '{"spec":');
    expect(await kindOf(pending)).toBe('record-broken');
  });
});

describe('a machine that is gone from the store and not yet from memory', () => {
  it('leaves its slot to the next one', async () => {
    const { store, one, two, clock } = await desks();
    must(await one.register([aNewMachine({ serial: 'a' }), aNewMachine({ serial: 'b' })], actor));
    await bring(one, 'a', 'retired');
    await clock.run(0);
    const mend = store.cutWatches();
    const removing = one.remove('a' as Serial, actor);
    await clock.run(3_000);
    must(await removing);
    expect(two.find('a' as Serial)?.spec.indexInRack).toBe(4);
    const registering = two.register([aNewMachine({ serial: 'c' })], actor);
    await clock.run(3_000);
    must(await registering);
    mend();
    await clock.run(0);
    expect(two.machines().flatMap(indexOf('c'))).toEqual([4]);
  });
});

describe('the usual registration', () => {
  it('reads no machine but those it registers, and does so once', async () => {
    const reads: string[][] = [];
    const counted = (store: Store): Store => ({
      ...store,
      get: (keys) => {
        reads.push([...keys]);
        return store.get(keys);
      },
    });
    const { one } = await desks({ storeOf: counted });
    must(await one.register([aNewMachine({ serial: 'a' })], actor));
    reads.length = 0;
    must(await one.register([aNewMachine({ serial: 'b' })], actor));
    expect(reads.map((keys) => keys.sort())).toEqual([['ipam', 'machines/b', 'node-indices/0']]);
  });
});
