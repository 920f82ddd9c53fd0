/**
 * Exchanges at an even rate, each timed from its DISCOVER to its ACK: what perfdhcp tells no percentiles of. Started
 * with server address, port and rate; prints the figures as JSON.
 */

import { createSocket } from 'node:dgram';
import { decodeDhcp } from '../../src/pxe/dhcp/packet.ts';
import { clientsPerRelay, relayAddress, relays } from './dhcp-racks.ts';
import { percentile } from './row.ts';

const durationMs = 8_000;
/** Answers that take longer count as lost. */
const lostAfterMs = 2_000;

export type Latency = { readonly p50: number; readonly p99: number; readonly lost: number };

async function drive(server: string, port: number, perSecond: number): Promise<Latency> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 << 20,
    lookup: (host, _, answer) => answer(null, host, 4),
  });
  await new Promise<void>((bound) => socket.bind(67, '0.0.0.0', bound));
  const latencies: number[] = [];
  const pending = new Map<number, { readonly client: number; readonly startedAt: number }>();
  socket.on('message', (payload) => {
    const packet = decodeDhcp(payload);
    if (!packet.ok) return;
    const { xid, options, yourAddress } = packet.value;
    const exchange = pending.get(xid);
    if (exchange === undefined) return;
    const type = options.get(53)?.[0];
    if (type === 2) {
      const serverId = options.get(54) ?? new Uint8Array(4);
      socket.send(message(3, xid, exchange.client, yourAddress, serverId), port, server);
      return;
    }
    pending.delete(xid);
    if (type === 5) latencies.push(performance.now() - exchange.startedAt);
  });
  const startedAt = performance.now();
  let begun = 0;
  for (let now = startedAt; now < startedAt + durationMs; now = performance.now()) {
    const due = ((now - startedAt) / 1000) * perSecond;
    for (; begun < due; begun += 1) {
      // Neighbouring exchanges come from different racks, as those of perfdhcp do.
      const client = (begun * 7919) % (relays * clientsPerRelay);
      pending.set(begun, { client, startedAt: performance.now() });
      socket.send(message(1, begun, client), port, server);
    }
    await new Promise((settled) => setTimeout(settled, 1));
  }
  const endAt = performance.now() + lostAfterMs;
  while (pending.size > 0 && performance.now() < endAt) {
    await new Promise((settled) => setTimeout(settled, 10));
  }
  socket.close();
  const lost = pending.size;
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), lost };
}

/** A relayed message by hand: 1 DISCOVER, 3 REQUEST. */
function message(
  type: 1 | 3,
  xid: number,
  client: number,
  wanted?: number,
  serverId?: Uint8Array,
): Buffer {
  const packet = Buffer.alloc(300);
  packet.set([1, 1, 6, 1]);
  packet.writeUInt32BE(xid, 4);
  packet.writeUInt32BE(relayAddress(client % relays), 24);
  packet.set([0x02, 0, 0], 28);
  packet.writeUIntBE(Math.floor(client / relays), 31, 3);
  packet.writeUInt32BE(0x63825363, 236);
  const options = [53, 1, type, 55, 4, 1, 3, 6, 51];
  if (wanted !== undefined && serverId !== undefined) {
    const address = [24, 16, 8, 0].map((shift) => (wanted >>> shift) & 255);
    options.push(50, 4, ...address, 54, 4, ...serverId);
  }
  packet.set([...options, 255], 240);
  return packet;
}

const [server = '', port = '', perSecond = ''] = process.argv.slice(2);
console.log(JSON.stringify(await drive(server, Number(port), Number(perSecond))));
