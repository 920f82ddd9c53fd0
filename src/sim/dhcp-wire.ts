/**
 * The client's end of DHCP (RFC 2131 figure 1), written apart from the server's codec on purpose: a mistake both
 * ends share would be invisible. Options keep the order in which the firmware sends them.
 *
 *      0  op htype hlen hops | 4 xid | 8 secs flags | 12 ciaddr | 16 yiaddr | 20 siaddr | 24 giaddr
 *     28  chaddr (16) | 44 sname (64) | 108 file (128) | 236 magic 63 82 53 63 | 240 options … ff
 */

import { formatIpv4, type Ipv4, type MacAddress, macToBytes } from '../base/addresses.ts';

export const dhcpType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
} as const;

export type ClientOption = readonly [code: number, value: Uint8Array];

export type ClientPacket = {
  readonly xid: number;
  readonly mac: MacAddress;
  readonly secs: number;
  readonly broadcast: boolean;
  readonly options: readonly ClientOption[];
  /** busybox pads to the 300 bytes of BOOTP; firmware does not. */
  readonly bytesMin: number;
};

/** What a client reads from an answer. */
export type ServerPacket = {
  readonly xid: number;
  readonly mac: string;
  readonly yourAddress: string;
  /** RFC: siaddr. */
  readonly nextServer: string;
  readonly file: string;
  readonly options: ReadonlyMap<number, Uint8Array>;
};

const optionsAt = 240;
const magic = [0x63, 0x82, 0x53, 0x63];

export function encodeClientPacket(packet: ClientPacket): Uint8Array {
  const options = packet.options.flatMap(([code, value]) => [code, value.length, ...value]);
  const bytes = new Uint8Array(Math.max(optionsAt + options.length + 1, packet.bytesMin));
  const view = new DataView(bytes.buffer);
  bytes.set([1, 1, 6, 0]);
  view.setUint32(4, packet.xid);
  view.setUint16(8, packet.secs);
  view.setUint16(10, packet.broadcast ? 0x8000 : 0);
  bytes.set(macToBytes(packet.mac), 28);
  bytes.set(magic, 236);
  bytes.set(options, optionsAt);
  bytes[optionsAt + options.length] = 255;
  return bytes;
}

/** Undefined for anything a client would not take for an answer. */
export function decodeServerPacket(bytes: Uint8Array): ServerPacket | undefined {
  if (bytes.length < optionsAt || bytes[0] !== 2) return undefined;
  if (magic.some((octet, at) => bytes[236 + at] !== octet)) return undefined;
  const options = new Map<number, Uint8Array>();
  for (const { code, value } of optionsOf(bytes)) options.set(code, value);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const file = options.get(67) ?? bytes.subarray(108, 236);
  return {
    xid: view.getUint32(4),
    mac: macOf(bytes),
    yourAddress: formatIpv4(view.getUint32(16) as Ipv4),
    nextServer: formatIpv4(view.getUint32(20) as Ipv4),
    file: textUpToNul(file),
    options,
  };
}

/** Each option with the offset at which it begins; stops at END or where the packet is cut. */
export function* optionsOf(
  bytes: Uint8Array,
): Generator<{ readonly code: number; readonly at: number; readonly value: Uint8Array }> {
  for (let at = optionsAt; at < bytes.length; ) {
    const code = bytes[at] ?? 255;
    if (code === 255) return;
    if (code === 0) {
      at += 1;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    yield { code, at, value: bytes.slice(at + 2, at + 2 + length) };
    at += 2 + length;
  }
}

export function macOf(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(28, 34), (octet) => octet.toString(16).padStart(2, '0')).join(
    ':',
  );
}

export function textOption(code: number, text: string): ClientOption {
  return [code, new TextEncoder().encode(text)];
}

export function addressBytes(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number);
}

function textUpToNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder('latin1').decode(end === -1 ? bytes : bytes.subarray(0, end));
}
