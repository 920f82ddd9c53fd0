import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../src/base/addresses.ts';
import { createFence } from '../../src/base/fence.ts';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import type { Store } from '../../src/base/store.ts';
import { createBootBook } from '../../src/pxe/boot-book.ts';
import { alarmsMax, strangerAlarmsMax } from '../../src/pxe/boots/alarms.ts';
import { bootsPrefix } from '../../src/pxe/boots/record.ts';
import { strangersStoredMax } from '../../src/pxe/boots/sweep.ts';
import { createSightings, type DhcpSighting } from '../../src/pxe/sightings.ts';
import { createWho } from '../../src/pxe/who.ts';
import { manualClock, seededChance } from '../support/clock.ts';
import { aMachine } from '../support/machines.ts';
import { aDhcpSighting, anHttpSighting, aTftpSighting, macOf } from '../support/sightings.ts';
import { type LogLine, rememberingLog } from '../support/silent-log.ts';

const registered = aMachine();

async function aBook(
  given: {
    readonly clock?: ReturnType<typeof manualClock>;
    readonly store?: Store;
    readonly serverName?: string;
  } = {},
) {
  const clock = given.clock ?? manualClock();
  const store = given.store ?? createMemoryStore({ clock });
  const lines: LogLine[] = [];
  const log = rememberingLog(lines);
  const fence = createFence(log, 'a fault');
  const sightings = createSightings(fence);
  const who = createWho({ lentTo: () => undefined, ownerOf: () => undefined });
  sightings.subscribe(who.note);
  const book = createBootBook({
    world: { clock, log, store },
    sightings,
    fence,
    serverName: given.serverName ?? 'one',
    inventory: {
      find: (serial) => (serial === registered.spec.serial ? registered : undefined),
      ownerOf: () => undefined,
      freshness: () => ({ kind: 'live' }),
      broken: () => new Map(),
    } as Parameters<typeof createBootBook>[0]['inventory'],
    who,
    advertiseUrl: 'http://10.69.0.3:10080',
    isProbed: false,
    answeredAt: () => undefined,
  });
  const started = await book.start();
  if (!started.ok) throw new Error(started.error.text);
  const discover = (mac: number, more: Parameters<typeof aDhcpSighting>[0] = {}) =>
    sightings.tell(aDhcpSighting({ mac: numbered(mac), at: clock.now(), ...more }));
  return { book, clock, store, lines, sightings, discover };
}

function numbered(mac: number): MacAddress {
  return macOf(`52:54:${mac.toString(16).padStart(8, '0').replace(/..\B/g, '$&:')}`);
}

const ipxe: Partial<DhcpSighting> = { client: { ...aDhcpSighting().client, isIpxe: true } };

describe('the boots of one machine', () => {
  it('are written whatever it sends within one millisecond', async () => {
    const { book, clock, lines, discover } = await aBook();
    for (let round = 0; round < 5; round += 1) {
      discover(1, ipxe as object);
      discover(1);
    }
    await clock.run(2_000);
    expect(lines).toEqual([]);
    expect(book.boots()).toHaveLength(1);
  });

  it('count what is repeated, and note what is not', async () => {
    const { book, clock, discover } = await aBook();
    const more: readonly Partial<Parameters<typeof discover>[1]>[] = [
      {},
      {},
      { address: '10.69.0.41' },
      { answer: 'silence', reason: 'no address is free' },
      { answer: 'silence', reason: 'no address is free' },
    ];
    for (const one of more) {
      discover(1, one);
      await clock.run(4_000);
    }
    const [boot] = book.boots();
    expect(boot?.steps.map(({ name, times, result }) => [name, times, result])).toEqual([
      // The offer of another address is the same step with other facts.
      ['firmware-offer', 3, 'done'],
      ['firmware-offer', 2, 'failed'],
    ]);
    expect(boot?.steps[0]?.facts.address).toBe(0x0a450029);
    await clock.run(200_000);
    discover(1);
    await clock.run(2_000);
    expect(book.boots()).toHaveLength(2);
  });

  it('do not hear of what an operating system asks while none is under way', async () => {
    const { book, clock, discover } = await aBook();
    const { client } = aDhcpSighting();
    const os = { client: { ...client, vendorClass: undefined }, message: 'selecting' } as const;
    discover(1, { ...os, answer: 'ack' });
    await clock.run(2_000);
    expect(book.boots()).toEqual([]);
    discover(1);
    await clock.run(2_000);
    discover(1, { ...os, answer: 'ack' });
    await clock.run(2_000);
    expect(book.boots()[0]?.steps.map(({ name }) => name)).toEqual(['firmware-offer', 'os-dhcp']);
  });

  it('have ids of their own, and records of their own when the clock is set back', async () => {
    const { book, clock, lines, discover } = await aBook();
    for (const ms of [0, -5_000, 5_000, -9_000, 9_000, 1_500, 1_500]) {
      clock.jump(ms);
      discover(1, ipxe as object);
      discover(1);
      await clock.run(10);
    }
    await clock.run(2_000);
    const ids = book.boots().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(lines).toEqual([]);
  });
});

describe('whatever a datagram or a request holds', () => {
  it('the book goes on, without a fault', async () => {
    const { book, clock, lines, sightings } = await aBook();
    const chance = seededChance(5);
    const one = <T>(of: readonly T[]): T => of[Math.floor(chance.next() * of.length)] as T;
    const texts = ['', ' ', '\ud800', 'a/b', '..', 'x'.repeat(9_000), '%zz', '\u0000', 'PXEClient'];
    for (let at = 0; at < 20_000; at += 1) {
      const mac = numbered(Math.floor(chance.next() * 50));
      const address = `10.69.0.${Math.floor(chance.next() * 50)}`;
      const now = clock.now();
      switch (one(['dhcp', 'dhcp', 'tftp', 'http'])) {
        case 'dhcp':
          sightings.tell(
            aDhcpSighting({
              at: now,
              mac,
              address,
              message: one(['discover', 'selecting', 'inform', 'release']),
              answer: one(['offer', 'ack', 'nak', 'silence']),
              reason: one(texts),
              client: {
                vendorClass: one([undefined, 'PXEClient', 'HTTPClient:Arch:00016', ...texts]),
                userClasses: [one(texts)],
                architectures: one([[], [7], [65_535, 0]]),
                uuid: one([undefined, 'u']),
                clientId: one([undefined, 'ff']),
                hostName: one(texts),
                isIpxe: chance.next() < 0.5,
              },
              relay: one([
                undefined,
                { address: 1 as never, circuitId: new Uint8Array(255), remoteId: undefined },
              ]),
            }),
          );
          break;
        case 'tftp':
          sightings.tell(
            aTftpSighting({
              at: now,
              client: one([address, 'nonsense']),
              file: one(['a', 'b', 'x'.repeat(400)]),
              kind: one(['started', 'moving', 'completed', 'not-found', 'given-up', 'size-only']),
              text: one(texts),
            }),
          );
          break;
        default:
          sightings.tell(
            anHttpSighting({
              at: now,
              kind: one(['chain-script', 'script', 'kernel', 'initrd', 'ignition', 'other', 'why']),
              phase: one(['answered', 'moving', 'ended']),
              remoteAddress: one([address, '::1', '::ffff:10.69.0.4', one(texts)]),
              serial: one([undefined, registered.spec.serial, ...texts]),
              path: one(texts),
              requestId: `r${at % 100}`,
              status: one([200, 302, 404, 500]),
              text: one(texts),
            }),
          );
      }
      if (at % 200 === 0) await clock.run(one([1, 60, 1_000, 60_000]));
    }
    await clock.run(120_000);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(book.counters()).toMatchObject({ faults: 0, writesFailed: 0 });
    expect(book.boots().length).toBeGreaterThan(50);
  });

  it('a listener that throws is logged once, counted, and keeps nobody from hearing', () => {
    const lines: LogLine[] = [];
    const fence = createFence(rememberingLog(lines), 'a fault');
    const sightings = createSightings(fence);
    let heard = 0;
    sightings.subscribe(() => {
      throw new Error('broken');
    });
    sightings.subscribe(() => {
      heard += 1;
    });
    for (let at = 0; at < 3; at += 1) sightings.tell(aDhcpSighting());
    expect([heard, fence.faults()]).toEqual([3, 3]);
    expect(lines).toMatchObject([
      { level: 'error', message: 'a fault', fields: { text: 'broken' } },
    ]);
  });

  it('a key that is none of ours is told as broken', async () => {
    const { book, clock, store } = await aBook();
    const value = new TextEncoder().encode('{"server":"x","beganMs":1e999,"steps":[[0,0,0,1]]}');
    const put = (key: string) => store.commit([], [{ kind: 'put', key, value }]);
    await put('tetsukan/boots/%zz/1');
    await put('tetsukan/boots/52:54:00:00:00:01/1');
    await clock.run(2_000);
    expect(book.broken().size).toBe(2);
    expect(book.boots()).toEqual([]);
  });
});

describe('boots that wait in vain', () => {
  it('of a flood of invented machines are a few lines and a number', async () => {
    const { clock, lines, discover } = await aBook();
    for (let at = 0; at < 500; at += 1) discover(at);
    await clock.run(130_000);
    const messages = lines.map(({ message }) => message);
    expect(messages.filter((one) => one === 'a boot is stuck')).toHaveLength(strangerAlarmsMax);
    expect(lines.at(-1)).toMatchObject({
      message: 'more boots are stuck',
      fields: { registered: 0, strangers: 500 - strangerAlarmsMax },
    });
  });

  it('of strangers whom no server answers are neither told nor counted', async () => {
    const { book, clock, lines, discover } = await aBook();
    const silence = {
      answer: 'silence',
      reason: 'its network is not enabled',
      bootFile: undefined,
    };
    for (let at = 0; at < 20; at += 1) discover(at, silence as object);
    await clock.run(90_000);
    expect([lines, [...book.stuck()]]).toEqual([[], []]);
    expect(book.boots()).toHaveLength(20);
  });

  it('of registered machines are told one by one', async () => {
    const { book, clock, lines, sightings } = await aBook();
    sightings.tell(
      anHttpSighting({ at: clock.now(), kind: 'script', serial: registered.spec.serial }),
    );
    await clock.run(60_000);
    expect(lines).toMatchObject([
      { message: 'a boot is stuck', fields: { serial: registered.spec.serial, step: 'kernel' } },
    ]);
    expect([...book.stuck()]).toEqual([['kernel', 1]]);
    expect(alarmsMax).toBeGreaterThan(strangerAlarmsMax);
  });
});

describe('boots of invented machines', () => {
  it('go from the store and from the copy when there are too many, and those of a registered one stay', async () => {
    const { book, clock, store, sightings, discover } = await aBook();
    const stored = async () => {
      const listed = await store.list(bootsPrefix);
      return listed.ok ? listed.value.entries.length : undefined;
    };
    const { serial } = registered.spec;
    sightings.tell(anHttpSighting({ serial, at: clock.now() }));
    for (let round = 0; round < 2; round += 1) {
      for (let mac = 1; mac <= 3_000; mac += 1) discover(round * 3_000 + mac);
      // All are written, and silent for long enough to make room.
      await clock.run(12_000);
      expect(book.boots()).toHaveLength(3_000 * (round + 1) + 1);
      if (round === 0) await clock.run(60_000);
    }
    await clock.run(60_000);
    expect([book.boots().length, await stored()]).toEqual([
      strangersStoredMax + 1,
      strangersStoredMax + 1,
    ]);
    expect(book.ofSerial(serial)).toBeDefined();
    expect(book.counters().recordsSwept).toBe(6_000 - strangersStoredMax);
  });
});
