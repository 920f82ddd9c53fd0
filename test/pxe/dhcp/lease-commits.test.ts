import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail } from '../../../src/base/result.ts';
import type { Condition, Store, Write } from '../../../src/base/store.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { createLeaseBook } from '../../../src/pxe/lease-book.ts';
import { manualClock, seededChance, settled } from '../../support/clock.ts';
import { silentLog } from '../../support/silent-log.ts';
import { aBed, bind, ip, type MessageParts, mac, message, storedTable } from './bed.ts';

/** Relays of four racks of the pool. */
const relays = ['10.69.0.129', '10.69.0.193', '10.69.1.1', '10.69.1.65'];
const firsts = ['10.69.0.160', '10.69.0.224', '10.69.1.32', '10.69.1.96'];

/** A store that counts what is asked of it, and can be made to fail or to wait. */
function aStore() {
  const clock = manualClock();
  const memory = createMemoryStore({ clock });
  const state = {
    reads: 0,
    commits: [] as (readonly Write[])[],
    isDown: false,
    waitFor: (_: readonly Condition[]): Promise<void> => Promise.resolve(),
  };
  const down = fail({ kind: 'store-unavailable', text: 'no quorum' } as const);
  const store: Store = {
    ...memory,
    get: (keys) => {
      state.reads += 1;
      return state.isDown ? Promise.resolve(down) : memory.get(keys);
    },
    commit: async (conditions, writes) => {
      state.commits.push(writes);
      await state.waitFor(conditions);
      return state.isDown ? down : memory.commit(conditions, writes);
    },
  };
  return { store, memory, state, clock };
}

/** A server whose copy of the lease tables follows the store. */
async function aServer({ store, clock }: ReturnType<typeof aStore>, server = '10.69.1.3') {
  const world = { clock, chance: seededChance(), log: silentLog };
  const book = createLeaseBook({ store, transact: createTransact(store, world), world });
  expect((await book.start()).ok).toBe(true);
  return { book, bed: aBed({ store, clock, server, copy: book.copy }) };
}

function request(address: string, server: string, parts: MessageParts = {}) {
  return message('request', { ...parts, wants: address, server });
}

describe('leases of several ranges', () => {
  it('are stored by one commit, each table under its own condition', async () => {
    const world = aStore();
    const { bed } = await aServer(world);
    const asked = relays.map((giaddr, at) => ({ giaddr, mac: at + 1, wants: firsts[at] ?? '' }));
    const answers = await Promise.all(
      asked.map(({ wants, ...parts }) => bed.ask(request(wants, bed.server, parts))),
    );
    expect(answers.map((answer) => answer?.type)).toEqual(relays.map(() => 'ack'));
    expect(world.state.commits).toHaveLength(1);
    expect(world.state.commits[0]).toHaveLength(4);
    expect(world.state.reads).toBe(0);
  });

  it('each range goes on when another server keeps changing one of them', async () => {
    const world = aStore();
    const { bed } = await aServer(world);
    const contested = `lease-usages/${firsts[0]}`;
    let rivals = 0;
    world.state.waitFor = async (conditions) => {
      if (!conditions.some((one) => 'key' in one && one.key === contested) || rivals >= 3) return;
      rivals += 1;
      const value = new TextEncoder().encode(JSON.stringify({ rival: rivals }));
      await world.memory.commit([], [{ kind: 'put', key: contested, value }]);
    };
    const answering = relays.map((giaddr, at) =>
      bed.ask(request(firsts[at] ?? '', bed.server, { giaddr, mac: at + 1 })),
    );
    const others = await Promise.all(answering.slice(1));
    expect(others.map((answer) => answer?.type)).toEqual(['ack', 'ack', 'ack']);
    for (let turn = 0; turn < 8; turn += 1) {
      world.clock.advance(50);
      await settled();
    }
    expect((await answering[0])?.type).toBe('ack');
    expect(await storedTable(bed, firsts[0] ?? '')).toMatchObject({ rival: 3 });
    expect(rivals).toBe(3);
  });

  it('one whose commit hangs holds up itself alone', async () => {
    const world = aStore();
    const { bed } = await aServer(world);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    world.state.waitFor = (conditions) =>
      conditions.some((one) => 'key' in one && one.key.endsWith(firsts[0] ?? ''))
        ? gate
        : Promise.resolve();
    const stuck = bed.ask(request(firsts[0] ?? '', bed.server, { giaddr: relays[0] ?? '' }));
    await settled();
    for (const at of [1, 2, 3]) {
      const parts = { giaddr: relays[at] ?? '', mac: at + 1 };
      expect((await bed.ask(request(firsts[at] ?? '', bed.server, parts)))?.type).toBe('ack');
    }
    open();
    expect((await stuck)?.type).toBe('ack');
  });

  it('one whose broken table was taken away lends again', async () => {
    const world = aStore();
    const { bed } = await aServer(world);
    const key = `lease-usages/${firsts[0]}`;
    const broken = new TextEncoder().encode('broken');
    await world.memory.commit([], [{ kind: 'put', key, value: broken }]);
    const wish = { giaddr: relays[0] ?? '', mac: 1 };
    expect(await bed.ask(message('discover', wish))).toBeUndefined();
    await world.memory.commit([], [{ kind: 'delete', key }]);
    expect(await bind(bed, wish)).toBe(firsts[0]);
  });

  it('one whose table is broken is silent, and the others of its commit are stored', async () => {
    const world = aStore();
    const value = new TextEncoder().encode('[');
    await world.memory.commit([], [{ kind: 'put', key: `lease-usages/${firsts[1]}`, value }]);
    const { bed } = await aServer(world);
    const answers = await Promise.all(
      relays.map((giaddr, at) =>
        bed.ask(request(firsts[at] ?? '', bed.server, { giaddr, mac: at + 1 })),
      ),
    );
    expect(answers.map((answer) => answer?.type)).toEqual(['ack', undefined, 'ack', 'ack']);
  });
});

describe('an offer', () => {
  it('costs neither a read nor a commit, also while its range is being stored', async () => {
    const world = aStore();
    const { bed } = await aServer(world);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    world.state.waitFor = () => gate;
    const storing = bed.ask(request('10.69.1.32', bed.server));
    await settled();
    const offer = await bed.ask(message('discover', { mac: 32 }));
    // Its preferred address is just being lent.
    expect(offer).toMatchObject({ type: 'offer', yourAddress: '10.69.1.33' });
    expect(world.state.reads).toBe(0);
    open();
    expect((await storing)?.type).toBe('ack');
  });

  it('knows what another server lent a moment ago', async () => {
    const world = aStore();
    const { bed: one } = await aServer(world);
    const { bed: two } = await aServer(world, '10.69.1.4');
    expect(await bind(one, { mac: 1 })).toBe('10.69.1.32');
    await settled();
    expect((await two.ask(message('discover', { mac: 32 })))?.yourAddress).toBe('10.69.1.33');
    expect(world.state.reads).toBe(0);
  });

  it('is not made while the store is away: that of a server that can keep it should win', async () => {
    const world = aStore();
    const { bed } = await aServer(world);
    world.state.isDown = true;
    expect(await bed.ask(request('10.69.1.32', bed.server))).toBeUndefined();
    expect(await bed.ask(message('discover', { mac: 2 }))).toBeUndefined();
    world.state.isDown = false;
    expect((await bed.ask(message('discover', { mac: 2 })))?.type).toBe('offer');
  });
});

describe('while the store is away', () => {
  const hour = { dhcp: { 'lease-minutes': 60 } };
  /** A machine with a lease of an hour, of which `minutes` have passed when the store goes away. */
  const aLease = async (minutes: number) => {
    const world = aStore();
    const { bed, book } = await aServer(world);
    Object.assign(bed.facts, aBed(hour).facts);
    expect(await bind(bed, { mac: 1 })).toBe('10.69.1.32');
    world.clock.advance(minutes * 60_000);
    world.state.isDown = true;
    return { ...world, bed, book };
  };
  const leaseTime = 51;
  const seconds = (value: Uint8Array | undefined) =>
    value === undefined ? undefined : Buffer.from(value).readUInt32BE();
  const renewal = message('request', { mac: 1, ciaddr: '10.69.1.32' });
  const reboot = message('request', { mac: 1, wants: '10.69.1.32' });

  it('a client that keeps its address is acknowledged for what is left of its lease', async () => {
    for (const payload of [renewal, reboot]) {
      const { bed } = await aLease(20);
      const answer = await bed.ask(payload);
      expect(answer?.type).toBe('ack');
      expect(seconds(answer?.options.get(leaseTime))).toBe(40 * 60);
      expect(bed.responder.counters()).toMatchObject({ confirmedFromMemory: 1, storeFailures: 1 });
      expect(bed.events.at(-1)).toMatchObject({ reason: expect.stringContaining('from memory') });
      expect(bed.lines.some(({ message: text }) => text.includes('confirmed from memory'))).toBe(
        true,
      );
    }
  });

  it('nothing outlives the expiry that was committed', async () => {
    const { bed, clock } = await aLease(59);
    expect(seconds((await bed.ask(renewal))?.options.get(leaseTime))).toBe(60);
    clock.advance(50_001);
    expect(await bed.ask(renewal)).toBeUndefined();
    clock.advance(10_000);
    expect(await bed.ask(renewal)).toBeUndefined();
  });

  it.each([
    ['a client that begins anew', request('10.69.1.32', '10.69.1.3', { mac: 1 })],
    ['a client without a lease', message('request', { mac: 2, ciaddr: '10.69.1.32' })],
    ['another address than its own', message('request', { mac: 1, ciaddr: '10.69.1.33' })],
  ])('%s gets silence', async (_, payload) => {
    const { bed } = await aLease(1);
    expect(await bed.ask(payload)).toBeUndefined();
    expect(bed.responder.counters().confirmedFromMemory).toBe(0);
  });

  it('a lease that another server gave is confirmed, too', async () => {
    const world = aStore();
    const { bed: one } = await aServer(world);
    const { bed: two } = await aServer(world, '10.69.1.4');
    for (const bed of [one, two]) Object.assign(bed.facts, aBed(hour).facts);
    await bind(one, { mac: 1 });
    await settled();
    world.state.isDown = true;
    expect((await two.ask(renewal))?.type).toBe('ack');
  });

  it('one that is released is not', async () => {
    const { bed, state } = await aLease(1);
    state.isDown = false;
    await bed.ask(message('release', { mac: 1, ciaddr: '10.69.1.32', server: bed.server }));
    state.isDown = true;
    expect(await bed.ask(renewal)).toBeUndefined();
  });

  it('nothing is confirmed after the clock was set', async () => {
    const { bed, clock } = await aLease(1);
    bed.responder.lookAtClock();
    clock.jump(-600_000);
    expect(await bed.ask(renewal)).toBeUndefined();
  });

  it('a store that hangs is waited for no longer than a second', async () => {
    const { bed, state, clock } = await aLease(1);
    state.isDown = false;
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    state.waitFor = () => gate;
    const asked = [bed.ask(renewal)];
    await settled();
    // This one finds its range busy.
    asked.push(bed.ask(reboot));
    clock.advance(1_000);
    expect((await Promise.all(asked)).map((answer) => answer?.type)).toEqual(['ack', 'ack']);
    open();
    await settled();
    expect(bed.responder.counters()).toMatchObject({ acked: 3, late: 0, confirmedFromMemory: 2 });
  });
});

it('addresses of relays are those of the ranges', () => {
  expect(relays.map(ip).map((one, at) => ip(firsts[at] ?? '') - one)).toEqual([31, 31, 31, 31]);
  expect(mac(1)).toBe('52:54:1e:00:00:01');
});
