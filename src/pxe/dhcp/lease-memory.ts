/**
 * The lease tables this server remembers: as it stored or read them last, or as the copy of all leases has them, which
 * is the newer of the two. A remembered table is what decisions are made on; the commit's condition proves that it was
 * still true.
 */

import { absent, compareRevisions, type Entry, type Revision } from '../../base/store.ts';
import { type Lease, leaseRows } from './lease-rows.ts';
import { type LeaseTable, openLeaseTable } from './leases.ts';

/** What is stored under a key; `modRevision` is `absent` when nothing is. */
export type StoredTable = {
  readonly value: Uint8Array | undefined;
  readonly modRevision: Revision;
};

/** The copy of all lease tables that the watch keeps (`lease-book.ts`). */
export type LeaseCopy = {
  /** As far as the copy has come; undefined: what is there cannot be told from here. */
  readonly stored: (tableKey: string) => StoredTable | undefined;
  /** The watch is up: changes show within moments. */
  readonly isLive: () => boolean;
};

/** A table to decide on; its changes stay in it until it is stored or forgotten. */
export type Remembered = {
  readonly table: LeaseTable;
  readonly modRevision: Revision;
};

export type LeaseMemory = {
  /** Undefined: it has to be read. A string: it is broken, and why. */
  readonly recall: (tableKey: string) => Remembered | string | undefined;
  /** What is remembered follows the store within moments: an offer may rest on it, which no commit will prove. */
  readonly isLive: () => boolean;
  /** What was read just now. */
  readonly learn: (tableKey: string, entry: Entry | undefined) => void;
  /** Our change of the table is stored. */
  readonly stored: (tableKey: string, value: Uint8Array, revision: Revision) => void;
  /** Our change of the table is not stored, or nobody knows: what was changed in memory counts no more. */
  readonly forget: (tableKey: string) => void;
  /** The table is part of a commit under way: nothing takes its place meanwhile. */
  readonly hold: (tableKey: string, isHeld: boolean) => void;
  /** The last lease known to be committed, whatever became of the store since. */
  readonly committedLease: (tableKey: string, mac: string) => Lease | undefined;
};

/** Four thousand racks; the one that came in first is forgotten for one more, and read again when it is needed. */
const tablesMax = 4_096;

type Place = {
  committed: StoredTable;
  table: LeaseTable | string | undefined;
  isHeld: boolean;
};

export function createLeaseMemory(copy: LeaseCopy | undefined): LeaseMemory {
  const places = new Map<string, Place>();

  const placeAt = (key: string, committed: StoredTable): Place => {
    const known = places.get(key);
    if (known !== undefined) {
      known.committed = committed;
      return known;
    }
    const made: Place = { committed, table: undefined, isHeld: false };
    places.set(key, made);
    if (places.size > tablesMax) {
      for (const [oldest, { isHeld }] of places) {
        if (isHeld || oldest === key) continue;
        places.delete(oldest);
        break;
      }
    }
    return made;
  };

  const open = (place: Place): void => {
    const opened = openLeaseTable(place.committed.value);
    place.table = opened.ok ? opened.value : opened.error;
  };

  /** Takes over what the copy knows better. */
  const look = (key: string): Place | undefined => {
    const known = places.get(key);
    if (known?.isHeld === true || copy?.isLive() !== true) return known;
    const theirs = copy.stored(key);
    if (theirs === undefined) return known;
    const isNewer =
      known === undefined || compareRevisions(theirs.modRevision, known.committed.modRevision) > 0;
    // A change of ours may have been stored without an answer: then the commit's condition says so.
    if (!isNewer && known.table !== undefined) return known;
    const place = isNewer ? placeAt(key, theirs) : known;
    open(place);
    return place;
  };

  const remembered = (place: Place | undefined): Remembered | string | undefined => {
    if (place?.table === undefined || typeof place.table === 'string') return place?.table;
    return { table: place.table, modRevision: place.committed.modRevision };
  };

  return {
    recall: (key) => remembered(look(key)),
    isLive: () => copy?.isLive() === true,
    learn: (key, entry) => {
      const before = places.get(key);
      const modRevision = entry?.modRevision ?? absent;
      const isSame = before?.committed.modRevision === modRevision && before.table !== undefined;
      const place = placeAt(key, { value: entry?.value, modRevision });
      if (!isSame) open(place);
    },
    stored: (key, value, modRevision) => {
      placeAt(key, { value, modRevision });
    },
    forget: (key) => {
      const place = places.get(key);
      if (place !== undefined) place.table = undefined;
    },
    hold: (key, isHeld) => {
      const place = places.get(key);
      if (place !== undefined) place.isHeld = isHeld;
    },
    committedLease: (key, mac) => {
      const own = places.get(key)?.committed;
      const theirs = copy?.stored(key);
      const newest =
        own === undefined ||
        (theirs !== undefined && compareRevisions(theirs.modRevision, own.modRevision) > 0)
          ? theirs
          : own;
      if (newest?.value === undefined) return undefined;
      const rows = leaseRows(newest.value);
      return rows.ok ? rows.value.get(mac) : undefined;
    },
  };
}
