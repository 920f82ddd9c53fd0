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
  /** Values by code, parts joined (RFC 3396); views of the datagram where they came in one part. */
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

  const options = new Map<number, Uint8Array>();
  const repeated: Repeated = new Map();
  collectOptions(bytes, optionsAt, bytes.length, options, repeated);
  // RFC 2131 section 4.1: `file` first, then `sname`. An overload option inside them changes nothing any more.
  const overload = repeated.has(optionCodes.overload) ? noOverload : overloadOf(options);
  if (overload.file) collectOptions(bytes, fileAt, magicAt, options, repeated);
  if (overload.serverName) collectOptions(bytes, serverNameAt, fileAt, options, repeated);
  for (const [code, parts] of repeated) options.set(code, joined(bytes, parts));

  return ok({
    op: op === 1 ? 'request' : 'reply',
    hardwareType: view.getUint8(1),
    hardwareAddress: bytes.subarray(chaddrAt, chaddrAt + hardwareBytes),
    hops: view.getUint8(3),
    xid: view.getUint32(4),
    secs: view.getUint16(8),
    broadcast: (view.getUint16(10) & broadcastFlag) !== 0,
    clientAddress: view.getUint32(12) as Ipv4,
    yourAddress: view.getUint32(16) as Ipv4,
    nextServer: view.getUint32(20) as Ipv4,
    relayAddress: view.getUint32(24) as Ipv4,
    serverName: overload.serverName ? '' : textUpToNul(bytes, serverNameAt, fileAt),
    file: overload.file ? '' : textUpToNul(bytes, fileAt, magicAt),
    options,
  });
}

/**
 * The message as bytes: option 53 first, the relay's 82 last (RFC 3046 section 2.2), the others ascending, so that the
 * mask precedes the router. Long values are split (RFC 3396); overload is never used, since PXE ROMs do not read it.
 *
 * Texts longer than their field and hardware addresses over 16 bytes are cut; callers look at `fileBytesMax` first.
 */
export function encodeDhcp(packet: DhcpPacket): Uint8Array {
  const { bytes, view } = zeroedBytes(encodedBytes(packet));
  const hardware = packet.hardwareAddress;
  const hardwareBytes = Math.min(hardware.length, hardwareBytesMax);
  bytes[0] = packet.op === 'request' ? 1 : 2;
  bytes[1] = packet.hardwareType;
  bytes[2] = hardwareBytes;
  bytes[3] = packet.hops;
  const start = bytes.byteOffset;
  view.setUint32(start + 4, packet.xid);
  view.setUint16(start + 8, packet.secs);
  view.setUint16(start + 10, packet.broadcast ? broadcastFlag : 0);
  view.setUint32(start + 12, packet.clientAddress);
  view.setUint32(start + 16, packet.yourAddress);
  view.setUint32(start + 20, packet.nextServer);
  view.setUint32(start + 24, packet.relayAddress);
  for (let at = 0; at < hardwareBytes; at += 1) bytes[chaddrAt + at] = hardware[at] ?? 0;
  setText(bytes, serverNameAt, packet.serverName, serverNameBytesMax);
  setText(bytes, fileAt, packet.file, fileBytesMax);
  view.setUint32(start + magicAt, magic);
  let at = optionsAt;
  for (const code of inOrder(packet.options)) {
    const value = packet.options.get(code) ?? nothing;
    let done = 0;
    do {
      const length = Math.min(value.length - done, valueBytesMax);
      bytes[at] = code;
      bytes[at + 1] = length;
      at += 2;
      for (let from = done; from < done + length; from += 1, at += 1) bytes[at] = value[from] ?? 0;
      done += length;
    } while (done < value.length);
    // Room for the NUL with which EDK2 ends the name in place: without it the next option loses its number.
    if (code === optionCodes.bootFile) at += 1;
  }
  bytes[at] = optionCodes.end;
  return bytes;
}

/**
 * Answers are cut from one piece of memory after the other: a piece for each costs the allocator and the collector more
 * than filling it does.
 */
let piece = new DataView(new ArrayBuffer(0));
let pieceUsed = 0;
const pieceBytes = 32_768;

function zeroedBytes(size: number): { readonly bytes: Uint8Array; readonly view: DataView } {
  if (pieceUsed + size > piece.byteLength) {
    piece = new DataView(new ArrayBuffer(Math.max(size, pieceBytes)));
    pieceUsed = 0;
  }
  const bytes = new Uint8Array(piece.buffer, pieceUsed, size);
  pieceUsed += size;
  return { bytes, view: piece };
}

/** The size `encodeDhcp` comes to, padding included. */
export function encodedBytes(packet: DhcpPacket): number {
  let size = optionsAt + 1;
  for (const value of packet.options.values()) {
    size += value.length + 2 * Math.max(1, Math.ceil(value.length / valueBytesMax));
  }
  if (packet.options.has(optionCodes.bootFile)) size += 1;
  return Math.max(size, packetBytesMin);
}

const nothing = new Uint8Array();

/** By insertion: an answer has ten of them, most of which come in order. */
function inOrder(options: ReadonlyMap<number, Uint8Array>): readonly number[] {
  const codes: number[] = [];
  for (const code of options.keys()) {
    let at = codes.length;
    codes.push(code);
    for (; at > 0 && placeOf(codes[at - 1] ?? 0) > placeOf(code); at -= 1) {
      codes[at] = codes[at - 1] ?? 0;
    }
    codes[at] = code;
  }
  return codes;
}

function placeOf(code: number): number {
  if (code === optionCodes.messageType) return 0;
  return code === optionCodes.relayInformation ? 256 : code;
}

/** Where the parts of an option lie that comes more than once: begin and end of each, in turn. */
type Repeated = Map<number, number[]>;

/**
 * Reads the options between two offsets. The first part of each goes into `options`; where more come, all of them wait
 * in `repeated` to be joined at the end, once, so that many parts cost no more than their length.
 */
function collectOptions(
  bytes: Uint8Array,
  from: number,
  to: number,
  options: Map<number, Uint8Array>,
  repeated: Repeated,
): void {
  for (let at = from; at < to; ) {
    const code = bytes[at] ?? optionCodes.end;
    if (code === optionCodes.end) return;
    if (code === optionCodes.pad) {
      at += 1;
      continue;
    }
    if (at + 1 >= to) return;
    const end = at + 2 + (bytes[at + 1] ?? 0);
    if (end > to) return;
    const first = options.get(code);
    if (first === undefined) options.set(code, bytes.subarray(at + 2, end));
    else {
      const parts = repeated.get(code);
      if (parts !== undefined) parts.push(at + 2, end);
      else {
        const firstAt = first.byteOffset - bytes.byteOffset;
        repeated.set(code, [firstAt, firstAt + first.length, at + 2, end]);
      }
    }
    at = end;
  }
}

const noOverload = { file: false, serverName: false };

function overloadOf(options: ReadonlyMap<number, Uint8Array>): typeof noOverload {
  const value = options.get(optionCodes.overload);
  const bits = value?.length === 1 ? value[0] : 0;
  return { file: bits === 1 || bits === 3, serverName: bits === 2 || bits === 3 };
}

function joined(bytes: Uint8Array, parts: readonly number[]): Uint8Array {
  let size = 0;
  for (let at = 0; at < parts.length; at += 2) size += (parts[at + 1] ?? 0) - (parts[at] ?? 0);
  const whole = new Uint8Array(size);
  let to = 0;
  for (let part = 0; part < parts.length; part += 2) {
    const end = parts[part + 1] ?? 0;
    for (let at = parts[part] ?? end; at < end; at += 1, to += 1) whole[to] = bytes[at] ?? 0;
  }
  return whole;
}

function textUpToNul(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to && bytes[at] !== 0; at += 1) {
    text += String.fromCharCode(bytes[at] ?? 0);
  }
  return text;
}

function setText(bytes: Uint8Array, at: number, text: string, max: number): void {
  for (let index = 0; index < Math.min(text.length, max); index += 1) {
    bytes[at + index] = text.charCodeAt(index) & 0xff;
  }
}

function malformed(kind: DhcpMalformed['kind'], text: string): Result<never, DhcpMalformed> {
  return fail({ kind, text });
}
