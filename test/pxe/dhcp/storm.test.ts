/** Power-ons and floods, in virtual time, at a server with a live copy of the lease tables. */

import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/base/addresses.ts';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import type { Store } from '../../../src/base/store.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { createLeaseBook } from '../../../src/pxe/lease-book.ts';
import { manualClock, seededChance } from '../../support/clock.ts';
import { ipamG } from '../../support/machines.ts';
import { silentLog } from '../../support/silent-log.ts';
import { aBed, bind, message } from './bed.ts';

/** How long a commit takes: a busy disk. */
const commitMs = 20;

async function aServer(ipam = ipamG) {
  const clock = manualClock();
  const memory = createMemoryStore({ clock });
  const asked = { reads: 0, commits: 0 };
  const store: Store = {
    ...memory,
    get: (keys) => {
      asked.reads += 1;
      return memory.get(keys);
    },
    commit: async (conditions, writes) => {
      asked.commits += 1;
      await new Promise<void>((done) => clock.after(commitMs, done));
      return memory.commit(conditions, writes);
    },
  };
  const world = { clock, chance: seededChance(), log: silentLog };
  const book = createLeaseBook({ store, transact: createTransact(store, world), world });
  await book.start();
  return { bed: aBed({ store, clock, ipam, copy: book.copy }), clock, asked };
}

/** The gateway of a rack of the pool of 10.69.0.0/20 or what lies behind it. */
function relayOf(rack: number): string {
  const block = rack + 4;
  return `10.69.${Math.floor(block / 4)}.${(block % 4) * 64 + 1}`;
}

describe('a power-on of everything', () => {
  it('binds 5,000 machines of 200 racks in a few commits, each with an address of its own', async () => {
    const pool = parseCidr('10.69.0.0/18');
    if (!pool.ok) throw new Error(pool.error);
    const { bed, clock, asked } = await aServer({ ...ipamG, nodeIpv4Pool: pool.value });
    const bound: string[] = [];
    const boots = Array.from({ length: 5_000 }, (_, at) =>
      bind(bed, { mac: at, giaddr: relayOf(at % 200) }).then((address) => bound.push(address)),
    );
    const startMs = clock.monotonicMs();
    for (let turn = 0; turn < 500 && bound.length < boots.length; turn += 1) await clock.run(10);
    await Promise.all(boots);
    expect(new Set(bound).size).toBe(5_000);
    expect(clock.monotonicMs() - startMs).toBeLessThan(30_000);
    expect(asked.commits).toBeLessThan(40);
    expect(asked.reads).toBe(0);
    expect(bed.responder.waiting()).toBe(0);
  });
});

describe('5,000 DISCOVERs a second from machines that nobody has', () => {
  it('cost the store nothing, and leave a machine of that rack and one of another bound at once', async () => {
    const { bed, clock, asked } = await aServer();
    const flooded = relayOf(0);
    let invented = 0x10000;
    const flood = async (): Promise<void> => {
      for (let at = 0; at < 50; at += 1) {
        invented += 1;
        void bed.send(message('discover', { mac: invented, giaddr: flooded }));
      }
      await clock.run(10);
    };
    for (let turn = 0; turn < 100; turn += 1) await flood();
    expect(asked).toEqual({ reads: 0, commits: 0 });
    const boots = [flooded, relayOf(1)].map((giaddr, at) => bind(bed, { mac: at + 1, giaddr }));
    const isBound = Promise.all(boots).then(() => true);
    for (let turn = 0; turn < 10; turn += 1) await flood();
    expect(await isBound).toBe(true);
    expect(asked.commits).toBeLessThanOrEqual(2);
    expect(bed.responder.counters()).toMatchObject({ acked: 2, dropped: 0, late: 0 });
    // Offers end by themselves.
    await clock.run(61_000);
    await bed.send(message('discover', { mac: 9, giaddr: flooded }));
    expect(bed.responder.holds()).toBe(1);
  });
});
