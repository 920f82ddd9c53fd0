/**
 * The TFTP clients of the benchmark, a process of their own: plain sockets by libc, one poll loop, as few steps for a
 * packet as a program in C needs, so that what is measured is the server.
 *
 *     node tftp-load.ts '{"port":69,"file":"ipxe.efi","bytes":1000000,…}'   → one line of JSON
 */

import koffi from 'koffi';

export type TftpLoad = {
  readonly port: number;
  readonly file: string;
  readonly bytes: number;
  readonly clients: number;
  readonly windowSize: number;
  /** Reads follow one another until then; what is under way at the end counts by its bytes. */
  readonly seconds: number;
  /** Of packets, each way; dropped at the client's door, which the server cannot tell from a lossy wire. */
  readonly loss: number;
};

export type TftpLoadResult = {
  readonly megabytesPerSecond: number;
  readonly completed: number;
  /** Errors from the server, wrong lengths, and reads without a packet for twenty seconds. */
  readonly failures: readonly string[];
  /** What the server granted. */
  readonly windowSize: number;
};

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, void *, uint32)');
const connect = libc.func('int connect(int, void *, uint32)');
const setsockopt = libc.func('int setsockopt(int, int, int, void *, uint32)');
const sendto = libc.func('long sendto(int, void *, size_t, int, void *, uint32)');
const recvfrom = libc.func('long recvfrom(int, void *, size_t, int, void *, void *)');
const poll = libc.func('int poll(void *, ulong, int)');
const close = libc.func('int close(int)');

const blockBytes = 1468;
/** Firmware's own: it asks again when nothing comes. */
const repeatMs = 1_000;
const silenceMs = 20_000;

type Client = {
  fd: number;
  expected: number;
  received: number;
  sinceAck: number;
  granted: number;
  gapTold: boolean;
  isConnected: boolean;
  heardAt: number;
  askedAt: number;
};

const load = JSON.parse(process.argv[2] ?? '{}') as TftpLoad;
const server = addressOf(load.port);
const packet = Buffer.alloc(2048);
const from = Buffer.alloc(16);
const fromLength = Buffer.alloc(4);
const ack = Buffer.from([0, 4, 0, 0]);
const options = [
  ['blksize', String(blockBytes)],
  ...(load.windowSize > 1 ? [['windowsize', String(load.windowSize)]] : []),
];
const request = Buffer.from(
  `\0\x01${[load.file, 'octet', ...options.flat()].join('\0')}\0`,
  'latin1',
);
const polled = Buffer.alloc(load.clients * 8);
const clients: Client[] = [];
const failures: string[] = [];
let totalBytes = 0;
let completed = 0;
let granted = 1;
let random = 12_345;

for (let at = 0; at < load.clients; at += 1) clients.push(begin(at));
const startedAt = performance.now();
const endsAt = startedAt + load.seconds * 1000;
for (let now = startedAt; now < endsAt && failures.length < 20; now = performance.now()) {
  const ready = poll(polled, load.clients, 20) as number;
  if (ready > 0) {
    clients.forEach((client, at) => {
      if (polled.readInt16LE(at * 8 + 6) !== 0) drain(client, at);
    });
  }
  for (const [at, client] of clients.entries()) {
    if (now - client.heardAt > silenceMs) restart(at, 'no packet for twenty seconds');
    else if (now - client.askedAt > repeatMs && now - client.heardAt > repeatMs) {
      if (client.isConnected) acknowledge(client);
      else ask(client);
    }
  }
}
const result: TftpLoadResult = {
  megabytesPerSecond: totalBytes / 1e3 / (performance.now() - startedAt),
  completed,
  failures,
  windowSize: granted,
};
for (const client of clients) {
  if (client.isConnected) sendto(client.fd, Buffer.from([0, 5, 0, 0, 0]), 5, 0, null, 0);
  close(client.fd);
}
process.stdout.write(`${JSON.stringify(result)}\n`);

function begin(at: number): Client {
  const fd = socket(2, 2 | 0o4000, 0) as number;
  const size = Buffer.alloc(4);
  size.writeInt32LE(1 << 20);
  setsockopt(fd, 1, 8, size, 4);
  bind(fd, addressOf(0), 16);
  polled.writeInt32LE(fd, at * 8);
  polled.writeInt16LE(1, at * 8 + 4);
  const client: Client = {
    fd,
    expected: 1,
    received: 0,
    sinceAck: 0,
    granted: 1,
    gapTold: false,
    isConnected: false,
    heardAt: performance.now(),
    askedAt: 0,
  };
  ask(client);
  return client;
}

function ask(client: Client): void {
  client.askedAt = performance.now();
  if (!isLost()) sendto(client.fd, request, request.length, 0, server, 16);
}

function acknowledge(client: Client): void {
  client.sinceAck = 0;
  client.askedAt = performance.now();
  if (isLost()) return;
  ack.writeUInt16BE((client.expected - 1) & 0xffff, 2);
  sendto(client.fd, ack, 4, 0, null, 0);
}

function drain(client: Client, at: number): void {
  for (;;) {
    fromLength.writeUInt32LE(16);
    const length = Number(
      client.isConnected
        ? recvfrom(client.fd, packet, packet.length, 0, null, null)
        : recvfrom(client.fd, packet, packet.length, 0, from, fromLength),
    );
    if (length < 4) return;
    if (isLost()) continue;
    client.heardAt = performance.now();
    if (!client.isConnected && packet[1] !== 5) {
      connect(client.fd, from, 16);
      client.isConnected = true;
    }
    if (packet[1] === 3) {
      // After an ACK nothing can be there yet.
      if (take(client, at, length) || client.sinceAck === 0) return;
    } else if (packet[1] === 6) {
      const text = packet.toString('latin1', 2, length);
      client.granted = Number(/windowsize\0(\d+)/i.exec(text)?.[1] ?? 1);
      granted = client.granted;
      acknowledge(client);
    } else if (packet[1] === 5) {
      restart(at, `error: ${packet.toString('latin1', 4, length - 1)}`);
      return;
    }
  }
}

/** True when the read has ended and another one has begun. */
function take(client: Client, at: number, length: number): boolean {
  if (packet.readUInt16BE(2) !== (client.expected & 0xffff)) {
    // RFC 7440 section 4: the gap is told once, and what follows it is not taken.
    if (load.windowSize > 1 && !client.gapTold) {
      client.gapTold = true;
      acknowledge(client);
    } else if (load.windowSize === 1) acknowledge(client);
    return false;
  }
  client.gapTold = false;
  client.expected += 1;
  client.received += length - 4;
  client.sinceAck += 1;
  totalBytes += length - 4;
  const isLast = length - 4 < blockBytes;
  if (isLast || client.sinceAck >= client.granted) acknowledge(client);
  if (!isLast) return false;
  if (client.received === load.bytes) {
    completed += 1;
    restart(at);
  } else restart(at, `${client.received} bytes instead of ${load.bytes}`);
  return true;
}

function restart(at: number, failure?: string): void {
  if (failure !== undefined) failures.push(failure);
  const client = clients[at];
  if (client !== undefined) close(client.fd);
  clients[at] = begin(at);
}

function isLost(): boolean {
  if (load.loss === 0) return false;
  random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return random / 0x7fff_ffff < load.loss;
}

function addressOf(port: number): Buffer {
  const bytes = Buffer.from([2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeUInt16BE(port, 2);
  return bytes;
}
