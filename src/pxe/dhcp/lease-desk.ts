/** Where leases are decided: the requests of each range on its table, answered after what they are promised is stored. */

import type { Ipv4, MacAddress } from '../../base/addresses.ts';
import type { Result } from '../../base/result.ts';
import type { Store } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import type { World } from '../../base/world.ts';
import { type DhcpConfig, leaseSeconds } from '../../inventory/dhcp-config.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import { type Answer, answerTo, offerTo, type Surroundings } from './answer.ts';
import { createHolds } from './holds.ts';
import { createLeaseCommits, type Decided, type LeaseProblem } from './lease-commits.ts';
import { createLeaseMemory, type LeaseCopy } from './lease-memory.ts';
import { type LeaseTable, leasedAddress, leaseIndexOf } from './leases.ts';
import { createPicker, type Picker } from './picker.ts';
import type { DhcpRequest } from './request.ts';
import { type ClockReading, type ClockWatch, reusableUpTo, watchClock } from './reuse.ts';
import type { Subnet } from './subnet.ts';

/** A request with what is known of where it came from. */
export type LeaseWish = {
  readonly request: DhcpRequest;
  readonly subnet: Subnet;
  readonly dhcp: DhcpConfig;
  /** Option 54 of our answer. */
  readonly serverAddress: Ipv4;
};

/** The wishes of one range. */
export type LeaseBatch = {
  readonly tableKey: string;
  readonly wishes: readonly LeaseWish[];
  /** One answer per wish, in their order, given after what they promise is stored. */
  readonly answer: (answers: Result<readonly Answer[], LeaseProblem>) => void;
};

export type LeaseDesk = {
  /** Resolves when the next batches may come; a range that is held up answers later. */
  readonly settle: (batches: readonly LeaseBatch[]) => Promise<void>;
  /** Batches that `settle` takes at once. */
  readonly batchesMax: number;
  /**
   * Answers to DISCOVERs, at once: an offer promises nothing, so it rests on what is remembered. Undefined when that is
   * not fresh enough, or the store is away: an offer would then win over that of a server that can keep it.
   *
   * @param take is called where there is an answer, for those who wait for it.
   */
  readonly glance: <Wish extends LeaseWish>(
    tableKey: string,
    take: () => readonly Wish[],
  ) => readonly (readonly [wish: Wish, answer: Answer])[] | undefined;
  /**
   * The answer to a client that keeps its address, when the store does not answer: an ACK for what is left of the last
   * lease known to be committed, or undefined.
   *
   * How fresh must that be? It need not be: only RENEWING, REBINDING and INIT-REBOOT are confirmed, whose client has
   * that lease from an ACK already and may use the address until it ends whether we answer or not (RFC 2131 sections
   * 3.2 and 4.4.5). The ACK gives not a second more. Had the lease been released or declined elsewhere in the meantime,
   * then by this very client, which would not ask to keep it, or by an operator, who cannot take from the client what it
   * holds either. A client that begins anew (DISCOVER, SELECTING) claims nothing by itself: for it we are silent. After
   * the clock was set nobody can say what is left, and nothing is confirmed.
   */
  readonly confirm: (tableKey: string, wish: LeaseWish) => Answer | undefined;
  /**
   * What a DISCOVER would be answered now, without the hold that an offer places; a string: its table is broken, and why.
   * Undefined when what is remembered is not fresh enough to tell.
   */
  readonly foresee: (
    tableKey: string,
    mac: MacAddress,
    where: Pick<LeaseWish, 'subnet' | 'dhcp'>,
  ) => Answer | string | undefined;
  /** Compares wall and monotonic time. */
  readonly lookAtClock: () => void;
  readonly holds: () => number;
};

/** A picker that found nothing looks again after this time: offers end by themselves. */
const pickerMsMax = 50;
/** Less than this is no lease worth an answer. */
const leftSecondsMin = 10;

type KeptPicker = {
  readonly picker: Picker;
  readonly count: number;
  upTo: Instant;
  readonly madeMs: number;
  readonly holdsDropped: number;
};

export function createLeaseDesk(deps: {
  readonly world: Pick<World, 'clock' | 'chance'>;
  readonly store: Pick<Store, 'get' | 'commit' | 'conditionsMax' | 'bytesMax'>;
  /** Absent: tables are read when they are needed. */
  readonly copy: LeaseCopy | undefined;
  readonly inventory: Pick<Inventory, 'ipam' | 'ownerOf'>;
  readonly isOwn: (address: Ipv4) => boolean;
  /** Somebody was seen using it; whoever has a lease of it keeps it. */
  readonly isAside?: (address: Ipv4) => boolean;
  readonly holdSeconds: number;
  /** The wall clock was set by this much. */
  readonly onClockJump: (byMs: number) => void;
  /** What an earlier run of this server knew of it. */
  readonly clockWatch?: ClockWatch | undefined;
}): LeaseDesk {
  const { world, store, inventory, isOwn } = deps;
  const { clock } = world;
  const holds = createHolds(deps.holdSeconds * 1000);
  const memory = createLeaseMemory(deps.copy);
  const commits = createLeaseCommits({ store, world, memory });
  const pickers = new WeakMap<LeaseTable, KeptPicker>();
  let clockWatch = deps.clockWatch;

  const read = (): ClockReading => ({ now: clock.now(), monotonicMs: clock.monotonicMs() });

  const watch = (reading: ClockReading): ClockWatch => {
    const before = clockWatch?.jumped;
    clockWatch = watchClock(clockWatch, reading);
    if (clockWatch.jumped !== undefined && clockWatch.jumped !== before) {
      deps.onClockJump(clockWatch.jumped.byMs);
    }
    return clockWatch;
  };

  const mayLend = (address: Ipv4, subnet: Subnet, ipam: IpamConfig | undefined): boolean =>
    ipam !== undefined &&
    address !== subnet.router &&
    address !== subnet.network &&
    address !== subnet.broadcast &&
    !isOwn(address) &&
    inventory.ownerOf(address) === undefined;

  const pickerOf = (table: LeaseTable, { range }: Subnet, upTo: Instant, nowMs: number): Picker => {
    const { count } = range;
    const known = pickers.get(table);
    if (
      known?.count === count &&
      known.holdsDropped === holds.dropped() &&
      nowMs - known.madeMs < pickerMsMax
    ) {
      known.upTo = upTo;
      return known.picker;
    }
    const kept: KeptPicker = {
      picker: createPicker(table, range, () => kept.upTo),
      count,
      upTo,
      madeMs: nowMs,
      holdsDropped: holds.dropped(),
    };
    pickers.set(table, kept);
    return kept.picker;
  };

  const surroundings = (
    table: LeaseTable,
  ): ((
    mac: MacAddress,
    where: Pick<LeaseWish, 'subnet' | 'dhcp'>,
    isOurs: Surroundings['isOurs'],
  ) => Surroundings) => {
    const reading = read();
    const watched = watch(reading);
    const ipam = inventory.ipam();
    return (mac, { subnet, dhcp }, isOurs) => {
      const seconds = leaseSeconds(dhcp);
      const upTo = reusableUpTo(watched, reading, seconds);
      return {
        subnet,
        holds,
        picker: () => pickerOf(table, subnet, upTo, reading.monotonicMs),
        leaseSeconds: seconds,
        isOurs,
        mayLend: (address) =>
          mayLend(address, subnet, ipam) &&
          (deps.isAside?.(address) !== true || isItsOwn(table, mac, subnet, address)),
        now: reading.now,
        reusableUpTo: upTo,
        nowMs: reading.monotonicMs,
      };
    };
  };

  const decider = (table: LeaseTable): ((wish: LeaseWish) => Answer) => {
    const around = surroundings(table);
    return (wish) => {
      const { request, serverAddress } = wish;
      const isOurs = (server: Ipv4): boolean =>
        server === (request.relay?.serverIdOverride ?? serverAddress) || isOwn(server);
      return answerTo(request, table, around(request.mac, wish, isOurs));
    };
  };

  return {
    batchesMax: commits.rangesMax,
    settle: (batches) =>
      commits.settle(
        batches.map(({ tableKey, wishes, answer }) => ({
          tableKey,
          answer,
          decide: ({ table }): Decided<readonly Answer[]> => {
            const value = wishes.map(decider(table));
            return { value, needsProof: value.some(isVerdict) };
          },
        })),
      ),
    glance: (tableKey, take) => {
      if (commits.isAway() || !memory.isLive()) return undefined;
      const found = memory.recall(tableKey);
      if (typeof found !== 'object') return undefined;
      const decide = decider(found.table);
      return take().map((wish) => [wish, decide(wish)] as const);
    },
    confirm: (tableKey, { request, subnet, dhcp }) => {
      const address = keptAddress(request);
      const index = address === undefined ? undefined : leaseIndexOf(subnet.range, address);
      const lease = memory.committedLease(tableKey, request.mac);
      if (address === undefined || index === undefined || lease?.index !== index) return undefined;
      const reading = read();
      const isSettled = Number.isFinite(reusableUpTo(watch(reading), reading, leaseSeconds(dhcp)));
      if (!isSettled || !mayLend(address, subnet, inventory.ipam())) return undefined;
      const left = Math.floor((lease.expiresAt - reading.now) / 1000);
      if (left < leftSecondsMin || !Number.isFinite(left)) return undefined;
      return {
        kind: 'ack',
        address,
        leased: true,
        leaseSeconds: Math.min(left, leaseSeconds(dhcp)),
        reason: 'confirmed from memory for what is left: the store does not answer',
      };
    },
    foresee: (tableKey, mac, where) => {
      if (commits.isAway() || !memory.isLive()) return undefined;
      const found = memory.recall(tableKey);
      if (typeof found !== 'object') return found;
      return offerTo(mac, undefined, found.table, surroundings(found.table)(mac, where, isOwn));
    },
    lookAtClock: () => void watch(read()),
    holds: holds.size,
  };
}

/** Whether the table alone can tell it: an old memory of it must not. */
function isVerdict(answer: Answer): boolean {
  return answer.kind === 'nak' || (answer.kind === 'silence' && answer.note !== 'other-server');
}

/** What a client asks to keep; undefined for one that asks for something new, or through a relay of another network. */
export function keptAddress({ wish }: Pick<DhcpRequest, 'wish'>): Ipv4 | undefined {
  if (wish.kind === 'extending') return wish.address;
  return wish.kind === 'init-reboot' ? wish.requested : undefined;
}

/** Of an address that was set aside: who has it is who was seen using it. */
function isItsOwn(table: LeaseTable, mac: MacAddress, { range }: Subnet, address: Ipv4): boolean {
  const lease = table.leaseOf(mac);
  return lease !== undefined && leasedAddress(range, lease.index) === address;
}
