/**
 * The DHCP server on real or simulated sockets.
 *
 * With interfaces, one socket bound to each: what it receives came in there, what it broadcasts goes out there, and
 * relays reach it, too; those that appear later are served then. Without, one plain socket that serves relays and renewals only, and needs no privilege.
 */

import type { AddressProber } from '../../base/address-probe.ts';
import { type Cidr, formatIpv4, type Ipv4, parseIpv4 } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { StoreProblem } from '../../base/store.ts';
import { formatInstant, type Rfc3339 } from '../../base/time.ts';
import type { Endpoint, NetProblem, NetworkInterface, UdpSocket, World } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { defaultLoaders, type LoaderNames } from '../boot-target.ts';
import type { Networks } from '../networks.ts';
import type { SightingListener } from '../sightings.ts';
import { arrivalOn } from './arrival.ts';
import { createBootDoors } from './boot-doors.ts';
import { createClockMark } from './clock-mark.ts';
import type { DhcpCounters } from './counters.ts';
import { createEars } from './ears.ts';
import { createFleetServers } from './fleet-servers.ts';
import type { Outgoing } from './job.ts';
import type { LeaseCopy } from './lease-memory.ts';
import { leasePrefix, openLeaseTable } from './leases.ts';
import { anyAddress, chooseLinks, compareDoors, type Door } from './links.ts';
import { createOthers, type OtherServer } from './others.ts';
import { createOwnAddresses, isLoopback, type OwnAddresses } from './own-addresses.ts';
import type { AddressInUse, AsideAddress } from './probe.ts';
import { bootServerPort } from './proxy.ts';
import { createDhcpResponder, type DhcpResponder } from './responder.ts';
import { resumeWatch } from './reuse.ts';
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
  /** What a client would be offered if it asked now. */
  readonly foresee: DhcpResponder['foresee'];
  /** All leases in the store, ended ones that are remembered included; broken tables are left out. */
  readonly leases: () => Promise<Result<readonly LentAddress[], StoreProblem>>;
};

/** Interfaces that come and go are noticed within this time. */
const lookEveryMs = 5_000;
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
  const name = new URL(deps.advertiseUrl).host;
  const fleetServers = createFleetServers({ store: world.store, world, name });
  const clockMark = createClockMark(world.store, clock, name);
  const clockWatch = await clockMark.recall();
  if (!clockWatch.ok) {
    log.warn(
      'an earlier jump of the clock is not known: ended leases go to nobody else for a while',
      {
        text: clockWatch.error,
      },
    );
  }
  const others = createOthers(world, (address) => own.has(address) || fleetServers.has(address));
  const responder = createDhcpResponder({
    ...deps,
    hearChoice: others.hearChoice,
    store: world.store,
    // What cannot be read may have been a jump of a moment ago.
    clockWatch: clockWatch.ok
      ? clockWatch.value
      : resumeWatch(
          { at: clock.now(), byMs: 0 },
          { now: clock.now(), monotonicMs: clock.monotonicMs() },
        ),
    onClockJump: clockMark.note,
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
  let missing: readonly string[] = [];
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
    bootDoors.close();
    ears.close();
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
      const isOpen = doors.some(isIt) || bootDoors.all().some(isIt);
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

  const bootDoors = createBootDoors((link) => listen(link, bootServerPort), log);
  const ears = createEars({ net, log, hear: others.hearReply });

  const openDoor = async (
    link: NetworkInterface | undefined,
  ): Promise<Result<void, NetProblem>> => {
    const door = await listen(link, settings.bind.port);
    if (!door.ok) return door;
    doors = [...doors, door.value];
    if (stopped) stop();
    return ok(undefined);
  };

  const lookAround = async (): Promise<void> => {
    await clockMark.keep();
    await fleetServers.tell(doorAddresses(doors, own));
    await ears.follow(doors.flatMap(({ link }) => link ?? []));
    if (stopped) stop();
    others.look();
  };

  /** Port 4011 beside each door, while a network is beside another DHCP server. */
  const openBootDoors = async (): Promise<void> => {
    const isWanted = deps.networks.all().some(({ mode }) => mode === 'proxy');
    await bootDoors.follow(isWanted ? doors : []);
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
    foresee: responder.foresee,
    counters: () => ({ ...responder.counters(), otherServers: others.heard() }),
    status: () => ({
      listening: [...doors, ...bootDoors.all()].map(({ socket, link }) => ({
        ...socket.local,
        interface: link?.name,
      })),
      missing: [...missing, ...bootDoors.missing()],
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
