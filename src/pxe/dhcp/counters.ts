/** What the DHCP server tells about itself: counters, a sighting per request, and log lines that cannot flood. */

import { formatIpv4, type Ipv4 } from '../../base/addresses.ts';
import { createAging } from '../../base/aging.ts';
import type { World } from '../../base/world.ts';
import { type BootTarget, bootFileOf } from '../boot-target.ts';
import type { SightingListener } from '../sightings.ts';
import type { Answer, Note } from './answer.ts';
import type { DhcpPacket } from './packet.ts';
import type { DhcpRequest, NotForUs } from './request.ts';
import { dhcpSighting, type Outcome, type Seen } from './sighting.ts';

export type DhcpCounters = {
  /** Datagrams, whatever they hold. */
  received: number;
  malformed: number;
  notForUs: number;
  /** Of those: from a hardware address that is all zeros, a group's or everybody's. */
  strangeMac: number;
  /** Their answer would have gone to an address we do not send to. */
  refused: number;
  /** From networks without a range. */
  noSubnet: number;
  /** From networks that nobody enabled. */
  notEnabled: number;
  /** From networks that are switched off. */
  networkOff: number;
  /** Heard from DHCP and PXE servers that are none of ours, or of them by clients that chose them. */
  otherServers: number;
  /** Addresses that were asked whether somebody uses them, before they were offered for the first time. */
  probes: number;
  /** Somebody did: the address was set aside. */
  addressesInUse: number;
  /** Offered unasked, since too many were being asked. */
  probesSkipped: number;
  /** Answered with a boot file and no address, beside another DHCP server; part of `offered` and `acked`. */
  proxied: number;
  offered: number;
  acked: number;
  nakked: number;
  /** Understood, and silence was the answer; includes the next three. */
  silent: number;
  rangeFull: number;
  /** Another server lent what we had offered. */
  lostRaces: number;
  declined: number;
  /** Boot clients of an architecture without a loader. */
  noLoader: number;
  /** Pushed out of a full queue. */
  dropped: number;
  /** Not answered, since the answer would have come too late. */
  late: number;
  storeFailures: number;
  /** ACKs for what is left of a committed lease, since the store did not answer. */
  confirmedFromMemory: number;
  brokenTables: number;
  /** Machines whose first message was not logged, since too many began within a minute. */
  untold: number;
  /** The wall clock was set by more than a few seconds. */
  clockJumps: number;
};

type Counters = DhcpCounters;

/** The same warning about the same thing is worth a line a minute. */
const warningEveryMs = 60_000;
/** Different warnings remembered; one more forgets the oldest. */
const warningsMax = 256;
/** The first message of a machine in this time is worth a line: a boot begins. */
const beginningEveryMs = 60_000;
/** So many boots that begin within that time are told of; a flood of invented machines fills no disk. */
const beginningsMax = 1_024;

export type Report = {
  readonly counters: Counters;
  readonly answered: (
    seen: Seen,
    answer: Exclude<Answer, { kind: 'silence' }>,
    target: BootTarget,
    sent: NonNullable<Outcome['sent']>,
  ) => void;
  readonly notForUs: (packet: DhcpPacket, why: NotForUs) => void;
  readonly silent: (seen: Seen, reason: string, note?: Note) => void;
  /** Nothing may be sent where the answer would go; it is told of on networks that are served. */
  readonly refused: (seen: Seen, reason: string, isServed: boolean) => void;
  /** Warns, at most once a minute for the same facts, or for those that `about` names. */
  readonly trouble: (message: string, text: string, about?: string) => void;
};

export function createReport(
  { clock, log }: Pick<World, 'clock' | 'log'>,
  tell: SightingListener,
): Report {
  const counters = noneYet();
  const warned = new Map<string, number>();

  const trouble = (message: string, text: string, about = text): void => {
    const nowMs = clock.monotonicMs();
    const id = `${message}\n${about}`;
    if (nowMs - (warned.get(id) ?? Number.NEGATIVE_INFINITY) < warningEveryMs) return;
    warned.delete(id);
    warned.set(id, nowMs);
    const [oldest] = warned.keys();
    if (warned.size > warningsMax && oldest !== undefined) warned.delete(oldest);
    log.warn(message, { text });
  };

  const begun = createAging<string, number>();
  /** The machine was silent for a while, and not too many others began lately. */
  const begins = (mac: string): boolean => {
    const nowMs = clock.monotonicMs();
    begun.dropOldest((atMs) => nowMs - atMs >= beginningEveryMs);
    if (begun.has(mac)) return false;
    if (begun.size() >= beginningsMax) {
      counters.untold += 1;
      return false;
    }
    begun.set(mac, nowMs);
    return true;
  };

  const silent: Report['silent'] = (seen, reason, note) => {
    const { request } = seen;
    counters.silent += 1;
    const where = placeText(request);
    switch (note) {
      case 'range-full':
        counters.rangeFull += 1;
        trouble('no address is free: new machines get none', where);
        break;
      case 'row-astray':
        counters.brokenTables += 1;
        trouble('a lease names no address: new machines get none until it ends', where);
        break;
      case 'lost-race':
        counters.lostRaces += 1;
        break;
      case 'declined':
        counters.declined += 1;
        trouble('a machine found its address in use', `${request.mac}: ${where}`);
        break;
      case 'released':
      case 'other-server':
      case undefined:
        break;
    }
    log[note === 'declined' ? 'info' : 'debug']('was silent on a DHCP message', {
      mac: request.mac,
      request: request.wish.kind,
      reason,
    });
    const silence = { answer: 'silence', reason, bootFile: undefined } as const;
    tell(dhcpSighting(clock.now(), seen, { ...silence, address: addressOf(request) }));
  };

  return {
    counters,
    trouble,
    silent,
    refused: (seen, reason, isServed) => {
      counters.refused += 1;
      // One line for each reason, not for each address: whoever sends them may write any.
      if (isServed) {
        const text = `${reason}: ${targetText(seen.request)}`;
        trouble('a DHCP message is not answered', text, reason);
      }
      silent(seen, reason);
    },
    notForUs: ({ hardwareAddress }, { because }) => {
      counters.notForUs += 1;
      if (because === 'not a hardware address of one machine') counters.strangeMac += 1;
      log.debug('was not meant by a DHCP message', {
        mac: Array.from(hardwareAddress, (octet) => octet.toString(16).padStart(2, '0')).join(':'),
        reason: because,
      });
    },
    answered: (seen, answer, target, sent) => {
      const { request } = seen;
      // A proxy's offer is one without an address.
      const address = answer.kind === 'nak' || answer.address === 0 ? undefined : answer.address;
      const bootFile = answer.kind === 'nak' ? undefined : bootFileOf(target);
      const noLoader =
        answer.kind !== 'nak' && target.kind === 'no-loader' ? target.text : undefined;
      counters[answer.kind === 'offer' ? 'offered' : answer.kind === 'ack' ? 'acked' : 'nakked'] +=
        1;
      if (noLoader !== undefined) {
        counters.noLoader += 1;
        trouble('a machine cannot boot: no loader for it', `${request.mac}: ${noLoader}`);
      }
      const reason = noLoader ?? answer.reason;
      // Each line at info is of a stored lease, a refusal or a beginning: what a flood of DISCOVERs cannot write.
      const isMarked = answer.kind === 'nak' || (answer.kind === 'ack' && answer.leased);
      const isBeginning = begins(request.mac);
      log[isMarked || isBeginning ? 'info' : 'debug']('answered a DHCP message', {
        mac: request.mac,
        request: request.wish.kind,
        answer: answer.kind,
        address: address === undefined ? '' : formatIpv4(address),
        bootFile: bootFile ?? '',
        reason,
      });
      tell(
        dhcpSighting(clock.now(), seen, { answer: answer.kind, reason, address, bootFile, sent }),
      );
    },
  };
}

/** The address a message is about. */
function addressOf({ wish }: DhcpRequest): Ipv4 | undefined {
  return 'address' in wish ? wish.address : wish.requested;
}

/** Where an answer would have gone. */
function targetText({ packet, relay }: DhcpRequest): string {
  const client = `client ${formatIpv4(packet.clientAddress)}`;
  return relay === undefined ? client : `relay ${formatIpv4(relay.address)}, ${client}`;
}

/** Where a request came from, as an operator knows it. */
function placeText({ wish, relay }: DhcpRequest): string {
  if (wish.kind === 'decline') return formatIpv4(wish.address);
  return relay === undefined ? 'a directly attached network' : `relay ${formatIpv4(relay.address)}`;
}

function noneYet(): Counters {
  return {
    received: 0,
    malformed: 0,
    notForUs: 0,
    strangeMac: 0,
    refused: 0,
    noSubnet: 0,
    notEnabled: 0,
    networkOff: 0,
    otherServers: 0,
    probes: 0,
    addressesInUse: 0,
    probesSkipped: 0,
    proxied: 0,
    offered: 0,
    acked: 0,
    nakked: 0,
    silent: 0,
    rangeFull: 0,
    lostRaces: 0,
    declined: 0,
    noLoader: 0,
    dropped: 0,
    late: 0,
    storeFailures: 0,
    confirmedFromMemory: 0,
    brokenTables: 0,
    untold: 0,
    clockJumps: 0,
  };
}
