/** DISCOVER to ACK through a relay, each lease committed to etcd before its ACK. */

import { createSocket, type Socket } from 'node:dgram';
import { decodeDhcp } from '../../src/pxe/dhcp/packet.ts';
import { ms, percentile, type Row } from './row.ts';
import { benchIpam, startBenchServer } from './server.ts';

/** Racks with 31 leases each. */
const relays = 600;
const clients = relays * 30;
const windowMs = 6000;

export async function run(): Promise<readonly Row[]> {
  const server = await startBenchServer();
  try {
    await server.send('PUT', '/api/v1/config/ipam', JSON.stringify(benchIpam));
    await server.send('PUT', '/api/v1/config/dhcp', JSON.stringify({ 'lease-minutes': 60 }));
    await drive(server.dhcpPort, {
      atOnce: 8,
      perSecond: undefined,
      durationMs: 1500,
      firstClient: 0,
    });
    const slow = await drive(server.dhcpPort, {
      atOnce: 64,
      perSecond: 200,
      durationMs: windowMs,
      firstClient: 2000,
    });
    const fast = await drive(server.dhcpPort, {
      atOnce: 256,
      perSecond: undefined,
      durationMs: windowMs,
      firstClient: 5000,
    });
    return [
      {
        what: 'exchanges per second, 256 at once',
        figure: `${Math.round((fast.latencies.length / windowMs) * 1000)}/s, p99 ${ms(percentile(fast.latencies, 0.99))}, ${fast.lost} lost`,
        target: "≥ Kea's beside it (measured with the DHCP milestone)",
      },
      {
        what: 'exchange at 200/s',
        figure: `p50 ${ms(percentile(slow.latencies, 0.5))}, p99 ${ms(percentile(slow.latencies, 0.99))}, ${slow.lost} lost`,
        target: 'p99 < 3 ms',
      },
    ];
  } finally {
    await server.stop();
  }
}

type Drive = {
  readonly atOnce: number;
  /** Undefined: as fast as answers come. */
  readonly perSecond: number | undefined;
  readonly durationMs: number;
  readonly firstClient: number;
};

/** A lost exchange is one that took longer than this. */
const lostAfterMs = 2000;

async function drive(port: number, { atOnce, perSecond, durationMs, firstClient }: Drive) {
  const socket = await relaySocket();
  const latencies: number[] = [];
  const pending = new Map<number, { readonly client: number; readonly startedAt: number }>();
  const endAt = performance.now() + durationMs;
  let next = firstClient;
  let lost = 0;
  const begin = (): void => {
    const client = next % clients;
    next += 1;
    pending.set(next, { client, startedAt: performance.now() });
    socket.send(message(1, next, client), port, '127.0.0.1');
  };
  socket.on('message', (payload) => {
    const packet = decodeDhcp(payload);
    if (!packet.ok) return;
    const { xid, options, yourAddress } = packet.value;
    const exchange = pending.get(xid);
    if (exchange === undefined) return;
    const type = options.get(53)?.[0];
    if (type === 2) {
      const serverId = options.get(54) ?? new Uint8Array(4);
      socket.send(message(3, xid, exchange.client, yourAddress, serverId), port, '127.0.0.1');
      return;
    }
    pending.delete(xid);
    if (type === 5) latencies.push(performance.now() - exchange.startedAt);
    else lost += 1;
    if (perSecond === undefined && performance.now() < endAt) begin();
  });
  if (perSecond === undefined) for (let started = 0; started < atOnce; started += 1) begin();
  const startedAt = performance.now();
  let begun = 0;
  while (performance.now() < endAt) {
    const due = perSecond === undefined ? 0 : ((performance.now() - startedAt) / 1000) * perSecond;
    for (; begun < due; begun += 1) begin();
    for (const [xid, exchange] of pending) {
      if (performance.now() - exchange.startedAt < lostAfterMs) continue;
      pending.delete(xid);
      lost += 1;
      if (perSecond === undefined) begin();
    }
    await new Promise((settled) => setTimeout(settled, 1));
  }
  await new Promise((settled) => setTimeout(settled, 200));
  socket.close();
  return { latencies, lost };
}

/** Bound to every address: answers come to the relay's own. */
function relaySocket(): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 << 20,
    lookup: (host, _, answer) => answer(null, host, 4),
  });
  return new Promise((resolve) => socket.bind(0, '0.0.0.0', () => resolve(socket)));
}

/** A relayed message by hand: 1 DISCOVER, 3 REQUEST, with RFC 8357's source-port sub-option in option 82. */
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
  packet.writeUInt32BE(relayAddress(client), 24);
  packet.set([0x02, 0, 0], 28);
  packet.writeUIntBE(client, 31, 3);
  packet.writeUInt32BE(0x63825363, 236);
  const options = [53, 1, type, 55, 4, 1, 3, 6, 51];
  if (wanted !== undefined && serverId !== undefined) {
    options.push(
      50,
      4,
      wanted >>> 24,
      (wanted >>> 16) & 255,
      (wanted >>> 8) & 255,
      wanted & 255,
      54,
      4,
      ...serverId,
    );
  }
  packet.set([...options, 82, 2, 19, 0, 255], 240);
  return packet;
}

/** The gateway of one of the racks of 127.64.0.0/10. */
function relayAddress(client: number): number {
  return ((127 << 24) | (64 << 16) | ((client % relays) * 64 + 1)) >>> 0;
}
