/**
 * Exchanges, each timed from its DISCOVER to its ACK: what perfdhcp tells no percentiles of. Either begun at an even
 * rate, or as many under way at any time as told, so that the server decides how fast they go. Prints the figures as
 * JSON.
 *
 * Arguments: server address, port, `rate` or `outstanding`, how many, seconds, first client.
 */

import { createSocket, type Socket } from 'node:dgram';
import { clientsPerRelay, relayAddress, relays } from './dhcp-racks.ts';
import { percentile } from './row.ts';

/** Answers that take longer count as lost. */
const lostAfterMs = 2_000;
const lookEveryMs = 100;

export type ClientFigures = {
  readonly p50: number;
  readonly p99: number;
  readonly lost: number;
  readonly done: number;
  readonly perSecond: number;
};

type Load = {
  readonly server: string;
  readonly port: number;
  readonly kind: 'rate' | 'outstanding';
  readonly many: number;
  readonly seconds: number;
  /** The clients before it had their leases in an earlier run. */
  readonly firstClient: number;
};

type Exchange = { readonly client: number; readonly startedAt: number };

async function drive(load: Load): Promise<ClientFigures> {
  const { server, port, many } = load;
  const socket = await open();
  const latencies: number[] = [];
  const pending = new Map<number, Exchange>();
  const packet = template();
  const endAt = performance.now() + load.seconds * 1000;
  let begun = 0;
  let lost = 0;
  const begin = (): void => {
    const client = (load.firstClient + begun) % (relays * clientsPerRelay);
    pending.set(begun, { client, startedAt: performance.now() });
    // dgram sends at once when nothing waits, and copies what it cannot.
    socket.send(Buffer.from(discover(packet, begun, client)), port, server);
    begun += 1;
  };
  socket.on('message', (reply) => {
    const xid = reply.readUInt32BE(4);
    const exchange = pending.get(xid);
    if (exchange === undefined) return;
    const type = reply[valueAt(reply, 53)];
    if (type === 2) {
      const serverId = valueAt(reply, 54);
      socket.send(
        Buffer.from(request(packet, xid, exchange.client, reply, serverId)),
        port,
        server,
      );
      return;
    }
    pending.delete(xid);
    const now = performance.now();
    if (type === 5 && now < endAt) latencies.push(now - exchange.startedAt);
    if (load.kind === 'outstanding' && now < endAt) begin();
  });
  const forget = (): void => {
    const before = performance.now() - lostAfterMs;
    // Insertion order is age.
    for (const [xid, { startedAt }] of pending) {
      if (startedAt > before) break;
      pending.delete(xid);
      lost += 1;
      if (load.kind === 'outstanding' && performance.now() < endAt) begin();
    }
  };
  if (load.kind === 'outstanding') {
    for (let count = 0; count < many; count += 1) begin();
    while (performance.now() < endAt) {
      await sleep(lookEveryMs);
      forget();
    }
  } else {
    const startedAt = performance.now();
    for (let now = startedAt; now < endAt; now = performance.now()) {
      for (const due = ((now - startedAt) / 1000) * many; begun < due; ) begin();
      await sleep(1);
    }
  }
  for (let at = 0; at <= lostAfterMs && pending.size > 0; at += lookEveryMs) {
    await sleep(lookEveryMs);
    forget();
  }
  socket.close();
  const done = latencies.length;
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    lost,
    done,
    perSecond: done / load.seconds,
  };
}

function open(): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 << 20,
    lookup: (host, _, answer) => answer(null, host, 4),
  });
  return new Promise((bound) => socket.bind(67, '0.0.0.0', () => bound(socket)));
}

function sleep(ms: number): Promise<void> {
  return new Promise((settled) => setTimeout(settled, ms));
}

/** A relayed message by hand; what differs from one to the next is filled in. */
function template(): Buffer {
  const packet = Buffer.alloc(300);
  packet.set([1, 1, 6, 1]);
  packet.writeUInt32BE(0x63825363, 236);
  packet.set([53, 1, 1, 55, 4, 1, 3, 6, 51, 255], 240);
  return packet;
}

function discover(packet: Buffer, xid: number, client: number): Buffer {
  packet.writeUInt32BE(xid, 4);
  // Neighbouring exchanges come from different racks, as those of perfdhcp do.
  packet.writeUInt32BE(relayAddress(client % relays), 24);
  packet.set([0x02, 0, 0], 28);
  packet.writeUIntBE(client, 31, 3);
  packet[242] = 1;
  packet.fill(0, 249);
  packet[249] = 255;
  return packet;
}

function request(packet: Buffer, xid: number, client: number, offer: Buffer, serverId: number) {
  discover(packet, xid, client);
  packet[242] = 3;
  packet.set([50, 4, 0, 0, 0, 0, 54, 4, 0, 0, 0, 0, 255], 249);
  offer.copy(packet, 251, 16, 20);
  offer.copy(packet, 257, serverId, serverId + 4);
  return packet;
}

/** Where the value of an option begins; the length of the message when it has none. */
function valueAt(message: Buffer, code: number): number {
  for (let at = 240; at < message.length && message[at] !== 255; ) {
    if (message[at] === code) return at + 2;
    at += message[at] === 0 ? 1 : 2 + (message[at + 1] ?? 0);
  }
  return message.length;
}

const [server = '', port, kind, many, seconds, firstClient] = process.argv.slice(2);
const figures = await drive({
  server,
  port: Number(port),
  kind: kind === 'rate' ? 'rate' : 'outstanding',
  many: Number(many),
  seconds: Number(seconds),
  firstClient: Number(firstClient),
});
console.log(JSON.stringify(figures));
