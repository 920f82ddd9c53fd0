import { describe, expect, it } from 'vitest';
import type { AddressProber, ProbeResult } from '../../../src/base/address-probe.ts';
import { addToIpv4 } from '../../../src/base/addresses.ts';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { addMs } from '../../../src/base/time.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { openLeaseTable } from '../../../src/pxe/dhcp/leases.ts';
import {
  type AddressInUse,
  answersInRowMax,
  asideMs,
  createProbes,
  probesInFlightMax,
} from '../../../src/pxe/dhcp/probe.ts';
import { createLeaseBook } from '../../../src/pxe/lease-book.ts';
import { asidePerRangeMax } from '../../../src/pxe/lease-writes.ts';
import { manualClock, seededChance, settled } from '../../support/clock.ts';
import { type LogLine, rememberingLog, silentLog } from '../../support/silent-log.ts';
import { aBed, bind, ip, mac, message } from './bed.ts';

type Asked = { readonly address: string; readonly link: string | undefined };

/** Hosts that use addresses, with their hardware address. */
function aProber(users: Readonly<Record<string, string>> = {}) {
  const asked: Asked[] = [];
  const prober: AddressProber = {
    probe: async (address, link) => {
      asked.push({ address, link });
      const user = users[address];
      return user === undefined ? { kind: 'silent' } : { kind: 'answered', mac: user };
    },
  };
  return { asked, prober };
}

const stranger = '02:00:00:00:00:09';
const rules = { probeMs: 300 };
const onEth1 = { interface: 'eth1' };

describe('an address that is offered for the first time', () => {
  it('is asked for on its link, once, however often the client asks', async () => {
    const { asked, prober } = aProber();
    const one = aBed({ prober, rules });
    for (let at = 0; at < 3; at += 1) await one.ask(message('discover'), onEth1);
    expect(asked).toEqual([{ address: '10.69.1.32', link: 'eth1' }]);
  });

  it('is asked for through routers where a relay brought the message', async () => {
    const { asked, prober } = aProber();
    await aBed({ prober, rules }).ask(message('discover', { giaddr: '10.69.2.1' }), onEth1);
    expect(asked).toEqual([{ address: '10.69.2.32', link: undefined }]);
  });

  it('is another one when somebody uses it, and that is told of', async () => {
    const { prober } = aProber({ '10.69.1.32': stranger, '10.69.1.33': stranger });
    const one = aBed({ prober, rules });
    expect(await bind(one)).toBe('10.69.1.34');
    expect(one.responder.aside()).toMatchObject([
      { address: '10.69.1.32', mac: stranger },
      { address: '10.69.1.33', mac: stranger },
    ]);
    expect(one.responder.counters()).toMatchObject({ probes: 3, addressesInUse: 2 });
    expect(one.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
    // Other clients, and those that ask for it, are not given it either.
    const offer = await one.ask(message('discover', { mac: 2, wants: '10.69.1.32' }));
    expect(offer?.yourAddress).not.toBe('10.69.1.32');
  });

  it('is offered all the same where everything answers, and that is told of', async () => {
    const prober: AddressProber = {
      probe: async () => ({ kind: 'answered', mac: stranger }),
    };
    const one = aBed({ prober, rules });
    expect(await bind(one)).toBe('10.69.1.40');
    expect(one.responder.aside()).toHaveLength(answersInRowMax);
    const told = one.lines.map(({ message }) => message);
    expect(told).toContain('addresses of a range are lent unasked');
    // The next client waits for no answer that would say nothing.
    expect(await bind(one, { mac: 2 })).toBeDefined();
    expect(one.responder.counters().probes).toBe(answersInRowMax);
    const elsewhere = await one.ask(message('discover', { mac: 3, giaddr: '10.69.2.1' }), onEth1);
    expect(elsewhere?.yourAddress).toBeDefined();
    expect(one.responder.counters().probes).toBeGreaterThan(answersInRowMax);
  });

  it('is lent unasked also when many were being asked as that showed', async () => {
    const prober: AddressProber = { probe: async () => ({ kind: 'answered', mac: stranger }) };
    const probes = createProbes({ clock: manualClock(), log: silentLog }, prober, 300);
    const first = ip('10.69.1.32');
    const ask = (at: number) => probes.ask(addToIpv4(first, at), 'x' as never, 'eth1', first);
    await Promise.all(Array.from({ length: answersInRowMax + 3 }, (_, at) => ask(at)));
    expect(ask(50)).toBeUndefined();
  });

  it('is its own when the client itself answers for it', async () => {
    const { prober } = aProber({ '10.69.1.32': mac(1) });
    expect(await bind(aBed({ prober, rules }))).toBe('10.69.1.32');
  });

  it('holds up nobody else', async () => {
    let settle = (_: ProbeResult): void => {};
    const prober: AddressProber = {
      probe: (address) =>
        address === '10.69.1.32'
          ? new Promise((done) => {
              settle = done;
            })
          : Promise.resolve({ kind: 'silent' }),
    };
    const one = aBed({ prober, rules });
    const first = one.ask(message('discover'));
    expect((await one.ask(message('discover', { mac: 2 })))?.yourAddress).toBe('10.69.1.33');
    settle({ kind: 'silent' });
    expect((await first)?.yourAddress).toBe('10.69.1.32');
  });

  it('is not asked for with a wait of 0, nor when it is or was the client’s', async () => {
    const { asked, prober } = aProber();
    await aBed({ prober }).ask(message('discover'));
    expect(asked).toEqual([]);
    const one = aBed({ prober, rules });
    await bind(one);
    one.clock.advance(24 * 60 * 60 * 1_000);
    await one.ask(message('discover'));
    expect(asked).toHaveLength(1);
  });
});

describe('an address in use', () => {
  const site = async () => {
    const clock = manualClock();
    const store = createMemoryStore({ clock });
    const server = async (address: string, users: Readonly<Record<string, string>> = {}) => {
      const world = { clock, chance: seededChance(), log: silentLog };
      const book = createLeaseBook({ store, transact: createTransact(store, world), world });
      await book.start();
      const actor = { user: 'dhcp', ip: '', host: address };
      const shareInUse = async (inUse: AddressInUse) => {
        const shared = await book.setAside(inUse, actor);
        return shared.ok && shared.value === 'aside';
      };
      const parts = { store, clock, server: address, copy: book.copy, shareInUse, rules };
      return { book, bed: aBed({ ...parts, prober: aProber(users).prober }) };
    };
    return { clock, store, server };
  };
  const inUse = { '10.69.1.32': stranger };

  it('is offered by no other server either, and told of: by whom, until when, and who found it', async () => {
    const { clock, store, server } = await site();
    const { bed, book } = await server('10.69.1.3', inUse);
    const other = await server('10.69.1.4');
    await bind(bed);
    await settled();
    expect(book.find(ip('10.69.1.32'))).toMatchObject({
      mac: undefined,
      usedBy: stranger,
      expiresAt: addMs(clock.now(), asideMs),
    });
    // From now on the store says so, and an operator can give it back.
    expect(bed.responder.aside()).toEqual([]);
    const offer = await other.bed.ask(message('discover', { mac: 2, wants: '10.69.1.32' }), onEth1);
    expect(offer?.yourAddress).not.toBe('10.69.1.32');
    const events = await store.list('audit/');
    const records = events.ok ? events.value.entries.map(({ value }) => decode(value)) : [];
    expect(records).toMatchObject([
      { category: 'dhcp', instance: '10.69.1.32', action: 'set-aside', user: 'dhcp' },
    ]);
    const actor = { user: 'operator', ip: '', host: '' };
    expect((await book.release(ip('10.69.1.32'), {}, actor)).ok).toBe(true);
    await settled();
    const again = await other.bed.ask(message('discover', { mac: 3, wants: '10.69.1.32' }), onEth1);
    expect(again?.yourAddress).toBe('10.69.1.32');
  });

  it('is left to who has a lease of it', async () => {
    const { clock, server } = await site();
    const { bed, book } = await server('10.69.1.3');
    await bind(bed);
    await settled();
    const [address, first] = [ip('10.69.1.32'), ip('10.69.1.32')];
    const until = addMs(clock.now(), asideMs);
    const actor = { user: 'dhcp', ip: '', host: '' };
    const shared = await book.setAside({ address, first, usedBy: stranger, until }, actor);
    expect(shared).toEqual({ ok: true, value: 'leased' });
    expect(book.find(address)).toMatchObject({ mac: mac(1), usedBy: undefined });
  });

  it('is one of so many of its range, however many a host answers for', async () => {
    const { clock, store, server } = await site();
    const { book } = await server('10.69.1.3');
    const first = ip('10.64.0.0');
    const until = addMs(clock.now(), asideMs);
    const actor = { user: 'dhcp', ip: '', host: '' };
    const setAside = (at: number) => {
      const address = addToIpv4(first, at);
      return book.setAside({ address, first, usedBy: stranger, until }, actor);
    };
    const opened = openLeaseTable(undefined);
    if (!opened.ok) throw new Error(opened.error);
    for (let at = 1; at < asidePerRangeMax; at += 1) opened.value.setAside(at, until, stranger);
    const value = opened.value.encode();
    await store.commit([], [{ kind: 'put', key: 'lease-usages/10.64.0.0', value }]);
    expect(await setAside(0)).toEqual({ ok: true, value: 'aside' });
    expect(await setAside(asidePerRangeMax)).toEqual({ ok: true, value: 'full' });
    clock.advance(asideMs);
    expect(await setAside(asidePerRangeMax)).toEqual({ ok: true, value: 'aside' });
  });
});

describe('probes', () => {
  const address = ip('10.69.1.32');
  const client = mac(1);
  const first = ip('10.69.1.32');
  const bed = (probe: AddressProber['probe']) => {
    const clock = manualClock();
    const lines: LogLine[] = [];
    return {
      clock,
      lines,
      probes: createProbes({ clock, log: rememberingLog(lines) }, { probe }, 300),
    };
  };

  it('end with an address in use for ten minutes', async () => {
    const { clock, probes } = bed(async () => ({ kind: 'answered', mac: stranger }));
    expect(await probes.ask(address, client, 'eth1', first)).toBe(false);
    expect(probes.isAside(address)).toBe(true);
    clock.advance(asideMs);
    expect([probes.isAside(address), probes.aside()]).toEqual([false, []]);
  });

  it('that cannot be made are told of once, and the address is lent', async () => {
    const { lines, probes } = bed(async () => ({ kind: 'unable', text: 'needs CAP_NET_RAW' }));
    expect(await probes.ask(address, client, 'eth1', first)).toBe(true);
    expect(probes.ask(address, client, 'eth1', first)).toBeUndefined();
    expect(await probes.ask(address, client, undefined, first)).toBe(true);
    expect(lines.map(({ fields }) => fields?.['how'])).toEqual(['ARP on eth1', 'ICMP']);
  });

  it('are so many at once; beyond that addresses are offered unasked', () => {
    const { probes } = bed(() => new Promise(() => {}));
    for (let at = 0; at < probesInFlightMax; at += 1) {
      expect(probes.ask(ip(`10.1.${at >> 8}.${at & 255}`), client, 'eth1', first)).toBeDefined();
    }
    expect(probes.ask(address, client, 'eth1', first)).toBeUndefined();
    expect(probes.counters).toMatchObject({ probesSkipped: 1 });
  });

  it('never ask for loopback, where this host answers itself', () => {
    const { probes } = bed(async () => ({ kind: 'silent' }));
    expect(probes.ask(ip('127.0.0.9'), client, undefined, first)).toBeUndefined();
  });
});

function decode(value: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(value));
}
