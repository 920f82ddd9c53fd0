/**
 * Many sockets read by few calls. Node makes a buffer, a callback and a promise of work for each datagram of each socket,
 * which for a file by TFTP (an ACK a block) costs several times what the kernel's own work does. Sockets here are known
 * to libc alone: one epoll set tells which have something, and what they have is handed over without anything new in
 * memory.
 *
 * While datagrams come, the set is looked at once in every turn of the event loop; when none comes any more, a thread of
 * Node's pool waits for the next one.
 */

import type { Datagram, Endpoint } from '../world.ts';
import { loadNative, type Native } from './native.ts';

export type UdpCrowd = {
  /** Takes the descriptor over; what `onDatagram` gets is the reader's only until it returns. */
  readonly join: (fd: number, onDatagram: (datagram: Datagram) => void) => void;
  /** Closes it. */
  readonly leave: (fd: number) => void;
  /** The port the system chose. */
  readonly portOf: (fd: number) => number;
};

/** Everything else has its turn after so long: DHCP answers within 3 ms. */
const turnMsMax = 1;
/** So long after the last datagram the event loop itself waits for the next one: a round trip in one room. */
const nearMs = 0.5;
/** It waits so long at a time, so that whatever else comes does not wait for longer. */
const napNs = 50_000n;
/** A thread of the pool comes back so often, whatever happens. */
const sleepMs = 500;
const eventsMax = 256;
/** What comes here is an ACK of 4 octets or an ERROR; longer ones are cut. */
const payloadBytesMax = 1_024;

const eventBytes = 12;
const addressBytes = 16;
const linux = { epollIn: 1, epollAdd: 1, dontWait: 0x40, cloexec: 0o2000000, nonBlock: 0o4000 };

type Member = {
  readonly onDatagram: (datagram: Datagram) => void;
  /** Of the last datagram: nearly always of the next one, too. */
  from: Endpoint;
  ip: number;
};

let shared: UdpCrowd | undefined;

/** @returns undefined where there is no native library, or another system */
export function udpCrowd(): UdpCrowd | undefined {
  if (shared === undefined && process.platform === 'linux') {
    const native = loadNative();
    if (native.ok) shared = createCrowd(callsOf(native.value));
  }
  return shared;
}

function createCrowd(calls: Calls): UdpCrowd | undefined {
  const set = calls.epollCreate(linux.cloexec);
  const bell = calls.eventFd(0, linux.cloexec | linux.nonBlock);
  if (set < 0 || bell < 0) return undefined;
  const members = new Map<number, Member>();
  const event = Buffer.alloc(eventBytes);
  const events = Buffer.alloc(eventBytes * eventsMax);
  const eventsOfSleep = Buffer.alloc(eventBytes);
  const payload = Buffer.alloc(payloadBytesMax);
  const ack = payload.subarray(0, 4);
  const address = Buffer.alloc(addressBytes);
  const addressLength = Buffer.alloc(4);
  const eight = Buffer.alloc(8);
  const nap = Buffer.alloc(16);
  nap.writeBigInt64LE(napNs, 8);
  let state: 'none' | 'near' | 'asleep' = 'none';
  let heardAtMs = 0;

  const watch = (fd: number): void => {
    event.writeUInt32LE(linux.epollIn, 0);
    event.writeInt32LE(fd, 4);
    calls.epollControl(set, linux.epollAdd, fd, event);
  };

  /** One datagram; a socket that has more is named again at once. */
  const receive = (fd: number, member: Member): void => {
    addressLength.writeUInt32LE(addressBytes);
    const length = Number(
      calls.receive(fd, payload, payloadBytesMax, linux.dontWait, address, addressLength),
    );
    if (length < 0) return;
    const port = address.readUInt16BE(2);
    const ip = address.readUInt32BE(4);
    if (member.from.port !== port || member.ip !== ip) {
      member.ip = ip;
      member.from = { address: address.subarray(4, 8).join('.'), port };
    }
    const bytes = length === 4 ? ack : payload.subarray(0, length);
    member.onDatagram({ payload: bytes, from: member.from });
  };

  const receiveAll = (): void => {
    let nowMs = performance.now();
    for (const untilMs = nowMs + turnMsMax; nowMs < untilMs; nowMs = heardAtMs) {
      const ready =
        nowMs - heardAtMs < nearMs
          ? calls.nap(set, events, eventsMax, nap, null, 0)
          : calls.epollWait(set, events, eventsMax, 0);
      if (ready <= 0) return;
      for (let at = 0; at < ready; at += 1) {
        const fd = events.readInt32LE(at * eventBytes + 4);
        const member = members.get(fd);
        if (member !== undefined) receive(fd, member);
        else if (fd === bell) calls.read(bell, eight, 8);
      }
      heardAtMs = performance.now();
    }
  };

  const look = (): void => {
    receiveAll();
    if (members.size === 0) state = 'none';
    else if (performance.now() - heardAtMs < nearMs) {
      state = 'near';
      setImmediate(look);
    } else {
      state = 'asleep';
      calls.sleep(set, eventsOfSleep, 1, sleepMs, look);
    }
  };

  watch(bell);
  return {
    join: (fd, onDatagram) => {
      members.set(fd, { onDatagram, from: { address: '', port: 0 }, ip: 0 });
      watch(fd);
      if (state !== 'none') return;
      state = 'near';
      setImmediate(look);
    },
    leave: (fd) => {
      if (!members.delete(fd)) return;
      calls.close(fd);
      if (members.size > 0 || state !== 'asleep') return;
      eight.writeBigUInt64LE(1n);
      calls.write(bell, eight, 8);
    },
    portOf: (fd) => {
      addressLength.writeUInt32LE(addressBytes);
      calls.ownName(fd, address, addressLength);
      return address.readUInt16BE(2);
    },
  };
}

type Call = (...given: readonly unknown[]) => number;

/** The C library has it since 2.35, Linux since 5.11; without it nobody naps. */
function napOf(libc: ReturnType<Native['load']>): Call {
  try {
    return libc.func('int epoll_pwait2(int, void *, int, void *, void *, size_t)');
  } catch {
    return () => 0;
  }
}

type Calls = ReturnType<typeof callsOf>;

function callsOf(native: Native) {
  const libc = native.load('libc.so.6');
  const call = (signature: string): Call => libc.func(signature);
  const wait = libc.func('int epoll_wait(int, void *, int, int)');
  return {
    epollCreate: call('int epoll_create1(int)'),
    epollControl: call('int epoll_ctl(int, int, int, void *)'),
    epollWait: wait as Call,
    nap: napOf(libc),
    sleep: (set: number, events: Buffer, count: number, forMs: number, then: () => void): void => {
      wait.async(set, events, count, forMs, () => then());
    },
    eventFd: call('int eventfd(uint32, int)'),
    receive: call('long recvfrom(int, void *, size_t, int, void *, void *)'),
    ownName: call('int getsockname(int, void *, void *)'),
    read: call('long read(int, void *, size_t)'),
    write: call('long write(int, void *, size_t)'),
    close: call('int close(int)'),
  };
}
