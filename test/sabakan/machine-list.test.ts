import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addMs } from '../../src/base/time.ts';
import { machineToJson } from '../../src/inventory/machine-json.ts';
import { createMachineList } from '../../src/sabakan/machine-list.ts';
import { manualClock, settled } from '../support/clock.ts';
import { aMachine, testStart } from '../support/machines.ts';

const aWorld = (chance: number) => ({ chance: { next: () => chance }, clock: manualClock() });

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('the list of machines', () => {
  it('is what serialising each machine would give, at any age', () => {
    const list = createMachineList(aWorld(0.5));
    const machines = [
      aMachine({ serial: 'a' }),
      aMachine({ serial: 'Ä <&> 鉄', rack: 2, labels: { 'machine-type': 'r6525' } }),
      aMachine({ serial: 'c', state: 'healthy', since: '2026-11-20T06:00:00.123456789Z' }),
    ];
    const far = 10 ** 12;
    fc.assert(
      fc.property(
        fc.integer({ min: -far, max: far }),
        fc.integer({ min: 0, max: 3 }),
        (ms, count) => {
          const now = addMs(testStart, ms);
          const some = machines.slice(0, count);
          expect(JSON.parse(text(list.encode(some, now)))).toEqual(
            some.map((machine) => machineToJson(machine, now)),
          );
        },
      ),
    );
    expect(text(list.encode(machines, testStart))).toContain(
      '"serial":"Ä \\u003c\\u0026\\u003e 鉄"',
    );
    expect(text(list.encode([], testStart))).toBe('[]\n');
  });

  it('is encoded once a second while it is the same, and anew when it is another', () => {
    const list = createMachineList(aWorld(0.5));
    const machines = [aMachine()];
    const first = list.encodeAll(machines, testStart);
    expect(list.encodeAll(machines, addMs(testStart, 999))).toBe(first);
    expect(list.encodeAll(machines, addMs(testStart, 1000))).not.toBe(first);
    expect(list.encodeAll([...machines], addMs(testStart, 1000))).not.toBe(first);
    // A clock that was put back must not freeze ages.
    const later = list.encodeAll(machines, addMs(testStart, 5000));
    expect(list.encodeAll(machines, addMs(testStart, 4000))).not.toBe(later);
  });

  it('lets others have their turn while it is made for many machines', async () => {
    const world = aWorld(0.5);
    const list = createMachineList(world);
    const machines = Array.from({ length: 250 }, (_, at) => aMachine({ serial: `m${at}` }));
    let done = false;
    void list.prepare(machines).then(() => {
      done = true;
    });
    await settled();
    expect([done, world.clock.timers()]).toEqual([false, 1]);
    await world.clock.run(1);
    expect(done).toBe(true);
    // Prepared once: the same machines are not looked at again.
    await list.prepare(machines);
    expect(world.clock.timers()).toBe(0);
  });

  it('has a tag that no other state of it, and no other server, ever has', () => {
    const [one, other] = [0.25, 0.75].map((chance) => createMachineList(aWorld(chance)));
    const machines = [aMachine()];
    const tag = one?.tagOf(machines);
    expect(tag).toMatch(/^W\/"[0-9a-z]+-1"$/);
    expect(one?.tagOf(machines)).toBe(tag);
    expect(other?.tagOf(machines)).not.toBe(tag);
    expect(one?.tagOf([...machines])).not.toBe(tag);
    // The same array again is no proof that nothing happened in between.
    expect(one?.tagOf(machines)).not.toBe(tag);
  });
});
