import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../../src/base/addresses.ts';
import { addMs } from '../../../src/base/time.ts';
import { createPlaces, twoPlacesIn } from '../../../src/pxe/boots/places.ts';
import type { DhcpSighting } from '../../../src/pxe/sightings.ts';
import { testStart } from '../../support/machines.ts';
import { ip } from '../dhcp/bed.ts';

const mac = '52:54:00:00:00:01' as MacAddress;

/** `a1` is a message with xid 1 at place a, one second after the one before it. */
const asks = (text: string) =>
  text.split(' ').map((one, at) => ({
    place: one[0] ?? '',
    xid: Number(one.slice(1)),
    at: addMs(testStart, at * 1_000),
  }));

const discover = (second: number, port: string, xid: number) =>
  ({
    ...{ by: 'dhcp', message: 'discover', mac, xid, interface: undefined },
    at: addMs(testStart, second * 1_000),
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
    ['by turns', 'a1 b2 a3', 'a b'],
    ['by turns, while one of them tries again', 'a1 b2 a1', 'a b'],
    ['by turns, behind two relays of one of them', 'a1 b2 c2 a3', undefined],
    ['three', 'a1 b2 c3 b4', 'b c'],
  ])('%s: %s', (_, text, expected) => {
    expect(twoPlacesIn(asks(text))?.places.join(' ')).toBe(expected);
  });

  it('is told with relay and port, for a quarter of an hour after the last turn', () => {
    const places = createPlaces();
    const now = (second: number) => addMs(testStart, second * 1_000);
    places.asked(discover(0, 'port 7', 1));
    places.asked(discover(20, 'port 9', 2));
    expect(places.of(mac, now(20))).toBeUndefined();
    places.asked(discover(40, 'port 7', 3));
    expect(places.of(mac, now(40))).toEqual({
      places: ['relay 10.69.0.65, port port 7', 'relay 10.69.0.65, port port 9'],
      at: now(40),
    });
    expect(places.of(mac, now(40 + 899))).toBeDefined();
    expect(places.of(mac, now(40 + 900))).toBeUndefined();
  });

  it('is no turn when the second came long after the first', () => {
    const places = createPlaces();
    places.asked(discover(0, 'port 7', 1));
    places.asked(discover(200, 'port 9', 2));
    places.asked(discover(301, 'port 7', 3));
    expect(places.of(mac, addMs(testStart, 301_000))).toBeUndefined();
  });
});
