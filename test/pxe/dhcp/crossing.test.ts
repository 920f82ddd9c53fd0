/** Several servers with live copies of the lease tables, a store that loses answers, clients in any order. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail } from '../../../src/base/result.ts';
import type { Store } from '../../../src/base/store.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { createLeaseBook } from '../../../src/pxe/lease-book.ts';
import { manualClock, seededChance, settled } from '../../support/clock.ts';
import { silentLog } from '../../support/silent-log.ts';
import { aBed, type Bed, message, type Reply } from './bed.ts';

type Fault = 'none' | 'refused' | 'done-without-answer' | 'lost-without-answer';

const relays = ['10.69.0.129', '10.69.0.193'];
const leaseMs = 60_000;

async function aServer(
  memory: Store,
  clock: ReturnType<typeof manualClock>,
  faults: { next: () => Fault },
  server: string,
): Promise<{ readonly bed: Bed; readonly stop: () => void }> {
  const store: Store = {
    ...memory,
    commit: async (conditions, writes) => {
      const fault = faults.next();
      if (fault === 'refused') return fail({ kind: 'store-unavailable', text: 'no quorum' });
      if (fault !== 'lost-without-answer') {
        const committed = await memory.commit(conditions, writes);
        if (fault === 'none') return committed;
      }
      return fail({ kind: 'outcome-unknown', text: 'cut' });
    },
  };
  const world = { clock, chance: seededChance(), log: silentLog };
  const book = createLeaseBook({ store, transact: createTransact(store, world), world });
  await book.start();
  const bed = aBed({ store, clock, server, copy: book.copy, dhcp: { 'lease-minutes': 1 } });
  return { bed, stop: book.stop };
}

const step = fc.record({
  kind: fc.constantFrom(
    'boot',
    'boot',
    'extend',
    'reboot',
    'release',
    'decline',
    'wait',
    'restart',
  ),
  client: fc.integer({ min: 1, max: 6 }),
  server: fc.integer({ min: 0, max: 2 }),
  // Several steps without a pause between them are under way together.
  pause: fc.boolean(),
  fault: fc.constantFrom<Fault>(
    ...(['none', 'none', 'none', 'refused', 'done-without-answer', 'lost-without-answer'] as const),
  ),
});

describe('any order of messages, servers, lost answers and restarts', () => {
  it('leaves each address with one client at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const clock = manualClock();
        const memory = createMemoryStore({ clock });
        let fault: Fault = 'none';
        const faults = { next: () => fault };
        const start = (at: number) => aServer(memory.session(), clock, faults, `10.69.1.${at + 3}`);
        const servers = await Promise.all([0, 1, 2].map(start));
        /** Who may use an address, and until when by what it was told. */
        const owners = new Map<string, { client: number; untilMs: number }>();
        const homes = new Map<number, string>();
        const acknowledged = (client: number, reply: Reply | undefined): void => {
          if (reply?.type !== 'ack') return;
          const seconds = Buffer.from(reply.options.get(51) ?? []).readUInt32BE();
          const owner = owners.get(reply.yourAddress);
          if (owner !== undefined && owner.untilMs > clock.monotonicMs()) {
            expect(owner.client).toBe(client);
          }
          expect(seconds).toBeLessThanOrEqual(leaseMs / 1000);
          const untilMs = clock.monotonicMs() + seconds * 1000;
          const before = owner?.client === client ? owner.untilMs : 0;
          owners.set(reply.yourAddress, { client, untilMs: Math.max(untilMs, before) });
          homes.set(client, reply.yourAddress);
        };
        const act = async (one: (typeof steps)[number]): Promise<void> => {
          const { client } = one;
          const bed = servers[one.server]?.bed ?? aBed();
          const parts = { mac: client * 31, giaddr: relays[client % 2] ?? '' };
          const home = homes.get(client);
          const gone = { mac: parts.mac, server: bed.server };
          switch (one.kind) {
            case 'boot': {
              const offer = await bed.ask(message('discover', parts));
              if (offer?.type !== 'offer') return;
              const wish = { ...parts, wants: offer.yourAddress, server: bed.server };
              acknowledged(client, await bed.ask(message('request', wish)));
              return;
            }
            case 'extend':
              if (home === undefined) return;
              acknowledged(client, await bed.ask(message('request', { ...parts, ciaddr: home })));
              return;
            case 'reboot':
              if (home === undefined) return;
              acknowledged(client, await bed.ask(message('request', { ...parts, wants: home })));
              return;
            case 'release':
            case 'decline':
              if (home === undefined) return;
              // It stops using the address before it says so.
              homes.delete(client);
              if (owners.get(home)?.client === client) owners.delete(home);
              await bed.ask(
                one.kind === 'release'
                  ? message('release', { ...gone, ciaddr: home })
                  : message('decline', { ...gone, wants: home }),
              );
              return;
            case 'wait':
              clock.advance(50_000);
              return;
            case 'restart': {
              servers[one.server]?.stop();
              servers[one.server] = await start(one.server);
            }
          }
        };
        let under: Promise<void>[] = [];
        for (const one of steps) {
          fault = one.fault;
          under.push(act(one));
          if (!one.pause) continue;
          for (let turn = 0; turn < 6; turn += 1) await settled();
          await clock.run(200);
          await Promise.all(under);
          under = [];
        }
        await clock.run(5_000);
        await Promise.all(under);
        for (const { stop } of servers) stop();
      }),
      { numRuns: 150 },
    );
  });
});
