/** What network boot sees, with defaults. */

import { type Ipv4, type MacAddress, parseIpv4, parseMac } from '../../src/base/addresses.ts';
import { type Instant, instant } from '../../src/base/time.ts';
import type { DhcpSighting, HttpSighting, TftpSighting } from '../../src/pxe/sightings.ts';
import { encodeTftp } from '../../src/pxe/tftp/packet.ts';

const start = instant(1_795_240_800_000);

export function aDhcpSighting(
  given: Partial<Omit<DhcpSighting, 'address'>> & { readonly address?: string } = {},
): DhcpSighting {
  const { address = '10.69.0.40', ...rest } = given;
  return {
    by: 'dhcp',
    at: start,
    mac: macOf('52:54:00:00:00:01'),
    xid: 7,
    message: 'discover',
    answer: 'offer',
    reason: 'a free address',
    address: ipv4Of(address),
    bootFile: 'snponly.efi',
    client: {
      vendorClass: 'PXEClient:Arch:00007:UNDI:003001',
      userClasses: [],
      architectures: [7],
      uuid: undefined,
      clientId: undefined,
      hostName: undefined,
      isIpxe: false,
    },
    relay: undefined,
    interface: 'eth1',
    received: {
      from: { address: '0.0.0.0', port: 68 },
      to: { address: '255.255.255.255', port: 67 },
      payload: new Uint8Array(300),
    },
    sent: {
      from: { address: '10.69.0.3', port: 67 },
      to: { address: '255.255.255.255', port: 68 },
      payload: new Uint8Array(300),
    },
    ...rest,
  };
}

export function aTftpSighting(
  given: Partial<Omit<TftpSighting, 'client'>> & { readonly client?: string } = {},
): TftpSighting {
  const { client = '10.69.0.40', file = 'snponly.efi', ...rest } = given;
  const options = [
    ['tsize', '0'],
    ['blksize', '1468'],
  ] as const;
  return {
    by: 'tftp',
    at: start,
    kind: 'started',
    client: { address: client, port: 1_024 },
    server: { address: '10.69.0.3', port: 69 },
    file,
    options: new Map([
      ['tsize', '30000'],
      ['blksize', '1468'],
    ]),
    bytes: 0,
    durationMs: 0,
    resentBlocks: 0,
    request: encodeTftp({ kind: 'read', file, mode: 'octet', options }),
    text: '',
    ...rest,
  };
}

export function anHttpSighting(given: Partial<HttpSighting> = {}): HttpSighting {
  return {
    by: 'http',
    at: start,
    kind: 'kernel',
    phase: 'answered',
    requestId: 'r-1',
    method: 'GET',
    path: '/api/v1/boot/coreos/images/1/kernel',
    userAgent: 'iPXE/1.21.1',
    remoteAddress: '10.69.0.40',
    serial: undefined,
    imageId: '1',
    status: 200,
    sentBytes: 0,
    bodyBytes: 0,
    durationMs: 2,
    text: '',
    ...given,
  };
}

export function later(ms: number): Instant {
  return instant(start + ms);
}

export function macOf(text: string): MacAddress {
  const mac = parseMac(text);
  if (!mac.ok) throw new Error(mac.error);
  return mac.value;
}

function ipv4Of(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (!address.ok) throw new Error(address.error);
  return address.value;
}
