import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMachineIndex, searchMachines } from '../../../src/inventory/desk/machine-index.ts';
import { type Machine, machineStates } from '../../../src/inventory/machine.ts';
import { type MachineQuery, matches } from '../../../src/inventory/query.ts';
import { aMachine, ipv4, testStart } from '../../support/machines.ts';

function indexOf(machines: readonly Machine[]) {
  const index = createMachineIndex();
  for (const machine of machines) index.update(machine.spec.serial, machine);
  return index;
}

const fleet = Array.from({ length: 100 }, (_, at) =>
  aMachine({
    serial: `m${String(at).padStart(3, '0')}`,
    rack: at % 10,
    index: 4 + Math.floor(at / 10),
    role: at % 10 === 0 ? 'boot' : 'cs',
    state: at < 3 ? 'unreachable' : at < 95 ? 'healthy' : 'retired',
    labels: { half: String(at % 2) },
  }),
);

describe('machine index', () => {
  it.each<[string, MachineQuery, number | 'all']>([
    ['nothing asked', {}, 'all'],
    ['a serial', { having: { serials: ['m001', 'm001', 'unknown'] } }, 1],
    ['an address', { having: { ipv4: ['10.69.0.4', '010.69.0.4', 'x'] } }, 1],
    ['a BMC address', { having: { ipv4: ['10.72.17.4'] } }, 0],
    ['an IPv6 address', { having: { ipv6: ['fd00::1'] } }, 0],
    ['a rack and a common state', { having: { states: ['healthy'], racks: [1] } }, 10],
    ['a label of half the fleet', { having: { labels: [{ name: 'half', value: '1' }] } }, 50],
    [
      'a rare state and a label',
      { having: { states: ['unreachable'], labels: [{ name: 'half', value: '1' }] } },
      3,
    ],
    ['a state of nearly all', { having: { states: ['healthy'] } }, 'all'],
    ['all states but that of nearly all', { notHaving: { states: ['healthy'] } }, 8],
    ['no boot machines', { notHaving: { roles: ['boot'] } }, 'all'],
    ['an unknown role', { having: { roles: ['ss'] } }, 0],
  ])('%s: candidates %s', (_, query, expected) => {
    const candidates = indexOf(fleet).candidates(query);
    expect(candidates?.length ?? 'all').toBe(expected);
  });

  it('knows whose an address is, node or BMC, and forgets it with the machine', () => {
    const machine = aMachine({ rack: 1, index: 4 });
    const index = indexOf([machine]);
    for (const address of ['10.69.0.196', '10.69.1.68', '10.72.17.36']) {
      expect(index.ownerOf(ipv4(address))).toBe(machine);
    }
    expect(index.ownerOf(ipv4('10.69.0.197'))).toBeUndefined();
    index.update(machine.spec.serial, undefined);
    expect(index.ownerOf(ipv4('10.69.0.196'))).toBeUndefined();
  });

  it('an address that two records claim stays taken until both are gone', () => {
    const [one, two] = [aMachine({ serial: 'one' }), aMachine({ serial: 'two' })];
    const index = indexOf([one, two]);
    index.update('one', undefined);
    expect(index.ownerOf(ipv4('10.69.0.4'))).toBe(two);
  });

  it('a removal of something it never saw changes nothing', () => {
    const index = indexOf(fleet);
    index.update('unknown', undefined);
    expect(index.candidates({ having: { racks: [1] } })).toHaveLength(10);
  });

  it('finds exactly what looking at every machine finds, in order, whatever came and went', () => {
    const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y', ''));
    const machine = fc
      .record({
        serial: fc.constantFrom('s1', 's2', 's3', 's4', 's5', 's6', 'é', '\u{1F600}', '\uFFEE'),
        rack: fc.nat(2),
        index: fc.integer({ min: 4, max: 6 }),
        role: fc.constantFrom('cs', 'ss', 'boot'),
        state: fc.constantFrom(...machineStates),
        labels,
        retireDate: fc.constantFrom('2026-11-22T06:00:00Z', '2027-11-22T06:00:00Z'),
      })
      .map(aMachine);
    const some = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 2 });
    const conditions = fc.record(
      {
        serials: some(fc.constantFrom('s1', 's2', 'gone')),
        racks: some(fc.nat(3)),
        roles: some(fc.constantFrom('cs', 'ss', 'boot', 'none')),
        states: some(fc.constantFrom(...machineStates)),
        ipv4: some(fc.constantFrom('10.69.0.4', '10.69.0.196', 'x')),
        bmcTypes: some(fc.constantFrom('iDRAC-9', 'x')),
        labels: some(
          fc.record({ name: fc.constantFrom('a', 'b'), value: fc.constantFrom('x', 'y', '') }),
        ),
        minDaysBeforeRetire: fc.constantFrom(0, 30),
      },
      { requiredKeys: [] },
    );
    const query = fc.record(
      {
        having: conditions,
        notHaving: conditions.map((given) => ({ ...given, labelsMode: 'any' as const })),
      },
      { requiredKeys: [] },
    );
    const step = fc.oneof(
      machine.map((after) => ({ serial: after.spec.serial as string, after })),
      fc.constantFrom('s1', 's2', 's3').map((serial) => ({ serial, after: undefined })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), query, (steps, asked) => {
        const index = createMachineIndex();
        const held = new Map<string, Machine>();
        for (const { serial, after } of steps) {
          index.update(serial, after);
          if (after === undefined) held.delete(serial);
          else held.set(serial, after);
        }
        const encoder = new TextEncoder();
        const all = [...held.values()].sort((a, b) =>
          Buffer.compare(encoder.encode(a.spec.serial), encoder.encode(b.spec.serial)),
        );
        const found = searchMachines(index, asked, testStart);
        expect(index.all()).toEqual(all);
        expect(found).toEqual(all.filter((one) => matches(asked, one, testStart)));
      }),
      { numRuns: 500 },
    );
  });
});
