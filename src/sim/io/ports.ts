/** Ports of this host: the wanted one where it is free, else any. */

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** @returns `wanted` when it can be had at `address`, else a free one the system chose. */
export async function freeTcpPort(address: string, wanted: number): Promise<number> {
  return (await tryTcp(address, wanted)) ?? (await tryTcp(address, 0)) ?? wanted;
}

export async function freeUdpPort(address: string, wanted: number): Promise<number> {
  return (await tryUdp(address, wanted)) ?? (await tryUdp(address, 0)) ?? wanted;
}

function tryTcp(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => {
      const place = server.address();
      server.close(() => resolve(typeof place === 'object' ? place?.port : undefined));
    });
  });
}

function tryUdp(address: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    socket.bind({ address, port, exclusive: true }, () => {
      const chosen = socket.address().port;
      socket.close(() => resolve(chosen));
    });
  });
}
