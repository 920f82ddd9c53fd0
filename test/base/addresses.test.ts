import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addToIpv4,
  formatCidr,
  formatIpv4,
  type Ipv4,
  isInside,
  macFromBytes,
  macToBytes,
  netmask,
  networkOf,
  parseCidr,
  parseIpv4,
  parseMac,
} from '../../src/base/addresses.ts';

const address = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

describe('IPv4 addresses', () => {
  it('every address survives its text', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (value) => {
        expect(parseIpv4(formatIpv4(value as Ipv4))).toEqual({ ok: true, value });
      }),
    );
    expect([address('0.0.0.0'), address('255.255.255.255')]).toEqual([0, 0xffff_ffff]);
  });

  it.each([
    '',
    '.',
    '1',
    '1.2.3',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4.',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.1000',
    '010.0.0.1',
    '00.0.0.0',
    '1.2.3.04',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '+1.2.3.4',
    '-1.2.3.4',
    '0x1.2.3.4',
    '1.2.3.4/24',
    '１.2.3.4',
    '::ffff:1.2.3.4',
  ])('%j is none', (text) => {
    const parsed = parseIpv4(text);
    expect(parsed.ok ? '' : parsed.error).toBe(
      `"${text}" is not an IPv4 address such as 10.69.0.4`,
    );
  });

  it('masks and networks are unsigned in the upper half, too', () => {
    expect([0, 1, 26, 32].map((length) => formatIpv4(netmask(length)))).toEqual([
      '0.0.0.0',
      '128.0.0.0',
      '255.255.255.192',
      '255.255.255.255',
    ]);
    expect(formatIpv4(networkOf(address('240.1.2.200'), 26))).toBe('240.1.2.192');
    expect(
      isInside(address('240.1.2.200'), { base: address('240.1.2.192'), prefixLength: 26 }),
    ).toBe(true);
    expect(
      isInside(address('240.1.2.191'), { base: address('240.1.2.192'), prefixLength: 26 }),
    ).toBe(false);
    expect(formatIpv4(addToIpv4(address('255.255.255.255'), 2))).toBe('0.0.0.1');
  });
});

describe('IPv4 networks', () => {
  it.each(['0.0.0.0/0', '10.69.0.0/20', '240.0.0.0/4', '1.2.3.4/32'])('%s is one', (text) => {
    const parsed = parseCidr(text);
    expect(parsed.ok && formatCidr(parsed.value)).toBe(text);
  });
  it.each(['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', 'x/8'])(
    '%s is none',
    (text) => expect(parseCidr(text).ok).toBe(false),
  );
  it('says which network a text with host bits is in', () => {
    expect(parseCidr('10.69.1.3/26')).toEqual({
      ok: false,
      error: '"10.69.1.3/26" has host bits set: the network is 10.69.1.0/26',
    });
  });
});

describe('MAC addresses', () => {
  it.each(['52:54:00:12:34:5F', '52-54-00-12-34-5f', '5254.0012.345f', '52540012345F'])(
    '%s is read',
    (text) => expect(parseMac(text)).toEqual({ ok: true, value: '52:54:00:12:34:5f' }),
  );
  it.each(['', '52:54:00:12:34', '52:54:00:12:34:5g', '52:54:00:12:34:56:78'])(
    '%j is none',
    (text) => expect(parseMac(text).ok).toBe(false),
  );
  it('survives its bytes', () => {
    const bytes = Uint8Array.of(0, 1, 0xff, 0x10, 9, 0xa0);
    expect(macToBytes(macFromBytes(bytes))).toEqual(bytes);
  });
});
