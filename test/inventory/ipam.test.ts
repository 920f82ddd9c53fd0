import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4 } from '../../src/base/addresses.ts';
import {
  bmcAddress,
  gatewayOf,
  leaseRangeOf,
  nodeAddresses,
  whyOutsidePool,
} from '../../src/inventory/ipam.ts';
import {
  type IpamConfig,
  ipamConfigToJson,
  parseIpamConfig,
  readIpamConfig,
} from '../../src/inventory/ipam-config.ts';
import { ipamG, ipv4 } from '../support/machines.ts';

const json = {
  'max-nodes-in-rack': 28,
  'node-ipv4-pool': '10.69.0.0/20',
  'node-ipv4-range-size': 6,
  'node-ipv4-range-mask': 26,
  'node-ip-per-node': 3,
  'node-index-offset': 3,
  'node-gateway-offset': 1,
  'bmc-ipv4-pool': '10.72.16.0/20',
  'bmc-ipv4-offset': '0.0.1.0',
  'bmc-ipv4-range-size': 5,
  'bmc-ipv4-range-mask': 20,
  'bmc-ipv4-gateway-offset': 1,
};

function configOf(changes: Readonly<Record<string, unknown>> = {}): IpamConfig {
  const config = parseIpamConfig({ ...json, ...changes });
  if (!config.ok) throw new Error(config.error);
  return config.value;
}

describe('addresses', () => {
  const addressesOf = (config: IpamConfig, rack: number, index: number) => ({
    node: nodeAddresses(config, rack, index).map((nic) => formatIpv4(nic.address)),
    bmc: formatIpv4(bmcAddress(config, rack, index).address),
  });

  it.each([
    [0, 4, ['10.69.0.4', '10.69.0.68', '10.69.0.132'], '10.72.17.4'],
    [0, 5, ['10.69.0.5', '10.69.0.69', '10.69.0.133'], '10.72.17.5'],
    [1, 3, ['10.69.0.195', '10.69.1.3', '10.69.1.67'], '10.72.17.35'],
    [1, 5, ['10.69.0.197', '10.69.1.5', '10.69.1.69'], '10.72.17.37'],
  ])('rack %i, index %i has the golden addresses', (rack, index, node, bmc) => {
    expect(addressesOf(ipamG, rack, index)).toEqual({ node, bmc });
  });

  it('a node address comes with mask, mask bits and the gateway of its own network', () => {
    const nic = (text: {
      address: string;
      netmask: string;
      maskBits: number;
      gateway: string;
    }) => ({
      ...text,
      address: ipv4(text.address),
      netmask: ipv4(text.netmask),
      gateway: ipv4(text.gateway),
    });
    const netmask = '255.255.255.192';
    expect(nodeAddresses(ipamG, 1, 4).slice(0, 2)).toEqual([
      nic({ address: '10.69.0.196', netmask, maskBits: 26, gateway: '10.69.0.193' }),
      nic({ address: '10.69.1.4', netmask, maskBits: 26, gateway: '10.69.1.1' }),
    ]);
    expect(bmcAddress(ipamG, 0, 5)).toEqual(
      nic({
        address: '10.72.17.5',
        netmask: '255.255.240.0',
        maskBits: 20,
        gateway: '10.72.16.1',
      }),
    );
  });

  it('offsets move every address', () => {
    const config = configOf({ 'node-ipv4-offset': '0.0.0.64' });
    expect(addressesOf(config, 0, 4).node[0]).toBe('10.69.0.68');
  });

  it('arithmetic is unsigned in the upper half of the address space', () => {
    const config = configOf({ 'node-ipv4-pool': '192.168.0.0/16', 'bmc-ipv4-pool': '240.0.0.0/8' });
    expect(addressesOf(config, 1, 5)).toEqual({
      node: ['192.168.0.197', '192.168.1.5', '192.168.1.69'],
      bmc: '240.0.1.37',
    });
  });
});

describe('pool bounds', () => {
  const check = (rack: number, index: number, changes: Record<string, unknown> = {}) =>
    whyOutsidePool(configOf(changes), rack, index);

  it('every slot of the last rack that fits is inside', () => {
    // 4,096 addresses in racks of 192: 21 of them.
    for (let index = 3; index <= 31; index += 1) expect(check(20, index)).toBeUndefined();
  });

  it('a rack past the end of the node pool is refused by name', () => {
    expect(check(21, 4)).toBe(
      'rack 21, index 4 lies outside node-ipv4-pool 10.69.0.0/20: use a smaller rack number',
    );
  });

  it('a rack past the end of the BMC pool is refused by name', () => {
    expect(check(8, 4, { 'bmc-ipv4-pool': '10.72.16.0/24', 'bmc-ipv4-offset': '' })).toBe(
      'rack 8, index 4 lies outside bmc-ipv4-pool 10.72.16.0/24: use a smaller rack number',
    );
  });

  it('an index past its block would be an address of another network', () => {
    expect(check(0, 64, { 'max-nodes-in-rack': 100 })).toMatch(/outside its block of 64 addresses/);
  });

  it('an index past the BMC block would be an address of the next rack', () => {
    expect(check(0, 34)).toBeUndefined();
    expect(check(0, 35)).toMatch(/BMC address of a machine of the next rack/);
  });

  it.each<[number, number, Record<string, unknown>, string | undefined]>([
    [0, 62, {}, undefined],
    [
      0,
      63,
      {},
      'rack 0, index 63 would get 10.69.0.63, which a network of 26 bits keeps for itself',
    ],
    [7, 30, { 'bmc-ipv4-range-mask': 24 }, undefined],
    [
      7,
      31,
      { 'bmc-ipv4-range-mask': 24 },
      'rack 7, index 31 would get 10.72.17.255, which a network of 24 bits keeps for itself',
    ],
    [
      0,
      24,
      { 'node-ipv4-offset': '0.0.0.40' },
      'rack 0, index 24 would get 10.69.0.64, which a network of 26 bits keeps for itself',
    ],
    [0, 63, { 'node-ipv4-range-mask': 31 }, undefined],
    [0, 63, { 'node-ipv4-range-mask': 32 }, undefined],
  ])('rack %i, index %i with %j: %s', (rack, index, changes, expected) => {
    const room = { 'max-nodes-in-rack': 60, 'bmc-ipv4-range-size': 6, ...changes };
    expect(check(rack, index, changes['bmc-ipv4-range-mask'] === undefined ? room : changes)).toBe(
      expected,
    );
  });

  it('a huge rack number does not wrap around into the pool', () => {
    expect(check(2 ** 26, 4)).toMatch(/outside node-ipv4-pool/);
  });
});

describe('lease ranges', () => {
  it('hold no address of a slot, in whatever pool: a machine never gets one that is lent', () => {
    const config = fc.record({
      maxNodesInRack: fc.integer({ min: 1, max: 60 }),
      nodeIpv4RangeSize: fc.integer({ min: 2, max: 8 }),
      nodeIpPerNode: fc.integer({ min: 1, max: 4 }),
      nodeIndexOffset: fc.integer({ min: 1, max: 60 }),
      nodeIpv4Offset: fc.constantFrom(undefined, ipv4('0.0.0.40'), ipv4('0.0.1.0')),
    });
    fc.assert(
      fc.property(config, fc.nat(20), fc.nat(60), (changes, rack, at) => {
        const ipam = { ...configOf({}), ...changes };
        const index = ipam.nodeIndexOffset + Math.min(at, ipam.maxNodesInRack);
        if (whyOutsidePool(ipam, rack, index) !== undefined) return;
        for (const { address } of nodeAddresses(ipam, rack, index)) {
          const range = leaseRangeOf(ipam, address);
          const isLent =
            range !== undefined && address >= range.first && address < range.first + range.count;
          expect(isLent).toBe(false);
        }
      }),
    );
  });

  const rangeOf = (address: string, changes: Record<string, unknown> = {}) => {
    const range = leaseRangeOf(configOf(changes), ipv4(address));
    return range === undefined ? undefined : [formatIpv4(range.first), range.count];
  };
  const single = {
    'node-ipv4-pool': '10.0.0.0/24',
    'node-ipv4-range-size': 8,
    'node-ipv4-range-mask': 24,
    'node-ip-per-node': 1,
    'node-index-offset': 103,
  };

  it.each<[string, (string | number)[] | undefined, Record<string, unknown>]>([
    ['10.69.10.20', ['10.69.10.32', 31], {}],
    ['10.69.10.20', ['10.69.10.32', 31], { 'node-ipv4-pool': '10.69.0.0/16' }],
    ['10.69.0.195', ['10.69.0.224', 31], {}],
    ['10.69.1.3', ['10.69.1.32', 31], {}],
    ['10.69.0.129', ['10.69.0.160', 31], {}],
    ['10.0.0.7', ['10.0.0.132', 123], single],
    ['10.68.10.20', undefined, {}],
    ['10.69.0.0', undefined, {}],
    ['10.69.0.1', ['10.69.0.32', 31], {}],
    // Sabakan has no upper bound here.
    ['10.69.16.1', undefined, {}],
    // Sabakan counts unsigned and lends four billion addresses.
    ['10.69.0.1', undefined, { 'max-nodes-in-rack': 60 }],
    ['10.69.0.1', undefined, { 'max-nodes-in-rack': 59 }],
    ['10.69.0.1', ['10.69.0.62', 1], { 'max-nodes-in-rack': 58 }],
  ])('around %s: %j', (address, expected, changes) => {
    expect(rangeOf(address, changes)).toEqual(expected);
  });

  it('a block that the end of the pool cuts lends only what lies inside', () => {
    const cut = { 'node-ipv4-pool': '10.69.0.0/26', 'node-ipv4-range-size': 7 };
    expect(rangeOf('10.69.0.1', cut)).toEqual(['10.69.0.32', 32]);
  });

  it('the gateway is the one of the network an address lies in', () => {
    expect(formatIpv4(gatewayOf(ipamG, ipv4('10.69.0.196')))).toBe('10.69.0.193');
    expect(formatIpv4(gatewayOf(ipamG, ipv4('10.69.1.40')))).toBe('10.69.1.1');
  });
});

describe('configuration', () => {
  it('is published as it was put, offsets only where they were given', () => {
    expect(ipamConfigToJson(configOf())).toEqual(json);
    expect(JSON.stringify(ipamConfigToJson(configOf({ 'bmc-ipv4-offset': '' })))).not.toContain(
      'bmc-ipv4-offset',
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ 'max-nodes-in-rack': 0 }, 'max-nodes-in-rack must not be zero'],
    [{ 'node-ipv4-pool': '' }, 'invalid node-ipv4-pool'],
    [{ 'node-ipv4-pool': '10.69.0.0' }, 'invalid node-ipv4-pool'],
    [{ 'node-ipv4-pool': '10.69.0.0/33' }, 'invalid node-ipv4-pool'],
    [{ 'node-ipv4-pool': 'fd00::/64' }, 'invalid node-ipv4-pool'],
    [{ 'node-ipv4-pool': '10.69.0.1/20' }, 'host part of node-ipv4-pool must be cleared'],
    [{ 'node-ipv4-offset': 'abc' }, 'invalid node-ipv4-offset'],
    [{ 'node-ipv4-range-size': 0 }, 'node-ipv4-range-size must not be zero'],
    [{ 'node-ipv4-range-mask': 7 }, 'invalid node-ipv4-range-mask'],
    [{ 'node-ipv4-range-mask': 33 }, 'invalid node-ipv4-range-mask'],
    [{ 'node-ip-per-node': 0 }, 'node-ip-per-node must not be zero'],
    [{ 'node-index-offset': 0 }, 'node-index-offset must not be zero'],
    [{ 'node-gateway-offset': 0 }, 'node-gateway-offset must not be zero'],
    [{ 'bmc-ipv4-pool': 'x' }, 'invalid bmc-ipv4-pool'],
    [{ 'bmc-ipv4-pool': '10.72.16.1/20' }, 'host part of bmc-ipv4-pool must be cleared'],
    [{ 'bmc-ipv4-offset': '1.2.3' }, 'invalid bmc-ipv4-offset'],
    [{ 'bmc-ipv4-range-size': 0 }, 'bmc-ipv4-range-size must not be zero'],
    [{ 'bmc-ipv4-range-mask': 0 }, 'invalid bmc-ipv4-range-mask'],
    [{ 'bmc-ipv4-gateway-offset': 0 }, 'bmc-ipv4-gateway-offset must not be zero'],
    // The first broken rule in Sabakan's order is the one that is told.
    [{ 'bmc-ipv4-pool': 'x', 'node-ip-per-node': 0 }, 'node-ip-per-node must not be zero'],
    [{}, ''],
    [{ 'max-nodes-in-rack': '28' }, 'max-nodes-in-rack must be an unsigned number, not "28"'],
    [{ 'node-gateway-offset': -1 }, 'node-gateway-offset must be an unsigned number, not -1'],
    [{ 'node-ipv4-pool': 5 }, 'node-ipv4-pool must be a string, not 5'],
    [{ 'node-ipv4-range-size': 40 }, 'node-ipv4-range-size must be at most 24 bits'],
    [{ 'node-ip-per-node': 1e9 }, 'node-ip-per-node must be at most 256'],
    [{ 'node-ip-per-node': [[1]] }, 'node-ip-per-node must be an unsigned number, not a list'],
    [
      { 'node-ip-per-node': { toString: 1 } },
      'node-ip-per-node must be an unsigned number, not an object',
    ],
    [{ 'node-ip-per-node': true }, 'node-ip-per-node must be an unsigned number, not true'],
  ])('%j is answered with "%s"', (changes, text) => {
    const config = parseIpamConfig({ ...json, ...changes });
    expect(config.ok ? '' : config.error).toBe(text);
  });

  it('has every mistake found, each at its member', () => {
    const config = readIpamConfig({
      ...json,
      'node-ipv4-pool': '10.69.0.1/20',
      'node-ipv4-range-mask': 33,
      'node-ip-per-node': 'three',
      'bmc-ipv4-offset': undefined,
      'bmc-ipv4-gateway-offset': undefined,
    });
    expect(config.ok ? [] : config.error.map(({ path, text }) => [path, text])).toEqual([
      ['/node-ip-per-node', 'node-ip-per-node must be an unsigned number, not "three"'],
      [
        '/node-ipv4-pool',
        'node-ipv4-pool must have no bits of a host, as in 10.69.0.0/20, not "10.69.0.1/20"',
      ],
      ['/node-ipv4-range-mask', 'node-ipv4-range-mask must be 8 to 32 bits, not 33'],
      ['/bmc-ipv4-gateway-offset', 'bmc-ipv4-gateway-offset must be 1 or more; it is missing'],
    ]);
  });

  it.each([null, [], 'x', 7, undefined])('%j is no configuration', (value) => {
    expect(parseIpamConfig(value)).toEqual({ ok: false, error: 'must be a JSON object' });
  });
});
