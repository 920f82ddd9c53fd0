import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Store, Write } from '../../src/base/store.ts';
import type { MachineWish } from '../../src/inventory/apply.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import type { Machine, Serial } from '../../src/inventory/machine.ts';
import { encodeMachine } from '../../src/inventory/machine-json.ts';
import { seededChance } from '../support/clock.ts';
import { aMachine, aNewMachine, ipamWide } from '../support/machines.ts';
import { actor, bring, type Desks, dawdling, desks, kindOf, must, put, stored } from './desks.ts';

const serial = (at: number): Serial => `m-${String(at).padStart(3, '0')}` as Serial;
const labels = (value: string): ReadonlyMap<string, string> => new Map([['a', value]]);

/** Enough for a list whose keys are too many to be conditions one by one. */
const listOf = (count: number, first = 0, value = 'x'): MachineWish[] =>
  Array.from({ length: count }, (_, at) =>
    aNewMachine({
      serial: serial(first + at),
      rack: Math.floor((first + at) / 28),
      labels: labels(value),
    }),
  );

type Intruder = (writes: readonly Write[]) => Promise<unknown>;

/** Runs `intrude` once, just before the next commit of the servers. */
async function intruded(count: number): Promise<{
  readonly fleet: Desks;
  readonly barge: (intrude: Intruder) => void;
}> {
  let intruder: Intruder | undefined;
  const storeOf = (store: Store): Store => ({
    ...store,
    commit: async (conditions, writes) => {
      const intrude = intruder;
      intruder = undefined;
      await intrude?.(writes);
      return store.commit(conditions, writes);
    },
  });
  const fleet = await desks({ ipam: false, storeOf });
  must(await fleet.one.putIpam(ipamWide, actor));
  if (count > 0) must(await fleet.one.applyMachines(listOf(count), {}, actor));
  return {
    fleet,
    barge: (intrude) => {
      intruder = intrude;
    },
  };
}

const text = new TextDecoder();
const isAudit = (key: string): boolean => key.startsWith('audit/');
const recordOf = (desk: Inventory, at: number, value: string): string => {
  const machine = desk.find(serial(at)) as Machine;
  return text.decode(
    encodeMachine({ ...machine, spec: { ...machine.spec, labels: labels(value) } }),
  );
};

describe.each([
  ['a few', 10],
  ['more than conditions one by one', 200],
  ['a thousand', 1_000],
])('%s machines, while others change them between the decision and its commit', (_, count) => {
  it('a serial that another server registers meanwhile is seen, not overwritten', async () => {
    const { fleet, barge } = await intruded(0);
    // In a rack whose list this change does not read: nothing but the serial is in the way.
    const theirs = aMachine({ serial: serial(3), rack: 100, ipam: ipamWide, state: 'retired' });
    barge(async () => {
      await put(fleet.store, 'node-indices/100', '[4]');
      await put(fleet.store, `machines/${serial(3)}`, text.decode(encodeMachine(theirs)));
    });
    const applied = fleet.one.applyMachines(listOf(count), {}, actor);
    await fleet.clock.run(100);
    const { outcomes } = must(await applied);
    expect(outcomes[3]).toMatchObject({
      kind: 'changed',
      before: theirs,
      machine: { spec: { rack: 0 } },
    });
    await expectSound(fleet);
  });

  it('a machine that changes meanwhile is decided on anew', async () => {
    const { fleet, barge } = await intruded(count);
    barge(() => put(fleet.store, `machines/${serial(3)}`, recordOf(fleet.one, 3, 'theirs')));
    const applied = fleet.one.applyMachines(listOf(count, 0, 'y'), {}, actor);
    await fleet.clock.run(100);
    expect(must(await applied).outcomes[3]).toMatchObject({
      before: { spec: { labels: labels('theirs') } },
      machine: { spec: { labels: labels('y') } },
    });
  });

  it('a machine that is removed meanwhile is registered, not raised from the dead', async () => {
    const { fleet, barge } = await intruded(count);
    await bring(fleet.two, serial(3), 'retired');
    barge(async () => {
      const list = (await stored(fleet.store, 'node-indices/0'))['node-indices/0'] ?? '';
      const kept = (JSON.parse(list) as number[]).filter((index) => index !== 7);
      must(
        await fleet.store.commit(
          [],
          [
            { kind: 'delete', key: `machines/${serial(3)}` },
            {
              kind: 'put',
              key: 'node-indices/0',
              value: new TextEncoder().encode(JSON.stringify(kept)),
            },
          ],
        ),
      );
    });
    const applied = fleet.one.applyMachines(listOf(count, 0, 'y'), {}, actor);
    await fleet.clock.run(100);
    expect(must(await applied).outcomes[3]).toMatchObject({
      kind: 'registered',
      machine: { spec: { indexInRack: 7 }, status: { state: 'uninitialized' } },
    });
    await expectSound(fleet);
  });

  it('an audit record that has the key already is not overwritten', async () => {
    const { fleet, barge } = await intruded(0);
    let key = '';
    barge(async (writes) => {
      key = writes.flatMap((one) => ('key' in one ? [one.key] : [])).find(isAudit) ?? '';
      await put(fleet.store, key, 'theirs');
    });
    const applied = fleet.one.applyMachines(listOf(count), {}, actor);
    await fleet.clock.run(100);
    must(await applied);
    expect((await stored(fleet.store, key))[key]).toBe('theirs');
  });

  it('what it does not rest on does not disturb it', async () => {
    const { fleet, barge } = await intruded(count);
    const tries: number[] = [];
    const again: Intruder = async (writes) => {
      tries.push(writes.length);
      barge(again);
      await put(fleet.store, `machines/${serial(0)}`, recordOf(fleet.one, 0, 'theirs'));
    };
    barge(again);
    must(await fleet.one.applyMachines(listOf(count, 1_008), {}, actor));
    expect(tries).toHaveLength(1);
    expect(fleet.one.find(serial(0))?.spec.labels).toEqual(labels('theirs'));
  });
});

describe('two servers that apply, register, move and remove at once', () => {
  const step = fc.record({
    server: fc.constantFrom<'one' | 'two'>('one', 'two'),
    what: fc.constantFrom('apply', 'apply', 'register', 'move', 'remove'),
    first: fc.nat(40),
    count: fc.constantFrom(1, 3, 20, 70),
    shift: fc.nat(2),
    value: fc.constantFrom('x', 'y'),
    role: fc.constantFrom('cs', 'cs', 'boot'),
  });

  it('never share a slot or an address, keep lists true, and record each change once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 6 }),
        fc.nat(),
        async (rounds, seed) => {
          const chance = seededChance(seed);
          const fleet = await desks({ ipam: false, storeOf: (one) => dawdling(one, chance) });
          must(await fleet.one.putIpam(ipamWide, actor));
          const told: string[] = [];
          for (const round of rounds) {
            const pending = round.map(async (asked) => {
              const desk = fleet[asked.server];
              const wishes = listOf(asked.count, asked.first, asked.value).map((wish) => ({
                ...wish,
                rack: wish.rack + asked.shift,
              }));
              const [wish] = wishes as [MachineWish];
              switch (asked.what) {
                case 'apply': {
                  const result = await desk.applyMachines(wishes, {}, actor);
                  if (!result.ok) return result.error.kind;
                  for (const { kind, machine, revision } of result.value.outcomes) {
                    if (kind === 'changed') told.push(`change ${machine.spec.serial} ${revision}`);
                  }
                  return 'done';
                }
                case 'register': {
                  const wanted = wishes.map((one) => ({ ...one, labels: new Map() }));
                  return kindOf(desk.register(wanted, actor));
                }
                case 'move': {
                  const patch = { labels: new Map(), rack: wish.rack, role: asked.role as never };
                  return kindOf(desk.patchMachine(wish.serial, patch, {}, actor));
                }
                default:
                  if (desk.find(wish.serial)?.status.state === 'uninitialized') {
                    await bring(desk, wish.serial, 'retired').catch(() => {});
                  }
                  return kindOf(desk.remove(wish.serial, actor));
              }
            });
            let open = true;
            const answers = Promise.all(pending).finally(() => {
              open = false;
            });
            for (let turns = 0; open && turns < 2_000; turns += 1) await fleet.clock.run(5);
            const allowed = [
              'done',
              'machines-refused',
              'machine-exists',
              'rack-full',
              'boot-slot-taken',
              'machine-unknown',
              'not-retired',
            ];
            for (const kind of await answers) expect(allowed).toContain(kind);
            await expectSound(fleet);
          }
          const log = must(await fleet.one.auditLog(undefined, undefined));
          // Registrations that share a commit differ in their serials.
          const whole = log.map((record) => JSON.stringify({ ...record, ts: '' }));
          expect(new Set(whole).size).toBe(whole.length);
          const records = log.map(({ action, instance, rev }) => `${action} ${instance} ${rev}`);
          for (const one of told) expect(records.filter((record) => record === one)).toEqual([one]);
        },
      ),
      { numRuns: 30 },
    );
  });
});

async function expectSound({ store, clock, one, two }: Desks): Promise<void> {
  await clock.run(10);
  const machines = one.machines();
  expect(two.machines()).toEqual(machines);
  const slots = machines.map(({ spec }) => `${spec.rack}/${spec.indexInRack}`);
  expect(new Set(slots).size).toBe(slots.length);
  const addresses = machines.flatMap(({ spec }) => [...spec.ipv4, spec.bmc.ipv4]);
  expect(new Set(addresses).size).toBe(addresses.length);
  const lists = Object.entries(await stored(store, 'node-indices/')).flatMap(([key, list]) =>
    (JSON.parse(list) as number[]).map((index) => `${key.split('/')[1]}/${index}`),
  );
  expect(lists.sort()).toEqual([...slots].sort());
}
