/**
 * What a request gets: the rules of RFC 2131 section 4.3 on one lease table. Nothing is sent or stored here; the
 * changes are in the table handed in, and the answer counts once that is stored.
 */

import type { Ipv4, MacAddress } from '../../base/addresses.ts';
import { addMs, type Instant } from '../../base/time.ts';
import { leftToAnother } from '../sightings.ts';
import type { Holds } from './holds.ts';
import { type LeaseTable, leasedAddress, leaseIndexOf } from './leases.ts';
import type { Picker } from './picker.ts';
import type { DhcpRequest, Wish } from './request.ts';
import { isOnSubnet, type Subnet } from './subnet.ts';

export type Answer =
  | {
      readonly kind: 'offer';
      readonly address: Ipv4;
      /** It has or had this very address. */
      readonly isKnown?: true;
      readonly reason: string;
    }
  /** `leased` is false for INFORM, which asks for parameters only. */
  | {
      readonly kind: 'ack';
      readonly address: Ipv4;
      readonly leased: boolean;
      /** Where it is not the configured time: what is left of a lease that could not be prolonged. */
      readonly leaseSeconds?: number;
      readonly reason: string;
    }
  | { readonly kind: 'nak'; readonly reason: string }
  | { readonly kind: 'silence'; readonly reason: string; readonly note?: Note };

/** Silences that somebody wants to know of. */
export type Note =
  | 'range-full'
  | 'row-astray'
  | 'lost-race'
  | 'declined'
  | 'released'
  | 'other-server';

/** What the decision looks at beside the request and its table. */
export type Surroundings = {
  readonly subnet: Subnet;
  readonly holds: Holds;
  /** Made for who needs one: most ask for what they had. */
  readonly picker: () => Picker;
  readonly leaseSeconds: number;
  readonly isOurs: (server: Ipv4) => boolean;
  /** False for addresses of machines, gateways and our own. */
  readonly mayLend: (address: Ipv4) => boolean;
  readonly now: Instant;
  /** The latest expiry of another client's lease that counts as over (`reusableUpTo`). */
  readonly reusableUpTo: Instant;
  /** Monotonic, for holds. */
  readonly nowMs: number;
};

export function answerTo(
  { wish, mac, relay }: Pick<DhcpRequest, 'wish' | 'mac' | 'relay'>,
  table: LeaseTable,
  around: Surroundings,
): Answer {
  switch (wish.kind) {
    case 'discover':
      return offer(mac, wish.requested, table, around);
    case 'selecting':
      return select(mac, wish, table, around);
    case 'init-reboot':
      return confirm(mac, wish.requested, table, around);
    case 'extending':
      if (relay !== undefined && !isOnSubnet(around.subnet, wish.address)) {
        return nak('the address belongs to another network');
      }
      return extend(mac, wish.address, table, around);
    case 'decline':
      return decline(mac, wish, table, around);
    case 'release':
      return release(mac, wish, table, around);
    case 'inform':
      return { kind: 'ack', address: wish.address, leased: false, reason: 'parameters only' };
  }
}

function offer(
  mac: MacAddress,
  requested: Ipv4 | undefined,
  table: LeaseTable,
  around: Surroundings,
): Answer {
  const answer = offerTo(mac, requested, table, around);
  if (answer.kind === 'offer') around.holds.place(mac, answer.address, around.nowMs);
  return answer;
}

/**
 * RFC 2131 section 4.3.1: the address it has, the one it had, the one it was offered, the one it asks for, any. Nothing
 * is held for it by this alone.
 */
export function offerTo(
  mac: MacAddress,
  requested: Ipv4 | undefined,
  table: LeaseTable,
  around: Surroundings,
): Answer {
  const { range } = around.subnet;
  const isHeldForOther = (index: number): boolean =>
    (around.holds.holderOf(leasedAddress(range, index), around.nowMs) ?? mac) !== mac;
  const isGood = (index: number | undefined): index is number =>
    index !== undefined && isLendable(mac, index, table, around) && !isHeldForOther(index);
  const offered = around.holds.offeredTo(mac, around.nowMs);

  const had = table.leaseOf(mac)?.index;
  const held = offered === undefined ? undefined : leaseIndexOf(range, offered);
  const wanted = requested === undefined ? undefined : leaseIndexOf(range, requested);
  const mayLend = (index: number): boolean => around.mayLend(leasedAddress(range, index));
  const place = preferredIndex(mac, range.count);
  const known = [had, held, wanted].find(isGood);
  const stray = known === undefined ? table.strayFor(mac, around.reusableUpTo) : undefined;
  if (stray !== undefined) {
    return {
      kind: 'silence',
      reason: `the lease table of its network is broken: the lease of ${JSON.stringify(stray.slice(0, 40))} names no address, so any that is free may be in use`,
      note: 'row-astray',
    };
  }
  const index =
    known ??
    around.picker().unheld(place, mayLend, isHeldForOther) ??
    // All that is free was offered already: offer it again, since most offers of a flood are never taken up.
    around.picker().any(place, mayLend);
  if (index === undefined) {
    const isSettling = !Number.isFinite(around.reusableUpTo);
    const why = isSettling
      ? ': the clock was set, so for the time of a lease none goes to another client'
      : '';
    return { kind: 'silence', reason: `no address is free in the range${why}`, note: 'range-full' };
  }
  const address = leasedAddress(range, index);
  return index === had
    ? { kind: 'offer', address, isKnown: true, reason: 'its address' }
    : { kind: 'offer', address, reason: 'a free address' };
}

function select(
  mac: MacAddress,
  wish: Extract<Wish, { kind: 'selecting' }>,
  table: LeaseTable,
  around: Surroundings,
): Answer {
  if (!around.isOurs(wish.server)) {
    around.holds.drop(mac);
    return { kind: 'silence', reason: leftToAnother.choice, note: 'other-server' };
  }
  const { range } = around.subnet;
  const offered = around.holds.offeredTo(mac, around.nowMs);
  const lease = table.leaseOf(mac);
  const address = wish.requested ?? offered ?? (lease && leasedAddress(range, lease.index));
  if (address === undefined) return silence('it names no address and was offered none');
  const index = leaseIndexOf(range, address);
  if (index === undefined) return nak('the address is outside the range of its network');
  if (!isLendable(mac, index, table, around)) {
    // A NAK to what it was just offered ends the boot of some firmware; asking again does not.
    return offered === address
      ? {
          kind: 'silence',
          reason: 'another server lent the address after our offer',
          note: 'lost-race',
        }
      : nak('the address is not free');
  }
  // By the other servers' clocks, too, it may use what it has.
  const mayUse = lease !== undefined && lease.expiresAt > around.reusableUpTo;
  if (mayUse && lease.index !== index && isLendable(mac, lease.index, table, around)) {
    // A REQUEST that was long under way must not free the address which its sender uses by now.
    around.holds.drop(mac);
    return offered === address
      ? {
          kind: 'silence',
          reason: 'it was lent another address since our offer',
          note: 'lost-race',
        }
      : nak('it has another address');
  }
  const holder = around.holds.holderOf(address, around.nowMs) ?? mac;
  const isItsOwn = lease?.index === index && lease.expiresAt > around.now;
  if (holder !== mac && offered !== address && !isItsOwn) {
    return nak('the address was offered to another client');
  }
  return grant(mac, index, table, around, 'selected');
}

/** INIT-REBOOT: section 4.3.2 wants silence for clients we know nothing of, since another server may. */
function confirm(
  mac: MacAddress,
  requested: Ipv4,
  table: LeaseTable,
  around: Surroundings,
): Answer {
  if (!isOnSubnet(around.subnet, requested)) return nak('the address belongs to another network');
  const had = table.leaseOf(mac)?.index;
  if (had === undefined) return silence('a client without a lease here');
  if (had !== leaseIndexOf(around.subnet.range, requested)) return nak('it has another address');
  if (!isLendable(mac, had, table, around)) return nak('the address is not free');
  return grant(mac, had, table, around, 'confirmed');
}

function extend(mac: MacAddress, address: Ipv4, table: LeaseTable, around: Surroundings): Answer {
  const index = leaseIndexOf(around.subnet.range, address);
  const had = table.leaseOf(mac)?.index;
  if (index === undefined) {
    return had === undefined ? silence('not a leased address') : nak('it has another address');
  }
  if (had === index && isLendable(mac, index, table, around)) {
    return grant(mac, index, table, around, 'extended');
  }
  if (had !== undefined || !table.isFreeFor(mac, index, around.reusableUpTo)) {
    return nak('the address is not its own');
  }
  return silence('a client without a lease here');
}

function decline(
  mac: MacAddress,
  wish: Extract<Wish, { kind: 'decline' }>,
  table: LeaseTable,
  around: Surroundings,
): Answer {
  if (!around.isOurs(wish.server)) return silence('it speaks to another server');
  const lease = table.leaseOf(mac);
  const index = leaseIndexOf(around.subnet.range, wish.address);
  if (lease === undefined || lease.index !== index || lease.expiresAt <= around.now) {
    return silence('the declined address is not its own');
  }
  table.decline(mac);
  around.holds.drop(mac);
  return {
    kind: 'silence',
    reason: 'another host uses the address: set aside until the lease would have ended',
    note: 'declined',
  };
}

function release(
  mac: MacAddress,
  wish: Extract<Wish, { kind: 'release' }>,
  table: LeaseTable,
  around: Surroundings,
): Answer {
  if (!around.isOurs(wish.server)) return silence('it speaks to another server');
  const lease = table.leaseOf(mac);
  if (lease === undefined || lease.index !== leaseIndexOf(around.subnet.range, wish.address)) {
    return silence('the released address is not its own');
  }
  if (lease.expiresAt > around.now) table.release(mac, around.now);
  around.holds.drop(mac);
  return { kind: 'silence', reason: 'released', note: 'released' };
}

function grant(
  mac: MacAddress,
  index: number,
  table: LeaseTable,
  around: Surroundings,
  reason: string,
): Answer {
  table.grant(mac, index, addMs(around.now, around.leaseSeconds * 1000));
  return { kind: 'ack', address: leasedAddress(around.subnet.range, index), leased: true, reason };
}

function isLendable(
  mac: MacAddress,
  index: number,
  table: LeaseTable,
  around: Surroundings,
): boolean {
  const { range } = around.subnet;
  // A table written under another configuration may hold indices beyond today's range.
  if (index >= range.count) return false;
  return (
    around.mayLend(leasedAddress(range, index)) && table.isFreeFor(mac, index, around.reusableUpTo)
  );
}

/**
 * Where the search for a client's address begins: the same on every server, so that two which hear one DISCOVER offer
 * one address, and two clients seldom are offered the same by different servers. Not a mixing hash: network cards
 * bought together have neighbouring numbers, which so never meet.
 */
export function preferredIndex(mac: MacAddress, count: number): number {
  return Number.parseInt(mac.replaceAll(':', ''), 16) % count;
}

function nak(reason: string): Answer {
  return { kind: 'nak', reason };
}

function silence(reason: string): Answer {
  return { kind: 'silence', reason };
}
