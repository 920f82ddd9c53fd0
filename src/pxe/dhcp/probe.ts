/**
 * Whether somebody uses an address that is to be offered for the first time (RFC 2131 section 3.1, RFC 5227): asked by
 * ARP on a link of ours and by ICMP echo behind a relay, while other clients are served.
 */

import type { AddressProber, ProbeResult } from '../../base/address-probe.ts';
import { formatIpv4, type Ipv4, type MacAddress } from '../../base/addresses.ts';
import { formatInstant, type Instant, type Rfc3339 } from '../../base/time.ts';
import type { World } from '../../base/world.ts';
import { isLoopback } from './own-addresses.ts';

export type AsideAddress = {
  readonly address: string;
  /** Of who answered; undefined: behind a relay it is not known. */
  readonly mac: string | undefined;
  readonly until: Rfc3339;
};

/** What was found, for the other servers and the operator. */
export type AddressInUse = {
  readonly address: Ipv4;
  /** Of its range. */
  readonly first: Ipv4;
  readonly usedBy: string | undefined;
  readonly until: Instant;
};

export type ProbeCounters = {
  /** Addresses that were asked. */
  probes: number;
  /** Somebody answered: the address was set aside. */
  addressesInUse: number;
  /** Offered unasked, since too many were being asked. */
  probesSkipped: number;
};

export type Probes = {
  /** Undefined: it may be offered at once. Else whether it may be, when that is known. */
  readonly ask: (
    address: Ipv4,
    mac: MacAddress,
    link: string | undefined,
    /** First address of its range. */
    first: Ipv4,
  ) => Promise<boolean> | undefined;
  /** Somebody was seen using it, and the store does not say so yet. */
  readonly isAside: (address: Ipv4) => boolean;
  readonly aside: () => readonly AsideAddress[];
  readonly counters: Readonly<ProbeCounters>;
};

/** A rack powered on together; beyond it a machine is better served than its address asked. */
export const probesInFlightMax = 256;
/** A silent address stays clear for as long as machines of one rack take to boot. */
const clearMs = 5 * 60_000;
const clearMax = 65_536;
/** Then it is asked again: a host that took an address by hand may be gone. */
export const asideMs = 10 * 60_000;
const asideMax = 4_096;
/** So many addresses of a range in a row that all answer are one router that answers for them (RFC 1027, or its firewall). */
export const answersInRowMax = 8;
/** What cannot be done, or says nothing, is tried again after this. */
const unableMs = 5 * 60_000;

/** @param prober undefined, or a wait of 0: nothing is asked. */
export function createProbes(
  { clock, log }: Pick<World, 'clock' | 'log'>,
  prober: AddressProber | undefined,
  waitMs: number,
  /** Tells all servers; true: the store has it. */
  share: (inUse: AddressInUse) => Promise<boolean> = async () => false,
): Probes {
  const counters: ProbeCounters = { probes: 0, addressesInUse: 0, probesSkipped: 0 };
  const clear = new Map<Ipv4, number>();
  const aside = new Map<Ipv4, { readonly mac: string | undefined; readonly until: Instant }>();
  const underWay = new Map<Ipv4, Promise<ProbeResult>>();
  const unable = new Map<string, number>();
  /** By the first address of a range: answers since the last silence, and until when none is asked for. */
  const answered = new Map<Ipv4, { readonly inRow: number; readonly restsUntilMs: number }>();

  const rests = (first: Ipv4): boolean =>
    (answered.get(first)?.restsUntilMs ?? 0) > clock.monotonicMs();

  /** A range where everything answers would be used up within a second: there an answer says nothing. */
  const answersAgain = (first: Ipv4, how: string, mac: string | undefined): void => {
    const before = answered.get(first) ?? { inRow: 0, restsUntilMs: 0 };
    const inRow = before.inRow + 1;
    const isAll = inRow >= answersInRowMax;
    const restsUntilMs = isAll ? clock.monotonicMs() + unableMs : before.restsUntilMs;
    if (answered.size >= clearMax) dropOldest(answered);
    answered.set(first, { inRow: isAll ? 0 : inRow, restsUntilMs });
    if (!isAll) return;
    const text = `${inRow} addresses in a row answered ${how}: does a router answer for all of them (proxy ARP, a firewall)?`;
    log.warn('addresses of a range are lent unasked', {
      first: formatIpv4(first),
      mac: mac ?? '',
      text,
    });
  };

  const isAside = (address: Ipv4): boolean => {
    if (aside.size === 0) return false;
    const entry = aside.get(address);
    if (entry === undefined) return false;
    if (entry.until > clock.now()) return true;
    aside.delete(address);
    return false;
  };

  const setAside = (address: Ipv4, mac: string | undefined, first: Ipv4): void => {
    counters.addressesInUse += 1;
    clear.delete(address);
    if (aside.size >= asideMax) dropOldest(aside);
    const until = (clock.now() + asideMs) as Instant;
    aside.set(address, { mac, until });
    log.warn('an address is in use and is not lent', {
      address: formatIpv4(address),
      mac: mac ?? '',
      until: formatInstant(until),
    });
    void share({ address, first, usedBy: mac, until }).then((isStored) => {
      if (isStored && aside.get(address)?.until === until) aside.delete(address);
    });
  };

  const judge = (
    result: ProbeResult,
    {
      address,
      mac,
      how,
      first,
    }: Readonly<Record<'address' | 'first', Ipv4>> & {
      readonly mac: MacAddress;
      readonly how: string;
    },
  ): boolean => {
    if (result.kind === 'unable') {
      if (!unable.has(how)) {
        log.warn('addresses are lent unasked', { how, text: result.text });
      }
      unable.set(how, clock.monotonicMs() + unableMs);
      return true;
    }
    if (result.kind === 'answered' && result.mac !== mac) {
      if (!isAside(address)) {
        setAside(address, result.mac, first);
        answersAgain(first, how, result.mac);
      }
      return false;
    }
    // One that was asked before the rest began does not end it.
    if (!rests(first)) answered.delete(first);
    if (clear.size >= clearMax) dropOldest(clear);
    clear.delete(address);
    clear.set(address, clock.monotonicMs() + clearMs);
    return true;
  };

  return {
    ask: (address, mac, link, first) => {
      if (prober === undefined || waitMs === 0 || isLoopback(address)) return undefined;
      const nowMs = clock.monotonicMs();
      if ((clear.get(address) ?? 0) > nowMs) return undefined;
      const how = link === undefined ? 'ICMP' : `ARP on ${link}`;
      if ((unable.get(how) ?? 0) > nowMs) return undefined;
      if (rests(first)) return undefined;
      let asked = underWay.get(address);
      if (asked === undefined) {
        if (underWay.size >= probesInFlightMax) {
          counters.probesSkipped += 1;
          return undefined;
        }
        counters.probes += 1;
        asked = prober.probe(formatIpv4(address), link, waitMs);
        underWay.set(address, asked);
        void asked.finally(() => underWay.delete(address));
      }
      return asked.then((result) => judge(result, { address, mac, how, first }));
    },
    isAside,
    aside: () =>
      [...aside]
        .filter(([address]) => isAside(address))
        .map(([address, { mac, until }]) => ({
          address: formatIpv4(address),
          mac,
          until: formatInstant(until),
        })),
    counters,
  };
}

function dropOldest(map: Map<Ipv4, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
