/** Reading the audit log back by whole UTC days. */

import { compareKeys } from '../../base/key-order.ts';
import { ok, type Result } from '../../base/result.ts';
import { compareRevisions, type Entry, type Store, type StoreProblem } from '../../base/store.ts';
import { addMs, type Instant, instant } from '../../base/time.ts';
import { type AuditRecord, dayOf, readAuditRecord } from '../audit.ts';
import { keys } from '../keys.ts';

export const dayMs = 86_400_000;
/** Longer spans are read in one listing; shorter ones day by day, without what lies around them. */
const daysReadSinglyMax = 14;

/** `since` inclusive, `until` exclusive, as YYYYMMDD; absent: unbounded. Ascending by day, then revision, then key. */
export async function readAuditLog(
  store: Pick<Store, 'list'>,
  since: string | undefined,
  until: string | undefined,
  now: Instant,
): Promise<Result<readonly AuditRecord[], StoreProblem>> {
  const entries: Entry[] = [];
  for (const prefix of prefixesOf(since, until, now)) {
    const listing = await store.list(prefix);
    if (!listing.ok) return listing;
    for (const entry of listing.value.entries) {
      if (isInDays(entry.key, since, until)) entries.push(entry);
    }
  }
  return ok(
    entries
      .sort(inOrder)
      .map(readAuditRecord)
      .filter((record) => record !== undefined),
  );
}

/** Sabakan's order is that of its keys: the day, then the revision. Ours of one revision are in order by their keys. */
function inOrder(a: Entry, b: Entry): number {
  return (
    compareKeys(dayIn(a.key), dayIn(b.key)) ||
    compareRevisions(a.modRevision, b.modRevision) ||
    compareKeys(a.key, b.key)
  );
}

/** The days from `first` to `end` (exclusive) as YYYYMMDD. */
function daysBetween(first: Instant, end: Instant): readonly string[] {
  const days: string[] = [];
  for (let at = first - (first % dayMs); at < end; at += dayMs) days.push(dayOf(instant(at)));
  return days;
}

function prefixesOf(
  since: string | undefined,
  until: string | undefined,
  now: Instant,
): readonly string[] {
  const first = since === undefined ? undefined : startOf(since);
  if (first === undefined) return [keys.audit];
  // A clock that runs ahead of ours may have written tomorrow's day already.
  const end = (until === undefined ? undefined : startOf(until)) ?? addMs(now, 2 * dayMs);
  if (end - first > daysReadSinglyMax * dayMs) return [keys.audit];
  return daysBetween(first, end).map(keys.auditDay);
}

/** Undefined where it is no day; text is compared all the same. */
function startOf(day: string): Instant | undefined {
  const at = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}T00:00:00Z`);
  // JavaScript takes 31 February for a day of March.
  return Number.isNaN(at) || dayOf(instant(at)) !== day ? undefined : instant(at);
}

/** `audit/YYYYMMDD/…`: the day is compared as text. */
function isInDays(key: string, since: string | undefined, until: string | undefined): boolean {
  const day = dayIn(key);
  return (since === undefined || day >= since) && (until === undefined || day < until);
}

function dayIn(key: string): string {
  return key.slice(keys.audit.length, keys.audit.length + 8);
}
