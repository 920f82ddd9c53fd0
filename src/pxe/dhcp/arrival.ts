/** How a datagram came in: from whom, on which interface, and as whom we answer there. */

import { type Cidr, type Ipv4, networkOf, parseIpv4 } from '../../base/addresses.ts';
import type { Endpoint, NetworkInterface } from '../../base/world.ts';
import { anyAddress } from './links.ts';
import { facing, isLoopback, type OwnAddress, type OwnAddresses } from './own-addresses.ts';

export type Arrival = {
  readonly from: Endpoint;
  /** First address of the interface it came in on, where that is known: on sockets bound to an interface. */
  readonly interfaceAddress: Ipv4 | undefined;
  /** Our address on the side of `peer` (a relay or client; undefined: on the link itself): option 54 and siaddr. */
  readonly serverAddress: (peer: Ipv4 | undefined) => Ipv4 | undefined;
  /** Name of that interface. */
  readonly interface?: string | undefined;
  /** Of the socket; default 67. */
  readonly port?: number;
  /** Of that interface's first address. */
  readonly linkNetwork?: Cidr | undefined;
};

/**
 * Our address towards a client or relay. On a link it is one of that link's; on the plain socket the bound one, else
 * the one whose network the peer is in, else the first that is not loopback.
 */
export function arrivalOn(
  link: NetworkInterface | undefined,
  { address: bindAddress, port }: Endpoint,
  own: OwnAddresses,
): (from: Endpoint) => Arrival {
  const bound = bindAddress === anyAddress ? undefined : parseIpv4(bindAddress);
  return (from) => {
    // Read anew: an interface may be renumbered while we listen on it.
    const addresses =
      link === undefined
        ? own.all()
        : own.all().filter(({ interfaceName }) => interfaceName === link.name);
    const specific =
      bound?.ok === true &&
      (link === undefined || addresses.some(({ address }) => address === bound.value))
        ? bound.value
        : undefined;
    const first: Ipv4 | undefined =
      link === undefined
        ? addresses.find(({ address }) => !isLoopback(address))?.address
        : addresses[0]?.address;
    return {
      from,
      port,
      interface: link?.name,
      linkNetwork: linkNetworkOf(link === undefined ? undefined : addresses[0]),
      interfaceAddress: link === undefined ? undefined : (specific ?? first),
      serverAddress: (peer) =>
        specific ?? (peer === undefined ? undefined : facing(addresses, peer)) ?? first,
    };
  };
}

function linkNetworkOf(first: OwnAddress | undefined): Cidr | undefined {
  if (first === undefined) return undefined;
  const { address, prefixLength } = first;
  return { base: networkOf(address, prefixLength), prefixLength };
}
