import { describe, expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../../src/base/memory-store.ts';
import { ok } from '../../src/base/result.ts';
import { addMs, formatInstant } from '../../src/base/time.ts';
import { createTransact } from '../../src/base/transact.ts';
import { defaultBridgeSettings } from '../../src/cke-bridge/settings.ts';
import type { Prober } from '../../src/health/probe.ts';
import { createBrakeBoard } from '../../src/inventory/brake-board.ts';
import { createInventory } from '../../src/inventory/create.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import type { Role, Serial } from '../../src/inventory/machine.ts';
import { createControl } from '../../src/sabakan/control.ts';
import { plainTemplate, templateOf } from '../cke-bridge/fleet.ts';
import { testPolicy } from '../health/health-world.ts';
import { type ManualClock, manualClock, seededChance } from '../support/clock.ts';
import { aNewMachine, ipamG } from '../support/machines.ts';
import { silentLog } from '../support/silent-log.ts';

const actor = { user: 'ai', ip: '127.0.0.1', host: 'test' };
const serials = Array.from({ length: 10 }, (_, at) => `s-${at}` as Serial);

/** Machines by serial that do not answer. */
type Dark = Set<string>;

function proberOf(dark: Dark, inventory: Inventory): Prober {
  return {
    ask: async ({ address }) => {
      const serial = inventory.ownerOf(address)?.spec.serial ?? '';
      return dark.has(serial)
        ? { kind: 'silent', latencyMs: 1000, text: 'nothing within 1000 ms' }
        : { kind: 'answered', latencyMs: 1, text: 'connected' };
    },
  };
}

async function aServer(store: MemoryStore, clock: ManualClock, dark: Dark, serverName: string) {
  const written: string[] = [];
  const world = { clock, store, chance: seededChance(serverName.length), log: silentLog };
  const transact = createTransact(store, world);
  const inventory = createInventory({ world, transact });
  const board = createBrakeBoard({ world, transact });
  for (const started of [await inventory.start(), await board.start()]) {
    if (!started.ok) throw new Error(started.error.text);
  }
  const control = createControl({
    world,
    inventory,
    board,
    prober: proberOf(dark, inventory),
    policy: testPolicy,
    cluster: {
      template: () => templateOf(plainTemplate),
      constraints: { controlPlaneCount: 3, minimumWorkersRate: 80 },
      settings: {
        ...defaultBridgeSettings,
        minHealthySeconds: 1,
        replaceAfterSeconds: 5,
        workers: new Map([['cs' as Role, 4]]),
      },
      sink: {
        name: 'paper',
        read: async () => ok(written.at(-1)),
        write: async (text) => {
          written.push(text);
          return ok(undefined);
        },
      },
    },
    serverName,
  });
  control.start();
  return { inventory, board, control, written };
}

async function aFleet() {
  const clock = manualClock();
  const store = createMemoryStore({ clock });
  const dark: Dark = new Set();
  const join = (name: string) => aServer(store, clock, dark, name);
  const first = await join('one');
  await first.inventory.putIpam(ipamG, actor);
  await first.inventory.register(
    serials.map((serial) => aNewMachine({ serial, rack: 0 })),
    actor,
  );
  for (const serial of serials) {
    const why = { by: 'test', text: 'at the beginning', evidence: [] };
    await first.inventory.setState({ serial, to: 'healthy', why }, actor);
  }
  await clock.run(60_000);
  const states = () => first.inventory.machines().map(({ status }) => status.state);
  const down = () => states().filter((one) => one === 'unreachable').length;
  const names = (server = first) => server.board.brakes().map(({ brake }) => brake.name);
  return { clock, store, dark, join, first, down, names };
}

const rackDark = 'health-rack-0-silent';
const wish = { reason: 'its power is off, I have looked', seconds: 600 };

describe('brakes of automation', () => {
  it('are seen on every server, with why and what takes them off, and go when they fall', async () => {
    const { clock, dark, join, first, down, names } = await aFleet();
    const second = await join('two');
    for (const serial of serials) dark.add(serial);
    await clock.run(120_000);
    expect([down(), names(second)]).toEqual([0, ['health-fleet-silent', rackDark]]);
    const { brake } = second.board.find(rackDark) ?? {};
    expect(brake).toMatchObject({ by: 'health', holds: 'health', liftable: true });
    expect(brake?.text).toMatch(/^10 of 10 machines of rack 0 are silent together/);
    dark.clear();
    await clock.run(60_000);
    expect([names(second), names(first)]).toEqual([[], []]);
  });

  it('are written when they begin, and their figures once a minute at most', async () => {
    const { clock, dark, store, first } = await aFleet();
    for (const serial of serials) dark.add(serial);
    await clock.run(120_000);
    const before = (await store.list('tetsukan/brakes/')).ok ? first.board.changed() : '';
    await clock.run(30_000);
    const calm = first.board.changed();
    await clock.run(60_000);
    expect(Number(calm) - Number(before)).toBeLessThanOrEqual(10);
    expect(first.board.changed()).not.toBe(calm);
  });

  it('let go where an operator lifts them, asked on any server', async () => {
    const { clock, dark, join, down } = await aFleet();
    const second = await join('two');
    for (const serial of serials) dark.add(serial);
    await clock.run(120_000);
    expect(await second.board.lift(rackDark, wish, {}, actor)).toMatchObject({ ok: true });
    await clock.run(15_000);
    expect(down()).toBe(10);
  });

  it('stand through a change of leaders, and so does a lift', async () => {
    const { clock, dark, join, first, down, names } = await aFleet();
    const second = await join('two');
    for (const serial of serials) dark.add(serial);
    await clock.run(120_000);
    const since = second.board.find(rackDark)?.brake.since;
    await first.control.stop();
    for (const _ of serials) {
      expect(names(second)).toContain(rackDark);
      await clock.run(1_000);
    }
    expect(second.control.isLeader()).toBe(true);
    await second.board.lift(rackDark, wish, {}, actor);
    await clock.run(90_000);
    expect([down(), since]).toEqual([10, expect.stringMatching(/^2026-/)]);
  });

  it('hold again when the lift is over, also when the clock is set back', async () => {
    const { clock, dark, first, down } = await aFleet();
    for (const serial of serials.slice(0, 5)) dark.add(serial);
    await clock.run(120_000);
    await first.board.lift(rackDark, { ...wish, seconds: 60 }, {}, actor);
    await clock.run(15_000);
    expect(down()).toBe(5);
    clock.jump(-3_600_000);
    await clock.run(90_000);
    for (const serial of serials) dark.add(serial);
    await clock.run(600_000);
    expect(down()).toBe(5);
  });

  it('are not lifted once they have fallen, and stand up unlifted', async () => {
    const { clock, dark, first, down, names } = await aFleet();
    for (const serial of serials) dark.add(serial);
    await clock.run(50_000);
    expect(names()).toContain(rackDark);
    await first.board.lift('health-fleet-silent', wish, {}, actor);
    dark.clear();
    await clock.run(60_000);
    expect(names()).toEqual([]);
    expect(await first.board.lift(rackDark, wish, {}, actor)).toMatchObject({
      ok: false,
      error: { kind: 'brake-unknown' },
    });
    for (const serial of serials) dark.add(serial);
    await clock.run(120_000);
    expect([down(), first.board.find('health-fleet-silent')?.lift]).toEqual([0, undefined]);
  });

  it('that no person may lift are refused with what releases them', async () => {
    const { clock, first, names } = await aFleet();
    clock.jump(3_600_000);
    await clock.run(11_000);
    expect(names()).toContain('health-clock-jumped');
    expect(await first.board.lift('health-clock-jumped', wish, {}, actor)).toMatchObject({
      ok: false,
      error: { kind: 'brake-fixed' },
    });
  });

  it('of the bridge are shown, lifted and obeyed in the same way', async () => {
    const { clock, first, names } = await aFleet();
    const why = { by: 'test', text: 'by hand', evidence: [] };
    await clock.run(60_000);
    const before = first.written.length;
    for (const serial of serials.slice(0, 6)) {
      await first.inventory.setState({ serial, to: 'unreachable', why }, actor);
    }
    await clock.run(2_000);
    expect(names()).toContain('cluster-many-down');
    await first.board.lift('cluster-many-down', wish, {}, actor);
    await clock.run(3_000);
    const { lift } = first.board.find('cluster-many-down') ?? {};
    expect(lift?.user).toBe('ai');
    expect(first.control.bridge?.plan().refusals.map(({ kind }) => kind)).not.toContain(
      'many-down',
    );
    expect(first.written.length).toBeGreaterThanOrEqual(before);
  });
});

describe('the manual brake', () => {
  it('keeps every state as it is, though machines go on being asked, until it is taken off', async () => {
    const { clock, dark, first, down } = await aFleet();
    await first.board.put({ holds: 'health', reason: 'switch work' }, {}, actor);
    dark.add('s-3');
    await clock.run(300_000);
    const status = first.control.monitor()?.status('s-3' as Serial);
    expect([down(), status?.verdict.kind]).toEqual([0, 'move']);
    expect(status?.waitingFor[0]).toMatch(/^stopped by ai since .*: switch work$/);
    await first.board.release({}, actor);
    await clock.run(15_000);
    expect(down()).toBe(1);
  });

  it('comes off by itself at its end, on whichever server leads then', async () => {
    const { clock, dark, join, first, down, names } = await aFleet();
    const second = await join('two');
    const wished = { holds: 'everything', reason: 'switch work', seconds: 300 } as const;
    await first.board.put(wished, {}, actor);
    dark.add('s-3');
    await first.control.stop();
    await clock.run(250_000);
    expect([second.control.isLeader(), down(), names(second)]).toEqual([true, 0, ['manual']]);
    await clock.run(90_000);
    expect([down(), names(second)]).toEqual([1, []]);
    const log = await second.inventory.auditLog(undefined, undefined);
    const told = (log.ok ? log.value : []).filter(({ category }) => category === 'brakes');
    expect(told.map(({ action, user, host }) => [action, user, host])).toEqual([
      ['put', 'ai', 'test'],
      ['expire', 'brakes', 'two'],
    ]);
  });

  it('holds the swaps of the bridge, which goes on by itself when it is off', async () => {
    const { clock, dark, first } = await aFleet();
    const plan = () => first.control.bridge?.plan();
    const failed = plan()?.workers[0] ?? ('' as Serial);
    await first.board.put({ holds: 'cluster', reason: 'no swaps now' }, {}, actor);
    dark.add(failed);
    await clock.run(180_000);
    expect(first.inventory.find(failed)?.status.state).toBe('unreachable');
    expect(plan()?.refusals.map(({ kind }) => kind)).toEqual(['stopped']);
    expect([plan()?.workers.includes(failed), plan()?.swaps]).toEqual([true, []]);
    await first.board.release({}, actor);
    await clock.run(600_000);
    expect([plan()?.refusals, plan()?.workers.includes(failed)]).toEqual([[], false]);
  });

  it('that cannot be read is on', async () => {
    const { clock, store, dark, first, down } = await aFleet();
    const value = new TextEncoder().encode('{');
    await store.commit([], [{ kind: 'put', key: 'tetsukan/brakes/manual', value }]);
    dark.add('s-3');
    await clock.run(200_000);
    expect(down()).toBe(0);
    expect(await first.board.release({}, actor)).toMatchObject({ ok: true });
    await clock.run(15_000);
    expect(down()).toBe(1);
  });
});

describe('a hold on a machine', () => {
  const hold = { by: 'ai', reason: 'fan 3 is being replaced' };
  const labels = new Map<string, string>();
  const release = { labels, hold: null };

  it('keeps its state and its place in the cluster, until it is released', async () => {
    const { clock, dark, first } = await aFleet();
    const plan = () => first.control.bridge?.plan();
    const failed = plan()?.workers[0] ?? ('' as Serial);
    const state = () => first.inventory.find(failed)?.status.state;
    await first.inventory.patchMachine(failed, { labels, hold }, {}, actor);
    dark.add(failed);
    await clock.run(300_000);
    const status = first.control.monitor()?.status(failed);
    expect([state(), status?.waitingFor[0]]).toEqual([
      'healthy',
      'held by ai: fan 3 is being replaced',
    ]);
    await first.inventory.patchMachine(failed, release, {}, actor);
    await clock.run(15_000);
    expect(state()).toBe('unreachable');
  });

  it('keeps a failed one in, also in the middle of its swap, and says so', async () => {
    const { clock, dark, first } = await aFleet();
    const plan = () => first.control.bridge?.plan();
    const failed = plan()?.workers[0] ?? ('' as Serial);
    dark.add(failed);
    for (let at = 0; at < 300 && plan()?.swaps.length !== 1; at += 1) await clock.run(1_000);
    const newcomer = plan()?.swaps[0]?.newcomer ?? ('' as Serial);
    await first.inventory.patchMachine(failed, { labels, hold }, {}, actor);
    await clock.run(900_000);
    expect([plan()?.workers.includes(failed), plan()?.workers.includes(newcomer)]).toEqual([
      true,
      true,
    ]);
    expect(plan()?.waitingFor.map(({ text }) => text)).toContain(
      `${failed} is unreachable and stays: held by ai: fan 3 is being replaced`,
    );
    await first.inventory.patchMachine(failed, release, {}, actor);
    await clock.run(900_000);
    expect(plan()?.workers.includes(failed)).toBe(false);
  });

  it('keeps a free machine out of the cluster, until its end has come', async () => {
    const { clock, dark, first } = await aFleet();
    const plan = () => first.control.bridge?.plan();
    const members = new Set([...(plan()?.workers ?? []), ...(plan()?.controlPlanes ?? [])]);
    const until = formatInstant(addMs(clock.now(), 1_800_000));
    for (const serial of serials.filter((one) => !members.has(one))) {
      await first.inventory.patchMachine(serial, { labels, hold: { ...hold, until } }, {}, actor);
    }
    const failed = plan()?.workers[0] ?? ('' as Serial);
    dark.add(failed);
    await clock.run(1_200_000);
    expect([plan()?.swaps, plan()?.workers.includes(failed)]).toEqual([[], true]);
    await clock.run(1_800_000);
    expect(plan()?.workers.includes(failed)).toBe(false);
  });
});
