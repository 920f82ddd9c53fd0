/** Old days of the audit log go: each server looks soon after its start and then hourly, a time in the store lets one do it once a day. */

import { ok, type Result } from '../../base/result.ts';
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
import { dayMs, prefixesBefore } from './audit-days.ts';

/** Sabakan's: a record is kept for 60 days and the rest of its own. */
const keptDays = 60;
const checkEveryMs = 3_600_000;
/** A server that never runs for an hour looks, too. */
const firstCheckMs = 10_000;
const compactEveryMs = 23 * 3_600_000;

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
    // A time far ahead was left by a clock that ran wild; waiting for it would keep old records for years.
    const ageMs = last === undefined ? compactEveryMs : msBetween(last, now);
    if (Math.abs(ageMs) < compactEveryMs) return ok(0);
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
    if (claimed.value.kind === 'moved' || last === undefined || ageMs < 0) return ok(0);
    return deleteOld(now);
  };

  const deleteOld = async (now: Instant): Promise<Result<number, StoreProblem>> => {
    let deleted = 0;
    for (const prefix of prefixesBefore(dayOf(addMs(now, -keptDays * dayMs)))) {
      const listing = await store.list(prefix);
      if (!listing.ok) return listing;
      const old = listing.value.entries;
      for (let at = 0; at < old.length; at += store.writesMax) {
        const writes = old
          .slice(at, at + store.writesMax)
          .map(({ key }) => ({ kind: 'delete', key }) as const);
        const done = await store.commit([], writes);
        if (!done.ok) return done;
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
      cancel = clock.after(firstCheckMs, () => void loop());
    },
    stop: () => {
      stopped = true;
      cancel();
    },
  };
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
