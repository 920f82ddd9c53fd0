/** What the subnets of one rack are, and how full. */

import { addToIpv4, formatIpv4, type Ipv4, networkOf } from '../../base/addresses.ts';
import type { Revision } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import {
  bmcAddress,
  gatewayOf,
  leaseRangeOf,
  nodeAddresses,
  rackOf,
} from '../../inventory/ipam.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { BookedLease } from '../../pxe/lease-book.ts';
import type { SubnetV2 } from '../contract/subnet.ts';
import { leaseStateOf } from './lease-json.ts';

/**
 * Its node networks and its BMC network.
 *
 * @param used machines registered in it.
 * @param lent the leases of the range that begins at an address.
 */
export function subnetsOfRack(
  ipam: IpamConfig,
  rack: number,
  used: number,
  lent: (first: Ipv4) => readonly BookedLease[],
  now: Instant,
  revision: Revision,
): readonly SubnetV2[] {
  const room = ipam.maxNodesInRack;
  const nodes = nodeAddresses(ipam, rack, 0).map(({ address: base }, at): SubnetV2 => {
    const bits = ipam.nodeIpv4RangeMask;
    const range = leaseRangeOf(ipam, addToIpv4(base, 1));
    const held = range === undefined ? [] : lent(range.first);
    const states = held.map((lease) => leaseStateOf(lease, now));
    const leased = states.filter((state) => state === 'leased').length;
    const declined = states.filter((state) => state === 'declined').length;
    return {
      name: `node-${rack}-${at}`,
      revision,
      kind: 'node',
      rack,
      network: `${formatIpv4(networkOf(base, bits))}/${bits}`,
      gateway: formatIpv4(gatewayOf(ipam, base)),
      machines: { used, room },
      leases: range
        ? {
            first: formatIpv4(range.first),
            count: range.count,
            leased,
            declined,
            free: Math.max(range.count - leased - declined, 0),
          }
        : null,
    };
  });
  const { address, maskBits, gateway } = bmcAddress(ipam, rack, 0);
  return [
    ...nodes,
    {
      name: `bmc-${rack}`,
      revision,
      kind: 'bmc',
      rack,
      network: `${formatIpv4(networkOf(address, maskBits))}/${maskBits}`,
      gateway: formatIpv4(gateway),
      machines: { used, room },
      leases: null,
    },
  ];
}

/** Whether all the rack's networks lie in the pool. */
export function isInPool(ipam: IpamConfig, rack: number): boolean {
  return nodeAddresses(ipam, rack, 0).every(({ address }) => rackOf(ipam, address) === rack);
}

/** First addresses of the ranges that DHCP lends from in this rack. */
export function rangesOfRack(ipam: IpamConfig, rack: number): readonly Ipv4[] {
  return nodeAddresses(ipam, rack, 0).flatMap(
    ({ address }) => leaseRangeOf(ipam, addToIpv4(address, 1))?.first ?? [],
  );
}
