/**
 * The lease table of one range, in Sabakan's form so that both can share a store: under `lease-usages/<first address>`
 * a JSON object from hardware address to `{"index": n, "lease": "<expiry>"}`; the address is first + n.
 *
 * An entry outlives its expiry until another client needs the address, which is how a machine gets its old one back.
 */

import {
  addToIpv4,
  formatIpv4,
  type Ipv4,
  type MacAddress,
  macFromBytes,
  parseMac,
} from '../../base/addresses.ts';
import { ok, type Result } from '../../base/result.ts';
import { addMs, type Instant } from '../../base/time.ts';
import type { LeaseRange } from '../../inventory/ipam.ts';
import {
  encodeRows,
  type Lease,
  type LeaseRows,
  never,
  noRows,
  parseRows,
  type Row,
  rowOf,
} from './lease-rows.ts';
import { reuseMarginMs } from './reuse.ts';

/**
 * A working copy: changes stay in it until `encode` is stored. Indices lie in 0 … count − 1; entries that another
 * program wrote and that we do not understand stay as they are.
 */
export type LeaseTable = {
  readonly leaseOf: (mac: MacAddress) => Lease | undefined;
  readonly holderOf: (index: number) => MacAddress | undefined;
  /** Nobody but `mac` has a right to it: leases of others that expire later than `upTo` still hold (`reusableUpTo`). */
  readonly isFreeFor: (mac: MacAddress, index: number, upTo: Instant) => boolean;
  /** Gives it to `mac`; whoever had it or whatever `mac` had before is forgotten. */
  readonly grant: (mac: MacAddress, index: number, expiresAt: Instant) => void;
  /** Ends the lease at once, for others too; the entry stays, for the client's return. */
  readonly release: (mac: MacAddress, now: Instant) => void;
  /** Sets the address aside until the lease would have ended: another host was seen using it. */
  readonly decline: (mac: MacAddress) => void;
  /** Sets aside what nobody has: somebody answered for it. Sabakan reads such a row as one of a declined address. */
  readonly setAside: (index: number, until: Instant, usedBy: string | undefined) => void;
  /**
   * A lease of somebody else that lasts longer than `upTo` and names no address: any that nobody is known to have may be
   * its. Undefined: there is none.
   */
  readonly strayFor: (mac: MacAddress, upTo: Instant) => string | undefined;
  /** Grows with each change. */
  readonly version: () => number;
  /** What nobody has a right to, of the indices below `count`; the same list until something changes. */
  readonly free: (count: number, upTo: Instant) => FreeIndices;
  readonly entries: () => ReadonlyMap<string, Lease>;
  readonly encode: () => Uint8Array;
};

export type FreeIndices = {
  /** Ascending; no more than `neverUsedMax`. */
  readonly neverUsed: readonly number[];
  /** The one whose lease ended longest ago first. */
  readonly ended: readonly number[];
};

export const leasePrefix = 'lease-usages/';

/** Enough to choose from, however large the range is. */
const neverUsedMax = 16_384;

export function leaseKey(range: LeaseRange): string {
  return leasePrefix + formatIpv4(range.first);
}

export function leasedAddress(range: LeaseRange, index: number): Ipv4 {
  return addToIpv4(range.first, index);
}

/** Undefined for an address outside the range. */
export function leaseIndexOf(range: LeaseRange, address: Ipv4): number | undefined {
  const index = address - range.first;
  return index >= 0 && index < range.count ? index : undefined;
}

/** The hardware address that stands for a declined index: ff:00 and the index as 32 bits, as Sabakan has it. */
export function declinedMac(index: number): MacAddress {
  const octets = new Uint8Array(6);
  octets[0] = 0xff;
  new DataView(octets.buffer).setUint32(2, index);
  return macFromBytes(octets);
}

/** Whether a name in a table is that of a declined index: no machine has a group's number. */
export function isDeclined(name: string, index: number): boolean {
  return name.startsWith(declinedStart) && name === declinedMac(index);
}

const declinedStart = 'ff:00:';

/**
 * @param stored the value under `leaseKey`, undefined when there is none.
 * @returns the reason when it is no lease table: then nothing may be lent from the range, and it is not overwritten.
 */
export function openLeaseTable(stored: Uint8Array | undefined): Result<LeaseTable, string> {
  const parsed = stored === undefined ? ok(noRows) : parseRows(stored);
  return parsed.ok ? ok(workingCopy(parsed.value)) : parsed;
}

function workingCopy(parsed: LeaseRows): LeaseTable {
  const rows = new Map(parsed.rows);
  let { strays } = parsed;
  const holders = new Map<number, string>();
  for (const [mac, { index, expiresAt }] of rows) {
    const rival = rows.get(holders.get(index) ?? '');
    // Two rows of one index are damage; the one that lasts longer is safe to believe.
    if (rival === undefined || rival.expiresAt < expiresAt) holders.set(index, mac);
  }
  let version = 0;
  let free: (FreeIndices & KnownFor) | undefined;
  const forget = (mac: string): void => {
    const row = rows.get(mac);
    rows.delete(mac);
    if (row !== undefined && holders.get(row.index) === mac) holders.delete(row.index);
  };
  const put = (mac: string, row: Row): void => {
    forget(mac);
    // It has an address now, and with it left whichever it had.
    if (strays.size > 0) strays = new Map([...strays].filter(([name]) => !isNameOf(name, mac)));
    const holder = holders.get(row.index);
    if (holder !== undefined) forget(holder);
    rows.set(mac, row);
    holders.set(row.index, mac);
    version += 1;
    free = undefined;
  };
  const strayFor: LeaseTable['strayFor'] = (mac, upTo) => {
    for (const [name, { end }] of strays) {
      if (end > upTo && !isNameOf(name, mac)) return name;
    }
    return undefined;
  };
  return {
    leaseOf: (mac) => rows.get(mac),
    holderOf: (index) => holders.get(index) as MacAddress | undefined,
    isFreeFor: (mac, index, upTo) => {
      const holder = holders.get(index);
      const row = rows.get(holder ?? '');
      if (row !== undefined && holder === mac) return true;
      return (row === undefined || row.expiresAt <= upTo) && strayFor(mac, upTo) === undefined;
    },
    strayFor,
    grant: (mac, index, expiresAt) => put(mac, rowOf(index, expiresAt)),
    release: (mac, now) => {
      const row = rows.get(mac);
      if (row !== undefined) put(mac, rowOf(row.index, addMs(now, -reuseMarginMs)));
    },
    decline: (mac) => {
      const row = rows.get(mac);
      if (row === undefined) return;
      forget(mac);
      put(declinedMac(row.index), row);
    },
    setAside: (index, until, usedBy) => put(declinedMac(index), rowOf(index, until, usedBy)),
    version: () => version,
    free: (count, upTo) => {
      if (free?.count !== count || upTo < free.upTo || upTo >= free.nextEnd) {
        const nextEnd = nextEndAfter(rows, upTo);
        free = { ...freeIndices(rows, holders, count, upTo), count, upTo, nextEnd };
      }
      return free;
    },
    entries: () => rows,
    encode: () => encodeRows({ rows, strays, foreign: parsed.foreign }),
  };
}

/** A row that was not written by DHCP may have another spelling of it. */
function isNameOf(name: string, mac: string): boolean {
  if (name === mac) return true;
  const parsed = parseMac(name);
  return parsed.ok && parsed.value === mac;
}

/** What a list of free indices was made for, and when the next lease ends, which makes it another list. */
type KnownFor = { readonly count: number; readonly upTo: Instant; readonly nextEnd: Instant };

function nextEndAfter(rows: ReadonlyMap<string, Row>, upTo: Instant): Instant {
  let next = never;
  for (const { expiresAt } of rows.values()) {
    if (expiresAt > upTo && expiresAt < next) next = expiresAt;
  }
  return next;
}

function freeIndices(
  rows: ReadonlyMap<string, Row>,
  holders: ReadonlyMap<number, string>,
  count: number,
  upTo: Instant,
): FreeIndices {
  const neverUsed: number[] = [];
  for (let index = 0; index < count && neverUsed.length < neverUsedMax; index += 1) {
    if (!holders.has(index)) neverUsed.push(index);
  }
  const ended = [...rows]
    .filter(
      ([mac, row]) => row.index < count && holders.get(row.index) === mac && row.expiresAt <= upTo,
    )
    .sort(([, a], [, b]) => a.expiresAt - b.expiresAt)
    .map(([, { index }]) => index);
  return { neverUsed, ended };
}
