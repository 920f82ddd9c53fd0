/**
 * The DHCP server between socket and store: decode, read, have it decided, reply.
 *
 * DISCOVERs are answered from memory. What is stored is stored by rounds, many ranges in one commit, so that a thousand
 * machines powered on together cost a few commits.
 */

import type { AddressProber } from '../../base/address-probe.ts';
import { formatIpv4, type Ipv4, type MacAddress } from '../../base/addresses.ts';
import type { Result } from '../../base/result.ts';
import type { Store } from '../../base/store.ts';
import type { World } from '../../base/world.ts';
import { leaseSeconds } from '../../inventory/dhcp-config.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { type BootTarget, bootTargetOf, type LoaderNames } from '../boot-target.ts';
import type { Networks } from '../networks.ts';
import type { SightingListener } from '../sightings.ts';
import type { Answer } from './answer.ts';
import type { Arrival } from './arrival.ts';
import { createReport, type DhcpCounters } from './counters.ts';
import { replyDestination, type TargetRules } from './destination.ts';
import { type Answering, Job, type Outgoing } from './job.ts';
import type { LeaseProblem } from './lease-commits.ts';
import { createLeaseDesk, keptAddress } from './lease-desk.ts';
import type { LeaseCopy } from './lease-memory.ts';
import { leaseKey } from './leases.ts';
import { decodeDhcp, encodeDhcp } from './packet.ts';
import { placeAtBootServer, placeRequest } from './placement.ts';
import { type AddressInUse, type AsideAddress, createProbes } from './probe.ts';
import { bootServerPort } from './proxy.ts';
import { createProxyDesk } from './proxy-desk.ts';
import { replyTo } from './reply.ts';
import { type DhcpRequest, readRequest } from './request.ts';
import type { ClockWatch } from './reuse.ts';
import { createRounds } from './rounds.ts';
import type { Seen } from './sighting.ts';
import { subnetOf } from './subnet.ts';
import { createUnserved, type UnservedNetwork } from './unserved.ts';

export type DhcpResponder = {
  /**
   * Never throws for what a datagram may hold.
   *
   * @param answer gets the reply once, after its lease is stored; undefined where silence is right
   */
  readonly handle: (payload: Uint8Array, arrival: Arrival, answer: Answering) => void;
  readonly counters: () => DhcpCounters;
  /** Compares wall and monotonic time; call it every few seconds, so that slow corrections are no jumps. */
  readonly lookAtClock: () => void;
  readonly holds: () => number;
  readonly waiting: () => number;
  /** Who asks in vain, where nobody enabled their network. */
  readonly unserved: () => readonly UnservedNetwork[];
  /** Addresses that somebody was seen using, and that the store does not show as set aside yet. */
  readonly aside: () => readonly AsideAddress[];
  /**
   * What a client would be offered on the network of that address, if it asked now: `LeaseDesk.foresee`. Undefined also
   * where nothing is lent.
   */
  readonly foresee: (mac: MacAddress, place: Ipv4) => Answer | string | undefined;
};

export type ResponderRules = {
  readonly relayNetworks: TargetRules['relayNetworks'];
  readonly isOwn: (address: Ipv4) => boolean;
  readonly advertiseUrl: string;
  /** Where firmware's own HTTP boot finds its loader; undefined: at `advertiseUrl`. */
  readonly httpBootUrl?: string | undefined;
  readonly loaders: LoaderNames;
  readonly holdSeconds: number;
  /** How long an address that is offered for the first time is asked for; default 0: not at all. */
  readonly probeMs?: number;
};

/** Firmware has asked again by then; an answer to its first try would only confuse (and etcd was stuck). */
const answerAgeMaxMs = 4_000;
/** A client that keeps its address is answered from memory when the store has not answered by then. */
const patienceMs = 1_000;

export function createDhcpResponder(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly store: Pick<Store, 'get' | 'commit' | 'conditionsMax' | 'bytesMax'>;
  readonly copy?: LeaseCopy;
  readonly inventory: Pick<Inventory, 'ipam' | 'dhcp' | 'ownerOf'>;
  readonly networks: Pick<Networks, 'of'>;
  readonly rules: ResponderRules;
  /** Absent: addresses are offered unasked. */
  readonly prober?: AddressProber | undefined;
  /** Tells all servers of an address in use; true: the store has it. */
  readonly shareInUse?: ((inUse: AddressInUse) => Promise<boolean>) | undefined;
  /** A client said that it takes another server's offer. */
  readonly hearChoice?: (server: Ipv4, via: string) => void;
  /** What an earlier run knew of this server's wall clock. */
  readonly clockWatch?: ClockWatch | undefined;
  /** The wall clock was set by this much. */
  readonly onClockJump?: (byMs: number) => void;
  readonly tell?: SightingListener;
}): DhcpResponder {
  const { world, store, inventory, networks, rules } = deps;
  const { clock } = world;
  const report = createReport(world, deps.tell ?? (() => {}));
  const { counters } = report;
  const unserved = createUnserved(world);
  const proxied = createProxyDesk(rules, report);
  const probes = createProbes(world, deps.prober, rules.probeMs ?? 0, deps.shareInUse);
  const desk = createLeaseDesk({
    world,
    store,
    copy: deps.copy,
    inventory,
    isOwn: rules.isOwn,
    isAside: probes.isAside,
    holdSeconds: rules.holdSeconds,
    clockWatch: deps.clockWatch,
    onClockJump: (byMs) => {
      deps.onClockJump?.(byMs);
      counters.clockJumps += 1;
      const seconds = Math.round(byMs / 1000);
      report.trouble(
        'the clock was set: for the time of a lease no ended lease goes to another client',
        `${seconds > 0 ? 'forward' : 'back'} by ${Math.abs(seconds)} s`,
      );
    },
  });

  const handle: DhcpResponder['handle'] = (payload, arrival, answer) => {
    counters.received += 1;
    const request = understand(payload);
    if (request === undefined) answer(undefined);
    else admit(request, payload, arrival, answer);
  };

  const understand = (payload: Uint8Array): DhcpRequest | undefined => {
    const packet = decodeDhcp(payload);
    if (!packet.ok) {
      counters.malformed += 1;
      return undefined;
    }
    const request = readRequest(packet.value);
    if (!request.ok) report.notForUs(packet.value, request.error);
    return request.ok ? request.value : undefined;
  };

  const admit = (
    request: DhcpRequest,
    payload: Uint8Array,
    arrival: Arrival,
    answer: Answering,
  ): void => {
    const { clientAddress } = request.packet;
    const peer = request.relay?.address ?? (clientAddress === 0 ? undefined : clientAddress);
    const serverAddress = arrival.serverAddress(peer);
    const { from, port, interface: link } = arrival;
    const seen: Seen = { request, payload, from, serverAddress, port, interface: link };
    const isToBootServer = port === bootServerPort;
    if (
      request.wish.kind === 'selecting' &&
      !isToBootServer &&
      isOthers(request.wish.server, request)
    ) {
      deps.hearChoice?.(request.wish.server, viaOf(request, arrival));
    }
    const placement = isToBootServer
      ? placeAtBootServer(request, from, networks)
      : placeRequest(request, arrival.interfaceAddress, { rules, inventory, networks });
    if (placement.unenabled !== undefined) {
      counters.notEnabled += 1;
      unserved.hear({
        mac: request.mac,
        place: placement.unenabled,
        isRelayed: request.relay !== undefined,
        interface: link,
        linkNetwork: arrival.linkNetwork,
      });
    }
    switch (placement.kind) {
      case 'proxied':
        answer(proxied(seen, placement.network));
        return;
      case 'refused':
        report.refused(seen, placement.reason, placement.isServed);
        answer(undefined);
        return;
      case 'ignored':
        if (placement.counted !== undefined) counters[placement.counted] += 1;
        report.silent(seen, placement.reason);
        answer(undefined);
        return;
      case 'lent':
        break;
    }
    if (serverAddress === undefined) {
      report.silent(seen, 'no address of ours faces the client');
      answer(undefined);
      return;
    }
    const { subnet, dhcp } = placement;
    const job = new Job(seen, { serverAddress, subnet, dhcp }, clock.monotonicMs(), answer);
    if (keptAddress(request) !== undefined) {
      job.cancel = clock.after(patienceMs, () => void confirm(job));
    }
    rounds.add(job);
  };

  const isOthers = (server: Ipv4, { relay }: DhcpRequest): boolean =>
    !rules.isOwn(server) && server !== relay?.serverIdOverride;

  /** Those worth an answer, in the order in which they are decided. */
  const inTime = (jobs: readonly Job[]): readonly Job[] => {
    const good: Job[] = [];
    for (const job of jobs) {
      if (job.isDone) continue;
      if (isLate(job)) late(job);
      else good.push(job);
    }
    return good.length > 1 ? good.sort(byClient) : good;
  };

  const conclude = (
    key: string,
    jobs: readonly Job[],
    settled: Result<readonly Answer[], LeaseProblem>,
  ): void => {
    if (settled.ok) {
      for (const [at, job] of jobs.entries()) {
        const answer = settled.value[at];
        if (answer !== undefined && !job.isDone) speak(job, answer);
      }
      return;
    }
    const { kind, text } = settled.error;
    if (kind === 'table-broken') {
      counters.brokenTables += jobs.length;
      report.trouble('a lease table is broken: nothing is lent from its range', `${key}: ${text}`);
      giveUp(jobs, 'the lease table is broken');
      return;
    }
    counters.storeFailures += jobs.length;
    report.trouble('leases cannot be stored: no new ones are given', `${kind}: ${text}`);
    giveUp(
      jobs.filter((job) => !job.isDone && !confirm(job)),
      'the store did not confirm',
    );
  };

  /** Answers from memory a client that keeps its address; false: that cannot be done. */
  const confirm = (job: Job): boolean => {
    const answer = desk.confirm(job.tableKey, job);
    if (answer === undefined) return false;
    counters.confirmedFromMemory += 1;
    report.trouble(
      'the store does not answer: leases are confirmed from memory, for what is left of them',
      '',
    );
    speak(job, answer);
    return true;
  };

  const speak = (job: Job, answer: Answer): void => {
    const { request, from, subnet, dhcp, serverAddress } = job;
    if (answer.kind === 'silence') {
      report.silent(job, answer.reason, answer.note);
      job.done(undefined);
      return;
    }
    if (isLate(job)) {
      late(job);
      return;
    }
    if (answer.kind === 'offer' && answer.isKnown !== true) {
      const link = request.relay === undefined ? job.interface : undefined;
      const asked = probes.ask(answer.address, request.mac, link, subnet.range.first);
      if (asked !== undefined) {
        // One that is in use was set aside: the next decision is another.
        void asked.then((isFree) => (isFree ? speak(job, answer) : rounds.add(job)));
        return;
      }
    }
    const target = namesBootFile(request)
      ? bootTargetOf(request.boot, rules.advertiseUrl, rules.loaders, rules.httpBootUrl)
      : nothingToBoot;
    const reply = replyTo(request, answer, {
      subnet,
      serverAddress,
      dnsServers: dhcp.dnsServers,
      leaseSeconds: (answer.kind === 'ack' ? answer.leaseSeconds : undefined) ?? leaseSeconds(dhcp),
      target,
    });
    const outgoing: Outgoing = {
      payload: encodeDhcp(reply),
      to: replyDestination(request, answer.kind === 'nak', from),
    };
    report.answered(job, answer, target, outgoing);
    job.done(outgoing);
  };

  const isLate = (job: Job): boolean => clock.monotonicMs() - job.receivedMs > answerAgeMaxMs;

  const late = (job: Job): void => {
    counters.late += 1;
    report.silent(job, 'the answer would come too late');
    job.done(undefined);
  };

  const giveUp = (jobs: readonly Job[], reason: string): void => {
    for (const job of jobs) {
      report.silent(job, reason);
      job.done(undefined);
    }
  };

  const dropped = (job: Job): void => {
    counters.dropped += 1;
    report.silent(job, 'too many requests wait for an answer');
    job.done(undefined);
  };

  const rounds = createRounds<Job>({ desk, inTime, dropped, speak, conclude });
  return {
    handle,
    counters: () => ({ ...counters, ...probes.counters }),
    lookAtClock: desk.lookAtClock,
    foresee: (mac, place) => {
      const ipam = inventory.ipam();
      const dhcp = inventory.dhcp();
      const subnet = ipam && subnetOf(ipam, place);
      if (subnet === undefined || dhcp === undefined) return undefined;
      return desk.foresee(leaseKey(subnet.range), mac, { subnet, dhcp });
    },
    holds: desk.holds,
    unserved: unserved.list,
    aside: probes.aside,
    waiting: rounds.waiting,
  };
}

function viaOf({ relay }: DhcpRequest, { interface: link }: Arrival): string {
  return relay === undefined
    ? `interface ${link ?? 'unknown'}`
    : `relay ${formatIpv4(relay.address)}`;
}

/**
 * The queue's order of kinds, and DISCOVERs by hardware address: servers that hear the same clients in another order
 * still offer each the same.
 */
function byClient(a: Job, b: Job): number {
  if (!a.isDiscover || !b.isDiscover) return Number(a.isDiscover) - Number(b.isDiscover);
  return a.request.mac < b.request.mac ? -1 : Number(a.request.mac > b.request.mac);
}

const nothingToBoot: BootTarget = { kind: 'none' };

/** Only a client that boots asks for a file: one that keeps its address is past that (so does Sabakan). */
function namesBootFile({ wish }: DhcpRequest): boolean {
  return wish.kind === 'discover' || wish.kind === 'selecting';
}
