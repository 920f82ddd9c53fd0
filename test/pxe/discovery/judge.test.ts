import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../../src/base/addresses.ts';
import type { Rfc3339 } from '../../../src/base/time.ts';
import type { Machine } from '../../../src/inventory/machine.ts';
import {
  conflictOf,
  guessRack,
  isDefaultSerial,
  type Surroundings,
} from '../../../src/pxe/discovery/judge.ts';
import type { Discovery } from '../../../src/pxe/discovery.ts';
import { ipamG, testStart } from '../../support/machines.ts';

const at = '2026-11-21T05:00:00Z' as Rfc3339;

function aDiscovery(number: number, more: Partial<Discovery> = {}): Discovery {
  const mac = `52:54:00:00:00:0${number}` as MacAddress;
  return {
    ...{ id: mac.replaceAll(':', '-'), mac, state: 'waiting', firstSeen: at, lastSeen: at },
    ...{ signs: ['dhcp', 'ipxe'], claims: { serial: 'ABC123' }, macs: [mac], place: {}, wish: {} },
    ...more,
  };
}

function around(
  others: readonly Discovery[] = [],
  machines: Readonly<Record<string, number>> = {},
): Surroundings {
  return {
    ipam: ipamG,
    find: (serial) =>
      machines[serial] === undefined
        ? undefined
        : ({ spec: { serial, rack: machines[serial] } } as Machine),
    claiming: () => others,
    racksOfCircuit: (relay, circuit) => (relay === '10.0.0.1' && circuit === 'port 7' ? [5] : []),
  };
}

describe('what is in the way', () => {
  it('is another machine under its hardware address', () => {
    const places = ['relay a, port 7', 'relay a, port 9'] as const;
    const twoPlaces = () => ({ places, at: testStart });
    const conflict = conflictOf(aDiscovery(1), { ...around(), twoPlaces });
    expect([conflict?.kind, conflict?.text]).toEqual([
      'mac-duplicate',
      expect.stringContaining('at relay a, port 7 and at relay a, port 9'),
    ]);
  });

  it('is nothing for a serial number of its own', () => {
    expect(conflictOf(aDiscovery(1), around([aDiscovery(1)]))).toBeUndefined();
  });

  it.each([
    ['', 'serial-missing'],
    ['To be filled by O.E.M.', 'serial-default'],
    ['Default string', 'serial-default'],
    ['0123456789', 'serial-default'],
    ['System Serial Number', 'serial-default'],
    ['00000000', 'serial-default'],
    ['........', 'serial-default'],
    ['Not Specified', 'serial-default'],
    ['a/b', 'serial-invalid'],
    ['a,b', 'serial-invalid'],
  ])('of serial number %j is %s, with what to do', (serial, kind) => {
    const conflict = conflictOf(aDiscovery(1, { claims: { serial } }), around());
    expect(conflict?.kind).toBe(kind);
    expect(conflict?.todo).toContain('--serial NAME');
  });

  it('goes when a person gives it another serial number', () => {
    const discovery = aDiscovery(1, { claims: { serial: 'None' }, wish: { serial: 'LAB-1' } });
    expect(conflictOf(discovery, around())).toBeUndefined();
  });

  it('is another machine that says the same serial number, and both are named', () => {
    const [one, two] = [aDiscovery(1), aDiscovery(2)];
    const conflict = conflictOf(one, around([one, two]));
    expect(conflict?.kind).toBe('serial-duplicate');
    expect(conflict?.text).toContain(one.mac);
    expect(conflict?.text).toContain(two.mac);
    expect(conflictOf(one, around([one, { ...two, state: 'rejected' }]))).toBeUndefined();
  });

  it('is not the second network card of the same machine', () => {
    const claims = { serial: 'ABC123', uuid: 'u-1' };
    const one = aDiscovery(1, { claims });
    const two = aDiscovery(2, { claims, macs: [one.mac] });
    expect(conflictOf(one, around([one, two]))).toBeUndefined();
    const other = { ...two, claims: { serial: 'ABC123', uuid: 'u-2' } };
    expect(conflictOf(one, around([one, other]))?.kind).toBe('serial-duplicate');
  });

  it('is a registered machine of the serial number, wherever it stands', () => {
    const place = { address: '10.69.0.40' };
    const conflict = conflictOf(aDiscovery(1, { place }), around([], { ABC123: 4 }));
    expect(conflict).toMatchObject({ kind: 'serial-registered' });
    expect(conflict?.text).toContain('in rack 4');
    expect(conflict?.text).toContain('was seen in rack 0');
    expect(conflict?.todo).toContain('--adopt');
  });
});

describe('the guess of a rack', () => {
  it.each([
    [{ relay: '10.69.0.193', address: '10.69.0.40' }, 1],
    [{ address: '10.69.0.40' }, 0],
    [{ relay: '10.0.0.1', circuit: 'port 7' }, 5],
    [{ relay: '10.0.0.1', circuit: 'port 8' }, undefined],
    [{ address: '192.168.0.1' }, undefined],
    [{}, undefined],
  ])('from %j is %s', (place, rack) => {
    expect(guessRack({ place }, around())?.rack).toBe(rack);
  });
});

describe('a serial number of vendors', () => {
  it.each(['ABC123', '7XK2M13', 'Q1', 'c0ffee', '1111'])('is not %s', (serial) => {
    expect(isDefaultSerial(serial)).toBe(serial === '1111');
  });
});
