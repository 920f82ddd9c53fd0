/**
 * Datagrams and segments as Ethernet frames: what is seen above UDP and TCP is given the headers below, which nobody kept,
 * with lengths and checksums that hold.
 */

import { type MacAddress, macToBytes, parseIpv4 } from '../../base/addresses.ts';
import type { Endpoint } from '../../base/world.ts';

/** A frame as far as it was kept; `originalBytes` is what it had on the wire. */
export type WireFrame = { readonly bytes: Uint8Array; readonly originalBytes: number };

export type Hop = {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Of the machine whose frames these are; every other host gets one made of its address. */
  readonly machine: { readonly mac: MacAddress; readonly addresses: ReadonlySet<string> };
};

export type TcpFlags = {
  readonly syn?: true;
  readonly ack?: true;
  readonly push?: true;
  readonly fin?: true;
};

const ethernetBytes = 14;
const ipBytes = 20;
const udpBytes = 8;
const tcpBytes = 20;
/** Of the IP packet: 16 bits. */
const packetBytesMax = 65_535;
const udp = 17;
const tcp = 6;
const timeToLive = 64;

/**
 * ```
 * 0               14                    34              42
 * | Ethernet II   | IPv4, no options    | UDP           | payload
 * ```
 *
 * @param missing octets of the payload that were not kept.
 */
export function udpFrame(hop: Hop, payload: Uint8Array, missing = 0): WireFrame {
  const header = new Uint8Array(udpBytes);
  const view = new DataView(header.buffer);
  view.setUint16(0, hop.from.port);
  view.setUint16(2, hop.to.port);
  view.setUint16(4, Math.min(udpBytes + payload.length + missing, packetBytesMax - ipBytes));
  // Zero means none (RFC 768): of octets that were not kept nobody knows the sum.
  if (missing === 0) view.setUint16(6, checksumOf(hop, udp, header, payload) || 0xffff);
  return framed(hop, udp, header, payload, missing);
}

/** The most that one segment can have had. */
export const segmentBytesMax = packetBytesMax - ipBytes - tcpBytes;

/** @param numbers modulo 2^32. */
export function tcpFrame(
  hop: Hop,
  numbers: { readonly sequence: number; readonly acknowledged: number },
  flags: TcpFlags,
  payload: Uint8Array = new Uint8Array(0),
  missing = 0,
): WireFrame {
  const header = new Uint8Array(tcpBytes);
  const view = new DataView(header.buffer);
  view.setUint16(0, hop.from.port);
  view.setUint16(2, hop.to.port);
  view.setUint32(4, numbers.sequence >>> 0);
  view.setUint32(8, numbers.acknowledged >>> 0);
  header[12] = (tcpBytes / 4) << 4;
  header[13] =
    (flags.fin ? 1 : 0) | (flags.syn ? 2 : 0) | (flags.push ? 8 : 0) | (flags.ack ? 16 : 0);
  view.setUint16(14, 0xffff);
  if (missing === 0) view.setUint16(16, checksumOf(hop, tcp, header, payload));
  return framed(hop, tcp, header, payload, missing);
}

function framed(
  hop: Hop,
  protocol: number,
  header: Uint8Array,
  payload: Uint8Array,
  missing: number,
): WireFrame {
  const upper = header.length + payload.length;
  const bytes = new Uint8Array(ethernetBytes + ipBytes + upper);
  bytes.set(macOf(hop, hop.to), 0);
  bytes.set(macOf(hop, hop.from), 6);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, 0x0800);
  const at = ethernetBytes;
  bytes[at] = 0x45;
  const length = Math.min(ipBytes + upper + missing, packetBytesMax);
  view.setUint16(at + 2, length);
  bytes[at + 8] = timeToLive;
  bytes[at + 9] = protocol;
  view.setUint32(at + 12, ipv4Of(hop.from));
  view.setUint32(at + 16, ipv4Of(hop.to));
  view.setUint16(at + 10, folded(sumOf(bytes.subarray(at, at + ipBytes))));
  bytes.set(header, at + ipBytes);
  bytes.set(payload, at + ipBytes + header.length);
  return { bytes, originalBytes: ethernetBytes + length };
}

function macOf({ machine }: Hop, { address }: Endpoint): Uint8Array {
  if (address === '255.255.255.255') return new Uint8Array(6).fill(0xff);
  if (machine.addresses.has(address)) return macToBytes(machine.mac);
  // Locally administered, so that nobody takes it for a vendor's.
  const octets = new Uint8Array(6);
  octets[0] = 0x02;
  new DataView(octets.buffer).setUint32(2, ipv4Of({ address, port: 0 }));
  return octets;
}

function ipv4Of({ address }: Endpoint): number {
  const parsed = parseIpv4(address);
  return parsed.ok ? parsed.value : 0;
}

/** Over the pseudo-header too (RFC 768, RFC 9293 section 3.1). */
function checksumOf(
  { from, to }: Hop,
  protocol: number,
  header: Uint8Array,
  payload: Uint8Array,
): number {
  const pseudo = new Uint8Array(12);
  const view = new DataView(pseudo.buffer);
  view.setUint32(0, ipv4Of(from));
  view.setUint32(4, ipv4Of(to));
  pseudo[9] = protocol;
  view.setUint16(10, header.length + payload.length);
  return folded(sumOf(pseudo) + sumOf(header) + sumOf(payload));
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }
  return sum;
}

function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x10000);
  return ~rest & 0xffff;
}
