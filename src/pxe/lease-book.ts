/**
 * The leases of all ranges, for people and programs to look at: a copy of the tables that DHCP keeps in the store. The
 * copy holds bytes; a table is read when somebody asks, never because a packet changed it.
 */

import { addToIpv4, formatIpv4, type Ipv4, parseIpv4 } from '../base/addresses.ts';
import { createMirror, type Freshness, ownWriteTimeoutMs } from '../base/mirror.ts';
import { receipted } from '../base/receipt.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { absent, type Revision, type Store, type StoreProblem } from '../base/store.ts';
import { addMs, formatInstant, type Instant } from '../base/time.ts';
import type { Transact, TransactProblem } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import { type Actor, auditWrite } from '../inventory/audit.ts';
import type { LeaseCopy } from './dhcp/lease-memory.ts';
import {
  isDeclined,
  type Lease,
  type LeaseTable,
  leasePrefix,
  leaseRows,
  openLeaseTable,
  strayRows,
} from './dhcp/leases.ts';
import type { AddressInUse } from './dhcp/probe.ts';
import { reuseMarginMs } from './dhcp/reuse.ts';

/** One entry of a lease table; it outlives its expiry until another client needs the address. */
export type BookedLease = {
  readonly address: Ipv4;
  /** Undefined: set aside, since another host was seen using the address. */
  readonly mac: string | undefined;
  /** Hardware address of who answered when the address was asked for. */
  readonly usedBy: string | undefined;
  /** Infinite when the stored text is no time. */
  readonly expiresAt: Instant;
  /** First address of its range. */
  readonly first: Ipv4;
  /** Of the last change of its range's table. */
  readonly revision: Revision;
};

export type LeaseChange = {
  readonly before: BookedLease | undefined;
  readonly after: BookedLease | undefined;
};

/** All that one revision changed; `changes` is made when it is read first. */
export type LeaseNews = {
  readonly revision: Revision;
  readonly changes: readonly LeaseChange[];
  /** First addresses of the ranges whose tables it changed; nothing is read for these. */
  readonly ranges: readonly Ipv4[];
  /** About how many leases had to be read for it. */
  readonly weight: number;
};

export type LeaseProblem =
  | { readonly kind: 'lease-unknown'; readonly text: string }
  | { readonly kind: 'lease-moved'; readonly text: string }
  | { readonly kind: 'record-broken'; readonly key: string; readonly text: string };

export type LeaseBook = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** Tables that cannot be read, or not whole, by key, ascending: their ranges lend nothing new. */
  readonly broken: () => ReadonlyMap<string, string>;
  /** Of the last change of any table. */
  readonly changed: () => Revision;
  /** No change up to here is missing. */
  readonly completeTo: () => Revision;
  /** Ascending by address; the same array while nothing changes. */
  readonly leases: () => readonly BookedLease[];
  readonly find: (address: Ipv4) => BookedLease | undefined;
  /** Of the range that begins there, ascending by address; undefined: its table cannot be read whole. Reads no other table. */
  readonly inRange: (first: Ipv4) => readonly BookedLease[] | undefined;
  /** The tables as they are stored, for DHCP to decide on. */
  readonly copy: LeaseCopy;
  readonly subscribe: (
    listener: (news: LeaseNews | { readonly kind: 'listed' }) => void,
  ) => () => void;
  /**
   * Ends a lease at once, as its client's DHCPRELEASE would; of a declined address, gives it back. The audit record is
   * part of the commit, which DHCP on every server decides on next. One that has ended already is left as it is.
   *
   * @param terms.mac the client it must belong to; absent: whoever has it.
   */
  readonly release: (
    address: Ipv4,
    terms: { readonly mac?: string; readonly dryRun?: boolean },
    actor: Actor,
  ) => Promise<Result<{ readonly revision: Revision }, LeaseProblem | TransactProblem>>;
  /**
   * Sets an address aside for DHCP on every server, with its audit record. Of several servers that find it in use
   * together, one writes. `leased`: somebody has it; `full`: so many of its range are aside that one more is not kept.
   */
  readonly setAside: (
    inUse: AddressInUse,
    actor: Actor,
  ) => Promise<Result<'aside' | 'leased' | 'full', LeaseProblem | TransactProblem>>;
};

/** Of a range: a host that answers for every address fills no table. */
export const asidePerRangeMax = 1_024;

/** `"52:54:00:12:34:56":{"index":123,"lease":"2026-11-21T06:00:00.123Z"},` */
const rowBytes = 70;

type Table = {
  readonly first: Ipv4;
  readonly bytes: Uint8Array;
};

export function createLeaseBook(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
}): LeaseBook {
  const { store, transact } = deps;
  const { clock, chance, log } = deps.world;
  const revisions = new WeakMap<Table, Revision>();
  const mirror = createMirror<Table>({
    store,
    prefix: leasePrefix,
    decode: (key, bytes) => {
      const first = parseIpv4(key);
      return first.ok ? ok({ first: first.value, bytes }) : fail(first.error);
    },
    clock,
    log,
  });
  mirror.subscribe((changes) => {
    for (const { value, revision } of changes) {
      if (value !== undefined) revisions.set(value, revision);
    }
  });

  /** By table: most of them are the same from one list to the next. */
  const read = new WeakMap<Table, Result<readonly BookedLease[], string>>();
  const leasesOf = (table: Table): Result<readonly BookedLease[], string> => {
    const known = read.get(table);
    if (known !== undefined) return known;
    const rows = leaseRows(table.bytes);
    const leases = rows.ok ? ok(booked(table, rows.value, revisions.get(table))) : rows;
    read.set(table, leases);
    return leases;
  };

  const whyNotWhole = (table: Table): string | undefined => {
    const leases = leasesOf(table);
    if (!leases.ok) return leases.error;
    const strays = strayRows(table.bytes);
    if (!strays.ok || strays.value.size === 0) return undefined;
    const upTo = addMs(clock.now(), -reuseMarginMs);
    const live = [...strays.value].find(([, { end }]) => end > upTo);
    if (live === undefined) return undefined;
    return `the lease of ${JSON.stringify(live[0].slice(0, 40))} has no index, so nobody knows which address it is`;
  };

  let kept:
    | {
        readonly of: readonly unknown[];
        readonly all: readonly BookedLease[];
        readonly byAddress: ReadonlyMap<Ipv4, BookedLease>;
      }
    | undefined;
  const whole = () => {
    const entries = mirror.entries();
    if (kept?.of !== entries) {
      const leases = entries.flatMap(([, table]) => {
        const found = leasesOf(table);
        return found.ok ? found.value : [];
      });
      // Ranges of a configuration that was replaced may overlap those of its successor: the longest counts.
      const byAddress = new Map<Ipv4, BookedLease>();
      for (const lease of leases) {
        const rival = byAddress.get(lease.address);
        if (rival === undefined || rival.expiresAt < lease.expiresAt) {
          byAddress.set(lease.address, lease);
        }
      }
      kept = {
        of: entries,
        byAddress,
        all: [...byAddress.values()].sort((a, b) => a.address - b.address),
      };
    }
    return kept;
  };

  return {
    start: () => mirror.start(),
    stop: () => mirror.stop(),
    freshness: () => mirror.freshness(),
    broken: () =>
      new Map([
        ...[...mirror.broken()].map(([key, why]) => [leasePrefix + key, why] as const),
        ...mirror.entries().flatMap(([key, table]) => {
          const why = whyNotWhole(table);
          return why === undefined ? [] : [[leasePrefix + key, why] as const];
        }),
      ]),
    changed: () => mirror.changed(),
    completeTo: () => mirror.revision(),
    leases: () => whole().all,
    find: (address) => whole().byAddress.get(address),
    inRange: (first) => {
      const table = mirror.get(formatIpv4(first));
      // A table that the copy knows to be none is broken as well.
      if (table === undefined) return mirror.broken().has(formatIpv4(first)) ? undefined : [];
      const found = leasesOf(table);
      return found.ok && whyNotWhole(table) === undefined ? found.value : undefined;
    },
    copy: {
      isLive: () => mirror.freshness().kind === 'live',
      stored: (tableKey) => {
        const name = tableKey.slice(leasePrefix.length);
        const table = mirror.get(name);
        if (table === undefined) {
          return mirror.broken().has(name) ? undefined : { value: undefined, modRevision: absent };
        }
        const modRevision = revisions.get(table);
        return modRevision && { value: table.bytes, modRevision };
      },
    },
    subscribe: (listener) =>
      mirror.subscribe((changes, how) => {
        if (how === 'listed') return listener({ kind: 'listed' });
        const together = Map.groupBy(changes, ({ revision }) => revision);
        for (const [revision, some] of together) {
          let made: readonly LeaseChange[] | undefined;
          const bytes = some.map(({ before, value }) => (value ?? before)?.bytes.length ?? 0);
          listener({
            revision,
            ranges: some.flatMap(({ before, value }) => (value ?? before)?.first ?? []),
            weight: Math.max(Math.ceil(bytes.reduce((sum, one) => sum + one, 0) / rowBytes), 1),
            get changes() {
              if (made !== undefined) return made;
              const tables = some.map(({ before, value }) => ({
                before: before && leasesOf(before),
                after: value && leasesOf(value),
              }));
              if (
                tables.every(({ before, after }) => before?.ok !== false && after?.ok !== false)
              ) {
                made = tables.flatMap(({ before, after }) => differences(before, after));
              } else {
                // Its leases did not end: nobody knows what became of them. Whoever looks has to list again.
                made = [];
                listener({ kind: 'listed' });
              }
              return made;
            },
          });
        }
      }),
    release: async (address, { mac, dryRun }, actor) => {
      const first = whole().byAddress.get(address)?.first;
      const text = formatIpv4(address);
      if (first === undefined) return fail(unknownLease(text));
      const key = leasePrefix + formatIpv4(first);
      const now = clock.now();
      const result = await receipted(transact, actor.receipt)<undefined, LeaseProblem>(
        `leases/${formatIpv4(first)}`,
        { keys: [key] },
        (view) => {
          const opened = openLeaseTable(view.get(key)?.value);
          if (!opened.ok) return fail(brokenTable(key, opened.error));
          const holder = opened.value.holderOf(address - first);
          const lease = holder && opened.value.leaseOf(holder);
          if (holder === undefined || lease === undefined) return fail(unknownLease(text));
          if (mac !== undefined && mac !== holder) return fail(movedLease(text, holder, mac));
          if (dryRun === true || lease.expiresAt <= now) {
            return { ok: true, value: undefined, writes: [] };
          }
          opened.value.release(holder, now);
          const { write, condition } = auditWrite(actor, now, chance, {
            category: 'dhcp',
            instance: text,
            action: 'release',
            detail: holder,
          });
          const writes = [{ kind: 'put', key, value: opened.value.encode() } as const, write];
          return { ok: true, value: undefined, writes, conditions: [condition] };
        },
      );
      if (!result.ok) return result;
      const { revision } = result.value;
      await mirror.reached(revision, ownWriteTimeoutMs);
      return ok({ revision });
    },
    setAside: async ({ address, first, usedBy, until }, actor) => {
      const key = leasePrefix + formatIpv4(first);
      const index = address - first;
      const now = clock.now();
      const result = await transact<'aside' | 'leased' | 'full', LeaseProblem>(
        `leases/${formatIpv4(first)}`,
        { keys: [key] },
        (view) => {
          const opened = openLeaseTable(view.get(key)?.value);
          if (!opened.ok) return fail(brokenTable(key, opened.error));
          const table = opened.value;
          const holder = heldBy(table, index, now);
          if (holder !== undefined) {
            const value = isDeclined(holder, index) ? 'aside' : 'leased';
            return { ok: true, value, writes: [] };
          }
          if (asideIn(table, now) >= asidePerRangeMax)
            return { ok: true, value: 'full', writes: [] };
          table.setAside(index, until, usedBy);
          const { write, condition } = auditWrite(actor, now, chance, {
            category: 'dhcp',
            instance: formatIpv4(address),
            action: 'set-aside',
            detail: `in use by ${usedBy ?? 'a host'} that answered for it; until ${formatInstant(until)}`,
          });
          const writes = [{ kind: 'put', key, value: table.encode() } as const, write];
          return { ok: true, value: 'aside', writes, conditions: [condition] };
        },
      );
      if (!result.ok) return result;
      const { value, revision } = result.value;
      await mirror.reached(revision, ownWriteTimeoutMs);
      return ok(value);
    },
  };
}

/** Whose it is now, be it nobody's as a declined one is. */
function heldBy(table: LeaseTable, index: number, now: Instant): string | undefined {
  const holder = table.holderOf(index);
  const lease = holder && table.leaseOf(holder);
  return lease !== undefined && lease.expiresAt > now ? holder : undefined;
}

function asideIn(table: LeaseTable, now: Instant): number {
  let count = 0;
  for (const [name, { index, expiresAt }] of table.entries()) {
    if (expiresAt > now && isDeclined(name, index)) count += 1;
  }
  return count;
}

function booked(
  { first }: Table,
  rows: ReadonlyMap<string, Lease>,
  revision: Revision = '0' as Revision,
): readonly BookedLease[] {
  const byIndex = new Map<number, BookedLease>();
  for (const [name, { index, expiresAt, usedBy }] of rows) {
    const rival = byIndex.get(index);
    // Two rows of one index are damage; the one that lasts longer counts, as in DHCP itself.
    if (rival !== undefined && rival.expiresAt >= expiresAt) continue;
    const mac = isDeclined(name, index) ? undefined : name;
    const address = addToIpv4(first, index);
    byIndex.set(index, { address, mac, usedBy, expiresAt, first, revision });
  }
  return [...byIndex.values()].sort((a, b) => a.address - b.address);
}

type Read = Result<readonly BookedLease[], string> | undefined;

/** Ascending by address. */
function differences(before: Read, after: Read): readonly LeaseChange[] {
  const was = byAddress(before);
  const is = byAddress(after);
  return [...new Set([...was.keys(), ...is.keys()])]
    .sort((a, b) => a - b)
    .map((address) => ({ before: was.get(address), after: is.get(address) }))
    .filter(
      ({ before: a, after: b }) => a?.mac !== b?.mac || a?.expiresAt !== b?.expiresAt || !a || !b,
    );
}

function byAddress(table: Read): ReadonlyMap<Ipv4, BookedLease> {
  return new Map(table?.ok === true ? table.value.map((lease) => [lease.address, lease]) : []);
}

function unknownLease(address: string): LeaseProblem {
  return { kind: 'lease-unknown', text: `no lease of ${address} is stored` };
}

function movedLease(address: string, holder: string, mac: string): LeaseProblem {
  return { kind: 'lease-moved', text: `${address} is leased to ${holder} now, not to ${mac}` };
}

function brokenTable(key: string, why: string): LeaseProblem {
  const text = `the record ${key} in the store is broken and was left alone: ${why}`;
  return { kind: 'record-broken', key, text };
}
