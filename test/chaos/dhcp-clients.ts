/** Machines behind relays that lease, confirm, extend and release addresses from whichever server answers. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Ack, GaveUp } from './history.ts';
import { numberOf } from './leases.ts';
import { dotted } from './model.ts';

type Chance = { readonly next: () => number };

/** More than a range has addresses, so that some wait and ended leases are used again. */
const macsPerRelay = 28;
const relays = ['127.64.0.1', '127.64.0.33'];
const atOnce = 6;
const answerWithinMs = 1_500;

const discover = 1;
const offer = 2;
const request = 3;
const ack = 5;
const nak = 6;
const release = 7;

type Reply = {
  readonly type: number;
  readonly address: string;
  readonly serverId: Uint8Array;
  readonly leaseMs: number;
};

export type DhcpClients = {
  readonly acks: readonly Ack[];
  readonly gaveUp: readonly GaveUp[];
  readonly stop: () => Promise<void>;
};

export async function startDhcpClients(
  ports: readonly number[],
  chances: readonly Chance[],
): Promise<DhcpClients> {
  const acks: Ack[] = [];
  const gaveUp: GaveUp[] = [];
  const held = new Map<string, string>();
  const busy = new Set<string>();
  const waiting = new Map<number, (reply: Reply) => void>();
  let stopped = false;
  const socket: Socket = createSocket('udp4');
  socket.on('message', (bytes) => {
    if (bytes.length < 240) return;
    waiting.get(bytes.readUInt32BE(4))?.(readReply(bytes));
  });
  socket.bind(0, '0.0.0.0');
  await once(socket, 'listening');

  /** As a relay does it: to some or all servers; what they answer, first come first. */
  const exchange = (packet: Buffer, chance: Chance): Promise<Reply | undefined> =>
    new Promise((resolve) => {
      const xid = packet.readUInt32BE(4);
      const limit = setTimeout(() => settle(undefined), answerWithinMs);
      const settle = (reply: Reply | undefined) => {
        clearTimeout(limit);
        waiting.delete(xid);
        resolve(reply);
      };
      waiting.set(xid, settle);
      const one = ports[Math.floor(chance.next() * ports.length)] ?? 0;
      const to = chance.next() < 0.6 ? ports : [one];
      for (const port of to) socket.send(packet, port, '127.0.0.1');
    });

  const client = async (chance: Chance) => {
    while (!stopped) {
      const relay = relays[Math.floor(chance.next() * relays.length)] ?? '';
      const number = relays.indexOf(relay) * 256 + Math.floor(chance.next() * macsPerRelay);
      const mac = `02:00:00:00:${[number >> 8, number & 255].map(hex).join(':')}`;
      if (!busy.has(mac)) {
        busy.add(mac);
        await visit(mac, relay, chance);
        busy.delete(mac);
      }
      await new Promise((resolve) => setTimeout(resolve, 10 + chance.next() * 100));
    }
  };

  const visit = async (mac: string, relay: string, chance: Chance): Promise<void> => {
    const mine = held.get(mac);
    const which = chance.next();
    if (mine !== undefined && which < 0.2) {
      gaveUp.push({ mac, atMs: performance.now() });
      held.delete(mac);
      const packet = message(release, xid(chance), mac, relay, { ciaddr: mine });
      for (const port of ports) socket.send(packet, port, '127.0.0.1');
      return;
    }
    if (mine !== undefined && which < 0.5) {
      // Extending, through the relay; or a restart that asks for the same address.
      const how = which < 0.35 ? { ciaddr: mine } : { wanted: mine };
      return confirm(mac, relay, how, chance);
    }
    const offered = await exchange(message(discover, xid(chance), mac, relay, {}), chance);
    if (offered?.type !== offer) return;
    const { address, serverId } = offered;
    await confirm(mac, relay, { wanted: address, serverId }, chance);
  };

  const confirm = async (mac: string, relay: string, how: Asking, chance: Chance) => {
    const startMs = performance.now();
    const reply = await exchange(message(request, xid(chance), mac, relay, how), chance);
    const endMs = performance.now();
    if (reply?.type === nak) {
      gaveUp.push({ mac, atMs: endMs });
      held.delete(mac);
    }
    if (reply?.type !== ack) return;
    held.set(mac, reply.address);
    acks.push({ mac, relay, address: reply.address, startMs, endMs, leaseMs: reply.leaseMs });
  };

  const running = chances.slice(0, atOnce).map(client);
  return {
    acks,
    gaveUp,
    stop: async () => {
      stopped = true;
      await Promise.all(running);
      socket.close();
    },
  };
}

type Asking = {
  readonly ciaddr?: string;
  readonly wanted?: string;
  readonly serverId?: Uint8Array;
};

/** Relayed, with RFC 8357's source-port sub-option: answers come back to the port they were asked from. */
function message(type: number, id: number, mac: string, relay: string, how: Asking): Buffer {
  const packet = Buffer.alloc(300);
  packet.set([1, 1, 6, 1]);
  packet.writeUInt32BE(id, 4);
  packet.writeUInt32BE(numberOf(how.ciaddr ?? '0.0.0.0'), 12);
  packet.writeUInt32BE(numberOf(relay), 24);
  packet.set(
    mac.split(':').map((octet) => Number.parseInt(octet, 16)),
    28,
  );
  packet.writeUInt32BE(0x63825363, 236);
  const options = [53, 1, type, 55, 4, 1, 3, 6, 51];
  if (how.wanted !== undefined) options.push(50, 4, ...how.wanted.split('.').map(Number));
  if (how.serverId !== undefined) options.push(54, 4, ...how.serverId);
  packet.set([...options, 82, 2, 19, 0, 255], 240);
  return packet;
}

function readReply(bytes: Buffer): Reply {
  const options = new Map<number, Buffer>();
  for (let at = 240; at + 1 < bytes.length && bytes[at] !== 255; ) {
    const length = bytes[at] === 0 ? -1 : (bytes[at + 1] ?? 0);
    if (length >= 0) options.set(bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const leaseTime = options.get(51);
  return {
    type: options.get(53)?.[0] ?? 0,
    address: dotted(bytes.readUInt32BE(16)),
    serverId: options.get(54) ?? new Uint8Array(4),
    leaseMs: leaseTime?.length === 4 ? leaseTime.readUInt32BE(0) * 1_000 : 0,
  };
}

function xid(chance: Chance): number {
  return Math.floor(chance.next() * 2 ** 32);
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
