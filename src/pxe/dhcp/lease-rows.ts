/**
 * The rows of a lease table as they are stored: a JSON object from hardware address to `{"index": n, "lease": "<expiry>"}`
 * (Sabakan's form). What another program wrote and we do not understand is kept word for word.
 */

import { isJsonObject, type JsonObject, parseExactJson } from '../../base/exact-json.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { formatInstant, type Instant, instant, readInstant } from '../../base/time.ts';

export type Lease = {
  readonly index: number;
  readonly expiresAt: Instant;
  /** Of an address that was set aside: the hardware address of who answered for it, where that is known. */
  readonly usedBy?: string;
};

export type Row = Lease & {
  /**
   * As a member of JSON under that name, made when it is needed and then kept: a table is written far more often than
   * one of its rows changes.
   */
  readonly memberAt: (name: string) => Uint8Array;
};
export type LeaseRows = {
  readonly rows: ReadonlyMap<string, Row>;
  readonly foreign: Foreign;
  readonly strays: ReadonlyMap<string, Stray>;
};
/** Members that are no leases, kept word for word: as text of JSON, in UTF-8. */
type Foreign = readonly Uint8Array[];
/** A lease but for its index, kept in the same way. */
export type Stray = { readonly end: Instant; readonly member: Uint8Array };

/** What etcd takes in one request by default, with room for the rest of it. */
const tableBytesMax = 1_400_000;

export const never = instant(Number.POSITIVE_INFINITY);

/**
 * The rows of a table by hardware address, without a working copy: for those who only look. The same map for the same
 * bytes.
 */
export function leaseRows(stored: Uint8Array): Result<ReadonlyMap<string, Lease>, string> {
  const parsed = parseRows(stored);
  return parsed.ok ? ok(parsed.value.rows) : parsed;
}

/**
 * Rows that are leases but for an index, by name, with their ends: somebody may use an address, and nobody knows which.
 * (Sabakan 3.1.9 reads such a row as index 0.)
 */
export function strayRows(
  stored: Uint8Array,
): Result<ReadonlyMap<string, { readonly end: Instant }>, string> {
  const parsed = parseRows(stored);
  return parsed.ok ? ok(parsed.value.strays) : parsed;
}

export const noRows: LeaseRows = { rows: new Map(), foreign: [], strays: new Map() };

/** Tables by their stored bytes: a busy range is decided on many times per change. */
const parsedTables = new WeakMap<Uint8Array, LeaseRows>();

/** @returns the reason when it is no lease table; the same rows for the same bytes */
export function parseRows(stored: Uint8Array): Result<LeaseRows, string> {
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
  const parsed: LeaseRows = { rows, foreign, strays };
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

const encoder = new TextEncoder();

/** By hand, since a member named __proto__ would not survive a plain object. */
function memberOf(name: string, value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
}

export function encodeRows({ rows, strays, foreign }: LeaseRows): Uint8Array {
  const members = [...foreign];
  for (const { member } of strays.values()) members.push(member);
  for (const [mac, row] of rows) members.push(row.memberAt(mac));
  return objectOf(members);
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

export function rowOf(index: number, expiresAt: Instant, usedBy?: string): Row {
  const user = usedBy === undefined ? {} : { usedBy };
  const json = { index, lease: formatInstant(expiresAt), ...user };
  return new KeptRow({ index, expiresAt, ...user, json });
}
