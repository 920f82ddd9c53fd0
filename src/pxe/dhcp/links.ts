/** Which interfaces are served directly, as they come and go: one socket bound to each that has an IPv4 address. */

import type { Endpoint, NetworkInterface, UdpSocket } from '../../base/world.ts';
import { addressesOf, isLoopback } from './own-addresses.ts';

export type LinkWish = {
  readonly bind: Endpoint;
  /** Names, or every interface with an IPv4 address except loopback. */
  readonly interfaces: readonly string[] | 'all';
};

export type LinkChoice = {
  readonly links: readonly NetworkInterface[];
  /** What is wished for and not there, as sentences for people. */
  readonly missing: readonly string[];
};

/** Interfaces of container hosts go into the hundreds; more than these are not served, and that is said. */
const linksMax = 256;

export const anyAddress = '0.0.0.0';

export function chooseLinks(
  { interfaces, bind }: LinkWish,
  existing: readonly NetworkInterface[],
): LinkChoice {
  if (interfaces === 'all') {
    const isSpecific = bind.address !== anyAddress;
    const links = existing.filter((link) =>
      isSpecific
        ? link.ipv4.some(({ address }) => address === bind.address)
        : !addressesOf(link).every(({ address }) => isLoopback(address)),
    );
    if (links.length > linksMax) {
      const text = `DHCP serves ${linksMax} of ${links.length} interfaces: name those that matter`;
      return { links: links.slice(0, linksMax), missing: [text] };
    }
    if (links.length > 0) return { links, missing: [] };
    const text = isSpecific
      ? `DHCP is bound to ${bind.address}, but no interface has this address`
      : 'DHCP is to serve all interfaces, but none has an IPv4 address';
    return { links, missing: [text] };
  }
  const links: NetworkInterface[] = [];
  const missing: string[] = [];
  for (const name of interfaces) {
    const link = existing.find((one) => one.name === name);
    if (link !== undefined && addressesOf(link).length > 0) links.push(link);
    else {
      const known = existing.map((one) => one.name).join(', ');
      missing.push(
        `DHCP is to serve ${name}, which has no IPv4 address; interfaces that have one: ${known}`,
      );
    }
  }
  return { links, missing };
}

/** A socket and the interface it is bound to; undefined: a plain one. */
export type Door = { readonly socket: UdpSocket; readonly link: NetworkInterface | undefined };

/** Which doors to close and which links to open, so that each chosen link has one. */
export function compareDoors(
  doors: readonly Door[],
  links: readonly NetworkInterface[],
): { readonly close: readonly Door[]; readonly open: readonly NetworkInterface[] } {
  const serves = ({ link }: Door, other: NetworkInterface): boolean =>
    link !== undefined && isSameLink(link, other);
  return {
    close: doors.filter(
      (door) => door.link !== undefined && !links.some((link) => serves(door, link)),
    ),
    open: links.filter((link) => !doors.some((door) => serves(door, link))),
  };
}

/**
 * An interface made anew under its old name is another one, and what is bound to the old one hears nothing any more. The
 * address alone does not tell: a VLAN has that of its parent, a bond that of its first member.
 */
export function isSameLink(one: NetworkInterface, other: NetworkInterface): boolean {
  return one.name === other.name && one.mac === other.mac && one.index === other.index;
}
