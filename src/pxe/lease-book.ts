/**
 * The leases of all ranges, for people and programs to look at: a copy of the tables that DHCP keeps in the store. The
 * copy holds bytes; a table is read when somebody asks, never because a packet changed it.
 */

import { addToIpv4, formatIpv4, type Ipv4, parseIpv4 } from '../base/addresses.ts';
import { createMirror, type Freshness, ownWriteTimeoutMs } from '../base/mirror.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { absent, type Revision, type Store, type StoreProblem } from '../base/store.ts';
import { addMs, type Instant } from '../base/time.ts';
import type { Transact } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import type { LeaseCopy } from './dhcp/lease-memory.ts';
import { type Lease, leaseRows, strayRows } from './dhcp/lease-rows.ts';
import { isDeclined, leasePrefix } from './dhcp/leases.ts';
import { reuseMarginMs } from './dhcp/reuse.ts';
import { createReleases, type Releases } from './lease-ends.ts';
import { createLeaseWrites, type LeaseWrites } from './lease-writes.ts';

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
  /** About how much memory `changes` holds once it has been read, with the tables it is read from. */
  readonly heldBytes: number;
};

export type LeaseBook = LeaseWrites & {
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
  /** When its client or a person gave it up, as far as this server saw that; undefined: it ran out or is lent still. */
  readonly releasedAt: Releases['of'];
  /** A client gave it up. */
  readonly noteReleased: Releases['note'];
  /** The tables as they are stored, for DHCP to decide on. */
  readonly copy: LeaseCopy;
  readonly subscribe: (
    listener: (news: LeaseNews | { readonly kind: 'listed' }) => void,
  ) => () => void;
};

/** `"52:54:00:12:34:56":{"index":123,"lease":"2026-11-21T06:00:00.123Z"},` */
const rowBytes = 70;
/** The row once as text, and read before and after the change. */
const heldBytesOfRow = 1_000;
/** A change of a table without rows. */
const heldBytesMin = 500;

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
      // Bytes of their own: those that came are a view on all that one read of the socket brought, some 30 KB, which would
      // be held for as long as this table is.
      return first.ok
        ? ok({ first: first.value, bytes: Uint8Array.from(bytes) })
        : fail(first.error);
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

  const releases = createReleases();
  const writes = createLeaseWrites({
    noteReleased: releases.note,
    transact,
    clock,
    chance,
    firstOf: (address) => whole().byAddress.get(address)?.first,
    shows: (revision) => mirror.reached(revision, ownWriteTimeoutMs),
  });

  return {
    ...writes,
    releasedAt: releases.of,
    noteReleased: releases.note,
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
            heldBytes:
              heldBytesMin +
              Math.ceil((bytes.reduce((sum, one) => sum + one, 0) / rowBytes) * heldBytesOfRow),
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
  };
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
