import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rfc3339 } from '../../../src/base/time.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import { type MachineState, machineStates, type Serial } from '../../../src/inventory/machine.ts';
import { aNewMachine, ipamG } from '../../support/machines.ts';
import { actor, type Desks, desks, kindOf, must, put, stored, why } from '../desks.ts';

const serials = ['a', 'b', 'c'] as unknown as readonly Serial[];
const date = '2030-01-01T00:00:00.000000001+09:00' as Rfc3339;

/** What a server may be asked to do, and the audit action of it. */
const asked = fc.oneof(
  fc.record({
    action: fc.constant('register' as const),
    serials: fc.uniqueArray(fc.constantFrom(...serials), { minLength: 1, maxLength: 3 }),
    rack: fc.nat(1),
    role: fc.constantFrom('cs', 'cs', 'boot'),
  }),
  fc.record({
    action: fc.constant('set-state' as const),
    serial: fc.constantFrom(...serials),
    // Most wishes lead to removal, so that machines leave, too.
    to: fc.constantFrom(...machineStates, 'retiring', 'retired', 'retiring', 'retired', 'retired'),
  }),
  fc.record({
    action: fc.constantFrom('delete', 'delete', 'put-label', 'delete-label', 'set-retire-date'),
    serial: fc.constantFrom(...serials),
  }),
);
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;

/** The audit action when something was changed; undefined when it was refused or changed nothing. */
async function ask(desk: Inventory, wish: Asked): Promise<string | undefined> {
  if ('serials' in wish) {
    const { rack, role } = wish;
    const wanted = wish.serials.map((serial) => aNewMachine({ serial, rack, role }));
    return (await desk.register(wanted, actor)).ok ? wish.action : undefined;
  }
  const { serial } = wish;
  if ('to' in wish) {
    const to = wish.to as MachineState;
    // One that is not there yet may be registered meanwhile.
    const from = desk.find(serial)?.status.state ?? 'uninitialized';
    const set = await desk.setState({ serial, to, from, why }, actor);
    return set.ok && from !== to ? wish.action : undefined;
  }
  const answers = {
    delete: () => desk.remove(serial, actor),
    'put-label': () => desk.setLabel(serial, 'x', 'y', actor),
    'delete-label': () => desk.removeLabel(serial, 'x', actor),
    'set-retire-date': () => desk.setRetireDate(serial, date, actor),
  };
  return (await answers[wish.action]()).ok ? wish.action : undefined;
}

function countsOf(actions: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const action of actions) {
    if (action !== undefined) counts[action] = (counts[action] ?? 0) + 1;
  }
  return counts;
}

async function checkTruth(fleet: Desks): Promise<void> {
  const machines = fleet.one.machines();
  expect(fleet.two.machines()).toEqual(machines);
  const slots = machines.map(({ spec }) => `${spec.rack}/${spec.indexInRack}`).sort();
  const lists = Object.entries(await stored(fleet.store, 'node-indices/'));
  const listed = lists.flatMap(([key, text]) =>
    (JSON.parse(text) as number[]).map((index) => `${key.split('/')[1]}/${index}`),
  );
  expect(listed.sort()).toEqual(slots);
  expect(new Set(slots).size).toBe(slots.length);
  const addresses = machines.flatMap(({ spec }) => [...spec.ipv4, spec.bmc.ipv4]);
  expect(new Set(addresses).size).toBe(addresses.length);
  for (const desk of [fleet.one, fleet.two]) expect([...desk.broken()]).toEqual([]);
}

describe('changes of machines', () => {
  it('from two servers at once: each accepted one has one audit entry and is heard of once', async () => {
    const round = fc.array(fc.tuple(fc.constantFrom('one', 'two'), asked), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { maxLength: 20, size: 'max' }), async (rounds) => {
        const fleet = await desks({ ipam: false });
        must(await fleet.one.putIpam({ ...ipamG, maxNodesInRack: 3 }, actor));
        const heard: string[] = [];
        const held = new Map<string, unknown>();
        fleet.two.subscribe((changes) => {
          for (const { serial, before, after } of changes) {
            // What was before is what the last change left.
            expect(before).toBe(held.get(serial));
            held.set(serial, after);
            heard.push(serial);
          }
        });
        let done: (string | undefined)[] = [];
        for (const wishes of rounds) {
          const answers = Promise.all(
            wishes.map(([server, wish]) => ask(fleet[server as 'one' | 'two'], wish)),
          );
          for (let tries = 0; tries < 10; tries += 1) await fleet.clock.run(10);
          done = [...done, ...(await answers)];
          await checkTruth(fleet);
        }
        const audit = must(await fleet.one.auditLog(undefined, undefined));
        const { put: _, ...recorded } = countsOf(audit.map(({ action }) => action));
        expect(recorded).toEqual(countsOf(done));
        const touched = audit.flatMap(({ category, action, instance, detail }) => {
          if (category !== 'machines') return [];
          return action === 'register' ? detail.split('\n') : [instance];
        });
        // Writes folded into one commit are one change of the record: at most one piece of news for each entry.
        expect(heard.length).toBeLessThanOrEqual(touched.length);
        expect([...new Set(heard)].sort()).toEqual([...new Set(touched)].sort());
      }),
      { numRuns: 100 },
    );
  });

  it.each(machineStates)('to %s change nothing but state, time and reason', async (to) => {
    const { one, clock } = await desks();
    const serial = 's' as Serial;
    const roads: Partial<Record<string, readonly string[]>> = {
      uninitialized: ['healthy', 'updating'],
      unhealthy: ['healthy'],
      unreachable: ['healthy'],
      updating: ['healthy'],
      retired: ['retiring'],
    };
    must(await one.register([aNewMachine({ serial, labels: new Map([['a', 'b']]) })], actor));
    const before = one.find(serial);
    for (const step of [...(roads[to] ?? []), to]) {
      clock.advance(1000);
      must(await one.setState({ serial, to: step as 'retired', why }, actor));
    }
    expect(one.find(serial)).toEqual({
      ...before,
      status: {
        state: to,
        since: expect.stringMatching(/^2026-11-21T06:00:0[123]Z$/),
        reason: why,
      },
    });
  });

  it('none is made where the stored record cannot be read, and the record stays as it is', async () => {
    const { one, store } = await desks();
    const serial = 's' as Serial;
    await put(store, 'machines/s', '{"spec":{"serial":"s"}}');
    const before = await stored(store, '');
    const tries = [
      one.setState({ serial, to: 'healthy', why }, actor),
      one.setLabel(serial, 'a', 'b', actor),
      one.removeLabel(serial, 'a', actor),
      one.setRetireDate(serial, date, actor),
      one.remove(serial, actor),
    ];
    for (const answer of tries) expect(await kindOf(answer)).toBe('record-broken');
    expect(await kindOf(one.register([aNewMachine({ serial })], actor))).toBe('machine-exists');
    expect(await stored(store, '')).toEqual(before);
  });
});
