import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { removalsMaxOf } from '../../src/cke-bridge/limits.ts';
import type { Role } from '../../src/inventory/machine.ts';
import { machineStates } from '../../src/inventory/machine.ts';
import { createFleet, type Fleet } from './fleet.ts';

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('state' as const),
      at: fc.nat(60),
      state: fc.constantFrom(...machineStates),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('vanish' as const), at: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('return' as const), at: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('empty' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('partial' as const), keep: fc.nat(90) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('count' as const), count: fc.constantFrom(1, 3, 5) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('time' as const), seconds: fc.nat(2000) }),
  },
);

const history = fc.record({
  racks: fc.integer({ min: 1, max: 5 }),
  machines: fc.integer({ min: 1, max: 12 }),
  count: fc.constantFrom(1, 3, 5),
  workers: fc.option(fc.nat(30)),
  spares: fc.nat(3),
  steps: fc.array(step, { maxLength: 40 }),
});

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

function fleetOf(given: History): Fleet {
  const workers = given.workers;
  return createFleet({
    racks: given.racks,
    machines: given.machines,
    constraints: { controlPlaneCount: given.count },
    settings: {
      workers: workers === null ? 'all' : new Map([['cs' as Role, workers]]),
      spares: new Map([['cs' as Role, given.spares]]),
    },
  });
}

/** One pass after each step; `check` sees the members before and after it. */
function play(given: History, check: (fleet: Fleet, before: Fleet['last']) => void): Fleet {
  const fleet = fleetOf(given);
  const all = [...fleet.machines];
  fleet.settle();
  for (const each of given.steps) {
    const serials = [...fleet.machines.keys()];
    const pick = (at: number): string | undefined => serials[at % Math.max(1, serials.length)];
    if (each.kind === 'state') {
      const serial = pick(each.at);
      if (serial !== undefined) fleet.set(serial, each.state);
    } else if (each.kind === 'vanish') {
      fleet.machines.delete(pick(each.at) ?? '');
    } else if (each.kind === 'return') {
      const back = all[each.at % Math.max(1, all.length)];
      if (back !== undefined) fleet.machines.set(back[0], back[1]);
    } else if (each.kind === 'empty') {
      fleet.machines.clear();
    } else if (each.kind === 'partial') {
      for (const serial of serials.slice(Math.ceil((serials.length * each.keep) / 100))) {
        fleet.machines.delete(serial);
      }
    } else if (each.kind === 'count') {
      fleet.constraints = { ...fleet.constraints, controlPlaneCount: each.count };
    } else {
      fleet.after(each.seconds);
    }
    const before = fleet.last;
    fleet.pass();
    check(fleet, before);
  }
  return fleet;
}

const runs = { numRuns: 300 };

describe('whatever happens to a fleet', () => {
  test('no pass changes a majority of the control planes', () => {
    fc.assert(
      fc.property(history, (given) => {
        play(given, (fleet, before) => {
          const old = (before?.members ?? []).filter((member) => member.controlPlane);
          const now = new Map(fleet.last?.members.map((member) => [member.facts.serial, member]));
          const kept = old.filter((member) => now.get(member.facts.serial)?.controlPlane === true);
          if (old.length > 0) expect(kept.length * 2).toBeGreaterThan(old.length);
        });
      }),
      runs,
    );
  });

  test('no pass removes more workers than the budget, and none comes too soon after another', () => {
    fc.assert(
      fc.property(history, (given) => {
        let removedAt = Number.NEGATIVE_INFINITY;
        play(given, (fleet, before) => {
          const now = new Set(fleet.last?.members.map((member) => member.facts.serial));
          const gone = (before?.members ?? []).filter(
            (member) => !member.controlPlane && !now.has(member.facts.serial),
          ).length;
          expect(gone).toBeLessThanOrEqual(
            removalsMaxOf(fleet.settings, before?.members.length ?? 0),
          );
          if (gone === 0) return;
          expect(fleet.now - removedAt).toBeGreaterThanOrEqual(60_000);
          removedAt = fleet.now;
        });
      }),
      runs,
    );
  });

  test('an empty inventory, or one without a fifth of the members, shrinks nothing', () => {
    fc.assert(
      fc.property(history, (given) => {
        play(given, (fleet, before) => {
          const members = before?.members ?? [];
          const missing = members.filter(
            (member) =>
              !fleet.machines.has(member.facts.serial) && member.taint.state !== 'retired',
          ).length;
          const partial = missing > 1 && missing * 5 >= members.length;
          if (fleet.machines.size === 0 || partial) expect(fleet.last).toBe(before);
        });
      }),
      runs,
    );
  });

  test('no address is written twice and every machine has a decision', () => {
    fc.assert(
      fc.property(history, (given) => {
        const fleet = play(given, () => undefined);
        const addresses = fleet.last?.members.map((member) => member.facts.address) ?? [];
        expect(new Set(addresses).size).toBe(addresses.length);
        const pass = fleet.pass();
        for (const machine of fleet.machines.values()) {
          expect(pass.plan?.decisions.has(machine.spec.serial)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('a fleet that is left alone comes to rest', () => {
    fc.assert(
      fc.property(history, (given) => {
        const fleet = play(given, () => undefined);
        let quiet = 0;
        for (let pass = 0; pass < 400 && quiet < 5; pass += 1) {
          fleet.after(600);
          quiet = fleet.pass().changed ? 0 : quiet + 1;
        }
        expect(quiet).toBe(5);
        fleet.after(86_400);
        expect(fleet.pass().changed).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});
