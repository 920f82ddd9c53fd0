/** Which network a request belongs to, and what becomes of requests from there. */

import { type Ipv4, parseIpv4 } from '../../base/addresses.ts';
import { ok } from '../../base/result.ts';
import type { Endpoint } from '../../base/world.ts';
import type { DhcpConfig } from '../../inventory/dhcp-config.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Network, Networks } from '../networks.ts';
import { type TargetRules, whyRefused } from './destination.ts';
import type { DhcpRequest } from './request.ts';
import { placeOf, type Subnet, subnetOf } from './subnet.ts';

export type Placement = {
  /** The place it speaks of, where nobody enabled the network. */
  readonly unenabled?: Ipv4 | undefined;
} & (
  | { readonly kind: 'lent'; readonly subnet: Subnet; readonly dhcp: DhcpConfig }
  /** Another server gives it its address. */
  | { readonly kind: 'proxied'; readonly network: Network }
  /** Nothing may be sent where the answer would go; `isServed`: its network is enabled. */
  | { readonly kind: 'refused'; readonly reason: string; readonly isServed: boolean }
  | {
      readonly kind: 'ignored';
      readonly reason: string;
      readonly counted?: 'networkOff' | 'noSubnet';
    }
);

type PlacementRules = Pick<TargetRules, 'relayNetworks' | 'isOwn'>;

/** @param interfaceAddress of the link it came in on, where that is known */
export function placeRequest(
  request: DhcpRequest,
  interfaceAddress: Ipv4 | undefined,
  {
    rules,
    inventory,
    networks,
  }: {
    readonly rules: PlacementRules;
    readonly inventory: Pick<Inventory, 'ipam' | 'dhcp'>;
    readonly networks: Pick<Networks, 'of'>;
  },
): Placement {
  const place = placeOf(request, interfaceAddress);
  const network = place === undefined ? undefined : networks.of(place);
  if (network?.mode === 'off') {
    return { kind: 'ignored', reason: 'its network is switched off', counted: 'networkOff' };
  }
  if (network?.mode === 'proxy') return { kind: 'proxied', network };
  const unenabled = network === undefined ? place : undefined;
  const ipam = inventory.ipam();
  const dhcp = inventory.dhcp();
  if (ipam === undefined || dhcp === undefined) {
    return { kind: 'ignored', reason: 'no IPAM or DHCP configuration yet', unenabled };
  }
  const refusal = whyRefused(request, {
    isOwn: rules.isOwn,
    relayNetworks: relayNetworksOf(rules, network),
    nodePool: ipam.nodeIpv4Pool,
    subnetPrefixLength: ipam.nodeIpv4RangeMask,
  });
  if (refusal !== undefined) {
    return { kind: 'refused', reason: refusal, isServed: network !== undefined, unenabled };
  }
  const subnet = place === undefined || network === undefined ? undefined : subnetOf(ipam, place);
  if (subnet !== undefined) return { kind: 'lent', subnet, dhcp };
  const reason =
    network === undefined ? 'its network is not enabled' : 'nothing is lent on its network';
  return { kind: 'ignored', reason, counted: 'noSubnet', unenabled };
}

/** Port 4011, where a client that has an address asks for its boot file (PXE 2.1 section 2.2.3). */
export function placeAtBootServer(
  { packet }: DhcpRequest,
  from: Endpoint,
  networks: Pick<Networks, 'of'>,
): Placement {
  const client = packet.clientAddress === 0 ? parseIpv4(from.address) : ok(packet.clientAddress);
  const network = client.ok ? networks.of(client.value) : undefined;
  return network?.mode === 'proxy'
    ? { kind: 'proxied', network }
    : { kind: 'ignored', reason: 'boot files are not named here by port 4011' };
}

/** A network that a record enables is one whose relays are known, too. */
function relayNetworksOf(
  { relayNetworks }: PlacementRules,
  network: Network | undefined,
): PlacementRules['relayNetworks'] {
  const isNamed = relayNetworks.length > 0 && network?.isImplicit === false;
  return isNamed ? [...relayNetworks, network.cidr] : relayNetworks;
}
