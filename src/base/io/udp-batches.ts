/**
 * A socket whose datagrams come and go in batches. Node makes a system call, a buffer of 64 KiB and a callback for each
 * datagram that comes, and a request object for each that goes, which while a thousand machines ask for addresses is a
 * third of all the work (npm run bench -- dhcp). Here one recvmmsg(2) takes what waits, and one sendmmsg(2) sends what
 * was said in one turn of the event loop; a large batch is sent by a thread of Node's pool, so that a second core helps.
 */

import type { Endpoint, UdpOptions } from '../world.ts';
import { errnoName, loadNative, type Native } from './native.ts';

export type UdpBatches = {
  readonly port: number;
  readonly send: (payload: Uint8Array, to: Endpoint) => void;
  readonly close: () => void;
};

/** Datagrams of one system call. */
const batchMax = 64;
/** Calls in one turn of the event loop; what waits longer is named again in the next. */
const callsPerTurnMax = 4;
/** A DHCP message is no longer than a frame; what is longer is cut when it comes, and not sent. */
const datagramBytesMax = 2_048;
/** From here on handing a batch to a thread costs less than sending it. */
const threadFrom = 8;
/** What waits to be sent, of one socket; one more is not sent, and that is told. */
const outboxMax = 8_192;
/** What a full socket buffer did not take is offered again so often, so many milliseconds apart. */
const offersMax = 10;
const offerAgainMs = 2;
/** Relays and clients that write again and again. */
const endpointsMax = 4_096;

const linux = {
  afInet: 2,
  dontWait: 0x40,
  solSocket: 1,
  sendBuffer: 7,
  receiveBuffer: 8,
  sendBufferForce: 32,
  again: 11,
  noBuffers: 105,
} as const;

/** Where the parts of `struct mmsghdr`, `struct iovec` and `struct sockaddr_in` lie on a 64-bit Linux. */
const headerBytes = 64;
const header = { name: 0, nameLength: 8, vectors: 16, vectorCount: 24, length: 56 } as const;
const vectorBytes = 16;
const addressBytes = 16;

/**
 * Takes the descriptor of a bound socket over.
 *
 * @returns undefined where there is no native library, or another system
 */
export function openBatches(
  fd: number,
  options: Pick<UdpOptions, 'onDatagram' | 'onError'> & {
    readonly receiveBufferBytes: number;
    readonly sendBufferBytes: number;
  },
): UdpBatches | undefined {
  const calls = loadCalls();
  if (calls === undefined) return undefined;
  const { onDatagram, onError } = options;
  const set = (option: number, bytes: number): boolean => {
    const size = Buffer.alloc(4);
    size.writeInt32LE(bytes);
    return calls.setsockopt(fd, linux.solSocket, option, size, 4) === 0;
  };
  // The system's own limit stands; loss is then seen as retries.
  set(linux.receiveBuffer, options.receiveBufferBytes);
  // Past that limit where we may (CAP_NET_ADMIN).
  if (!set(linux.sendBufferForce, options.sendBufferBytes)) {
    set(linux.sendBuffer, options.sendBufferBytes);
  }

  let outbox: Outgoing[] = [];
  let isFlushDue = false;
  let isAway = false;
  let isOpen = true;
  let offers = 0;

  const receive = (): void => {
    const { pointer, bytes, senderOf, lengthOf, payloadAt } = arriving(calls);
    for (let call = 0; call < callsPerTurnMax && isOpen; call += 1) {
      const count = calls.recvmmsg(fd, pointer, batchMax, linux.dontWait, null);
      for (let at = 0; at < count && isOpen; at += 1) {
        const length = lengthOf(at);
        const payload = Buffer.allocUnsafe(length);
        bytes.copy(payload, 0, payloadAt(at), payloadAt(at) + length);
        onDatagram({ payload, from: senderOf(at) });
      }
      if (count < batchMax) return;
    }
  };

  const dueLater = (): void => {
    if (isFlushDue) return;
    isFlushDue = true;
    setImmediate(flush);
  };

  const flush = (): void => {
    isFlushDue = false;
    if (isAway || outbox.length === 0) return;
    const batch = outbox.slice(0, batchMax);
    const thread = batch.length >= threadFrom && offers === 0 ? takeThread(calls) : undefined;
    if (thread === undefined) sendHere(batch);
    else sendThere(batch, thread);
  };

  const sendHere = (batch: readonly Outgoing[]): void => {
    const messages = departing(calls);
    messages.write(batch);
    const sent = calls.sendmmsg(fd, messages.pointer, batch.length, linux.dontWait);
    if (sent > 0) {
      // Why the next one did not go, libc tells only when that is tried as the first.
      outbox = outbox.slice(sent);
      offers = 0;
    } else refused(calls.errno());
    if (outbox.length > 0 && offers === 0) dueLater();
  };

  const sendThere = (batch: readonly Outgoing[], thread: Messages): void => {
    thread.write(batch);
    isAway = true;
    calls.sendmmsgAsync(fd, thread.pointer, batch.length, linux.dontWait, (_, count) => {
      isAway = false;
      idleThreads.push(thread);
      const sent = Math.max(0, count);
      outbox = outbox.slice(sent);
      if (!isOpen) return leave();
      // Why not all of them went is told by a try from here.
      if (sent < batch.length) sendHere(outbox.slice(0, 1));
      else if (outbox.length > 0) flush();
    });
  };

  /** The first one of the outbox. */
  const refused = (errno: number): void => {
    if (isFull(errno) && offers < offersMax) {
      offers += 1;
      setTimeout(flush, offerAgainMs);
      return;
    }
    offers = 0;
    dropFirst(errno);
  };

  const dropFirst = (errno: number): void => {
    const [first] = outbox;
    outbox = outbox.slice(1);
    if (first === undefined) return;
    const { address, port } = first.to;
    onError(new Error(`a datagram to ${address}:${port} was not taken: ${calls.nameOf(errno)}`));
  };

  /** What was said is sent, as far as there is room: whoever waits for it need not ask again. */
  const leave = (): void => {
    const messages = departing(calls);
    while (outbox.length > 0) {
      const batch = outbox.slice(0, batchMax);
      messages.write(batch);
      const sent = calls.sendmmsg(fd, messages.pointer, batch.length, linux.dontWait);
      const errno = calls.errno();
      if (sent > 0) outbox = outbox.slice(sent);
      else if (isFull(errno)) break;
      else dropFirst(errno);
    }
    outbox = [];
    calls.close(fd);
  };

  /** After an error on the socket libuv (1.52) looks at it no more until it is told to. */
  const onReadable = (status: number): void => {
    receive();
    if (status !== 0 && isOpen) handle.start({ readable: true }, onReadable);
  };
  const handle = calls.poll(fd, { readable: true }, onReadable);
  return {
    port: calls.portOf(fd),
    send: (payload, to) => {
      if (!isOpen) return;
      if (payload.length > datagramBytesMax || outbox.length >= outboxMax) {
        const why = outbox.length >= outboxMax ? 'too many wait' : `it has ${payload.length} bytes`;
        onError(new Error(`a datagram to ${to.address}:${to.port} is not sent: ${why}`));
        return;
      }
      outbox.push({ payload, to });
      if (!isAway && offers === 0) dueLater();
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      handle.close();
      // The thread still uses the descriptor, whose number would be another's.
      if (!isAway) leave();
    },
  };
}

function isFull(errno: number): boolean {
  return errno === linux.again || errno === linux.noBuffers;
}

/** What goes, and where to. */
type Outgoing = { readonly payload: Uint8Array; readonly to: Endpoint };

/** Memory for the messages of one call, where libc finds it. */
type Messages = {
  /** Of the array of `struct mmsghdr`. */
  readonly pointer: bigint;
  readonly bytes: Buffer;
  readonly payloadAt: (message: number) => number;
  readonly write: (batch: readonly Outgoing[]) => void;
  readonly lengthOf: (message: number) => number;
  readonly senderOf: (message: number) => Endpoint;
};

function createMessages({ allocate }: Calls): Messages {
  const vectorsAt = batchMax * headerBytes;
  const addressesAt = vectorsAt + batchMax * vectorBytes;
  const payloadsAt = addressesAt + batchMax * addressBytes;
  const { pointer, bytes } = allocate(payloadsAt + batchMax * datagramBytesMax);
  const payloadAt = (message: number): number => payloadsAt + message * datagramBytesMax;
  const vectorAt = (message: number): number => vectorsAt + message * vectorBytes;
  const addressAt = (message: number): number => addressesAt + message * addressBytes;
  for (let message = 0; message < batchMax; message += 1) {
    const at = message * headerBytes;
    bytes.writeBigUInt64LE(pointer + BigInt(addressAt(message)), at + header.name);
    bytes.writeUInt32LE(addressBytes, at + header.nameLength);
    bytes.writeBigUInt64LE(pointer + BigInt(vectorAt(message)), at + header.vectors);
    bytes.writeBigUInt64LE(1n, at + header.vectorCount);
    bytes.writeBigUInt64LE(pointer + BigInt(payloadAt(message)), vectorAt(message));
    bytes.writeBigUInt64LE(BigInt(datagramBytesMax), vectorAt(message) + 8);
    bytes.writeUInt16LE(linux.afInet, addressAt(message));
  }
  const senders = new Map<number, Endpoint>();
  const receivers = new Map<string, number>();
  return {
    pointer,
    bytes,
    payloadAt,
    write: (batch) => {
      for (const [message, { payload, to }] of batch.entries()) {
        bytes.set(payload, payloadAt(message));
        bytes.writeUInt32LE(payload.length, vectorAt(message) + 8);
        const at = addressAt(message);
        bytes.writeUInt16BE(to.port, at + 2);
        bytes.writeUInt32BE(
          remembered(receivers, to.address, () => numberOf(to.address)),
          at + 4,
        );
      }
    },
    lengthOf: (message) => bytes.readUInt32LE(message * headerBytes + header.length),
    senderOf: (message) => {
      const at = addressAt(message);
      const port = bytes.readUInt16BE(at + 2);
      const id = bytes.readUInt32BE(at + 4) * 65_536 + port;
      return remembered(senders, id, () => ({
        address: bytes.subarray(at + 4, at + 8).join('.'),
        port,
      }));
    },
  };
}

function remembered<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key);
  if (value !== undefined) return value;
  if (known.size >= endpointsMax) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
}

/** One call at a time uses each of these, so all sockets share them. They live as long as the process. */
let incoming: Messages | undefined;
let outgoing: Messages | undefined;
const idleThreads: Messages[] = [];
let threads = 0;
/** Node's pool has four threads, and others need them, too. */
const threadsMax = 2;

function arriving(calls: Calls): Messages {
  incoming ??= createMessages(calls);
  return incoming;
}

function departing(calls: Calls): Messages {
  outgoing ??= createMessages(calls);
  return outgoing;
}

/** Undefined while all are busy. */
function takeThread(calls: Calls): Messages | undefined {
  const idle = idleThreads.pop();
  if (idle !== undefined || threads >= threadsMax) return idle;
  threads += 1;
  return createMessages(calls);
}

type Call = (...given: readonly unknown[]) => number;
type OnPoll = (status: number) => void;
type PollHandle = {
  readonly start: (wanted: { readonly readable: true }, onPoll: OnPoll) => void;
  readonly close: () => void;
};
type Poll = (fd: number, wanted: { readonly readable: true }, onPoll: OnPoll) => PollHandle;
type Calls = NonNullable<ReturnType<typeof loadCalls>>;

let loaded: ReturnType<typeof callsOf> | undefined;

function loadCalls(): ReturnType<typeof callsOf> | undefined {
  if (loaded === undefined && process.platform === 'linux') {
    const native = loadNative();
    if (native.ok) loaded = callsOf(native.value);
  }
  return loaded;
}

function callsOf(native: Native) {
  const libc = native.load('libc.so.6');
  const call = (signature: string): Call => libc.func(signature);
  const getsockname = call('int getsockname(int, void *, void *)');
  const sendmmsg = libc.func('int sendmmsg(int, intptr_t, uint, int)');
  return {
    recvmmsg: call('int recvmmsg(int, intptr_t, uint, int, void *)'),
    sendmmsg: sendmmsg as Call,
    sendmmsgAsync: sendmmsg.async as (
      fd: number,
      messages: bigint,
      count: number,
      flags: number,
      done: (error: unknown, sent: number) => void,
    ) => void,
    setsockopt: call('int setsockopt(int, int, int, void *, uint32)'),
    close: call('int close(int)'),
    errno: () => native.errno(),
    nameOf: (errno: number) => errnoName(native, errno),
    // What the callback gets first is libuv's status, whatever the types of koffi 3.3.4 say.
    poll: native.node.poll as unknown as Poll,
    portOf: (fd: number) => {
      const address = Buffer.alloc(addressBytes);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(addressBytes);
      getsockname(fd, address, length);
      return address.readUInt16BE(2);
    },
    allocate: (size: number) => {
      const pointer: bigint = native.alloc('uint8', size);
      return { pointer, bytes: Buffer.from(native.view(pointer, size)) };
    },
  };
}
