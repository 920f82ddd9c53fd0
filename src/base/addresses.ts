/** MAC addresses and IPv4 addresses: parse, format, arithmetic. */

import type { Brand } from './brand.ts';
import { fail, ok, type Result } from './result.ts';

/** Six octets in lower case with colons: `52:54:00:12:34:56`. */
export type MacAddress = Brand<string, 'MacAddress'>;
/** An IPv4 address as an unsigned 32-bit number, so that pools are arithmetic. */
export type Ipv4 = Brand<number, 'Ipv4'>;
/** A network: its first address and the number of fixed bits. */
export type Cidr = { readonly base: Ipv4; readonly prefixLength: number };

/** Takes colons, hyphens, Cisco dots or nothing between the digits, in any case. */
export function parseMac(text: string): Result<MacAddress, string> {
  const digits = text.replace(/[:.-]/g, '').toLowerCase();
  if (!/^[0-9a-f]{12}$/.test(digits)) {
    return fail(`"${text}" is not a MAC address such as 52:54:00:12:34:56`);
  }
  return ok((digits.match(/../g) ?? []).join(':') as MacAddress);
}

export function macFromBytes(octets: Uint8Array): MacAddress {
  let text = '';
  for (let at = 0; at < octets.length; at += 1) {
    text += `${at === 0 ? '' : ':'}${hexadecimal[octets[at] ?? 0]}`;
  }
  return text as MacAddress;
}

/** Of each octet: every DHCP message is read as text of its hardware address. */
const hexadecimal = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16));
}

/**
 * Dotted decimal with four parts and no leading zeros (`010.0.0.1` is octal to some programs, so it is refused). One
 * pass over the text: a stored machine has sixteen addresses, and a fleet is read at every start.
 */
export function parseIpv4(text: string): Result<Ipv4, string> {
  let address = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - zero;
    if (digit === dot - zero && digits > 0 && dots < 3) {
      address = address * 256 + octet;
      octet = 0;
      digits = 0;
      dots += 1;
    } else if (digit >= 0 && digit <= 9 && !(digits > 0 && octet === 0)) {
      octet = octet * 10 + digit;
      digits += 1;
      if (octet > 255) return fail(notIpv4(text));
    } else return fail(notIpv4(text));
  }
  return dots === 3 && digits > 0 ? ok((address * 256 + octet) as Ipv4) : fail(notIpv4(text));
}

const zero = 0x30;
const dot = 0x2e;

function notIpv4(text: string): string {
  return `"${text}" is not an IPv4 address such as 10.69.0.4`;
}

export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/** Wraps at 2^32 like the address space itself; callers that must not wrap check `isInside`. */
export function addToIpv4(address: Ipv4, amount: number): Ipv4 {
  return ((address + amount) >>> 0) as Ipv4;
}

export function netmask(prefixLength: number): Ipv4 {
  return (prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0) as Ipv4;
}

/** The network an address lies in. */
export function networkOf(address: Ipv4, prefixLength: number): Ipv4 {
  return ((address & netmask(prefixLength)) >>> 0) as Ipv4;
}

export function isInside(address: Ipv4, network: Cidr): boolean {
  return networkOf(address, network.prefixLength) === networkOf(network.base, network.prefixLength);
}

/** `10.69.0.0/20`; host bits must be zero, since a typing mistake would otherwise move a whole pool. */
export function parseCidr(text: string): Result<Cidr, string> {
  const [addressText = '', lengthText = '', ...rest] = text.split('/');
  const base = parseIpv4(addressText);
  const prefixLength = /^\d{1,2}$/.test(lengthText) ? Number(lengthText) : 33;
  if (!base.ok || prefixLength > 32 || rest.length > 0) {
    return fail(`"${text}" is not an IPv4 network such as 10.69.0.0/20`);
  }
  if (networkOf(base.value, prefixLength) !== base.value) {
    const right = formatIpv4(networkOf(base.value, prefixLength));
    return fail(`"${text}" has host bits set: the network is ${right}/${prefixLength}`);
  }
  return ok({ base: base.value, prefixLength });
}

export function formatCidr(network: Cidr): string {
  return `${formatIpv4(network.base)}/${network.prefixLength}`;
}
