/**
 * Datagrams between simulated hosts: unicast finds its address wherever it is, broadcasts stay on their link.
 * Packets are delayed, lost by chance, and vanish when a host is down.
 */

import { fail, ok } from '../base/result.ts';
import type {
  Chance,
  Clock,
  Endpoint,
  Net,
  NetworkInterface,
  UdpOptions,
  UdpSocket,
} from '../base/world.ts';

export type SimInterface = NetworkInterface & {
  /** Interfaces on one link hear each other's broadcasts. */
  readonly link: string;
};

export type SimHost = {
  readonly name: string;
  readonly interfaces: readonly SimInterface[];
  /** False: nothing goes out, nothing comes in. Asked for every packet. */
  readonly isUp: () => boolean;
};

export type Weather = {
  /** Share of datagrams that vanish, 0 to 1. */
  readonly loss: number;
  readonly delayMs: number;
  /** Up to this much more, by chance; makes packets overtake one another. */
  readonly jitterMs: number;
};

export type SimNetwork = {
  readonly netOf: (host: SimHost) => Net;
  /** All sockets of the host with this name are gone, as after a crash. */
  readonly forget: (hostName: string) => void;
  readonly setWeather: (weather: Weather) => void;
  /** What somebody's packet filter swallows; undefined: nothing. */
  readonly setFilter: (swallows: ((from: Endpoint, to: Endpoint) => boolean) | undefined) => void;
  readonly counters: { sent: number; delivered: number; lost: number; unheard: number };
};

const broadcastAddress = '255.255.255.255';
const anyAddress = '0.0.0.0';
const ephemeralFirst = 49_152;
/** Sockets of all hosts together; a leak shows here and not as a slow test. */
const socketsMax = 100_000;

type Socket = {
  readonly host: SimHost;
  readonly options: UdpOptions;
  readonly local: Endpoint;
};

export function createSimNetwork(
  clock: Clock,
  chance: Chance,
  weatherAtStart: Weather,
): SimNetwork {
  const sockets = new Set<Socket>();
  const byEndpoint = new Map<string, Set<Socket>>();
  const counters = { sent: 0, delivered: 0, lost: 0, unheard: 0 };
  let weather = weatherAtStart;
  let swallows: ((from: Endpoint, to: Endpoint) => boolean) | undefined;
  let nextPort = ephemeralFirst;

  const bound = (address: string, port: number): ReadonlySet<Socket> =>
    byEndpoint.get(`${address}:${port}`) ?? new Set();

  const clashes = (host: SimHost, options: UdpOptions): boolean =>
    [...bound(options.address, options.port)].some(
      (other) =>
        (options.address !== anyAddress || other.host === host) &&
        other.options.interface === options.interface,
    );

  const hears = (socket: Socket, from: Socket, to: Endpoint): boolean => {
    if (to.address === broadcastAddress) {
      return linksOf(socket).some((link) => linksOf(from).includes(link));
    }
    if (socket.local.address !== anyAddress) return true;
    return interfacesOf(socket).some((own) => own.ipv4.some((ip) => ip.address === to.address));
  };

  const listenersFor = (from: Socket, to: Endpoint): Socket[] => {
    const exact = to.address === broadcastAddress ? [] : [...bound(to.address, to.port)];
    const wild = [...bound(anyAddress, to.port)];
    const heard = (exact.length > 0 ? exact : wild).filter(
      (socket) => socket !== from && hears(socket, from, to),
    );
    return to.address === broadcastAddress ? heard : heard.slice(0, 1);
  };

  const send = (from: Socket, payload: Uint8Array, to: Endpoint): void => {
    counters.sent += 1;
    if (!sockets.has(from) || !from.host.isUp()) return;
    if (weather.loss > 0 && chance.next() < weather.loss) {
      counters.lost += 1;
      return;
    }
    if (swallows?.(sourceOf(from), to) === true) {
      counters.lost += 1;
      return;
    }
    const copy = payload.slice();
    const jitter = weather.jitterMs > 0 ? chance.next() * weather.jitterMs : 0;
    clock.after(weather.delayMs + jitter, () => {
      const listeners = listenersFor(from, to).filter((socket) => socket.host.isUp());
      if (listeners.length === 0) counters.unheard += 1;
      for (const socket of listeners) {
        counters.delivered += 1;
        socket.options.onDatagram({ payload: copy, from: sourceOf(from) });
      }
    });
  };

  const openUdp: (host: SimHost, options: UdpOptions) => ReturnType<Net['openUdp']> = async (
    host,
    options,
  ) => {
    if (sockets.size >= socketsMax) {
      return fail({ kind: 'failed', text: `the network has ${socketsMax} sockets already` });
    }
    if (
      options.interface !== undefined &&
      !host.interfaces.some((own) => own.name === options.interface)
    ) {
      return fail({ kind: 'no-such-address', text: `no interface ${options.interface}` });
    }
    const port = options.port !== 0 ? options.port : nextPort++;
    if (clashes(host, { ...options, port })) {
      return fail({ kind: 'port-taken', text: `${options.address}:${port} is taken` });
    }
    const socket: Socket = { host, options, local: { address: options.address, port } };
    const key = `${socket.local.address}:${port}`;
    sockets.add(socket);
    byEndpoint.set(key, new Set([...bound(socket.local.address, port), socket]));
    const opened: UdpSocket = {
      local: socket.local,
      send: (payload, to) => send(socket, payload, to),
      close: () => close(socket),
    };
    return ok(opened);
  };

  const close = (socket: Socket): void => {
    const key = `${socket.local.address}:${socket.local.port}`;
    sockets.delete(socket);
    byEndpoint.get(key)?.delete(socket);
    if (byEndpoint.get(key)?.size === 0) byEndpoint.delete(key);
  };

  return {
    counters,
    forget: (hostName) => {
      for (const socket of sockets) if (socket.host.name === hostName) close(socket);
    },
    setWeather: (next) => {
      weather = next;
    },
    setFilter: (next) => {
      swallows = next;
    },
    netOf: (host) => ({
      interfaces: () => host.interfaces,
      openUdp: (options) => openUdp(host, options),
    }),
  };
}

function interfacesOf(socket: Socket): readonly SimInterface[] {
  const only = socket.options.interface;
  return socket.host.interfaces.filter((own) => only === undefined || own.name === only);
}

function linksOf(socket: Socket): string[] {
  return interfacesOf(socket).map((own) => own.link);
}

/** A socket on all addresses sends from the first one of its interface, as a host's routing would choose. */
function sourceOf(socket: Socket): Endpoint {
  if (socket.local.address !== anyAddress) return socket.local;
  const first = interfacesOf(socket)[0]?.ipv4[0]?.address ?? anyAddress;
  return { address: first, port: socket.local.port };
}
