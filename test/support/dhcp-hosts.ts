/** Hosts behind relays of loopback that ask a real server over one socket (RFC 8357: it answers the port it was asked from). */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decodeServerPacket, type ServerPacket } from '../../src/sim/dhcp-wire.ts';
import { type MessageParts, message } from '../pxe/dhcp/bed.ts';

export type DhcpHosts = {
  /** One message and its answer; undefined: none came in time. */
  readonly ask: (
    type: Parameters<typeof message>[0],
    parts: MessageParts,
  ) => Promise<ServerPacket | undefined>;
  /** DISCOVER and REQUEST, once each: the acknowledged address. */
  readonly bind: (mac: number, giaddr: string) => Promise<string | undefined>;
  /** As a host does that keeps its address: RENEWING, once. */
  readonly renew: (mac: number, giaddr: string, ciaddr: string) => Promise<string | undefined>;
  readonly close: () => void;
};

const ackType = 5;

export async function startDhcpHosts(
  serverPort: number,
  answerWithinMs = 1_000,
): Promise<DhcpHosts> {
  const waiting = new Map<number, (packet: ServerPacket) => void>();
  let lastXid = 0;
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => {
    const packet = decodeServerPacket(bytes);
    if (packet !== undefined) waiting.get(packet.xid)?.(packet);
  });
  socket.bind(0, '0.0.0.0');
  await once(socket, 'listening');

  const ask: DhcpHosts['ask'] = (type, parts) =>
    new Promise((resolve) => {
      lastXid += 1;
      const xid = lastXid;
      const over = (packet: ServerPacket | undefined): void => {
        clearTimeout(limit);
        waiting.delete(xid);
        resolve(packet);
      };
      const limit = setTimeout(() => over(undefined), answerWithinMs);
      waiting.set(xid, over);
      const options = [...(parts.options ?? []), [82, Uint8Array.of(19, 0)] as const];
      socket.send(message(type, { ...parts, xid, options }), serverPort, '127.0.0.1');
    });

  const acknowledged = async (parts: MessageParts): Promise<string | undefined> => {
    const answer = await ask('request', parts);
    return answer?.options.get(53)?.[0] === ackType ? answer.yourAddress : undefined;
  };

  return {
    ask,
    bind: async (mac, giaddr) => {
      const offer = await ask('discover', { mac, giaddr });
      const server = offer?.options.get(54)?.join('.');
      if (offer === undefined || server === undefined) return undefined;
      return acknowledged({ mac, giaddr, wants: offer.yourAddress, server });
    },
    renew: (mac, giaddr, ciaddr) => acknowledged({ mac, giaddr, ciaddr }),
    close: () => socket.close(),
  };
}
