/** Where a reply goes (RFC 2131 section 4.1, RFC 8357), and which targets are refused: we are no reflector. */

import { type Cidr, formatIpv4, type Ipv4, isInside } from '../../base/addresses.ts';
import type { Endpoint } from '../../base/world.ts';
import type { DhcpRequest } from './request.ts';

const dhcpServerPort = 67;
const dhcpClientPort = 68;
const broadcastAddress = '255.255.255.255';

export type TargetRules = {
  /** Where relays may be. Loopback counts only when it is named here. */
  readonly relayNetworks: readonly Cidr[];
  readonly nodePool: Cidr;
  /** Of the pool's subnets: their first and last addresses are no host's. */
  readonly subnetPrefixLength: number;
  readonly isOwn: (address: Ipv4) => boolean;
};

/**
 * A client without an address gets a broadcast whatever its flag says: unicast would need a neighbour entry that only
 * raw frames or the kernel could give; every firmware we know takes the broadcast.
 *
 * @param from where the datagram came from; its port matters to relays that ask for it.
 */
export function replyDestination(
  { wish, relay, packet }: Pick<DhcpRequest, 'wish' | 'relay' | 'packet'>,
  isNak: boolean,
  from: Endpoint,
): Endpoint {
  // RFC 2131 section 4.3.5: "directly to the address given in the ciaddr field", relayed or not.
  if (relay !== undefined && wish.kind !== 'inform') {
    return {
      address: formatIpv4(relay.address),
      port: relay.repliesToSourcePort ? from.port : dhcpServerPort,
    };
  }
  if (packet.clientAddress !== 0 && !isNak) {
    return { address: formatIpv4(packet.clientAddress), port: dhcpClientPort };
  }
  return { address: broadcastAddress, port: dhcpClientPort };
}

/** Why nothing may be sent on behalf of this request, or undefined. */
export function whyRefused(
  { wish, relay, packet }: Pick<DhcpRequest, 'wish' | 'relay' | 'packet'>,
  rules: TargetRules,
): string | undefined {
  if (relay !== undefined) {
    const known = rules.relayNetworks.length > 0 ? rules.relayNetworks : [rules.nodePool];
    if (!known.some((network) => isInside(relay.address, network))) {
      return 'the relay is outside the relay networks';
    }
    const refusal = whyNoHost(relay.address, 'relay', rules);
    if (refusal !== undefined || wish.kind !== 'inform') return refusal;
  }
  if (packet.clientAddress === 0) return undefined;
  if (!isInside(packet.clientAddress, rules.nodePool)) return 'the client address is not ours';
  return whyNoHost(packet.clientAddress, 'client', rules);
}

const loopback: Cidr = { base: (127 * 2 ** 24) as Ipv4, prefixLength: 8 };
/** 224.0.0.0 and above: multicast, reserved, broadcast. */
const multicastFirst = 224 * 2 ** 24;
/** 0.0.0.0/8, "this network". */
const hostFirst = 2 ** 24;

function whyNoHost(
  address: Ipv4,
  whose: 'relay' | 'client',
  rules: TargetRules,
): string | undefined {
  if (address < hostFirst || address >= multicastFirst) return `the ${whose} address is no host's`;
  if (isInside(address, rules.nodePool) && isEdge(address, rules.subnetPrefixLength)) {
    return `the ${whose} address is a network's`;
  }
  if (rules.isOwn(address)) return `the ${whose} address is this server's own`;
  const isNamed = rules.relayNetworks.some((network) => isInside(address, network));
  return isInside(address, loopback) && !isNamed ? `the ${whose} address is loopback` : undefined;
}

/** The network's own address or its broadcast: what is sent there, every host of the network hears. */
function isEdge(address: Ipv4, prefixLength: number): boolean {
  if (prefixLength > 30) return false;
  const host = address % 2 ** (32 - prefixLength);
  return host === 0 || host === 2 ** (32 - prefixLength) - 1;
}
