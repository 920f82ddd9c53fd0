/** Reading the audit log back by whole UTC days. */

import { compareKeys } from '../../base/key-order.ts';
import { ok, type Result } from '../../base/result.ts';
import { compareRevisions, type Entry, type Store, type StoreProblem } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import { type AuditRecord, readAuditRecord } from '../audit.ts';
import { keys } from '../keys.ts';
import { daysToRead } from './audit-days.ts';

/**
 * A page for each day that has records, ascending by day, then revision, then key; a problem is the last page.
 *
 * @param since inclusive, as YYYYMMDD; absent: from the beginning.
 * @param until exclusive; absent: to the end.
 */
export async function* auditPages(
  store: Pick<Store, 'list'>,
  since: string | undefined,
  until: string | undefined,
  now: Instant,
): AsyncGenerator<Result<readonly AuditRecord[], StoreProblem>> {
  for (const prefix of daysToRead(since, until, now)) {
    const listing = await store.list(prefix);
    if (!listing.ok) {
      yield listing;
      return;
    }
    const records = listing.value.entries
      .filter((entry) => isInDays(entry.key, since, until))
      .sort(inOrder)
      .map(readAuditRecord)
      .filter((record) => record !== undefined);
    if (records.length > 0) yield ok(records);
  }
}

/** All pages in one list. */
export async function readAuditLog(
  pages: AsyncIterable<Result<readonly AuditRecord[], StoreProblem>>,
): Promise<Result<readonly AuditRecord[], StoreProblem>> {
  const all: AuditRecord[] = [];
  for await (const page of pages) {
    if (!page.ok) return page;
    for (const record of page.value) all.push(record);
  }
  return ok(all);
}

/** Sabakan's order is that of its keys: the day, then the revision. Ours of one revision are in order by their keys. */
function inOrder(a: Entry, b: Entry): number {
  return (
    compareKeys(dayIn(a.key), dayIn(b.key)) ||
    compareRevisions(a.modRevision, b.modRevision) ||
    compareKeys(a.key, b.key)
  );
}

/** `audit/YYYYMMDD/…`: the day is compared as text. */
function isInDays(key: string, since: string | undefined, until: string | undefined): boolean {
  const day = dayIn(key);
  return (since === undefined || day >= since) && (until === undefined || day < until);
}

function dayIn(key: string): string {
  return key.slice(keys.audit.length, keys.audit.length + 8);
}
