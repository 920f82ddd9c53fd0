import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../../src/base/addresses.ts';
import { addMs } from '../../../src/base/time.ts';
import { createPlaces, twoPlacesIn } from '../../../src/pxe/boots/places.ts';
import type { DhcpSighting } from '../../../src/pxe/sightings.ts';
import { testStart } from '../../support/machines.ts';
import { ip } from '../dhcp/bed.ts';

const mac = '52:54:00:00:00:01' as MacAddress;

/**
 * `a1` is a message with xid 1 at place a, one second after the one before it; `a1u` one that says the UUID u, `a1i` and
 * `a1o` one of iPXE and one of the system.
 */
const asks = (text: string) =>
  text.split(' ').map((one, at) => {
    const [, place = '', xid, letter] = /^(.)(\d+)(.?)$/.exec(one) ?? [];
    const step = { i: 'ipxe-offer', o: 'os-dhcp' }[letter ?? ''];
    return {
      ...{ place, xid: Number(xid), at: addMs(testStart, at * 1_000) },
      step: step ?? 'firmware-offer',
      uuid: step === undefined && letter !== '' ? letter : undefined,
    };
  });

const discover = (second: number, port: string, xid: number) =>
  ({
    ...{ by: 'dhcp', message: 'discover', mac, xid, interface: undefined },
    at: addMs(testStart, second * 1_000),
    client: { uuid: undefined, vendorClass: 'PXEClient', isIpxe: false },
    relay: {
      address: ip('10.69.0.65'),
      circuitId: new TextEncoder().encode(port),
      remoteId: undefined,
    },
  }) as unknown as DhcpSighting;

describe('from where one hardware address asks', () => {
  it.each([
    ['one place', 'a1 a2 a3', undefined],
    ['it moved', 'a1 a2 b3 b4', undefined],
    ['two relays pass each message on', 'a1 b1 a2 b2 a3 b3', undefined],
    ['two relays, one of which comes late', 'a1 a2 b1 b2 a3 b3', undefined],
    ['by turns', 'a1 b2 a3 b4', 'b a'],
    ['by turns, while one of them tries again', 'a1 b2 a1 b2', 'b a'],
    ['by turns, behind two relays of one of them', 'a1 b2 c2 a3', undefined],
    ['three', 'a1 b2 c3 b4', undefined],
    ['a relay that is taken over from, and comes back', 'a1 b2 a3', undefined],
    ['by turns, with a UUID each', 'a1u b2v a3u', 'a b'],
    ['relays of which now one, now the other loses a message', 'a1u b2u a3u b4u a5u', undefined],
    ['firmware at one port and the system at the other, twice', 'a1 b2o a3 b4o a5 b6o', undefined],
    ['firmware and iPXE at one port, the system at both', 'a1 a2i b3o a4o a5 a6i b7o', undefined],
    ['iPXE by turns', 'a1i b2i a3i b4i', 'b a'],
    ['moved, and told apart before', 'a1u b2v a3u b4v b5v b6v', 'b a'],
  ])('%s: %s', (_, text, expected) => {
    expect(twoPlacesIn(asks(text))?.places.join(' ')).toBe(expected);
  });

  it('is told with relay and port, for a quarter of an hour after the last turn', () => {
    const places = createPlaces();
    const now = (second: number) => addMs(testStart, second * 1_000);
    places.asked(discover(0, 'port 7', 1));
    places.asked(discover(20, 'port 9', 2));
    expect(places.of(mac, now(20))).toBeUndefined();
    places.asked(discover(30, 'port 7', 3));
    expect(places.of(mac, now(30))).toBeUndefined();
    places.asked(discover(40, 'port 9', 4));
    expect(places.of(mac, now(40))).toEqual({
      places: ['relay 10.69.0.65, port port 9', 'relay 10.69.0.65, port port 7'],
      at: now(40),
    });
    expect(places.of(mac, now(40 + 899))).toBeDefined();
    expect(places.of(mac, now(40 + 900))).toBeUndefined();
  });

  it('is no turn when the second came long after the first', () => {
    const places = createPlaces();
    places.asked(discover(0, 'port 7', 1));
    places.asked(discover(200, 'port 9', 2));
    places.asked(discover(250, 'port 7', 3));
    places.asked(discover(301, 'port 9', 4));
    expect(places.of(mac, addMs(testStart, 301_000))).toBeUndefined();
  });
});
