/**
 * The options we read or write: their numbers, and their values as types. A value of the wrong length reads as
 * undefined: the option is ignored, not the host (RFC 2132 gives the lengths).
 */

import type { Ipv4 } from '../../base/addresses.ts';

export const optionCodes = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  dnsServers: 6,
  hostName: 12,
  broadcastAddress: 28,
  vendorOptions: 43,
  requestedAddress: 50,
  leaseSeconds: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  parameterList: 55,
  messageSizeMax: 57,
  /** RFC: T1. */
  renewalSeconds: 58,
  /** RFC: T2. */
  rebindingSeconds: 59,
  vendorClass: 60,
  clientId: 61,
  bootFile: 67,
  userClass: 77,
  relayInformation: 82,
  architecture: 93,
  machineId: 97,
  ipxe: 175,
  end: 255,
} as const;

export const messageTypes = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

export const relaySubOptions = {
  /** RFC 3046. */
  circuitId: 1,
  remoteId: 2,
  /** RFC 3527. */
  linkSelection: 5,
  /** RFC 5107. */
  serverIdOverride: 11,
  /** RFC 8357. */
  sourcePort: 19,
} as const;

/** iPXE's own sub-option: 1 saves the client its wait for a proxy DHCP server. */
export const ipxeNoProxyDhcp = 0xb0;

/** What an iPXE was built with is a sub-option of one octet each, of these numbers (its `src/include/ipxe/features.h`). */
const ipxeFeatures = { first: 0x10, http: 0x13, last: 0x29 } as const;

type Options = ReadonlyMap<number, Uint8Array>;

export function readUint8(options: Options, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 1 ? value[0] : undefined;
}

export function readUint16(options: Options, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 2 ? ((value[0] ?? 0) << 8) | (value[1] ?? 0) : undefined;
}

export function readAddress(options: Options, code: number): Ipv4 | undefined {
  return addressFrom(options.get(code));
}

/** A list of 16-bit numbers in network order, such as option 93; undefined when absent, empty or of odd length. */
export function readUint16List(options: Options, code: number): readonly number[] | undefined {
  const value = options.get(code);
  if (value === undefined || value.length === 0 || value.length % 2 !== 0) return undefined;
  const view = viewOf(value);
  return Array.from({ length: value.length / 2 }, (_, at) => view.getUint16(at * 2));
}

/** Latin-1, so that each octet is one character and none is lost; trailing NULs are dropped. */
export function readText(options: Options, code: number): string | undefined {
  const value = options.get(code);
  return value === undefined ? undefined : textFrom(value);
}

/** Encapsulated options (82, 175) by code: the first of each; reading stops where a length runs over the end. */
export function readEncapsulated(value: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at + 1 < value.length; ) {
    const code = value[at] ?? 0;
    const end = at + 2 + (value[at + 1] ?? 0);
    if (end > value.length) break;
    if (!found.has(code)) found.set(code, value.subarray(at + 2, end));
    at = end;
  }
  return found;
}

/**
 * An iPXE tells in option 175 what it was built with: true when HTTP is not among it. A list that is empty or does not
 * end where its lengths say proves nothing.
 */
export function lacksIpxeHttp(value: Uint8Array): boolean {
  let tellsFeatures = false;
  let at = 0;
  while (at + 1 < value.length) {
    const code = value[at] ?? 0;
    if (code === ipxeFeatures.http) return false;
    if (code >= ipxeFeatures.first && code <= ipxeFeatures.last) tellsFeatures = true;
    at += 2 + (value[at + 1] ?? 0);
  }
  return tellsFeatures && at === value.length;
}

/** A datagram of 64 KiB could hold 32,000. */
const userClassesMax = 64;

/** User classes (option 77): RFC 3004's length-prefixed list, or the bare text that iPXE sends. */
export function userClassesFrom(value: Uint8Array): readonly string[] {
  const classes: string[] = [textFrom(value)];
  for (let at = 0; at < value.length && classes.length < userClassesMax; ) {
    const length = value[at] ?? 0;
    const end = at + 1 + length;
    if (length === 0 || end > value.length) break;
    classes.push(textFrom(value.subarray(at + 1, end)));
    at = end;
  }
  return classes;
}

export function addressFrom(value: Uint8Array | undefined): Ipv4 | undefined {
  if (value?.length !== 4) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = value;
  return ((a * 2 ** 24 + (b << 16) + (c << 8) + d) >>> 0) as Ipv4;
}

export function addressValue(...addresses: readonly Ipv4[]): Uint8Array {
  const value = new Uint8Array(addresses.length * 4);
  let at = 0;
  for (const address of addresses) {
    setUint32(value, at, address);
    at += 4;
  }
  return value;
}

export function uint32Value(number: number): Uint8Array {
  const value = new Uint8Array(4);
  setUint32(value, 0, number);
  return value;
}

/** Without a view of its own: each answer has five of them. */
function setUint32(bytes: Uint8Array, at: number, number: number): void {
  bytes[at] = number >>> 24;
  bytes[at + 1] = (number >>> 16) & 0xff;
  bytes[at + 2] = (number >>> 8) & 0xff;
  bytes[at + 3] = number & 0xff;
}

export function textValue(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}

function textFrom(value: Uint8Array): string {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end -= 1;
  let text = '';
  for (let at = 0; at < end; at += 1) text += String.fromCharCode(value[at] ?? 0);
  return text;
}

function viewOf(value: Uint8Array): DataView {
  return new DataView(value.buffer, value.byteOffset, value.byteLength);
}
