/** Where leases are decided: a batch of requests of one range, all answered inside one commit of its lease table. */

import type { Ipv4 } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Instant } from '../../base/time.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type DhcpConfig, leaseSeconds } from '../../inventory/dhcp-config.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import { type Answer, answerTo } from './answer.ts';
import { createHolds } from './holds.ts';
import { type LeaseTable, openLeaseTable } from './leases.ts';
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

export type LeaseProblem =
  | TransactProblem
  | { readonly kind: 'table-broken'; readonly text: string };

export type LeaseDesk = {
  /** One answer per wish, in their order, given after what they promise is stored. */
  readonly settle: (
    tableKey: string,
    wishes: readonly LeaseWish[],
  ) => Promise<Result<readonly Answer[], LeaseProblem>>;
  /** Compares wall and monotonic time. */
  readonly lookAtClock: () => void;
  readonly holds: () => number;
};

export function createLeaseDesk(deps: {
  readonly clock: Pick<World['clock'], 'now' | 'monotonicMs'>;
  readonly transact: Transact;
  readonly inventory: Pick<Inventory, 'ipam' | 'ownerOf'>;
  readonly isOwn: (address: Ipv4) => boolean;
  readonly holdSeconds: number;
  /** The wall clock was set by this much. */
  readonly onClockJump: (byMs: number) => void;
}): LeaseDesk {
  const { clock, transact, inventory, isOwn } = deps;
  const holds = createHolds(deps.holdSeconds * 1000);
  let clockWatch: ClockWatch | undefined;

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

  const answersOf = (table: LeaseTable, wishes: readonly LeaseWish[]): readonly Answer[] => {
    const reading = read();
    const watched = watch(reading);
    const ipam = inventory.ipam();
    const pickers = new Map<number, Picker>();
    return wishes.map(({ request, subnet, dhcp, serverAddress }) => {
      const seconds = leaseSeconds(dhcp);
      const upTo = reusableUpTo(watched, reading, seconds);
      return answerTo(request, table, {
        subnet,
        holds,
        picker: pickerOf(pickers, table, subnet, upTo),
        leaseSeconds: seconds,
        isOurs: (server) =>
          server === (request.relay?.serverIdOverride ?? serverAddress) || isOwn(server),
        mayLend: (address) => mayLend(address, subnet, ipam),
        now: reading.now,
        reusableUpTo: upTo,
        nowMs: reading.monotonicMs,
      });
    });
  };

  return {
    settle: async (key, wishes) => {
      const settled = await transact<readonly Answer[] | string>(
        key.replace('lease-usages', 'leases'),
        { keys: [key] },
        (view) => {
          const table = openLeaseTable(view.get(key)?.value);
          if (!table.ok) return { ok: true, value: table.error, writes: [] };
          const value = answersOf(table.value, wishes);
          return table.value.changed()
            ? { ok: true, value, writes: [{ kind: 'put', key, value: table.value.encode() }] }
            : { ok: true, value, writes: [] };
        },
      );
      if (!settled.ok) return settled;
      const { value } = settled.value;
      return typeof value === 'string' ? fail({ kind: 'table-broken', text: value }) : ok(value);
    },
    lookAtClock: () => void watch(read()),
    holds: holds.size,
  };
}

/** A configuration that changes while requests wait may give one range two sizes. */
function pickerOf(
  pickers: Map<number, Picker>,
  table: LeaseTable,
  { range }: Subnet,
  upTo: Instant,
): Picker {
  const picker = pickers.get(range.count) ?? createPicker(table, range, upTo);
  pickers.set(range.count, picker);
  return picker;
}
