/** Old days of the audit log go: each server looks hourly, a time in the store lets one of them do it once a day. */

import { fail, ok, type Result } from '../../base/result.ts';
import { absent, type Store, type StoreProblem } from '../../base/store.ts';
import {
  addMs,
  formatInstant,
  type Instant,
  instantOf,
  msBetween,
  parseRfc3339,
} from '../../base/time.ts';
import type { World } from '../../base/world.ts';
import { dayOf } from '../audit.ts';
import { keys } from '../keys.ts';
import { dayMs, daysBetween } from './audit-log.ts';

/** Sabakan's: a record is kept for 60 days and the rest of its own. */
const keptDays = 60;
const checkEveryMs = 3_600_000;
const compactEveryMs = 23 * 3_600_000;
/** Days before the last compaction that are looked at again, for one that was cut short. */
const lookBackDays = 30;
/** After a longer pause everything that is there is listed instead. */
const daysReadSinglyMax = 400;

export type AuditRetention = {
  readonly start: () => void;
  readonly stop: () => void;
  /** One check now; resolves with the number of records deleted. */
  readonly check: () => Promise<Result<number, StoreProblem>>;
};

export function createAuditRetention(
  world: Pick<World, 'clock' | 'log'> & { readonly store: Store },
): AuditRetention {
  const { clock, log, store } = world;
  let cancel = () => {};
  let stopped = true;

  const check = async (): Promise<Result<number, StoreProblem>> => {
    const now = clock.now();
    const found = await store.get([keys.auditCompacted]);
    if (!found.ok) return found;
    const [entry] = found.value.entries;
    const last = entry === undefined ? undefined : lastCompaction(entry.value);
    if (last !== undefined && msBetween(last, now) < compactEveryMs) return ok(0);
    const claimed = await store.commit(
      [
        {
          kind: 'unmoved',
          key: keys.auditCompacted,
          modRevision: entry?.modRevision ?? absent,
        },
      ],
      [
        {
          kind: 'put',
          key: keys.auditCompacted,
          value: new TextEncoder().encode(JSON.stringify(formatInstant(now))),
        },
      ],
    );
    if (!claimed.ok) return claimed;
    // On the first check ever only the time is set, as Sabakan does.
    if (claimed.value.kind === 'moved' || last === undefined) return ok(0);
    return deleteDays(last, now);
  };

  const deleteDays = async (last: Instant, now: Instant): Promise<Result<number, StoreProblem>> => {
    let deleted = 0;
    const end = dayOf(oldestKept(now));
    for (const prefix of prefixesToClear(last, now)) {
      const listing = await store.list(prefix);
      if (!listing.ok) return listing;
      const old = listing.value.entries
        .map(({ key }) => key)
        .filter((key) => key.slice(keys.audit.length, keys.audit.length + 8) < end);
      for (let at = 0; at < old.length; at += store.writesMax) {
        const writes = old
          .slice(at, at + store.writesMax)
          .map((key) => ({ kind: 'delete', key }) as const);
        const done = await store.commit([], writes);
        if (!done.ok) return fail(done.error);
        deleted += writes.length;
      }
    }
    return ok(deleted);
  };

  const loop = async (): Promise<void> => {
    const result = await check();
    if (!result.ok) log.warn('old audit records were not deleted', { text: result.error.text });
    else if (result.value > 0) log.info('old audit records deleted', { records: result.value });
    if (!stopped) cancel = clock.after(checkEveryMs, () => void loop());
  };

  return {
    check,
    start: () => {
      stopped = false;
      cancel = clock.after(checkEveryMs, () => void loop());
    },
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}

/** Records of days before this instant's day go. */
function oldestKept(now: Instant): Instant {
  return addMs(now, -keptDays * dayMs);
}

function prefixesToClear(last: Instant, now: Instant): readonly string[] {
  const first = addMs(oldestKept(last), -lookBackDays * dayMs);
  const end = oldestKept(now);
  if (end - first > daysReadSinglyMax * dayMs) return [keys.audit];
  return daysBetween(first, addMs(end, -(end % dayMs))).map(keys.auditDay);
}

/** Undefined for something that is no time: then the count begins anew. */
function lastCompaction(value: Uint8Array): Instant | undefined {
  try {
    const time = parseRfc3339(String(JSON.parse(new TextDecoder().decode(value))));
    return time.ok ? instantOf(time.value) : undefined;
  } catch {
    return undefined;
  }
}
