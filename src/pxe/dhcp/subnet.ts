/** The network a request belongs to, and what clients there are told of it. */

import { addToIpv4, type Ipv4, isInside, networkOf } from '../../base/addresses.ts';
import { gatewayOf, type LeaseRange, leaseRangeOf } from '../../inventory/ipam.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { DhcpRequest } from './request.ts';

export type Subnet = {
  readonly range: LeaseRange;
  readonly network: Ipv4;
  readonly prefixLength: number;
  readonly router: Ipv4;
  readonly broadcast: Ipv4;
};

/** Undefined when the pool does not reach there or leaves nothing to lend. */
export function subnetOf(ipam: IpamConfig, address: Ipv4): Subnet | undefined {
  const range = leaseRangeOf(ipam, address);
  if (range === undefined) return undefined;
  const prefixLength = ipam.nodeIpv4RangeMask;
  const network = networkOf(address, prefixLength);
  return {
    range,
    network,
    prefixLength,
    router: gatewayOf(ipam, address),
    broadcast: addToIpv4(network, 2 ** (32 - prefixLength) - 1),
  };
}

export function isOnSubnet(subnet: Subnet, address: Ipv4): boolean {
  return isInside(address, { base: subnet.network, prefixLength: subnet.prefixLength });
}

/**
 * The address that tells a request's network (RFC 2131 section 4.3.1, RFC 3527): link selection, relay, the client's
 * own where it has one, else that of the interface it came in on.
 */
export function placeOf(
  request: DhcpRequest,
  interfaceAddress: Ipv4 | undefined,
): Ipv4 | undefined {
  const { wish, relay } = request;
  switch (wish.kind) {
    // These speak of an address they have; where the message came in says nothing.
    case 'inform':
    case 'release':
    case 'decline':
      return wish.address;
    case 'extending':
      return relay?.linkSelection ?? relay?.address ?? wish.address;
    case 'discover':
    case 'selecting':
    case 'init-reboot':
      return relay?.linkSelection ?? relay?.address ?? interfaceAddress;
  }
}
