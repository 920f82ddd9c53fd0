/**
 * The DHCP server on real or simulated sockets.
 *
 * With interfaces, one socket bound to each: what it receives came in there, what it broadcasts goes out there, and
 * relays reach it, too; those that appear later are served then. Without, one plain socket that serves relays and renewals only, and needs no privilege.
 */

import type { AddressProber } from '../../base/address-probe.ts';
import { type Cidr, formatIpv4, type Ipv4, networkOf, parseIpv4 } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { StoreProblem } from '../../base/store.ts';
import { formatInstant, type Rfc3339 } from '../../base/time.ts';
import type { Endpoint, NetProblem, NetworkInterface, UdpSocket, World } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { defaultLoaders, type LoaderNames } from '../boot-target.ts';
import type { Networks } from '../networks.ts';
import type { SightingListener } from '../sightings.ts';
import type { DhcpCounters } from './counters.ts';
import { createFleetServers } from './fleet-servers.ts';
import type { LeaseCopy } from './lease-memory.ts';
import { leasePrefix, openLeaseTable } from './leases.ts';
import { anyAddress, chooseLinks, compareDoors, type Door } from './links.ts';
import { createOthers, type OtherServer } from './others.ts';
import {
  createOwnAddresses,
  facing,
  isLoopback,
  type OwnAddress,
  type OwnAddresses,
} from './own-addresses.ts';
import type { AddressInUse, AsideAddress } from './probe.ts';
import { bootServerPort } from './proxy.ts';
import { type Arrival, createDhcpResponder, type Outgoing } from './responder.ts';
import type { UnservedNetwork } from './unserved.ts';

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
  /** `https://host:port` that firmware's own HTTP boot is sent to; undefined: the advertised URL. */
  readonly httpBootUrl?: string | undefined;
  /** How long an offered address is kept for its client. */
  readonly holdSeconds: number;
  /** How long an address that is offered for the first time is asked for; absent or 0: not at all. */
  readonly probeMs?: number;
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
  /** What is to be served and cannot be now, as sentences; looked at anew every few seconds. */
  readonly missing: readonly string[];
  /** Offers that may still be taken up. */
  readonly holds: number;
  /** Requests in queues. */
  readonly waiting: number;
  /** Who asks in vain, where nobody enabled their network. */
  readonly unserved: readonly UnservedNetwork[];
  /** Addresses that somebody was seen using, and that the store does not show as set aside (yet). */
  readonly aside: readonly AsideAddress[];
  /** DHCP and PXE servers that are none of ours. */
  readonly others: readonly OtherServer[];
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

/** Interfaces that come and go are noticed within this time. */
const lookEveryMs = 5_000;
/** RFC 2131 section 4.1. */
const clientPort = 68;
/** Our own answers come back here, too: in a storm an ear is shut until the next look. */
const heardPerLookMax = 2_500;
/** A port's errors are worth a line a minute. */
const warningEveryMs = 60_000;

export async function startDhcp(deps: {
  readonly world: Pick<World, 'net' | 'clock' | 'chance' | 'log' | 'store'>;
  /** The copy of all lease tables; absent: they are read when they are needed. */
  readonly copy?: LeaseCopy;
  readonly inventory: Pick<Inventory, 'ipam' | 'dhcp' | 'ownerOf'>;
  readonly networks: Pick<Networks, 'of' | 'all'>;
  readonly settings: DhcpSettings;
  readonly prober?: AddressProber | undefined;
  /** Tells all servers of an address in use; true: the store has it. */
  readonly shareInUse?: ((inUse: AddressInUse) => Promise<boolean>) | undefined;
  /** `http://host:port` under which machines reach the boot endpoints. */
  readonly advertiseUrl: string;
  readonly tell?: SightingListener;
}): Promise<Result<Dhcp, NetProblem>> {
  const { world, settings } = deps;
  const { net, clock, log } = world;
  const own = createOwnAddresses(net, clock.monotonicMs);
  const fleetServers = createFleetServers({
    store: world.store,
    world,
    name: new URL(deps.advertiseUrl).host,
  });
  const others = createOthers(world, (address) => own.has(address) || fleetServers.has(address));
  const responder = createDhcpResponder({
    ...deps,
    hearChoice: others.hearChoice,
    store: world.store,
    rules: {
      relayNetworks: settings.relayNetworks,
      isOwn: own.has,
      advertiseUrl: deps.advertiseUrl,
      httpBootUrl: settings.httpBootUrl,
      loaders: { ...defaultLoaders, ...settings.loaders },
      holdSeconds: settings.holdSeconds,
      probeMs: settings.probeMs ?? 0,
    },
  });
  let doors: readonly Door[] = [];
  /** Port 4011, where a client that has an address asks for its boot file. */
  let bootDoors: readonly Door[] = [];
  /** Port 68 of each link, where others are heard; an ear that hears too much is shut for a while. */
  const ears = new Map<string, Ear>();
  const deaf = new Set<string>();
  let missing: readonly string[] = [];
  let bootMissing: readonly string[] = [];
  let stopped = false;
  let servesThem = servesLinks(settings);
  let cancelLook = (): void => {};
  const close = (closing: readonly Door[]): void => {
    doors = doors.filter((door) => !closing.includes(door));
    for (const { socket } of closing) socket.close();
  };
  const stop = (): void => {
    stopped = true;
    cancelLook();
    close(doors);
    for (const { socket } of [...bootDoors, ...ears.values()]) socket.close();
    bootDoors = [];
    ears.clear();
    fleetServers.stop();
  };

  const listen = async (
    link: NetworkInterface | undefined,
    port: number,
  ): Promise<Result<Door, NetProblem>> => {
    // Bound to a specific address, a socket would not hear broadcasts.
    const address = link === undefined ? settings.bind.address : anyAddress;
    let socket: UdpSocket | undefined;
    let warnedAtMs = Number.NEGATIVE_INFINITY;
    const arrivalOf = arrivalOn(link, { ...settings.bind, port }, own);
    const answer = (outgoing: Outgoing | undefined): void => {
      const isIt = (door: Door): boolean => door.socket === socket;
      const isOpen = doors.some(isIt) || bootDoors.some(isIt);
      if (outgoing !== undefined && isOpen) socket?.send(outgoing.payload, outgoing.to);
    };
    const opened = await net.openUdp({
      address,
      port,
      ...(link === undefined ? {} : { interface: link.name }),
      broadcast: true,
      batches: true,
      onDatagram: ({ payload, from }) => responder.handle(payload, arrivalOf(from), answer),
      onError: (error) => {
        if (clock.monotonicMs() - warnedAtMs < warningEveryMs) return;
        warnedAtMs = clock.monotonicMs();
        log.warn('the DHCP port has trouble', {
          interface: link?.name ?? '',
          address,
          text: error.message,
        });
      },
    });
    if (!opened.ok) return opened;
    socket = opened.value;
    return ok({ socket, link });
  };

  const openDoor = async (
    link: NetworkInterface | undefined,
  ): Promise<Result<void, NetProblem>> => {
    const door = await listen(link, settings.bind.port);
    if (!door.ok) return door;
    doors = [...doors, door.value];
    if (stopped) stop();
    return ok(undefined);
  };

  /** Bound to the broadcast address, so that what is meant for this host's own DHCP client goes there. */
  const openEars = async (): Promise<void> => {
    for (const [name, ear] of ears) {
      const isServed = doors.some(({ link }) => link?.name === name && link.mac === ear.mac);
      if (isServed && ear.heard <= heardPerLookMax) {
        ear.heard = 0;
        continue;
      }
      ear.socket.close();
      ears.delete(name);
    }
    for (const { link } of doors) {
      if (link === undefined || ears.has(link.name)) continue;
      const via = `interface ${link.name}`;
      const ear = { heard: 0, mac: link.mac };
      const opened = await net.openUdp({
        address: '255.255.255.255',
        port: clientPort,
        interface: link.name,
        broadcast: true,
        onDatagram: ({ payload }) => {
          ear.heard += 1;
          if (ear.heard <= heardPerLookMax) others.hearReply(payload, via);
        },
        onError: () => {},
      });
      if (opened.ok) ears.set(link.name, Object.assign(ear, { socket: opened.value }));
      else if (!deaf.has(link.name)) {
        deaf.add(link.name);
        log.info('other servers are not heard on a link', { via, text: opened.error.text });
      }
    }
    if (stopped) stop();
  };

  const lookAround = async (): Promise<void> => {
    await fleetServers.tell(doorAddresses(doors, own));
    await openEars();
    others.look();
  };

  /** Port 4011 beside each door, while a network is beside another DHCP server. */
  const openBootDoors = async (): Promise<void> => {
    const isWanted = deps.networks.all().some(({ mode }) => mode === 'proxy');
    const wanted = isWanted ? doors : [];
    const isFor = (door: Door, other: Door): boolean => door.link === other.link;
    for (const door of bootDoors) {
      if (!wanted.some((one) => isFor(one, door))) door.socket.close();
    }
    bootDoors = bootDoors.filter((door) => wanted.some((one) => isFor(one, door)));
    const texts: string[] = [];
    for (const door of wanted) {
      if (bootDoors.some((one) => isFor(one, door))) continue;
      const opened = await listen(door.link, bootServerPort);
      if (opened.ok) bootDoors = [...bootDoors, opened.value];
      else texts.push(opened.error.text);
    }
    for (const text of texts) {
      if (!bootMissing.includes(text)) log.warn('port 4011 is not served', { text });
    }
    bootMissing = texts;
    if (stopped) stop();
  };

  const openLinks = async (): Promise<readonly NetProblem[]> => {
    const choice = chooseLinks(settings, net.interfaces());
    const { close: gone, open } = compareDoors(doors, choice.links);
    for (const { link } of gone) log.info('an interface is gone', { interface: link?.name ?? '' });
    close(gone);
    const problems: NetProblem[] = [];
    for (const link of open) {
      const listening = await openDoor(link);
      if (listening.ok) log.info('answers DHCP on an interface', { interface: link.name });
      else problems.push(listening.error);
    }
    const texts = [...choice.missing, ...problems.map(({ text }) => text)];
    for (const text of texts) {
      if (!missing.includes(text)) log.warn('an interface is not served yet', { text });
    }
    missing = texts;
    return problems;
  };

  const lookLater = (): void => {
    if (stopped) return;
    cancelLook = clock.after(lookEveryMs, () => {
      responder.lookAtClock();
      const looked = servesThem ? openLinks() : Promise.resolve();
      void looked.then(openBootDoors).then(lookAround).then(lookLater);
    });
  };

  const mistake = whyNever(settings, net.interfaces());
  if (mistake !== undefined) return fail({ kind: 'no-such-address', text: mistake });
  let [problem] = servesThem ? await openLinks() : [];
  if (problem?.kind === 'no-library') {
    log.warn('machines on direct links get no answer; relays do', { text: problem.text });
    [servesThem, missing, problem] = [false, [problem.text], undefined];
  }
  if (!servesThem) {
    const plain = await openDoor(undefined);
    if (!plain.ok) problem = plain.error;
  }
  if (problem !== undefined) {
    stop();
    return fail(problem);
  }
  await openBootDoors();
  const heard = await fleetServers.start();
  if (!heard.ok) log.warn('servers of this fleet are not known yet', { text: heard.error.text });
  await lookAround();
  responder.lookAtClock();
  lookLater();
  return ok({
    stop,
    counters: () => ({ ...responder.counters(), otherServers: others.heard() }),
    status: () => ({
      listening: [...doors, ...bootDoors].map(({ socket, link }) => ({
        ...socket.local,
        interface: link?.name,
      })),
      missing: [...missing, ...bootMissing],
      holds: responder.holds(),
      waiting: responder.waiting(),
      unserved: responder.unserved(),
      aside: responder.aside(),
      others: others.list(),
    }),
    leases: async () => {
      const listing = await world.store.list(leasePrefix);
      if (!listing.ok) return listing;
      return ok(listing.value.entries.flatMap(({ key, value }) => lentBy(key, value)));
    },
  });
}

type Ear = { readonly socket: UdpSocket; readonly mac: string; heard: number };

/** What answers may name as their server: the addresses of the links, or all where there are none. */
function doorAddresses(doors: readonly Door[], own: OwnAddresses): readonly Ipv4[] {
  const names = doors.flatMap(({ link }) => link?.name ?? []);
  return own
    .all()
    .filter(({ address }) => !isLoopback(address))
    .filter(({ interfaceName }) => names.length === 0 || names.includes(interfaceName))
    .map(({ address }) => address);
}

/** Without interfaces: one plain socket for relays. */
function servesLinks({ interfaces }: DhcpSettings): boolean {
  return interfaces === 'all' || interfaces.length > 0;
}

/**
 * A name or address that is not there at the start is more likely mistyped than late, and is an error; all interfaces
 * of a host that has none yet is not.
 */
function whyNever(
  settings: DhcpSettings,
  existing: readonly NetworkInterface[],
): string | undefined {
  const isNamed = settings.interfaces !== 'all' || settings.bind.address !== anyAddress;
  return isNamed && servesLinks(settings) ? chooseLinks(settings, existing).missing[0] : undefined;
}

/**
 * Our address towards a client or relay. On a link it is one of that link's; on the plain socket the bound one, else
 * the one whose network the peer is in, else the first that is not loopback.
 */
function arrivalOn(
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
