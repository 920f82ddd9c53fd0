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
} from '../base/addresses.ts';
import type { IpamConfig } from './ipam-config.ts';
import type { NicConfig } from './machine.ts';

export type LeaseRange = {
  readonly first: Ipv4;
  readonly count: number;
};

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
