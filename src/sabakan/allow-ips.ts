/**
 * Who may change things: Sabakan's list of networks, asked before anything else looks at a request.
 *
 * Unlike Sabakan 3.1.9, an IPv6 entry without a length is one address (/128), not a /32.
 */

import { fail, ok, type Result } from '../base/result.ts';

/** Compared bit by bit; IPv4 and IPv6 never match one another. */
export type AllowedNetwork = {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefixLength: number;
};

/** An address or CIDR; the error says what would be right. */
export function parseAllowedNetwork(text: string): Result<AllowedNetwork, string> {
  const [addressText = '', lengthText, ...rest] = text.split('/');
  const address = parseAddress(addressText);
  const wrong = fail(`"${text}" is not an IP address or network such as 10.69.0.0/20 or ::1`);
  if (address === undefined || rest.length > 0) return wrong;
  const bits = address.family === 4 ? 32 : 128;
  const prefixLength = lengthText === undefined ? bits : Number(lengthText);
  if (lengthText !== undefined && !/^\d{1,3}$/.test(lengthText)) return wrong;
  if (prefixLength > bits) return wrong;
  return ok({ ...address, base: keep(address.base, bits, prefixLength), prefixLength });
}

/** An address that cannot be read is refused. */
export function isAllowed(networks: readonly AllowedNetwork[], remoteAddress: string): boolean {
  const address = parseAddress(remoteAddress);
  if (address === undefined) return false;
  const bits = address.family === 4 ? 32 : 128;
  return networks.some(
    (network) =>
      network.family === address.family &&
      keep(address.base, bits, network.prefixLength) === network.base,
  );
}

/** `::ffff:10.0.0.1`, as a dual-stack socket names an IPv4 peer, is 10.0.0.1; a zone is dropped. */
export function plainAddress(text: string): string {
  const withoutZone = text.replace(/%.*$/, '');
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(withoutZone) ? withoutZone.slice(7) : withoutZone;
}

function parseAddress(text: string): { readonly family: 4 | 6; readonly base: bigint } | undefined {
  const plain = plainAddress(text);
  const v4 = ipv4Value(plain);
  if (v4 !== undefined) return { family: 4, base: v4 };
  const v6 = ipv6Value(plain);
  if (v6 === undefined) return undefined;
  // The mapped form may also be written in hexadecimal.
  return v6 >> 32n === 0xffffn ? { family: 4, base: v6 & 0xffff_ffffn } : { family: 6, base: v6 };
}

function ipv4Value(text: string): bigint | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1);
  // A leading zero is octal to some programs; Go takes none.
  if (octets === undefined || octets.some((octet) => /^0\d/.test(octet) || Number(octet) > 255)) {
    return undefined;
  }
  return octets.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
}

function ipv6Value(text: string): bigint | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const low = tail === null ? undefined : ipv4Value(tail[2] ?? '');
  if (tail !== null && low === undefined) return undefined;
  const hex =
    tail === null || low === undefined
      ? text
      : `${tail[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const halves = hex.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = groups.flat();
  const missing = 8 - given.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  if (!given.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const all = [...(groups[0] ?? []), ...Array<string>(missing).fill('0'), ...(groups[1] ?? [])];
  return all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function keep(value: bigint, bits: number, prefixLength: number): bigint {
  const drop = BigInt(bits - prefixLength);
  return (value >> drop) << drop;
}
