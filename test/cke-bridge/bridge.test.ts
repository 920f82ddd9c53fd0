import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import type { Freshness } from '../../src/base/mirror.ts';
import { fail, ok } from '../../src/base/result.ts';
import type { Claim, Condition, Revision, Store } from '../../src/base/store.ts';
import { formatInstant } from '../../src/base/time.ts';
import { type Bridge, type BridgeDeps, createBridge } from '../../src/cke-bridge/bridge.ts';
import { recordKey } from '../../src/cke-bridge/record-json.ts';
import { defaultBridgeSettings } from '../../src/cke-bridge/settings.ts';
import type { ClusterSink } from '../../src/cke-bridge/sink.ts';
import type { ChangeListener } from '../../src/inventory/inventory.ts';
import type { Machine, MachineState, Role } from '../../src/inventory/machine.ts';
import { manualClock } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';
import { paperMachine, plainTemplate, start, templateOf } from './fleet.ts';

type TestSink = ClusterSink & { text: string | undefined; writes: string[]; broken: boolean };

function paperSink(): TestSink {
  const sink: TestSink = {
    name: 'paper',
    text: undefined,
    writes: [],
    broken: false,
    read: async () => ok(sink.text),
    write: async (text) => {
      if (sink.broken) return fail({ kind: 'sink-failed', text: 'the disk is full' });
      sink.text = text;
      sink.writes.push(text);
      return ok(undefined);
    },
  };
  return sink;
}

function aWorld() {
  const clock = manualClock(start);
  const store = createMemoryStore({ clock });
  const machines = new Map<string, Machine>();
  const listeners = new Set<ChangeListener>();
  const inventory = {
    live: { kind: 'live' } as Freshness,
    at: 1_000_000,
    machines: () => [...machines.values()],
    freshness: () => inventory.live,
    revision: () => String(inventory.at) as Revision,
    broken: () => new Map<string, string>(),
    subscribe: (listener: ChangeListener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  for (let at = 0; at < 9; at += 1) {
    const serial = `s-${at}`;
    machines.set(serial, paperMachine({ serial, rack: at % 3, index: 4 + at }));
  }
  const sink = paperSink();
  const bridge = (more: Partial<BridgeDeps> = {}): Bridge =>
    createBridge({
      world: { clock, store, log: silentLog },
      inventory,
      template: () => templateOf(plainTemplate),
      constraints: { controlPlaneCount: 3, minimumWorkersRate: 80 },
      settings: {
        ...defaultBridgeSettings,
        workers: new Map([['cs' as Role, 4]]),
        replaceAfterSeconds: 5,
        newcomerSettleSeconds: 5,
        secondsBetweenRemovals: 5,
      },
      sink,
      ...more,
    });
  const set = (serial: string, state: MachineState): void => {
    const machine = machines.get(serial);
    if (machine === undefined) throw new Error(`no ${serial}`);
    machines.set(serial, { ...machine, status: { state, since: formatInstant(clock.now()) } });
    inventory.at += 1;
    for (const listener of listeners) listener([], 'watched');
  };
  return { clock, store, machines, inventory, sink, bridge, set };
}

async function claimIn(store: Store, key: string): Promise<Claim> {
  const claim = await store.claim(key, new Uint8Array(), 10);
  if (!claim.ok) throw new Error(claim.error.kind);
  return claim.value;
}

function fenceOf(claim: Claim): Condition {
  return { kind: 'held', key: claim.key, createRevision: claim.createRevision };
}

describe('the bridge', () => {
  test('26: swaps a failed worker by itself, woken by changes and by deadlines', async () => {
    const world = aWorld();
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(1000);
    expect(bridge.plan().workers).toHaveLength(4);
    const [victim = ''] = bridge.plan().workers;
    world.set(victim, 'unreachable');
    await world.clock.run(1000);
    expect(world.sink.text).toContain('value: "unreachable"');
    await world.clock.run(6000);
    expect(bridge.plan().swaps[0]).toMatchObject({ failed: victim, stage: 'newcomer-settles' });
    expect(bridge.plan().workers).toContain(victim);
    await world.clock.run(6000);
    expect(bridge.plan().workers).not.toContain(victim);
    expect(bridge.plan().workers).toHaveLength(4);
    expect(bridge.plan().writes.map((write) => write.changes.length)).toEqual([7, 1, 1, 1]);
    bridge.stop();
    expect(world.clock.timers()).toBe(0);
  });

  test('91: a new leader goes on where the old one stopped', async () => {
    const world = aWorld();
    const old = world.bridge();
    old.start();
    await world.clock.run(1000);
    const [victim = ''] = old.plan().workers;
    world.set(victim, 'unreachable');
    await world.clock.run(7000);
    old.stop();
    const next = world.bridge();
    next.start();
    await world.clock.run(7000);
    expect(next.plan().workers).not.toContain(victim);
    expect(next.plan().workers).toHaveLength(4);
    expect(next.plan().generation).toBe(4);
    next.stop();
  });

  test('99: passes without a reason write neither to the store nor to the sink', async () => {
    const world = aWorld();
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(1000);
    const listing = await world.store.get([recordKey]);
    await world.clock.run(600_000);
    const later = await world.store.get([recordKey]);
    expect(later).toEqual(listing);
    expect(world.sink.writes).toHaveLength(1);
    expect(bridge.plan().counters.quiet).toBeGreaterThan(5);
    bridge.stop();
  });

  test('100: a dry run equals what is done next, and writes nothing', async () => {
    const world = aWorld();
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(1000);
    bridge.stop();
    const [victim = ''] = bridge.plan().workers;
    world.set(victim, 'retired');
    const dry = await world.bridge().dryRun();
    expect(dry.changes.map((change) => change.kind)).toEqual(['join', 'taint']);
    expect(dry.pending).toBe(true);
    expect(world.sink.writes).toHaveLength(1);
    bridge.start();
    await world.clock.run(250);
    expect(bridge.plan().writes.at(-1)?.changes).toEqual(dry.changes.map((change) => change.text));
    expect([...bridge.plan().workers]).toEqual(dry.workers);
    bridge.stop();
  });

  test('90: what an old leader decides after it has lost its claim is not written', async () => {
    const world = aWorld();
    const claim = await claimIn(world.store, 'leader');
    const bridge = world.bridge({ fence: () => fenceOf(claim) });
    bridge.start();
    await world.clock.run(1000);
    expect(world.sink.writes).toHaveLength(1);
    await claim.release();
    const other = await claimIn(world.store, 'leader');
    world.set('s-8', 'unreachable');
    world.set(bridge.plan().workers[0] ?? '', 'retiring');
    await world.clock.run(5000);
    expect(world.sink.writes).toHaveLength(1);
    expect(bridge.plan().counters.conflicts).toBeGreaterThan(0);
    bridge.stop();
    await other.release();
  });

  test('90: without a claim nothing is planned and nothing written', async () => {
    const world = aWorld();
    const bridge = world.bridge({ fence: () => undefined });
    bridge.start();
    await world.clock.run(120_000);
    expect(world.sink.writes).toEqual([]);
    expect(bridge.plan().leading).toBe(false);
    bridge.stop();
  });

  test('94: of two bridges on one store the one without the claim writes nothing', async () => {
    const world = aWorld();
    const claim = await claimIn(world.store, 'leader');
    const stale: Condition = { kind: 'held', key: 'leader', createRevision: '1' as Revision };
    const other = paperSink();
    const bridges = [
      world.bridge({ fence: () => fenceOf(claim) }),
      world.bridge({ fence: () => stale, sink: other }),
    ];
    for (const bridge of bridges) bridge.start();
    await world.clock.run(5000);
    world.set(bridges[0]?.plan().workers[0] ?? '', 'retiring');
    await world.clock.run(5000);
    expect(world.sink.writes).toHaveLength(2);
    for (const bridge of bridges) bridge.stop();
  });

  test.each([
    ['another author', () => 'name: "tokyo"\nnodes: []\n'],
    [
      'a hand in our file',
      (text: string) => text.replace('control_plane: true', 'control_plane: false'),
    ],
  ])('93: %s stops it until the file is moved away', async (_, edit) => {
    const world = aWorld();
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(1000);
    const edited = edit(world.sink.text ?? '');
    world.sink.text = edited;
    world.set(bridge.plan().workers[0] ?? '', 'unreachable');
    await world.clock.run(70_000);
    expect(world.sink.text).toBe(edited);
    expect(bridge.plan().refusals.map((refusal) => refusal.kind)).toEqual(['sink-foreign']);
    world.sink.text = undefined;
    await world.clock.run(70_000);
    expect(world.sink.text).toContain('# Written by Tetsukan');
    bridge.stop();
  });

  test('52: a file of a later generation than the store knows of keeps it read-only', async () => {
    const world = aWorld();
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(1000);
    bridge.stop();
    await world.store.commit([], [{ kind: 'delete', key: recordKey }]);
    bridge.start();
    await world.clock.run(1000);
    expect(bridge.plan().refusals.map((refusal) => refusal.kind)).toEqual(['store-rewound']);
    expect(world.sink.writes).toHaveLength(1);
    bridge.stop();
  });

  test('a file that was not written before the server stopped is written by the next one', async () => {
    const world = aWorld();
    world.sink.broken = true;
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(1000);
    expect(bridge.plan().problem).toBe('paper cannot be written: the disk is full');
    bridge.stop();
    world.sink.broken = false;
    const next = world.bridge();
    next.start();
    await world.clock.run(1000);
    expect(world.sink.writes).toHaveLength(1);
    expect(next.plan().generation).toBe(1);
    next.stop();
  });

  test('43: while the store cannot be reached nothing is written, and afterwards it goes on', async () => {
    const world = aWorld();
    const mend = world.store.sever();
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(5000);
    expect(bridge.plan().refusals.map((refusal) => refusal.kind)).toEqual(['record-unreadable']);
    expect(world.sink.writes).toEqual([]);
    mend();
    await world.clock.run(5000);
    expect(world.sink.writes).toHaveLength(1);
    bridge.stop();
  });

  test('a record that cannot be read stops it rather than founding a new cluster', async () => {
    const world = aWorld();
    const value = new TextEncoder().encode('{"version":7}');
    await world.store.commit([], [{ kind: 'put', key: recordKey, value }]);
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(5000);
    expect(bridge.plan().refusals[0]?.text).toContain('version 7');
    expect(world.sink.writes).toEqual([]);
    bridge.stop();
  });

  test('50: a jump of the clock holds back deadlines, for a while', async () => {
    const world = aWorld();
    const bridge = world.bridge();
    bridge.start();
    await world.clock.run(1000);
    world.set(bridge.plan().workers[0] ?? '', 'unreachable');
    await world.clock.run(1000);
    world.clock.jump(86_400_000);
    await world.clock.run(61_000);
    expect(bridge.plan().refusals.map((refusal) => refusal.kind)).toEqual(['clock-jumped']);
    expect(bridge.plan().workers).toHaveLength(4);
    expect(bridge.acknowledge('sink-foreign', 60)).toBe(false);
    expect(bridge.acknowledge('clock-jumped', 60)).toBe(true);
    await world.clock.run(1000);
    expect(bridge.plan().workers).toHaveLength(5);
    bridge.stop();
  });
});
