/**
 * DHCP messages on the wire (RFC 2131 figure 1, options by RFC 2132 and RFC 3396).
 *
 *      0  op htype hlen hops | 4 xid | 8 secs flags | 12 ciaddr | 16 yiaddr | 20 siaddr | 24 giaddr
 *     28  chaddr (16) | 44 sname (64) | 108 file (128) | 236 magic 63 82 53 63 | 240 options … ff
 */

import type { Ipv4 } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { optionCodes } from './options.ts';

export type DhcpPacket = {
  /** RFC: op; 1 is a client's (or relay's) message, 2 a server's. */
  readonly op: 'request' | 'reply';
  readonly hardwareType: number;
  /** RFC: chaddr, cut to hlen. */
  readonly hardwareAddress: Uint8Array;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  /** The top bit of RFC's flags; the others must be zero and are not kept. */
  readonly broadcast: boolean;
  /** RFC: ciaddr. */
  readonly clientAddress: Ipv4;
  /** RFC: yiaddr. */
  readonly yourAddress: Ipv4;
  /** RFC: siaddr. */
  readonly nextServer: Ipv4;
  /** RFC: giaddr. */
  readonly relayAddress: Ipv4;
  /** RFC: sname; Latin-1, up to the first NUL. Empty when the field carried options. */
  readonly serverName: string;
  /** RFC: file; as `serverName`. */
  readonly file: string;
  /** Values by code, parts joined (RFC 3396). */
  readonly options: ReadonlyMap<number, Uint8Array>;
};

export type DhcpMalformed = {
  readonly kind: 'too-short' | 'bad-op' | 'bad-hardware-length' | 'no-cookie';
  readonly text: string;
};

const chaddrAt = 28;
const serverNameAt = 44;
const fileAt = 108;
const magicAt = 236;
const optionsAt = 240;
const magic = 0x63825363;
const hardwareBytesMax = 16;
/** RFC 1542 section 2.1: what BOOTP relays and clients may count on. */
const packetBytesMin = 300;
const broadcastFlag = 0x8000;
const valueBytesMax = 255;
/** Longest texts of the fixed fields: a NUL ends them. */
const serverNameBytesMax = 63;
export const fileBytesMax = 127;

/** Reads a message; an option that runs over its area ends the reading of that area (RFC 2132 section 3.2). */
export function decodeDhcp(bytes: Uint8Array): Result<DhcpPacket, DhcpMalformed> {
  if (bytes.length < optionsAt) {
    return malformed('too-short', `${bytes.length} bytes, at least ${optionsAt} are needed`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const op = view.getUint8(0);
  const hardwareBytes = view.getUint8(2);
  if (op !== 1 && op !== 2) return malformed('bad-op', `op is ${op}, not 1 or 2`);
  if (hardwareBytes > hardwareBytesMax) {
    return malformed('bad-hardware-length', `hlen is ${hardwareBytes}, at most 16 bytes fit`);
  }
  if (view.getUint32(magicAt) !== magic) return malformed('no-cookie', 'no DHCP magic cookie');

  const parts = new Map<number, Uint8Array[]>();
  collectOptions(bytes.subarray(optionsAt), parts);
  // RFC 2131 section 4.1: `file` first, then `sname`. An overload option inside them changes nothing any more.
  const overload = overloadOf(parts.get(optionCodes.overload));
  const fileField = bytes.subarray(fileAt, magicAt);
  const serverNameField = bytes.subarray(serverNameAt, fileAt);
  if (overload.file) collectOptions(fileField, parts);
  if (overload.serverName) collectOptions(serverNameField, parts);

  return ok({
    op: op === 1 ? 'request' : 'reply',
    hardwareType: view.getUint8(1),
    hardwareAddress: bytes.slice(chaddrAt, chaddrAt + hardwareBytes),
    hops: view.getUint8(3),
    xid: view.getUint32(4),
    secs: view.getUint16(8),
    broadcast: (view.getUint16(10) & broadcastFlag) !== 0,
    clientAddress: view.getUint32(12) as Ipv4,
    yourAddress: view.getUint32(16) as Ipv4,
    nextServer: view.getUint32(20) as Ipv4,
    relayAddress: view.getUint32(24) as Ipv4,
    serverName: overload.serverName ? '' : textUpToNul(serverNameField),
    file: overload.file ? '' : textUpToNul(fileField),
    options: new Map(Array.from(parts, ([code, values]) => [code, joined(values)])),
  });
}

/**
 * The message as bytes: option 53 first, the relay's 82 last (RFC 3046 section 2.2), the others ascending, so that the
 * mask precedes the router. Long values are split (RFC 3396); overload is never used, since PXE ROMs do not read it.
 *
 * Texts longer than their field and hardware addresses over 16 bytes are cut; callers look at `fileBytesMax` first.
 */
export function encodeDhcp(packet: DhcpPacket): Uint8Array {
  const bytes = new Uint8Array(encodedBytes(packet));
  const view = new DataView(bytes.buffer);
  const hardware = packet.hardwareAddress.subarray(0, hardwareBytesMax);
  bytes[0] = packet.op === 'request' ? 1 : 2;
  bytes[1] = packet.hardwareType;
  bytes[2] = hardware.length;
  bytes[3] = packet.hops;
  view.setUint32(4, packet.xid);
  view.setUint16(8, packet.secs);
  view.setUint16(10, packet.broadcast ? broadcastFlag : 0);
  view.setUint32(12, packet.clientAddress);
  view.setUint32(16, packet.yourAddress);
  view.setUint32(20, packet.nextServer);
  view.setUint32(24, packet.relayAddress);
  bytes.set(hardware, chaddrAt);
  setText(bytes, serverNameAt, packet.serverName, serverNameBytesMax);
  setText(bytes, fileAt, packet.file, fileBytesMax);
  view.setUint32(magicAt, magic);
  let at = optionsAt;
  for (const code of [...packet.options.keys()].sort(byPlace)) {
    const value = packet.options.get(code) ?? new Uint8Array();
    let done = 0;
    do {
      const part = value.subarray(done, done + valueBytesMax);
      bytes[at] = code;
      bytes[at + 1] = part.length;
      bytes.set(part, at + 2);
      at += 2 + part.length;
      done += part.length;
    } while (done < value.length);
    // Room for the NUL with which EDK2 ends the name in place: without it the next option loses its number.
    if (code === optionCodes.bootFile) at += 1;
  }
  bytes[at] = optionCodes.end;
  return bytes;
}

/** The size `encodeDhcp` comes to, padding included. */
export function encodedBytes(packet: DhcpPacket): number {
  let size = optionsAt + 1;
  for (const [code, value] of packet.options) {
    size += value.length + 2 * Math.max(1, Math.ceil(value.length / valueBytesMax));
    if (code === optionCodes.bootFile) size += 1;
  }
  return Math.max(size, packetBytesMin);
}

function byPlace(a: number, b: number): number {
  return placeOf(a) - placeOf(b);
}

function placeOf(code: number): number {
  if (code === optionCodes.messageType) return 0;
  return code === optionCodes.relayInformation ? 256 : code;
}

function collectOptions(area: Uint8Array, parts: Map<number, Uint8Array[]>): void {
  for (let at = 0; at < area.length; ) {
    const code = area[at] ?? optionCodes.end;
    if (code === optionCodes.end) return;
    if (code === optionCodes.pad) {
      at += 1;
      continue;
    }
    const length = area[at + 1];
    if (length === undefined || at + 2 + length > area.length) return;
    const part = area.slice(at + 2, at + 2 + length);
    const known = parts.get(code);
    if (known === undefined) parts.set(code, [part]);
    else known.push(part);
    at += 2 + length;
  }
}

function overloadOf(values: readonly Uint8Array[] | undefined): {
  readonly file: boolean;
  readonly serverName: boolean;
} {
  const [value] = values ?? [];
  const bits = values?.length === 1 && value?.length === 1 ? (value[0] ?? 0) : 0;
  return { file: bits === 1 || bits === 3, serverName: bits === 2 || bits === 3 };
}

function joined(values: readonly Uint8Array[]): Uint8Array {
  const [first] = values;
  if (first !== undefined && values.length === 1) return first;
  const whole = new Uint8Array(values.reduce((sum, value) => sum + value.length, 0));
  let at = 0;
  for (const value of values) {
    whole.set(value, at);
    at += value.length;
  }
  return whole;
}

function textUpToNul(field: Uint8Array): string {
  const end = field.indexOf(0);
  return String.fromCharCode(...(end === -1 ? field : field.subarray(0, end)));
}

function setText(bytes: Uint8Array, at: number, text: string, max: number): void {
  for (let index = 0; index < Math.min(text.length, max); index += 1) {
    bytes[at + index] = text.charCodeAt(index) & 0xff;
  }
}

function malformed(kind: DhcpMalformed['kind'], text: string): Result<never, DhcpMalformed> {
  return fail({ kind, text });
}
