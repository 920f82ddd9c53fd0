/**
 * The DHCP server on real or simulated sockets.
 *
 * With interfaces, one socket bound to each: what it receives came in there, what it broadcasts goes out there, and
 * relays reach it, too. Without, one plain socket that serves relays and renewals only, and needs no privilege.
 */

import { type Cidr, formatIpv4, type Ipv4, parseIpv4 } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { StoreProblem } from '../../base/store.ts';
import { formatInstant, type Rfc3339 } from '../../base/time.ts';
import type { Transact } from '../../base/transact.ts';
import type { Endpoint, NetProblem, NetworkInterface, UdpSocket, World } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { defaultLoaders, type LoaderNames } from '../boot-target.ts';
import type { DhcpCounters, DhcpEvent } from './counters.ts';
import { leasePrefix, openLeaseTable } from './leases.ts';
import {
  addressesOf,
  createOwnAddresses,
  facing,
  isLoopback,
  type OwnAddresses,
} from './own-addresses.ts';
import { type Arrival, createDhcpResponder } from './responder.ts';

export type DhcpSettings = {
  /**
   * Port of all sockets. A specific address keeps to the interface that has it; without interfaces it is what the
   * socket is bound to.
   */
  readonly bind: Endpoint;
  /** Links served directly; `all` is every interface with an IPv4 address except loopback. */
  readonly interfaces: readonly string[] | 'all';
  /** Where relays may be; none: the node pool of the IPAM configuration. Loopback counts only when named. */
  readonly relayNetworks: readonly Cidr[];
  /** File names by architecture number, in place of the default ones. */
  readonly loaders?: LoaderNames;
  /** How long an offered address is kept for its client. */
  readonly holdSeconds: number;
};

export const defaultDhcpSettings: DhcpSettings = {
  bind: { address: '0.0.0.0', port: 10067 },
  interfaces: 'all',
  relayNetworks: [],
  // OVMF takes 3.8 s to answer an offer, more under load.
  holdSeconds: 60,
};

export type DhcpStatus = {
  readonly listening: readonly (Endpoint & { readonly interface: string | undefined })[];
  /** Offers that may still be taken up. */
  readonly holds: number;
  /** Requests in queues. */
  readonly waiting: number;
};

export type LentAddress = {
  readonly address: string;
  /** `ff:00:…` stands for an address that a client declined. */
  readonly mac: string;
  /** Undefined when the stored text is no time: never. */
  readonly expiresAt: Rfc3339 | undefined;
};

export type Dhcp = {
  readonly stop: () => void;
  readonly counters: () => DhcpCounters;
  readonly status: () => DhcpStatus;
  /** All leases in the store, ended ones that are remembered included; broken tables are left out. */
  readonly leases: () => Promise<Result<readonly LentAddress[], StoreProblem>>;
};

const anyAddress = '0.0.0.0';

export async function startDhcp(deps: {
  readonly world: Pick<World, 'net' | 'clock' | 'chance' | 'log' | 'store'>;
  readonly transact: Transact;
  readonly inventory: Pick<Inventory, 'ipam' | 'dhcp' | 'ownerOf'>;
  readonly settings: DhcpSettings;
  /** `http://host:port` under which machines reach the boot endpoints. */
  readonly advertiseUrl: string;
  readonly observe?: (event: DhcpEvent) => void;
}): Promise<Result<Dhcp, NetProblem>> {
  const { world, settings } = deps;
  const { net, clock, log } = world;
  const own = createOwnAddresses(net, clock.monotonicMs);
  const responder = createDhcpResponder({
    ...deps,
    rules: {
      relayNetworks: settings.relayNetworks,
      isOwn: own.has,
      advertiseUrl: deps.advertiseUrl,
      loaders: { ...defaultLoaders, ...settings.loaders },
      holdSeconds: settings.holdSeconds,
    },
  });
  const doors: { readonly socket: UdpSocket; readonly interface: string | undefined }[] = [];
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    for (const { socket } of doors.splice(0)) socket.close();
  };

  const listen = async (
    address: string,
    link: NetworkInterface | undefined,
  ): Promise<Result<void, NetProblem>> => {
    let socket: UdpSocket | undefined;
    const arrivalOf = arrivalOn(link, settings.bind.address, own);
    const opened = await net.openUdp({
      address,
      port: settings.bind.port,
      ...(link === undefined ? {} : { interface: link.name }),
      broadcast: true,
      onDatagram: ({ payload, from }) => {
        void responder.handle(payload, arrivalOf(from)).then((outgoing) => {
          if (outgoing !== undefined && !stopped) socket?.send(outgoing.payload, outgoing.to);
        });
      },
      onError: (error) =>
        log.warn('the DHCP port has trouble', {
          interface: link?.name ?? '',
          address,
          text: error.message,
        }),
    });
    if (!opened.ok) return opened;
    socket = opened.value;
    doors.push({ socket, interface: link?.name });
    return ok(undefined);
  };

  const links = linksOf(settings, net.interfaces());
  if (!links.ok) return links;
  const wanted =
    links.value === undefined
      ? [{ address: settings.bind.address, link: undefined }]
      : // Bound to a specific address, a socket would not hear broadcasts.
        links.value.map((link) => ({ address: anyAddress, link }));
  for (const { address, link } of wanted) {
    const listening = await listen(address, link);
    if (listening.ok) continue;
    stop();
    return listening;
  }
  return ok({
    stop,
    counters: responder.counters,
    status: () => ({
      listening: doors.map((door) => ({ ...door.socket.local, interface: door.interface })),
      holds: responder.holds(),
      waiting: responder.waiting(),
    }),
    leases: async () => {
      const listing = await world.store.list(leasePrefix);
      if (!listing.ok) return listing;
      return ok(listing.value.entries.flatMap(({ key, value }) => lentBy(key, value)));
    },
  });
}

/** The links to serve directly; undefined: none, a plain socket for relays. */
function linksOf(
  { interfaces, bind }: DhcpSettings,
  existing: readonly NetworkInterface[],
): Result<readonly NetworkInterface[] | undefined, NetProblem> {
  if (interfaces === 'all') {
    const isSpecific = bind.address !== anyAddress;
    const links = existing.filter((link) =>
      isSpecific
        ? link.ipv4.some(({ address }) => address === bind.address)
        : !addressesOf(link).every(({ address }) => isLoopback(address)),
    );
    if (links.length > 0) return ok(links);
    const text = isSpecific
      ? `DHCP is bound to ${bind.address}, but no interface has this address`
      : 'DHCP is to serve all interfaces, but none has an IPv4 address';
    return fail({ kind: 'no-such-address', text });
  }
  if (interfaces.length === 0) return ok(undefined);
  const links: NetworkInterface[] = [];
  for (const name of interfaces) {
    const link = existing.find((one) => one.name === name);
    if (link === undefined || addressesOf(link).length === 0) {
      const known = existing.map((one) => one.name).join(', ');
      return fail({
        kind: 'no-such-address',
        text: `DHCP is to serve ${name}, which has no IPv4 address; interfaces that have one: ${known}`,
      });
    }
    links.push(link);
  }
  return ok(links);
}

/**
 * Our address towards a client or relay. On a link it is one of that link's; on the plain socket the bound one, else
 * the one whose network the peer is in, else the first that is not loopback.
 */
function arrivalOn(
  link: NetworkInterface | undefined,
  bindAddress: string,
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
      interfaceAddress: link === undefined ? undefined : (specific ?? first),
      serverAddress: (peer) =>
        specific ?? (peer === undefined ? undefined : facing(addresses, peer)) ?? first,
    };
  };
}

function lentBy(key: string, value: Uint8Array): readonly LentAddress[] {
  const first = parseIpv4(key.slice(leasePrefix.length));
  const table = openLeaseTable(value);
  if (!first.ok || !table.ok) return [];
  return Array.from(table.value.entries(), ([mac, { index, expiresAt }]) => ({
    address: formatIpv4(((first.value + index) % 2 ** 32) as Ipv4),
    mac,
    expiresAt: Number.isFinite(expiresAt) ? formatInstant(expiresAt) : undefined,
  }));
}
