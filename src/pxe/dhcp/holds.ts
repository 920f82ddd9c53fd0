/**
 * What was offered lately: in memory only, so that a flood of DISCOVERs writes nothing and empties no pool, yet no
 * client is refused what it was just offered (OVMF's HTTP boot does not ask again after a NAK).
 *
 * Times are monotonic milliseconds.
 */

import type { Ipv4, MacAddress } from '../../base/addresses.ts';
import { createAging } from '../../base/aging.ts';

export type Holds = {
  /** What `mac` was offered within the hold time. */
  readonly offeredTo: (mac: MacAddress, nowMs: number) => Ipv4 | undefined;
  /** The client an address was offered to last, within the hold time. */
  readonly holderOf: (address: Ipv4, nowMs: number) => MacAddress | undefined;
  /** Begins or prolongs. An older offer of the same address to another client is not withdrawn: first come wins. */
  readonly place: (mac: MacAddress, address: Ipv4, nowMs: number) => void;
  readonly drop: (mac: MacAddress) => void;
  /** Grows with each hold that was dropped before its time: what was held by all may be free again. */
  readonly dropped: () => number;
  readonly size: () => number;
};

/**
 * 5,000 DISCOVERs a second for 30 s fit, at some 150 bytes each: with fewer, a flood would push out an honest client's
 * offer before it answers.
 */
const holdsMax = 160_000;

type Hold = { readonly address: Ipv4; readonly untilMs: number };

export function createHolds(holdMs: number): Holds {
  // All last equally long, so that the oldest ends first.
  const offers = createAging<MacAddress, Hold>((mac, { address }) => letGo(mac, address));
  const holders = new Map<Ipv4, MacAddress>();

  const letGo = (mac: MacAddress, address: Ipv4 | undefined): void => {
    if (address !== undefined && holders.get(address) === mac) holders.delete(address);
  };
  const live = (mac: MacAddress, nowMs: number): Hold | undefined => {
    const hold = offers.get(mac);
    return hold !== undefined && hold.untilMs > nowMs ? hold : undefined;
  };
  let dropped = 0;
  return {
    offeredTo: (mac, nowMs) => live(mac, nowMs)?.address,
    holderOf: (address, nowMs) => {
      const mac = holders.get(address);
      return mac !== undefined && live(mac, nowMs)?.address === address ? mac : undefined;
    },
    place: (mac, address, nowMs) => {
      letGo(mac, offers.get(mac)?.address);
      offers.set(mac, { address, untilMs: nowMs + holdMs });
      holders.set(address, mac);
      offers.dropOldest(({ untilMs }) => untilMs <= nowMs || offers.size() > holdsMax);
    },
    drop: (mac) => {
      dropped += 1;
      letGo(mac, offers.get(mac)?.address);
      offers.delete(mac);
    },
    dropped: () => dropped,
    size: offers.size,
  };
}
