/** Asks who uses an address: ARP by a packet socket (CAP_NET_RAW), ICMP echo by a ping socket, else a raw one. */

import os from 'node:os';
import type { AddressProber, ProbeResult } from '../address-probe.ts';
import { fail, ok, type Result } from '../result.ts';
import { loadNative, type Native } from './native.ts';

/** Answers are looked for this often, while any is waited for. */
const pollMs = 10;
/** Datagrams taken in one look; the rest waits for the next. */
const takenMax = 512;
const bufferBytes = 2_048;

const linux = {
  ...{ afInet: 2, afPacket: 17, sockDgram: 2, sockRaw: 3, sockCloexec: 0o2000000 },
  ...{ ipprotoIcmp: 1, etherArp: 0x0806, dontWait: 0x40 },
} as const;

type Libc = {
  readonly lastError: () => string;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Buffer, length: number) => number;
  readonly close: (fd: number) => number;
  readonly index: (name: string) => number;
  readonly sendTo: (
    ...given: readonly [number, Buffer, number, number, Buffer, number]
  ) => number | bigint;
  readonly receive: (
    ...given: readonly [number, Buffer, number, number, Buffer, Buffer]
  ) => number | bigint;
};

/** A socket and those who wait for an answer, by dotted address. */
type Channel = {
  readonly fd: number;
  readonly ask: (address: string) => void;
  /** Who answered, in a datagram that came. */
  readonly read: (payload: Buffer, from: Buffer) => { address: string; mac?: string } | undefined;
  readonly waiting: Map<string, (result: ProbeResult) => void>;
  timer: NodeJS.Timeout | undefined;
};

export function createAddressProber(): AddressProber {
  const channels = new Map<string, Channel>();
  let libc: Result<Libc, string> | undefined;

  const channelOf = (link: string | undefined): Result<Channel, string> => {
    const known = channels.get(link ?? '');
    if (known !== undefined) return ok(known);
    libc ??= loadLibc();
    if (!libc.ok) return libc;
    const opened = link === undefined ? openIcmp(libc.value) : openArp(libc.value, link);
    if (opened.ok) channels.set(link ?? '', opened.value);
    return opened;
  };

  /** An idle socket would fill with everybody's ARP. */
  const shut = (key: string, channel: Channel): void => {
    clearInterval(channel.timer);
    channels.delete(key);
    if (libc?.ok === true) libc.value.close(channel.fd);
  };

  const look = (channel: Channel): void => {
    if (libc?.ok !== true) return;
    const payload = Buffer.alloc(bufferBytes);
    const from = Buffer.alloc(32);
    const length = Buffer.alloc(4);
    for (let taken = 0; taken < takenMax; taken += 1) {
      length.writeUInt32LE(from.length);
      const bytes = Number(
        libc.value.receive(channel.fd, payload, bufferBytes, linux.dontWait, from, length),
      );
      if (bytes <= 0) return;
      const answer = channel.read(payload.subarray(0, bytes), from);
      if (answer === undefined) continue;
      channel.waiting.get(answer.address)?.({ kind: 'answered', mac: answer.mac });
    }
  };

  return {
    probe: (address, link, waitMs) =>
      new Promise((resolve) => {
        const key = link ?? '';
        const opened = channelOf(link);
        if (!opened.ok) {
          resolve({ kind: 'unable', text: opened.error });
          return;
        }
        const channel = opened.value;
        const settle = (result: ProbeResult): void => {
          clearTimeout(deadline);
          channel.waiting.delete(address);
          if (channel.waiting.size === 0) shut(key, channel);
          resolve(result);
        };
        const deadline = setTimeout(() => {
          look(channel);
          if (channel.waiting.get(address) === settle) settle({ kind: 'silent' });
        }, waitMs);
        channel.waiting.set(address, settle);
        channel.timer ??= setInterval(() => look(channel), pollMs);
        // No route, or nobody to hear it: nobody answers.
        channel.ask(address);
      }),
  };
}

/** RFC 5227 section 1.1: an ARP probe names no sender address, so that it changes nobody's table. */
function openArp(libc: Libc, link: string): Result<Channel, string> {
  const own = os.networkInterfaces()[link]?.find(({ family }) => family === 'IPv4')?.mac;
  const index = libc.index(link);
  if (own === undefined || index === 0) return fail(`there is no interface ${link}`);
  const fd = libc.socket(
    linux.afPacket,
    linux.sockDgram | linux.sockCloexec,
    swapped(linux.etherArp),
  );
  if (fd < 0) return fail(`ARP needs CAP_NET_RAW: ${libc.lastError()}`);
  const to = Buffer.alloc(20);
  to.writeUInt16LE(linux.afPacket, 0);
  to.writeUInt16BE(linux.etherArp, 2);
  to.writeInt32LE(index, 4);
  if (libc.bind(fd, to, to.length) < 0) {
    const text = libc.lastError();
    libc.close(fd);
    return fail(`ARP on ${link}: ${text}`);
  }
  to.writeUInt8(6, 11);
  to.fill(0xff, 12, 18);
  const mac = Buffer.from(own.replaceAll(':', ''), 'hex');
  return ok({
    fd,
    ask: (address) => {
      // htype ptype hlen plen op | sha spa | tha tpa
      const probe = Buffer.from('00010800060400010000000000000000000000000000000000000000', 'hex');
      mac.copy(probe, 8);
      octets(address).copy(probe, 24);
      libc.sendTo(fd, probe, probe.length, 0, to, to.length);
    },
    read: (payload) => {
      if (payload.length < 28 || payload.readUInt16BE(2) !== 0x0800) return undefined;
      const sender = payload.subarray(8, 14);
      // Whoever names it as its own uses it, whether it answers or asks.
      if (sender.equals(mac)) return undefined;
      return { address: [...payload.subarray(14, 18)].join('.'), mac: macText(sender) };
    },
    waiting: new Map(),
    timer: undefined,
  });
}

function openIcmp(libc: Libc): Result<Channel, string> {
  const open = (type: number): number =>
    libc.socket(linux.afInet, type | linux.sockCloexec, linux.ipprotoIcmp);
  const ping = open(linux.sockDgram);
  const isRaw = ping < 0;
  const fd = isRaw ? open(linux.sockRaw) : ping;
  if (fd < 0) {
    return fail(`ICMP needs CAP_NET_RAW, or net.ipv4.ping_group_range: ${libc.lastError()}`);
  }
  return ok({
    fd,
    ask: (address) => {
      const to = Buffer.alloc(16);
      to.writeUInt16LE(linux.afInet, 0);
      octets(address).copy(to, 4);
      const echo = Buffer.from('0800f7ff0000000074657473', 'hex');
      echo.writeUInt16BE(0, 2);
      echo.writeUInt16BE(checksum(echo), 2);
      libc.sendTo(fd, echo, echo.length, 0, to, to.length);
    },
    read: (payload, from) => {
      const at = isRaw ? ((payload[0] ?? 0) & 0xf) * 4 : 0;
      if (payload[at] !== 0) return undefined;
      return { address: [...from.subarray(4, 8)].join('.') };
    },
    waiting: new Map(),
    timer: undefined,
  });
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function octets(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function macText(bytes: Buffer): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}

function swapped(number: number): number {
  return ((number & 0xff) << 8) | (number >>> 8);
}

function loadLibc(): Result<Libc, string> {
  const native = loadNative();
  if (!native.ok) return native;
  const library = native.value.load('libc.so.6');
  return ok({
    lastError: () => errorName(native.value),
    socket: library.func('int socket(int, int, int)'),
    bind: library.func('int bind(int, void *, uint32)'),
    close: library.func('int close(int)'),
    index: library.func('uint32 if_nametoindex(const char *)'),
    sendTo: library.func('long sendto(int, void *, size_t, int, void *, uint32)'),
    receive: library.func('long recvfrom(int, void *, size_t, int, void *, void *)'),
  });
}

function errorName({ errno, os: constants }: Native): string {
  const number = errno();
  const names = constants.errno as Readonly<Record<string, number>>;
  return Object.keys(names).find((name) => names[name] === number) ?? `errno ${number}`;
}
