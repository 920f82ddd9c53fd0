import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/base/addresses.ts';
import {
  replyDestination,
  type TargetRules,
  whyRefused,
} from '../../../src/pxe/dhcp/destination.ts';
import type { DhcpRequest, Wish } from '../../../src/pxe/dhcp/request.ts';
import { ip } from './bed.ts';

const pool = parseCidr('10.69.0.0/20');
if (!pool.ok) throw new Error(pool.error);
const rules: TargetRules = {
  relayNetworks: [],
  nodePool: pool.value,
  subnetPrefixLength: 26,
  isOwn: (address) => address === ip('10.69.1.3'),
};

type Facts = {
  readonly kind?: 'discover' | 'inform';
  readonly giaddr?: string;
  readonly ciaddr?: string;
  readonly sourcePort?: boolean;
};

function aRequest({ kind = 'discover', giaddr, ciaddr = '0.0.0.0', sourcePort }: Facts) {
  const wish: Wish =
    kind === 'inform' ? { kind, address: ip(ciaddr) } : { kind, requested: undefined };
  return {
    wish,
    packet: { clientAddress: ip(ciaddr) },
    relay: giaddr === undefined ? undefined : aRelay(giaddr, sourcePort === true),
  } as DhcpRequest;
}

function aRelay(giaddr: string, repliesToSourcePort: boolean): DhcpRequest['relay'] {
  return {
    address: ip(giaddr),
    linkSelection: undefined,
    serverIdOverride: undefined,
    repliesToSourcePort,
  };
}

describe('RFC 2131 section 4.1, where a reply goes', () => {
  const from = { address: '10.69.0.129', port: 40_000 };
  const check = (facts: Facts, isNak = false): string => {
    const { address, port } = replyDestination(aRequest(facts), isNak, from);
    return `${address}:${port}`;
  };

  it.each([
    [
      'a relay: its port 67, whatever port it sent from',
      { giaddr: '10.69.0.129' },
      '10.69.0.129:67',
    ],
    [
      'RFC 8357: a relay that asks for its own port',
      { giaddr: '10.69.0.129', sourcePort: true },
      '10.69.0.129:40000',
    ],
    ['a client with an address', { ciaddr: '10.69.1.40' }, '10.69.1.40:68'],
    ['a client without one', {}, '255.255.255.255:68'],
    [
      'a relayed client that has an address: its relay',
      { giaddr: '10.69.0.129', ciaddr: '10.69.0.160' },
      '10.69.0.129:67',
    ],
    [
      '4.3.5: a relayed INFORM: the client itself',
      { kind: 'inform' as const, giaddr: '10.69.0.129', ciaddr: '10.69.0.160' },
      '10.69.0.160:68',
    ],
  ])('%s', (_, facts, expected) => {
    expect(check(facts)).toBe(expected);
  });

  it('a NAK without a relay is broadcast, whatever address the client believes to have', () => {
    expect(check({ ciaddr: '10.69.1.40' }, true)).toBe('255.255.255.255:68');
  });
});

describe('targets that are refused', () => {
  const check = (facts: Facts, more: Partial<TargetRules> = {}) =>
    whyRefused(aRequest(facts), { ...rules, ...more });

  it.each([
    '0.0.0.1',
    '10.69.1.3',
    '10.69.1.63',
    '10.69.1.64',
    '10.68.255.255',
    '127.0.0.1',
    '192.0.2.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
  ])('%s as relay and as client', (address) => {
    expect(check({ giaddr: address })).toBeDefined();
    expect(check({ ciaddr: address })).toBeDefined();
    expect(check({ kind: 'inform', giaddr: '10.69.0.129', ciaddr: address })).toBeDefined();
  });

  /** As if an operator had named the whole Internet: what is no host's stays refused. */
  it.each([
    ['0.255.255.254', false],
    ['1.0.0.1', true],
    ['223.255.255.254', true],
    ['224.0.0.1', false],
    ['239.1.2.3', false],
    ['255.255.255.254', false],
  ])('%s in a pool of all addresses: %s', (address, isHost) => {
    const all = { base: ip('0.0.0.0'), prefixLength: 0 };
    const wide = { nodePool: all, relayNetworks: [all] };
    expect(check({ giaddr: address }, wide)).toBe(
      isHost ? undefined : "the relay address is no host's",
    );
    expect(check({ ciaddr: address }, wide)).toBe(
      isHost ? undefined : "the client address is no host's",
    );
  });

  it('none, when relay and client are hosts of the pool', () => {
    expect(check({ giaddr: '10.69.0.129' })).toBeUndefined();
    expect(check({ ciaddr: '10.69.1.40' })).toBeUndefined();
    expect(check({ kind: 'inform', giaddr: '10.69.0.129', ciaddr: '10.69.1.40' })).toBeUndefined();
  });

  it('relays of the pool, when others are named', () => {
    const relayNetworks = [{ base: ip('172.16.0.0'), prefixLength: 12 }];
    expect(check({ giaddr: '10.69.0.129' }, { relayNetworks })).toBe(
      'the relay is outside the relay networks',
    );
    expect(check({ giaddr: '172.16.0.1' }, { relayNetworks })).toBeUndefined();
  });

  it('loopback, unless it is named', () => {
    const loopback = { base: ip('127.69.0.0'), prefixLength: 20 };
    expect(check({ giaddr: '127.69.0.129' }, { nodePool: loopback })).toBe(
      'the relay address is loopback',
    );
    expect(
      check({ giaddr: '127.69.0.129' }, { nodePool: loopback, relayNetworks: [loopback] }),
    ).toBeUndefined();
  });
});
