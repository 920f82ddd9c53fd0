import { describe, expect, it } from 'vitest';
import type { Ipv4, MacAddress } from '../../src/base/addresses.ts';
import { createWho, type Traits } from '../../src/pxe/who.ts';
import { aDhcpSighting, anHttpSighting } from '../support/sightings.ts';
import { ip, mac } from './dhcp/bed.ts';

function aWho(leases: ReadonlyMap<string, MacAddress> = new Map(), max?: number) {
  const byAddress = new Map([...leases].map(([address, one]) => [ip(address), one]));
  const deps = {
    lentTo: (address: Ipv4) => byAddress.get(address),
    ownerOf: (address: Ipv4) => (address === ip('10.69.0.4') ? 'S1' : undefined),
  };
  return createWho(deps, max);
}

describe('a machine is recognised', () => {
  const seen: Traits = { mac: mac(1), uuid: 'u', clientId: 'c', leased: ip('10.69.0.40') };

  it.each<[string, Traits]>([
    ['by its hardware address', { mac: mac(1) }],
    ['by the address it was lent', { from: ip('10.69.0.40') }],
    ['by its UUID', { uuid: 'u' }],
    ['by its client identifier', { clientId: 'c' }],
    ['by the serial number its iPXE said', { serial: 'S1' }],
    ['by the address of its own that its serial number has', { from: ip('10.69.0.4') }],
  ])('%s', (_, shown) => {
    const who = aWho();
    who.learn(seen);
    who.learn({ from: ip('10.69.0.40'), serial: 'S1' });
    expect(who.macOf(shown)).toBe(mac(1));
    expect(who.serialOf(mac(1))).toBe('S1');
  });

  it('by a lease that another server gave', () => {
    expect(aWho(new Map([['10.69.0.41', mac(2)]])).macOf({ from: ip('10.69.0.41') })).toBe(mac(2));
  });

  it('and nobody who only asks', () => {
    const who = aWho();
    who.learn({ mac: mac(3), uuid: 'v' });
    expect(who.macOf({ uuid: 'v' })).toBeUndefined();
    expect(who.size()).toBe(0);
  });

  it('by an address, at once, and whoever was given it last', () => {
    const who = aWho();
    const given = { answer: 'ack', address: '10.69.0.40' } as const;
    who.note(aDhcpSighting({ mac: mac(1), ...given }));
    who.note(aDhcpSighting({ mac: mac(2), ...given, answer: 'offer' }));
    expect(who.macAt('10.69.0.40')).toBe(mac(1));
    who.note(aDhcpSighting({ mac: mac(2), ...given }));
    expect(who.macAt('::ffff:10.69.0.40')).toBe(mac(2));
    expect(who.macAt('nonsense')).toBeUndefined();
  });

  it('by the serial number whose script was let through, whoever else claims it', () => {
    const who = aWho();
    const from = '10.69.0.40';
    who.note(aDhcpSighting({ mac: mac(1), answer: 'ack', address: from }));
    const script = { remoteAddress: from, kind: 'script' } as const;
    who.note(anHttpSighting({ ...script, serial: 'S9', status: 404 }));
    who.note(anHttpSighting({ ...script, serial: 'S1' }));
    expect([who.serialOf(mac(1)), who.macOf({ serial: 'S9' })]).toEqual(['S1', undefined]);
    who.learn({ mac: mac(2), serial: 'S1' });
    who.learn({ mac: mac(1), serial: 'S9' });
    expect([who.serialOf(mac(1)), who.macOf({ serial: 'S1' })]).toEqual(['S1', mac(1)]);
  });

  it('up to a bound: who was not seen for longest is forgotten', () => {
    const who = aWho(new Map(), 100);
    for (let at = 0; at <= 100; at += 1) who.learn({ mac: mac(at + 1), serial: `S${at}` });
    expect(who.size()).toBeLessThanOrEqual(100);
    expect(who.macOf({ serial: 'S51' })).toBe(mac(52));
    expect(who.macOf({ serial: 'S0' })).toBeUndefined();
  });
});
