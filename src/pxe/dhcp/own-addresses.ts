/** This host's addresses, and which of them faces whom. */

import { type Ipv4, isInside, parseIpv4 } from '../../base/addresses.ts';
import type { Net, NetworkInterface } from '../../base/world.ts';

export type OwnAddress = {
  readonly address: Ipv4;
  readonly prefixLength: number;
  readonly interfaceName: string;
};

export type OwnAddresses = {
  /** As the system had them within the last seconds; asking it for every packet would cost more than the packet. */
  readonly all: () => readonly OwnAddress[];
  readonly has: (address: Ipv4) => boolean;
};

const refreshMs = 5_000;

export function createOwnAddresses(
  net: Pick<Net, 'interfaces'>,
  monotonicMs: () => number,
): OwnAddresses {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let all: readonly OwnAddress[] = [];
  let numbers: ReadonlySet<Ipv4> = new Set();
  const refresh = (): void => {
    const nowMs = monotonicMs();
    if (nowMs - readAtMs < refreshMs) return;
    readAtMs = nowMs;
    all = net.interfaces().flatMap(addressesOf);
    numbers = new Set(all.map(({ address }) => address));
  };
  return {
    all: () => {
      refresh();
      return all;
    },
    has: (address) => {
      refresh();
      return numbers.has(address);
    },
  };
}

/** An interface's addresses in the system's order. */
export function addressesOf(from: NetworkInterface): readonly OwnAddress[] {
  return from.ipv4.flatMap(({ address, prefixLength }) => {
    const parsed = parseIpv4(address);
    return parsed.ok ? [{ address: parsed.value, prefixLength, interfaceName: from.name }] : [];
  });
}

/** The address whose network contains `peer`, else undefined. */
export function facing(own: readonly OwnAddress[], peer: Ipv4): Ipv4 | undefined {
  return own.find(({ address, prefixLength }) => isInside(peer, { base: address, prefixLength }))
    ?.address;
}

export function isLoopback(address: Ipv4): boolean {
  return address >>> 24 === 127;
}
