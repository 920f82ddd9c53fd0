/** Many clients, several servers, and a store that fails. */

import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail } from '../../../src/base/result.ts';
import type { Store } from '../../../src/base/store.ts';
import { createHolds } from '../../../src/pxe/dhcp/holds.ts';
import { createQueue } from '../../../src/pxe/dhcp/queue.ts';
import { manualClock, seededChance, settled } from '../../support/clock.ts';
import { ipamG } from '../../support/machines.ts';
import { aBed, bind, ip, mac, message, storedTable } from './bed.ts';

/** A store that counts commits and can be made to refuse or hold them back. */
function aStore(clock = manualClock()) {
  const memory = createMemoryStore({ clock });
  const state: { commits: number; problem: 'none' | 'down' | 'lost-answer'; gate: Promise<void> } =
    {
      commits: 0,
      problem: 'none',
      gate: Promise.resolve(),
    };
  const store: Store = {
    ...memory,
    commit: async (conditions, writes) => {
      state.commits += 1;
      await state.gate;
      if (state.problem === 'down') {
        return fail({ kind: 'store-unavailable', text: 'no quorum' });
      }
      const committed = await memory.commit(conditions, writes);
      return state.problem === 'lost-answer'
        ? fail({ kind: 'outcome-unknown', text: 'cut' })
        : committed;
    },
  };
  return { store, state, clock };
}

/** 8,159 addresses to lend. */
const wide = {
  ...ipamG,
  nodeIpv4Pool: { base: ip('10.69.0.0'), prefixLength: 16 },
  nodeIpv4RangeSize: 13,
  nodeIpv4RangeMask: 19,
};

describe('two servers on one store', () => {
  it('never acknowledge one address to two clients', async () => {
    const chance = seededChance(51);
    for (let round = 0; round < 20; round += 1) {
      const clock = manualClock();
      const memory = createMemoryStore({ clock });
      const servers = ['10.69.1.3', '10.69.1.4'].map((server) =>
        aBed({ store: memory.session(), clock, server }),
      );
      const owners = new Map<string, number>();
      const boot = async (number: number): Promise<void> => {
        const offers = await Promise.all(
          servers.map((bed) => bed.ask(message('discover', { mac: number }))),
        );
        const chosen = Math.floor(chance.next() * 2);
        const [bed, offer] = [servers[chosen], offers[chosen]];
        if (bed === undefined || offer === undefined) return;
        const parts = { mac: number, wants: offer.yourAddress, server: bed.server };
        const answers = await Promise.all(servers.map((one) => one.ask(message('request', parts))));
        for (const ack of answers) {
          if (ack?.type !== 'ack') continue;
          expect(owners.get(ack.yourAddress) ?? number).toBe(number);
          owners.set(ack.yourAddress, number);
        }
      };
      const numbers = Array.from({ length: 31 }, (_, at) => at + 1);
      await Promise.all(numbers.sort(() => chance.next() - 0.5).map(boot));
      const table = (await storedTable(servers[0] ?? aBed(), '10.69.1.32')) as object;
      expect(Object.keys(table)).toHaveLength(owners.size);
      expect(owners.size).toBeGreaterThan(0);
    }
  });

  it('bind all of a rack when clients repeat themselves', async () => {
    const clock = manualClock();
    const memory = createMemoryStore({ clock });
    const servers = ['10.69.1.3', '10.69.1.4'].map((server) =>
      aBed({ store: memory.session(), clock, server }),
    );
    const waiting = new Set(Array.from({ length: 28 }, (_, at) => at + 1));
    for (let round = 0; round < 6 && waiting.size > 0; round += 1) {
      await Promise.all(
        [...waiting].map(async (number) => {
          const bed = servers[number % 2] ?? aBed();
          for (const one of servers) await one.ask(message('discover', { mac: number }));
          const offer = await bed.ask(message('discover', { mac: number }));
          const parts = { mac: number, wants: offer?.yourAddress ?? '0.0.0.0', server: bed.server };
          const answers = await Promise.all(
            servers.map((one) => one.ask(message('request', parts))),
          );
          expect(answers.map((answer) => answer?.type)).not.toContain('nak');
          if (answers.some((answer) => answer?.type === 'ack')) waiting.delete(number);
        }),
      );
      clock.advance(70_000);
    }
    expect([...waiting]).toEqual([]);
  });

  it('offer a client the same, so that a whole rack at once is bound at the first try', async () => {
    const clock = manualClock();
    const memory = createMemoryStore({ clock });
    const chance = seededChance(7);
    const servers = ['10.69.1.3', '10.69.1.4'].map((server) =>
      aBed({ store: memory.session(), clock, server }),
    );
    // Numbers of several makers: some prefer the same address.
    const numbers = Array.from({ length: 28 }, () => Math.floor(chance.next() * 2 ** 24));
    const offers = await Promise.all(
      servers.map((bed) => {
        const heard = numbers.toSorted(() => chance.next() - 0.5);
        return Promise.all(
          heard.map(async (number) => {
            const offer = await bed.ask(message('discover', { mac: number }));
            return [number, offer?.yourAddress ?? ''] as const;
          }),
        );
      }),
    );
    const [first, second] = offers.map((of) => new Map(of));
    expect(new Set(first?.values()).size).toBe(28);
    expect(second).toEqual(
      new Map([...(second?.keys() ?? [])].map((one) => [one, first?.get(one)])),
    );
    const answers = await Promise.all(
      numbers.map((number, at) => {
        const bed = servers[at % 2] ?? aBed();
        const wants = first?.get(number) ?? '';
        return bed.ask(message('request', { mac: number, wants, server: bed.server }));
      }),
    );
    expect(answers.map((answer) => answer?.type)).toEqual(numbers.map(() => 'ack'));
  });

  it('are silent, and do not say NAK, when the other one was faster with what was offered', async () => {
    const clock = manualClock();
    const memory = createMemoryStore({ clock });
    const one = aBed({ store: memory.session(), clock, server: '10.69.1.3' });
    const other = aBed({ store: memory.session(), clock, server: '10.69.1.4' });
    const offer = await one.ask(message('discover', { mac: 1 }));
    // Of the same preferred address.
    expect(await bind(other, { mac: 32 })).toBe(offer?.yourAddress);
    const request = message('request', { mac: 1, wants: '10.69.1.32', server: one.server });
    expect(await one.ask(request)).toBeUndefined();
    expect(one.responder.counters()).toMatchObject({ lostRaces: 1, nakked: 0 });
    expect(await bind(one, { mac: 1 })).toBe('10.69.1.33');
  });
});

describe('a store that fails', () => {
  it('means silence, not ACK, and the same address afterwards', async () => {
    const { store, state, clock } = aStore();
    const bed = aBed({ store, clock });
    const offer = await bed.ask(message('discover'));
    const request = message('request', { wants: offer?.yourAddress ?? '', server: bed.server });
    state.problem = 'down';
    expect(await bed.ask(request)).toBeUndefined();
    expect(bed.responder.counters()).toMatchObject({ acked: 0, storeFailures: 1 });
    state.problem = 'none';
    expect(await bed.ask(request)).toMatchObject({ type: 'ack', yourAddress: '10.69.1.32' });
  });

  it('with an unknown outcome means silence; what was stored then counts', async () => {
    const { store, state, clock } = aStore();
    const bed = aBed({ store, clock });
    await bed.ask(message('discover'));
    const parts = { wants: '10.69.1.32', server: bed.server };
    state.problem = 'lost-answer';
    expect(await bed.ask(message('request', parts))).toBeUndefined();
    state.problem = 'none';
    expect((await bed.ask(message('request', { ...parts, mac: 2 })))?.type).toBe('nak');
    expect((await bed.ask(message('request', parts)))?.type).toBe('ack');
  });

  it('warns once a minute, not once a packet', async () => {
    const { store, state, clock } = aStore();
    const bed = aBed({ store, clock });
    await bed.ask(message('discover'));
    state.problem = 'down';
    const request = message('request', { wants: '10.69.1.32', server: bed.server });
    for (let at = 0; at < 50; at += 1) await bed.ask(request);
    expect(bed.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
  });

  it('that answers late gets no reply sent', async () => {
    const { store, state, clock } = aStore();
    const bed = aBed({ store, clock });
    await bed.ask(message('discover'));
    let open = (): void => {};
    state.gate = new Promise((resolve) => {
      open = resolve;
    });
    const reply = bed.ask(message('request', { wants: '10.69.1.32', server: bed.server }));
    await settled();
    clock.advance(4_001);
    open();
    expect(await reply).toBeUndefined();
    expect(bed.responder.counters()).toMatchObject({ late: 1, acked: 0 });
  });
});

describe('many at once', () => {
  it('5,000 machines of one network are bound with a few commits, each to its own address', async () => {
    const { store, state, clock } = aStore();
    const bed = aBed({ store, clock, ipam: wide });
    const addresses = new Set<string>();
    const numbers = Array.from({ length: 5_000 }, (_, at) => at + 1);
    // A retry follows where a queue was full.
    let waiting = numbers;
    for (let round = 0; round < 15 && waiting.length > 0; round += 1) {
      const left: number[] = [];
      await Promise.all(
        waiting.map(async (number) => {
          const offer = await bed.ask(message('discover', { mac: number }));
          const parts = { mac: number, wants: offer?.yourAddress ?? '', server: bed.server };
          const ack = offer && (await bed.ask(message('request', parts)));
          if (ack?.type === 'ack') addresses.add(ack.yourAddress);
          else left.push(number);
        }),
      );
      clock.advance(4_000);
      waiting = left;
    }
    expect(addresses.size).toBe(5_000);
    expect(state.commits).toBeLessThan(100);
  });

  it('a flood through one relay leaves another alone, and REQUESTs go before DISCOVERs', async () => {
    const { store, state, clock } = aStore();
    const bed = aBed({ store, clock });
    await bed.ask(message('discover', { mac: 1 }));
    let open = (): void => {};
    state.gate = new Promise((resolve) => {
      open = resolve;
    });
    const blocker = bed.ask(
      message('request', { mac: 1, wants: '10.69.1.32', server: bed.server }),
    );
    await settled();
    const flood = Array.from({ length: 2_000 }, (_, at) =>
      bed.ask(message('discover', { mac: 1_000 + at })),
    );
    const late = bed.ask(message('request', { mac: 1, ciaddr: '10.69.1.32' }));
    const elsewhere = await bed.ask(message('discover', { mac: 2, giaddr: '10.69.0.129' }));
    expect(elsewhere?.type).toBe('offer');
    expect(bed.responder.counters().dropped).toBe(2_000 - 512);
    open();
    expect([(await blocker)?.type, (await late)?.type]).toEqual(['ack', 'ack']);
    const kinds = (await Promise.all(flood)).map((reply) => reply?.type);
    expect(kinds.slice(0, 1_488).every((kind) => kind === undefined)).toBe(true);
    expect(kinds.slice(1_488).every((kind) => kind === 'offer')).toBe(true);
  });
});

describe('the queue', () => {
  it('hands out what is no DISCOVER first, and drops the oldest of a kind', () => {
    const dropped: number[] = [];
    const queue = createQueue<{ isDiscover: boolean; id: number }>(({ id }) => dropped.push(id));
    const add = (id: number, isDiscover: boolean) => queue.add({ id, isDiscover });
    for (let id = 0; id < 513; id += 1) add(id, true);
    add(1_000, false);
    expect(dropped).toEqual([0]);
    expect(queue.size()).toBe(513);
    expect(
      queue
        .take()
        .map(({ id }) => id)
        .slice(0, 3),
    ).toEqual([1_000, 1, 2]);
    expect(queue.size()).toBe(257);
  });
});

describe('holds', () => {
  it('end by themselves and are bounded', () => {
    const holds = createHolds(30_000);
    holds.place(mac(1), ip('10.69.1.32'), 0);
    expect(holds.offeredTo(mac(1), 29_999)).toBe(ip('10.69.1.32'));
    expect(holds.holderOf(ip('10.69.1.32'), 29_999)).toBe(mac(1));
    expect(holds.offeredTo(mac(1), 30_000)).toBeUndefined();
    expect(holds.holderOf(ip('10.69.1.32'), 30_000)).toBeUndefined();
    for (let number = 0; number < 170_000; number += 1) {
      holds.place(mac(number), ip('10.69.1.33'), 30_000);
    }
    expect(holds.size()).toBe(160_000);
  });
});
