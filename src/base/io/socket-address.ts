/** An IPv4 address and port as the kernel reads them (`struct sockaddr_in`, ip(7)). */

import type { Endpoint } from '../world.ts';

export const socketAddressBytes = 16;
const inet = 2;

export function socketAddressOf({ address, port }: Endpoint): Buffer {
  const bytes = Buffer.alloc(socketAddressBytes);
  bytes.writeUInt16LE(inet, 0);
  bytes.writeUInt16BE(port, 2);
  address.split('.').forEach((octet, at) => {
    bytes.writeUInt8(Number(octet), 4 + at);
  });
  return bytes;
}
