import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/base/addresses.ts';
import type { Rfc3339 } from '../../../src/base/time.ts';
import { createSlots, newMachineAt } from '../../../src/inventory/desk/placement.ts';
import type { IpamConfig } from '../../../src/inventory/ipam-config.ts';
import type { Role, Serial } from '../../../src/inventory/machine.ts';
import { aNewMachine, ipamG } from '../../support/machines.ts';
import { actor, bring, desks, kindOf, must, stored } from '../desks.ts';

const now = '2026-11-21T06:00:00Z' as Rfc3339;

describe('placing machines', () => {
  const indicesOf = (roles: readonly string[], used: readonly number[], config = ipamG) => {
    const slots = createSlots(config, new Map([[0, used]]));
    const taken = roles.map((role) => slots.take(0, role as Role));
    const refused = taken.find((slot) => !slot.ok);
    if (refused?.ok === false) return refused.error.kind;
    return taken.map((slot) => slot.ok && slot.value);
  };

  it.each<[string[], number[], number[] | string]>([
    [['boot', 'cs', 'cs'], [], [3, 4, 5]],
    [['cs', 'boot', 'cs'], [], [4, 3, 5]],
    [
      ['cs', 'cs'],
      [4, 6],
      [5, 7],
    ],
    [['cs'], [31, 4], [5]],
    [['Boot'], [], [4]],
    [['boot'], [3], 'boot-slot-taken'],
    [['boot', 'boot'], [], 'boot-slot-taken'],
    [['cs'], Array.from({ length: 28 }, (_, at) => at + 4), 'rack-full'],
    [['boot'], Array.from({ length: 28 }, (_, at) => at + 4), [3]],
  ])('%j in a rack with %j used: %j', (roles, used, expected) => {
    expect(indicesOf(roles, used)).toEqual(expected);
  });

  it('workers start at 10.0.0.104 where 103 is the first index', () => {
    const config: IpamConfig = {
      ...ipamG,
      nodeIpv4Pool: { base: 0x0a000000 as Ipv4, prefixLength: 24 },
      nodeIpv4RangeSize: 8,
      nodeIpv4RangeMask: 24,
      nodeIpPerNode: 1,
      nodeIndexOffset: 103,
    };
    const slot = must(createSlots(config, new Map()).take(0, 'cs' as Role));
    expect(newMachineAt(config, aNewMachine(), slot, now).spec.ipv4).toEqual([0x0a000068]);
  });

  it('no two machines share an address, in whatever pool', () => {
    const config = fc.record({
      maxNodesInRack: fc.integer({ min: 1, max: 40 }),
      nodeIpv4RangeSize: fc.integer({ min: 2, max: 7 }),
      nodeIpPerNode: fc.integer({ min: 1, max: 3 }),
      nodeIndexOffset: fc.integer({ min: 1, max: 40 }),
      bmcIpv4RangeSize: fc.integer({ min: 2, max: 6 }),
    });
    const machines = fc.array(
      fc.record({ rack: fc.nat(30), role: fc.constantFrom('cs', 'boot') }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(config, machines, (changes, wanted) => {
        const ipam: IpamConfig = { ...ipamG, ...changes };
        const slots = createSlots(ipam, new Map());
        const seen = new Set<Ipv4>();
        for (const [at, { rack, role }] of wanted.entries()) {
          const one = aNewMachine({ serial: `m${at}`, rack, role });
          const slot = slots.take(rack, one.role);
          if (!slot.ok) continue;
          const { spec } = newMachineAt(ipam, one, slot.value, now);
          for (const address of [...spec.ipv4, spec.bmc.ipv4]) {
            expect(seen.has(address)).toBe(false);
            seen.add(address);
          }
        }
      }),
    );
  });

  it('two servers that register and remove in any order never share a slot, and lists tell the truth', async () => {
    const serials = ['a', 'b', 'c', 'd', 'e', 'f'];
    const step = fc.record({
      server: fc.constantFrom('one', 'two'),
      what: fc.constantFrom('register', 'register', 'remove'),
      serials: fc.uniqueArray(fc.constantFrom(...serials), { minLength: 1, maxLength: 3 }),
      rack: fc.nat(1),
      role: fc.constantFrom('cs', 'cs', 'boot'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 8 }),
        async (rounds) => {
          const fleet = await desks({ ipam: false });
          must(await fleet.one.putIpam({ ...ipamG, maxNodesInRack: 3 }, actor));
          for (const round of rounds) {
            const pending = round.map(async ({ server, what, serials: names, rack, role }) => {
              const desk = fleet[server as 'one' | 'two'];
              if (what === 'register') {
                const wanted = names.map((serial) => aNewMachine({ serial, rack, role }));
                return kindOf(desk.register(wanted, actor));
              }
              const serial = names[0] as Serial;
              if (desk.find(serial)?.status.state === 'uninitialized') {
                await bring(desk, serial, 'retired').catch(() => {});
              }
              return kindOf(desk.remove(serial, actor));
            });
            const answers = Promise.all(pending);
            for (let tries = 0; tries < 10; tries += 1) await fleet.clock.run(10);
            const allowed = [
              'done',
              'machine-exists',
              'rack-full',
              'boot-slot-taken',
              'machine-unknown',
              'not-retired',
            ];
            for (const kind of await answers) expect(allowed).toContain(kind);

            const machines = fleet.two.machines();
            expect(machines).toEqual(fleet.one.machines());
            const slots = machines.map(({ spec }) => `${spec.rack}/${spec.indexInRack}`);
            expect(new Set(slots).size).toBe(slots.length);
            const addresses = machines.flatMap(({ spec }) => [...spec.ipv4, spec.bmc.ipv4]);
            expect(new Set(addresses).size).toBe(addresses.length);
            const lists = Object.entries(await stored(fleet.store, 'node-indices/'));
            const listed = lists.flatMap(([key, text]) =>
              (JSON.parse(text) as number[]).map((index) => `${key.split('/')[1]}/${index}`),
            );
            expect(listed.sort()).toEqual(slots.sort());
          }
          const broken = [...fleet.one.broken()];
          expect(broken).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
