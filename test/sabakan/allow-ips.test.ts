import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAllowed, parseAllowedNetwork, plainAddress } from '../../src/sabakan/allow-ips.ts';

function allowed(networks: string, address: string): boolean {
  return isAllowed(
    networks.split(',').map((text) => {
      const network = parseAllowedNetwork(text);
      if (!network.ok) throw new Error(network.error);
      return network.value;
    }),
    address,
  );
}

describe('allow-ips', () => {
  it.each([
    ['127.0.0.1,::1', '127.0.0.1', true],
    ['127.0.0.1,::1', '127.0.0.2', false],
    ['127.0.0.1', '::ffff:127.0.0.1', true],
    ['127.0.0.1', '::FFFF:127.0.0.1', true],
    ['127.0.0.1', '::ffff:7f00:1', true],
    ['127.0.0.1', '127.0.0.1%lo', true],
    // Sabakan reads `::1` as `::/32`, which lets in half of what is written with a double colon.
    ['::1', '::2', false],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['10.69.0.0/20', '10.69.15.255', true],
    ['10.69.0.0/20', '10.69.16.0', false],
    ['10.69.3.4/20', '10.69.0.1', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '10.0.0.1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['0.0.0.0/0', '', false],
    ['0.0.0.0/0', 'unknown', false],
    ['::/0', '1::2::3', false],
  ])('%s lets in %s: %s', (networks, address, may) => {
    expect(allowed(networks, address)).toBe(may);
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.0/33',
    '::/129',
    ':::',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'localhost',
    '1:2:3:4:5:6:7:8:9',
    '::g',
  ])('refuses "%s" and says what would be right', (text) => {
    const network = parseAllowedNetwork(text);
    expect(!network.ok && network.error).toContain('is not an IP address or network such as');
  });

  it('a network holds exactly the addresses that share its bits', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const address = fc.tuple(octet, octet, octet, octet);
    const value = (octets: readonly number[]) => octets.reduce((sum, next) => sum * 256 + next, 0);
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: 32 }), (base, other, length) => {
        const size = 2 ** (32 - length);
        const shares = Math.floor(value(base) / size) === Math.floor(value(other) / size);
        expect(allowed(`${base.join('.')}/${length}`, other.join('.'))).toBe(shares);
      }),
    );
  });
});

it('an IPv4 peer of a dual-stack socket is shown as IPv4', () => {
  expect(['::ffff:10.0.0.1', '10.0.0.1', '::1', 'fe80::1%eth0'].map(plainAddress)).toEqual([
    '10.0.0.1',
    '10.0.0.1',
    '::1',
    'fe80::1',
  ]);
});
