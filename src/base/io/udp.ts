/**
 * UDP sockets from Node, and one bound to each interface where DHCP needs it.
 *
 * Node's datagram sockets do not tell the interface a packet came in on, and cannot set SO_BINDTODEVICE. A socket made
 * with libc and handed to Node by its descriptor can do both: what it receives came in on its interface, what it
 * broadcasts goes out there.
 */

import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { assert } from '../assert.ts';
import { fail, ok, type Result } from '../result.ts';
import type {
  Endpoint,
  Net,
  NetProblem,
  NetworkInterface,
  UdpOptions,
  UdpSocket,
} from '../world.ts';
import { errnoName, loadNative } from './native.ts';
import { openBatches } from './udp-batches.ts';
import { udpCrowd } from './udp-crowd.ts';
import { createFrameSender } from './udp-frames.ts';
import { openForPeer } from './udp-peer.ts';

/** Kernel buffer for datagrams that wait for us: a thousand machines powered on at once send in one breath. */
const receiveBufferBytes = 4 * 1024 * 1024;

/**
 * And for those that go: what is meant for a host that does not answer to ARP stays in the buffer for seconds, 213 kB of
 * each such host, which is all that a socket has unasked. Ten silent hosts then keep everybody's answers.
 */
const sendBufferBytes = 4 * 1024 * 1024;

/** What a full socket buffer did not take is offered again so often, so many milliseconds apart. */
const offersMax = 10;
const offerAgainMs = 2;

export function createNet(): Net {
  return { interfaces, openUdp };
}

function interfaces(): readonly NetworkInterface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
    const ipv4 = (addresses ?? []).filter((address) => address.family === 'IPv4');
    const [first] = ipv4;
    if (first === undefined) return [];
    return [
      {
        name,
        mac: first.mac,
        index: indexOf(name),
        ipv4: ipv4.map(({ address, cidr }) => ({
          address,
          prefixLength: Number(cidr?.split('/')[1] ?? 32),
        })),
      },
    ];
  });
}

/** Undefined on other systems than Linux, and where it is gone by now. */
function indexOf(name: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1'));
  } catch {
    return undefined;
  }
}

async function openUdp(options: UdpOptions): Promise<Result<UdpSocket, NetProblem>> {
  const without =
    (options.frames === true ? inCrowd(options) : undefined) ??
    (options.batches === true ? inBatches(options) : undefined);
  if (without !== undefined) return without;
  const descriptor = descriptorFor(options);
  if (!descriptor.ok) return descriptor;
  const socket = createSocket({
    type: 'udp4',
    // Addresses are always numbers here; without this each send asks the resolver (a tenth of the cost of a packet).
    lookup: (address, _options, answer) => answer(null, address, 4),
  });
  const opened = await bound(socket, options, descriptor.value);
  if (!opened.ok) {
    socket.close();
    return opened;
  }
  if (options.broadcast === true) socket.setBroadcast(true);
  try {
    socket.setRecvBufferSize(receiveBufferBytes);
    socket.setSendBufferSize(sendBufferBytes);
  } catch {
    // The system's own limit stands; loss is then seen as retries.
  }
  const { address, port } = socket.address();
  socket.on('error', options.onError);
  socket.on('message', (payload, from) => {
    options.onDatagram({ payload, from: { address: from.address, port: from.port } });
  });
  const send: UdpSocket['send'] = (payload, to) => {
    socket.send(payload, to.port, to.address, (error) => {
      if (error !== null) options.onError(error);
    });
  };
  return ok({ local: { address, port }, send, close: () => socket.close() });
}

/** For those who send and hear much: without Node between libc and them. */
function inCrowd(options: UdpOptions): Result<UdpSocket, NetProblem> | undefined {
  const crowd = options.interface === undefined ? udpCrowd() : undefined;
  if (crowd === undefined) return undefined;
  const opened = boundToDevice(options);
  if (!opened.ok) return opened;
  const fd = opened.value;
  const local = { address: options.address, port: crowd.portOf(fd) };
  const { peer } = options;
  const peerFd = peer === undefined ? undefined : openForPeer(fd, local, peer);
  const sender = createFrameSender(peerFd ?? fd, peerFd === undefined ? undefined : peer);
  assert(sender !== undefined, 'the library that opened the socket sends from it');
  let isOpen = true;
  const offer = (frames: Uint8Array, frameBytes: number, to: Endpoint, offers: number): void => {
    // The number of a closed descriptor may be another socket's by now.
    if (!isOpen) return;
    const sent = sender.send(frames, frameBytes, to);
    if (sent === frames.length) return;
    if (offers >= offersMax) {
      options.onError(new Error(`a datagram to ${to.address}:${to.port} was not taken`));
      return;
    }
    const rest = frames.slice(sent);
    setTimeout(() => offer(rest, frameBytes, to, offers + 1), offerAgainMs);
  };
  crowd.join(fd, options.onDatagram);
  if (peerFd !== undefined) crowd.join(peerFd, options.onDatagram, peer);
  return ok({
    local,
    send: (payload, to) => offer(payload, payload.length, to, 1),
    sendFrames: (frames, frameBytes, to) => offer(frames, frameBytes, to, 1),
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      crowd.leave(fd);
      if (peerFd !== undefined) crowd.leave(peerFd);
    },
  });
}

/** For those who answer many at once. */
function inBatches(options: UdpOptions): Result<UdpSocket, NetProblem> | undefined {
  if (process.platform !== 'linux' || !loadNative().ok) return undefined;
  const opened = boundToDevice(options, options.interface);
  if (!opened.ok) return opened;
  const batches = openBatches(opened.value, { ...options, receiveBufferBytes, sendBufferBytes });
  assert(batches !== undefined, 'the library that opened the socket reads from it');
  const { port, send, close } = batches;
  return ok({ local: { address: options.address, port }, send, close });
}

/** Node does not tell a socket's descriptor, so where we need it the socket is made by us; else Node makes it. */
function descriptorFor(options: UdpOptions): Result<number | undefined, NetProblem> {
  return options.interface === undefined
    ? ok(undefined)
    : boundToDevice(options, options.interface);
}

function bound(
  socket: Socket,
  options: UdpOptions,
  fd: number | undefined,
): Promise<Result<void, NetProblem>> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      resolve(fail(problemOf(error.code ?? '', options)));
    socket.once('error', onError);
    const done = (): void => {
      socket.off('error', onError);
      resolve(ok(undefined));
    };
    if (fd === undefined) socket.bind({ address: options.address, port: options.port }, done);
    else socket.bind({ fd }, done);
  });
}

function problemOf(code: string, options: UdpOptions): NetProblem {
  const where = `UDP ${options.address}:${options.port}${options.interface === undefined ? '' : ` on ${options.interface}`}`;
  switch (code) {
    case 'EADDRINUSE':
      return { kind: 'port-taken', text: `${where} is taken by another program: see ss -lunp` };
    case 'EACCES':
    case 'EPERM':
      return {
        kind: 'not-permitted',
        text: `${where} needs CAP_NET_BIND_SERVICE (ports below 1024) and CAP_NET_RAW (binding to an interface): run as root or grant them`,
      };
    case 'EADDRNOTAVAIL':
      return { kind: 'no-such-address', text: `${where}: no interface has this address` };
    case 'ENODEV':
      return { kind: 'no-such-address', text: `${where}: there is no such interface` };
    default:
      return { kind: 'failed', text: `${where} cannot be opened: ${code}` };
  }
}

const libc = {
  afInet: 2,
  sockDgram: 2,
  sockCloexec: 0o2000000,
  solSocket: 1,
  soReuseAddr: 2,
  soBroadcast: 6,
  soBindToDevice: 25,
} as const;

type Libc = {
  /** Of the last call that failed, as ENODEV. */
  readonly lastError: () => string;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly setsockopt: (
    fd: number,
    level: number,
    name: number,
    value: Buffer,
    length: number,
  ) => number;
  readonly bind: (fd: number, address: Buffer, length: number) => number;
  readonly close: (fd: number) => number;
};

let loaded: Libc | undefined;

function loadLibc(): Result<Libc, string> {
  if (loaded !== undefined) return ok(loaded);
  const native = loadNative();
  if (!native.ok) return native;
  const library = native.value.load('libc.so.6');
  loaded = {
    lastError: () => errnoName(native.value, native.value.errno()),
    socket: library.func('int socket(int, int, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, void *, uint32)'),
    bind: library.func('int bind(int, void *, uint32)'),
    close: library.func('int close(int)'),
  };
  return ok(loaded);
}

/** A descriptor bound to interface, address and port; SO_REUSEADDR lets one socket per interface share the port. */
function boundToDevice(options: UdpOptions, interfaceName?: string): Result<number, NetProblem> {
  const library = loadLibc();
  if (!library.ok) {
    const text = `a socket cannot be bound to ${interfaceName}: ${library.error}`;
    return fail({ kind: 'no-library', text });
  }
  const { socket, setsockopt, bind, close } = library.value;
  const fd = socket(libc.afInet, libc.sockDgram | libc.sockCloexec, 0);
  if (fd < 0) return fail(problemOf(library.value.lastError(), options));
  const one = Buffer.alloc(4);
  one.writeInt32LE(1);
  const device = Buffer.from(`${interfaceName ?? ''}\0`);
  const address = Buffer.alloc(16);
  address.writeUInt16LE(libc.afInet, 0);
  address.writeUInt16BE(options.port, 2);
  options.address.split('.').forEach((octet, at) => {
    address.writeUInt8(Number(octet), 4 + at);
  });
  const failed =
    ((interfaceName !== undefined || options.broadcast === true) &&
      setsockopt(fd, libc.solSocket, libc.soBroadcast, one, 4) < 0) ||
    (interfaceName !== undefined &&
      (setsockopt(fd, libc.solSocket, libc.soReuseAddr, one, 4) < 0 ||
        setsockopt(fd, libc.solSocket, libc.soBindToDevice, device, device.length) < 0)) ||
    bind(fd, address, address.length) < 0;
  if (!failed) return ok(fd);
  const code = library.value.lastError();
  close(fd);
  return fail(problemOf(code, options));
}
