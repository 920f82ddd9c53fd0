/**
 * Rack and index → addresses, and the ranges DHCP may lend from: plain 32-bit arithmetic (Sabakan 3.1.9).
 *
 * Every rack owns `nodeIpPerNode` blocks of `2^nodeIpv4RangeSize` addresses. In each block the low addresses belong to
 * machines by index, the high ones are lent by DHCP, and the last is left for broadcast.
 */

import {
  addToIpv4,
  type Cidr,
  formatCidr,
  formatIpv4,
  type Ipv4,
  netmask,
  networkOf,
  parseIpv4,
} from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { NicConfig } from './machine.ts';
import { showValue } from './mistake.ts';

export type IpamConfig = {
  readonly maxNodesInRack: number;
  readonly nodeIpv4Pool: Cidr;
  /** Undefined is left out of the published form; it counts as 0. */
  readonly nodeIpv4Offset: Ipv4 | undefined;
  /** Bits: a block has `2^` this many addresses. */
  readonly nodeIpv4RangeSize: number;
  readonly nodeIpv4RangeMask: number;
  readonly nodeIpPerNode: number;
  readonly nodeIndexOffset: number;
  readonly nodeGatewayOffset: number;
  readonly bmcIpv4Pool: Cidr;
  readonly bmcIpv4Offset: Ipv4 | undefined;
  readonly bmcIpv4RangeSize: number;
  readonly bmcIpv4RangeMask: number;
  readonly bmcIpv4GatewayOffset: number;
};

export type LeaseRange = {
  readonly first: Ipv4;
  readonly count: number;
};

/** The member names of the published form, in its order. */
const numberMembers = [
  ['max-nodes-in-rack', 'maxNodesInRack'],
  ['node-ipv4-range-size', 'nodeIpv4RangeSize'],
  ['node-ipv4-range-mask', 'nodeIpv4RangeMask'],
  ['node-ip-per-node', 'nodeIpPerNode'],
  ['node-index-offset', 'nodeIndexOffset'],
  ['node-gateway-offset', 'nodeGatewayOffset'],
  ['bmc-ipv4-range-size', 'bmcIpv4RangeSize'],
  ['bmc-ipv4-range-mask', 'bmcIpv4RangeMask'],
  ['bmc-ipv4-gateway-offset', 'bmcIpv4GatewayOffset'],
] as const;

/** Blocks larger than this many bits leave no room for a second rack in IPv4. */
const rangeBitsMax = 24;
/** Addresses of one machine; a server has a handful of network cards. */
const nodeIpPerNodeMax = 256;
/** 2^32 addresses bound any offset or count. */
const uint32Max = 0xffff_ffff;

/**
 * Checks in Sabakan's order; the error is its text for the first rule that is broken. Beyond Sabakan, numbers that
 * cannot work (a block of 2^40 addresses, more machines than a block holds) are refused, too.
 */
export function parseIpamConfig(json: unknown): Result<IpamConfig, string> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return fail('must be a JSON object');
  }
  const given = json as Readonly<Record<string, unknown>>;
  const numbers: Record<string, number> = {};
  for (const [member] of numberMembers) {
    const value = given[member] ?? 0;
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > uint32Max) {
      return fail(`${member} must be an unsigned number, not ${showValue(value)}`);
    }
    numbers[member] = value as number;
  }
  for (const member of ['node-ipv4-pool', 'node-ipv4-offset', 'bmc-ipv4-pool', 'bmc-ipv4-offset']) {
    const value = given[member] ?? '';
    if (typeof value !== 'string')
      return fail(`${member} must be a string, not ${showValue(value)}`);
  }
  const number = (member: string): number => numbers[member] ?? 0;
  const text = (member: string): string => (given[member] as string | undefined) ?? '';
  const nonZero = (...members: string[]): string | undefined => {
    const zero = members.find((member) => number(member) === 0);
    return zero === undefined ? undefined : `${zero} must not be zero`;
  };

  const maxNodes = nonZero('max-nodes-in-rack');
  if (maxNodes !== undefined) return fail(maxNodes);
  const nodePool = parsePool('node-ipv4-pool', text('node-ipv4-pool'));
  if (!nodePool.ok) return nodePool;
  const nodeOffset = parseOffset('node-ipv4-offset', text('node-ipv4-offset'));
  if (!nodeOffset.ok) return nodeOffset;
  const nodeRange = nonZero('node-ipv4-range-size');
  if (nodeRange !== undefined) return fail(nodeRange);
  if (!isMask(number('node-ipv4-range-mask'))) return fail('invalid node-ipv4-range-mask');
  const node = nonZero('node-ip-per-node', 'node-index-offset', 'node-gateway-offset');
  if (node !== undefined) return fail(node);
  const bmcPool = parsePool('bmc-ipv4-pool', text('bmc-ipv4-pool'));
  if (!bmcPool.ok) return bmcPool;
  const bmcOffset = parseOffset('bmc-ipv4-offset', text('bmc-ipv4-offset'));
  if (!bmcOffset.ok) return bmcOffset;
  const bmcRange = nonZero('bmc-ipv4-range-size');
  if (bmcRange !== undefined) return fail(bmcRange);
  if (!isMask(number('bmc-ipv4-range-mask'))) return fail('invalid bmc-ipv4-range-mask');
  const bmc = nonZero('bmc-ipv4-gateway-offset');
  if (bmc !== undefined) return fail(bmc);

  for (const member of ['node-ipv4-range-size', 'bmc-ipv4-range-size']) {
    if (number(member) > rangeBitsMax)
      return fail(`${member} must be at most ${rangeBitsMax} bits`);
  }
  if (number('node-ip-per-node') > nodeIpPerNodeMax) {
    return fail(`node-ip-per-node must be at most ${nodeIpPerNodeMax}`);
  }
  const config: IpamConfig = {
    ...(Object.fromEntries(numberMembers.map(([member, name]) => [name, number(member)])) as Pick<
      IpamConfig,
      (typeof numberMembers)[number][1]
    >),
    nodeIpv4Pool: nodePool.value,
    nodeIpv4Offset: nodeOffset.value,
    bmcIpv4Pool: bmcPool.value,
    bmcIpv4Offset: bmcOffset.value,
  };
  return ok(config);
}

/** The published and stored form, members in Sabakan's order. */
export function ipamConfigToJson(config: IpamConfig): Readonly<Record<string, string | number>> {
  const offset = (name: string, value: Ipv4 | undefined): Record<string, string> =>
    value === undefined ? {} : { [name]: formatIpv4(value) };
  return {
    'max-nodes-in-rack': config.maxNodesInRack,
    'node-ipv4-pool': formatCidr(config.nodeIpv4Pool),
    ...offset('node-ipv4-offset', config.nodeIpv4Offset),
    'node-ipv4-range-size': config.nodeIpv4RangeSize,
    'node-ipv4-range-mask': config.nodeIpv4RangeMask,
    'node-ip-per-node': config.nodeIpPerNode,
    'node-index-offset': config.nodeIndexOffset,
    'node-gateway-offset': config.nodeGatewayOffset,
    'bmc-ipv4-pool': formatCidr(config.bmcIpv4Pool),
    ...offset('bmc-ipv4-offset', config.bmcIpv4Offset),
    'bmc-ipv4-range-size': config.bmcIpv4RangeSize,
    'bmc-ipv4-range-mask': config.bmcIpv4RangeMask,
    'bmc-ipv4-gateway-offset': config.bmcIpv4GatewayOffset,
  };
}

/** One entry per address of a machine; the first is the one people, probes and Kubernetes use. */
export function nodeAddresses(
  config: IpamConfig,
  rack: number,
  indexInRack: number,
): readonly NicConfig[] {
  const block = 2 ** config.nodeIpv4RangeSize;
  const first = nodeBase(config) + block * config.nodeIpPerNode * rack + indexInRack;
  return Array.from({ length: config.nodeIpPerNode }, (_, k) =>
    nodeNic(config, toIpv4(first + block * k)),
  );
}

export function bmcAddress(config: IpamConfig, rack: number, indexInRack: number): NicConfig {
  const base = config.bmcIpv4Pool.base + (config.bmcIpv4Offset ?? 0);
  const address = base + 2 ** config.bmcIpv4RangeSize * rack + indexInRack;
  return bmcNic(config, toIpv4(address));
}

/** What a machine needs to use this node address, whatever slot it belongs to. */
export function nodeNic(config: IpamConfig, address: Ipv4): NicConfig {
  return nicConfig(address, config.nodeIpv4RangeMask, config.nodeGatewayOffset);
}

/** What a BMC needs to use this address, whatever slot it belongs to. */
export function bmcNic(config: IpamConfig, address: Ipv4): NicConfig {
  return nicConfig(address, config.bmcIpv4RangeMask, config.bmcIpv4GatewayOffset);
}

/** The default gateway of the network an address lies in. */
export function gatewayOf(config: IpamConfig, address: Ipv4): Ipv4 {
  return addToIpv4(networkOf(address, config.nodeIpv4RangeMask), config.nodeGatewayOffset);
}

/** Why the addresses of this slot cannot be used, or undefined. Sabakan leaves the pool without a word. */
export function whyOutsidePool(
  config: IpamConfig,
  rack: number,
  indexInRack: number,
): string | undefined {
  const block = 2 ** config.nodeIpv4RangeSize;
  const lastNode = nodeBase(config) + block * (config.nodeIpPerNode * (rack + 1) - 1) + indexInRack;
  const bmc =
    config.bmcIpv4Pool.base +
    (config.bmcIpv4Offset ?? 0) +
    2 ** config.bmcIpv4RangeSize * rack +
    indexInRack;
  const slot = `rack ${rack}, index ${indexInRack}`;
  if (indexInRack >= block) return `${slot} lies outside its block of ${block} addresses`;
  const bmcBlock = 2 ** config.bmcIpv4RangeSize;
  // Indices begin at the offset, so this many follow each other before the next rack's addresses begin.
  if (indexInRack - config.nodeIndexOffset >= bmcBlock) {
    return `${slot} has the BMC address of a machine of the next rack: bmc-ipv4-range-size leaves ${bmcBlock} addresses per rack`;
  }
  if (lastNode > lastOf(config.nodeIpv4Pool)) {
    return `${slot} lies outside node-ipv4-pool ${formatCidr(config.nodeIpv4Pool)}: use a smaller rack number`;
  }
  if (bmc > lastOf(config.bmcIpv4Pool)) {
    return `${slot} lies outside bmc-ipv4-pool ${formatCidr(config.bmcIpv4Pool)}: use a smaller rack number`;
  }
  const nics = [...nodeAddresses(config, rack, indexInRack), bmcAddress(config, rack, indexInRack)];
  const reserved = nics.find(isReserved);
  if (reserved === undefined) return undefined;
  return `${slot} would get ${formatIpv4(reserved.address)}, which a network of ${reserved.maskBits} bits keeps for itself`;
}

/** The first and the last address of a network are no machine's; RFC 3021: one of two addresses has neither. */
function isReserved({ address, netmask, maskBits }: NicConfig): boolean {
  const hostBits = (address & ~netmask) >>> 0;
  return maskBits <= 30 && (hostBits === 0 || hostBits === ~netmask >>> 0);
}

/**
 * The addresses DHCP lends in the block that `address` (of an interface, relay or client) lies in. Undefined below or
 * above the pool, and when machines leave no room in a block.
 */
export function leaseRangeOf(config: IpamConfig, address: Ipv4): LeaseRange | undefined {
  const base = nodeBase(config);
  const distance = address - base;
  if (distance <= 0 || address > lastOf(config.nodeIpv4Pool)) return undefined;
  const block = 2 ** config.nodeIpv4RangeSize;
  const reserved = config.nodeIndexOffset + config.maxNodesInRack + 1;
  const first = base + block * Math.floor(distance / block) + reserved;
  const count = Math.min(block - 1 - reserved, lastOf(config.nodeIpv4Pool) + 1 - first);
  return count > 0 ? { first: toIpv4(first), count } : undefined;
}

/** The rack whose machines have addresses in the block `address` lies in; undefined below or above the pool. */
export function rackOf(config: IpamConfig, address: Ipv4): number | undefined {
  const distance = address - nodeBase(config);
  if (distance < 0 || address > lastOf(config.nodeIpv4Pool)) return undefined;
  const block = 2 ** config.nodeIpv4RangeSize;
  return Math.floor(distance / block / config.nodeIpPerNode);
}

function nodeBase(config: IpamConfig): number {
  return config.nodeIpv4Pool.base + (config.nodeIpv4Offset ?? 0);
}

function lastOf(network: Cidr): number {
  return network.base + 2 ** (32 - network.prefixLength) - 1;
}

function nicConfig(address: Ipv4, maskBits: number, gatewayOffset: number): NicConfig {
  const gateway = addToIpv4(networkOf(address, maskBits), gatewayOffset);
  return { address, netmask: netmask(maskBits), maskBits, gateway };
}

function toIpv4(value: number): Ipv4 {
  return (value % 2 ** 32) as Ipv4;
}

function isMask(bits: number): boolean {
  return bits >= 8 && bits <= 32;
}

function parsePool(member: string, text: string): Result<Cidr, string> {
  const [addressText = '', lengthText = '', ...rest] = text.split('/');
  const base = parseIpv4(addressText);
  const prefixLength = /^\d{1,2}$/.test(lengthText) ? Number(lengthText) : 33;
  if (!base.ok || prefixLength > 32 || rest.length > 0) return fail(`invalid ${member}`);
  if (networkOf(base.value, prefixLength) !== base.value) {
    return fail(`host part of ${member} must be cleared`);
  }
  return ok({ base: base.value, prefixLength });
}

function parseOffset(member: string, text: string): Result<Ipv4 | undefined, string> {
  if (text === '') return ok(undefined);
  const address = parseIpv4(text);
  return address.ok ? address : fail(`invalid ${member}`);
}
