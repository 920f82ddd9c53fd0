/**
 * Many sockets read by few calls. Node makes a buffer, a callback and a promise of work for each datagram of each socket,
 * which for a file by TFTP (an ACK a block) costs several times what the kernel's own work does. Sockets here are known
 * to libc alone: one set tells which have something, and what they have is handed over without anything new in memory.
 *
 * While datagrams come one soon after the other, each turn of the event loop waits for the next one as long as nobody
 * else has anything to do; when none comes any more, or they come far apart, a thread of Node's pool waits.
 */

import type { Datagram, Endpoint } from '../world.ts';
import { loadNative, type Native } from './native.ts';
import { createReadySet, type ReadySet } from './ready-set.ts';
import { socketAddressBytes } from './socket-address.ts';

export type UdpCrowd = {
  /**
   * Takes the descriptor over; what `onDatagram` gets is the reader's only until it returns.
   *
   * @param peer to which the socket is connected: nothing else comes from it.
   */
  readonly join: (fd: number, onDatagram: (datagram: Datagram) => void, peer?: Endpoint) => void;
  /** Closes it. */
  readonly leave: (fd: number) => void;
  /** The port the system chose. */
  readonly portOf: (fd: number) => number;
};

/** Everything else has its turn after so long: DHCP answers within 3 ms. */
const turnMsMax = 1;
/** So long after the last datagram the event loop itself waits for the next one: a round trip in one room. */
const nearMs = 0.5;
/** What comes here is an ACK of 4 octets or an ERROR; longer ones are cut. */
const payloadBytesMax = 1_024;

const dontWait = 0x40;

type Member = {
  readonly onDatagram: (datagram: Datagram) => void;
  readonly isConnected: boolean;
  /** Of the last datagram: nearly always of the next one, too. */
  from: Endpoint;
  ip: number;
};

let shared: UdpCrowd | undefined;

/** @returns undefined where there is no native library, or another system */
export function udpCrowd(): UdpCrowd | undefined {
  if (shared === undefined && process.platform === 'linux') {
    const native = loadNative();
    const set = native.ok ? createReadySet(native.value, turnMsMax) : undefined;
    if (native.ok && set !== undefined) shared = createCrowd(set, callsOf(native.value));
  }
  return shared;
}

function createCrowd(set: ReadySet, calls: Calls): UdpCrowd {
  const members = new Map<number, Member>();
  const payload = Buffer.alloc(payloadBytesMax);
  const ack = payload.subarray(0, 4);
  const address = Buffer.alloc(socketAddressBytes);
  const addressLength = Buffer.alloc(4);
  let state: 'none' | 'near' | 'asleep' = 'none';
  let heardAtMs = 0;

  /** One datagram; a socket that has more is named again at once. */
  const receive = (fd: number, member: Member): void => {
    const length = member.isConnected ? receiveFromPeer(fd) : receiveFromAny(fd, member);
    if (length < 0) return;
    const bytes = length === 4 ? ack : payload.subarray(0, length);
    member.onDatagram({ payload: bytes, from: member.from });
  };

  const receiveFromPeer = (fd: number): number =>
    calls.receive(fd, payload, payloadBytesMax, dontWait, null, null);

  const receiveFromAny = (fd: number, member: Member): number => {
    addressLength.writeUInt32LE(socketAddressBytes);
    const length = calls.receive(fd, payload, payloadBytesMax, dontWait, address, addressLength);
    if (length < 0) return length;
    const port = address.readUInt16BE(2);
    const ip = address.readUInt32BE(4);
    if (member.from.port !== port || member.ip !== ip) {
      member.ip = ip;
      member.from = { address: address.subarray(4, 8).join('.'), port };
    }
    return length;
  };

  const receiveAll = (): void => {
    let nowMs = performance.now();
    for (const untilMs = nowMs + turnMsMax; nowMs < untilMs; nowMs = heardAtMs) {
      const ready = set.look();
      if (ready === 0) return;
      for (let index = 0; index < ready; index += 1) {
        const fd = set.at(index);
        const member = members.get(fd);
        if (member !== undefined) receive(fd, member);
      }
      heardAtMs = performance.now();
      if (set.isTurnOver()) return;
    }
  };

  const look = (): void => {
    const beforeMs = heardAtMs;
    receiveAll();
    const nowMs = performance.now();
    // One that came after a long time says that the next one will, too: waiting for it would be in vain.
    const isNear = nowMs - heardAtMs < nearMs && (state === 'near' || nowMs - beforeMs < nearMs);
    if (members.size === 0) state = 'none';
    else state = isNear ? 'near' : 'asleep';
    set.keepTicking(state === 'near');
    if (state === 'near') setImmediate(look);
    else if (state === 'asleep') set.sleep(look);
  };

  return {
    join: (fd, onDatagram, peer) => {
      const from = peer ?? { address: '', port: 0 };
      members.set(fd, { onDatagram, isConnected: peer !== undefined, from, ip: 0 });
      set.add(fd);
      if (state !== 'none') return;
      state = 'near';
      setImmediate(look);
    },
    leave: (fd) => {
      if (!members.delete(fd)) return;
      calls.close(fd);
      if (members.size === 0 && state === 'asleep') set.wake();
    },
    portOf: (fd) => {
      addressLength.writeUInt32LE(socketAddressBytes);
      calls.ownName(fd, address, addressLength);
      return address.readUInt16BE(2);
    },
  };
}

type Call = (...given: readonly unknown[]) => number;
type Calls = ReturnType<typeof callsOf>;

function callsOf(native: Native) {
  const libc = native.load('libc.so.6');
  const call = (signature: string): Call => libc.func(signature);
  return {
    receive: call('int recvfrom(int, void *, size_t, int, void *, void *)'),
    ownName: call('int getsockname(int, void *, void *)'),
    close: call('int close(int)'),
  };
}
