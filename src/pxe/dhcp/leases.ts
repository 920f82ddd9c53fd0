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
import { isJsonObject, type JsonObject, parseExactJson } from '../../base/exact-json.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { addMs, formatInstant, type Instant, instant, readInstant } from '../../base/time.ts';
import type { LeaseRange } from '../../inventory/ipam.ts';
import { reuseMarginMs } from './reuse.ts';

export type Lease = {
  readonly index: number;
  readonly expiresAt: Instant;
  /** Of an address that was set aside: the hardware address of who answered for it, where that is known. */
  readonly usedBy?: string;
};

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

/** What etcd takes in one request by default, with room for the rest of it. */
const tableBytesMax = 1_400_000;
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

type Row = Lease & {
  /**
   * As a member of JSON under that name, made when it is needed and then kept: a table is written far more often than
   * one of its rows changes.
   */
  readonly memberAt: (name: string) => Uint8Array;
};
type Parsed = {
  readonly rows: ReadonlyMap<string, Row>;
  readonly foreign: Foreign;
  readonly strays: ReadonlyMap<string, Stray>;
};
/** Members that are no leases, kept word for word: as text of JSON, in UTF-8. */
type Foreign = readonly Uint8Array[];
/** A lease but for its index, kept in the same way. */
type Stray = { readonly end: Instant; readonly member: Uint8Array };

/**
 * @param stored the value under `leaseKey`, undefined when there is none.
 * @returns the reason when it is no lease table: then nothing may be lent from the range, and it is not overwritten.
 */
export function openLeaseTable(stored: Uint8Array | undefined): Result<LeaseTable, string> {
  const parsed = stored === undefined ? ok(emptyTable) : parseTable(stored);
  return parsed.ok ? ok(workingCopy(parsed.value)) : parsed;
}

/**
 * The rows of a table by hardware address, without a working copy: for those who only look. The same map for the same
 * bytes.
 */
export function leaseRows(stored: Uint8Array): Result<ReadonlyMap<string, Lease>, string> {
  const parsed = parseTable(stored);
  return parsed.ok ? ok(parsed.value.rows) : parsed;
}

/**
 * Rows that are leases but for an index, by name, with their ends: somebody may use an address, and nobody knows which.
 * (Sabakan 3.1.9 reads such a row as index 0.)
 */
export function strayRows(
  stored: Uint8Array,
): Result<ReadonlyMap<string, { readonly end: Instant }>, string> {
  const parsed = parseTable(stored);
  return parsed.ok ? ok(parsed.value.strays) : parsed;
}

const emptyTable: Parsed = { rows: new Map(), foreign: [], strays: new Map() };

/** Tables by their stored bytes: a busy range is decided on many times per change. */
const parsedTables = new WeakMap<Uint8Array, Parsed>();

function parseTable(stored: Uint8Array): Result<Parsed, string> {
  const known = parsedTables.get(stored);
  if (known !== undefined) return ok(known);
  if (stored.length > tableBytesMax) return fail(`the lease table has ${stored.length} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(stored));
  } catch {
    return fail('the lease table is not JSON');
  }
  if (json !== null && (typeof json !== 'object' || Array.isArray(json))) {
    return fail('the lease table is not a JSON object');
  }
  const rows = new Map<string, Row>();
  const foreign: Uint8Array[] = [];
  const strays = new Map<string, Stray>();
  let exact: JsonObject | undefined;
  for (const [name, member] of Object.entries(json ?? {})) {
    const row = parseRow(member);
    if (row !== undefined) {
      rows.set(name, row);
      continue;
    }
    // Rarely there is one: its numbers may be longer than ours.
    exact ??= exactMembers(stored);
    const end = strayEnd(name, member);
    const kept = memberOf(name, exact[name]);
    if (end === undefined) foreign.push(kept);
    else strays.set(name, { end, member: kept });
  }
  const parsed: Parsed = { rows, foreign, strays };
  parsedTables.set(stored, parsed);
  return ok(parsed);
}

function exactMembers(stored: Uint8Array): JsonObject {
  const json = parseExactJson(stored);
  return isJsonObject(json) ? json : {};
}

/** A row with an index but without a readable time never expires: its owner may still use the address. */
function parseRow(json: unknown): Row | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { index, lease, usedBy } = json as Readonly<Record<'index' | 'lease' | 'usedBy', unknown>>;
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return undefined;
  const expiresAt = (typeof lease === 'string' ? readInstant(lease) : undefined) ?? never;
  return new KeptRow({
    index,
    expiresAt,
    ...(typeof usedBy === 'string' ? { usedBy } : {}),
    json,
  });
}

const hardwareAddress = /^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5,}$/i;

/** Undefined: no lease. A null is an empty row to Go, whose time is long over. */
function strayEnd(name: string, json: unknown): Instant | undefined {
  if (json === null) return undefined;
  const isRow = typeof json === 'object' && ('index' in json || 'lease' in json);
  if (!isRow && !hardwareAddress.test(name)) return undefined;
  const lease = isRow && 'lease' in json ? json.lease : undefined;
  return (typeof lease === 'string' ? readInstant(lease) : undefined) ?? never;
}

/** Most rows that are read are looked at and not written: their text is made when it is needed. */
class KeptRow implements Row {
  readonly index: number;
  readonly expiresAt: Instant;
  declare readonly usedBy?: string;
  readonly #json: unknown;
  #name = '';
  #member: Uint8Array | undefined;

  constructor({ index, expiresAt, usedBy, json }: Lease & { readonly json: unknown }) {
    this.index = index;
    this.expiresAt = expiresAt;
    if (usedBy !== undefined) this.usedBy = usedBy;
    this.#json = json;
  }

  memberAt(name: string): Uint8Array {
    if (this.#member === undefined || this.#name !== name) {
      this.#name = name;
      this.#member = memberOf(name, this.#json);
    }
    return this.#member;
  }
}

const never = instant(Number.POSITIVE_INFINITY);

function workingCopy(parsed: Parsed): LeaseTable {
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
    const others = [...strays].filter(([name]) => !isNameOf(name, mac));
    if (others.length < strays.size) strays = new Map(others);
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
    encode: () => {
      const members = [...parsed.foreign];
      for (const { member } of strays.values()) members.push(member);
      for (const [mac, row] of rows) members.push(row.memberAt(mac));
      return objectOf(members);
    },
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

const encoder = new TextEncoder();

/** By hand, since a member named __proto__ would not survive a plain object. */
function memberOf(name: string, value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
}

/** Octets put together: as text, a table would be made and then translated anew for each of its leases. */
function objectOf(members: readonly Uint8Array[]): Uint8Array {
  const commas = Math.max(0, members.length - 1);
  const bytes = new Uint8Array(members.reduce((sum, { length }) => sum + length, 2 + commas));
  bytes[0] = openingBrace;
  let at = 1;
  for (const member of members) {
    if (at > 1) {
      bytes[at] = comma;
      at += 1;
    }
    bytes.set(member, at);
    at += member.length;
  }
  bytes[at] = closingBrace;
  return bytes;
}

const openingBrace = 0x7b;
const closingBrace = 0x7d;
const comma = 0x2c;

function rowOf(index: number, expiresAt: Instant, usedBy?: string): Row {
  const user = usedBy === undefined ? {} : { usedBy };
  const json = { index, lease: formatInstant(expiresAt), ...user };
  return new KeptRow({ index, expiresAt, ...user, json });
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
