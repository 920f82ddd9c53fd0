/** The audit log for those who look at it: pages from the newest record back, one record, and news of those that come. */

import type { Freshness } from '../base/mirror.ts';
import { ok, type Result } from '../base/result.ts';
import {
  absent,
  type Entry,
  type Revision,
  type StoreProblem,
  type Watching,
} from '../base/store.ts';
import { type Instant, instantOf, parseRfc3339 } from '../base/time.ts';
import type { World } from '../base/world.ts';
import { type AuditRecord, dayOf, readAuditRecord } from './audit.ts';
import { piecesBack } from './desk/audit-walk.ts';
import { keys } from './keys.ts';

export type AuditEvent = {
  /** `YYYYMMDD-` and 16 hex digits: ascending in time, but for records that Sabakan wrote. */
  readonly id: string;
  readonly revision: Revision;
  readonly record: AuditRecord;
};

export type AuditQuery = {
  readonly matches: (event: AuditEvent) => boolean;
  readonly since: Instant | undefined;
  readonly until: Instant | undefined;
  /** Records before this one alone. */
  readonly before: string | undefined;
  readonly limit: number;
};

export type AuditPage = {
  /** Newest first; may be fewer than the limit though more follow. */
  readonly events: readonly AuditEvent[];
  /** Where to go on: older records than this one; undefined: there are none. */
  readonly next: string | undefined;
};

export type AuditNews =
  | {
      readonly kind: 'changed';
      readonly revision: Revision;
      readonly events: readonly AuditEvent[];
    }
  | { readonly kind: 'listed' };

export type AuditEvents = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** No record up to here is missing from the news. */
  readonly completeTo: () => Revision;
  readonly subscribe: (listener: (news: AuditNews) => void) => () => void;
  readonly page: (query: AuditQuery) => Promise<Result<AuditPage, StoreProblem>>;
  readonly find: (id: string) => Promise<Result<AuditEvent | undefined, StoreProblem>>;
};

/** Reads of the store for one page, most of them of nothing: a day in which little happened has 83 pieces. */
const readsMax = 800;
/** At once, of pieces that are probably empty. */
const readsAtOnce = 4;
const relistPauseMs = 1_000;

export function createAuditEvents({
  clock,
  log,
  store,
}: Pick<World, 'clock' | 'log' | 'store'>): AuditEvents {
  const listeners = new Set<(news: AuditNews) => void>();
  /** Days that are over and known to hold nothing; none is ever written to again but by a wrong clock. */
  const emptyDays = new Set<string>();
  let revision: Revision = absent;
  let freshness: Freshness = { kind: 'loading' };
  let watching: Watching | undefined;
  let stopped = false;
  let cancel = () => {};

  const tell = (news: AuditNews): void => {
    for (const listener of [...listeners]) listener(news);
  };

  const follow = async (): Promise<Result<void, StoreProblem>> => {
    const here = await store.get([]);
    if (!here.ok || stopped) return here.ok ? ok(undefined) : here;
    revision = here.value.revision;
    freshness = { kind: 'live' };
    watching = store.watch(keys.audit, revision, (news) => {
      if (stopped) return;
      if (news.kind === 'behind') {
        freshness = { kind: 'behind', silentMs: news.silentMs, text: news.text };
        return;
      }
      if (news.kind === 'compacted') {
        freshness = { kind: 'behind', silentMs: 0, text: 'the history was compacted while away' };
        again();
        return;
      }
      freshness = { kind: 'live' };
      revision = news.revision;
      if (news.kind !== 'events') return;
      const came = news.events.flatMap((event) =>
        event.kind === 'put' ? (eventOf(event.entry) ?? []) : [],
      );
      for (const [at, events] of Map.groupBy(came, (event) => event.revision)) {
        tell({ kind: 'changed', revision: at, events });
      }
    });
    return ok(undefined);
  };

  const again = (): void => {
    void follow().then((followed) => {
      if (stopped) return;
      if (followed.ok) return tell({ kind: 'listed' });
      log.warn('the audit log is not followed', { why: followed.error.text });
      cancel = clock.after(relistPauseMs, again);
    });
  };

  const page: AuditEvents['page'] = async ({ matches, since, until, before, limit }) => {
    const now = clock.now();
    const from = before === undefined ? until : timeOf(before);
    const events: AuditEvent[] = [];
    const pieces = [...piecesBack(since, from ?? until, now)].filter(
      ({ day }) => !emptyDays.has(day),
    );
    const isMeant = (event: AuditEvent): boolean =>
      (before === undefined || event.id < before) &&
      isWithin(event.record, since, until) &&
      matches(event);
    let foundInDay = false;
    let day = '';
    for (let at = 0; at < pieces.length; at += readsAtOnce) {
      const some = pieces.slice(at, at + readsAtOnce);
      const listings = await Promise.all(some.map(({ prefix }) => store.list(prefix)));
      for (const [of, piece] of some.entries()) {
        const listing = listings[of];
        if (listing === undefined) continue;
        if (!listing.ok) return listing;
        if (piece.day !== day) foundInDay = false;
        day = piece.day;
        const { entries } = listing.value;
        if (entries.length > 0) foundInDay = true;
        // The last piece of a day that was read from its beginning to its end.
        const isWhole = before === undefined || !before.startsWith(day);
        const isEnd = piece.prefix.endsWith('/0');
        if (
          isEnd &&
          !foundInDay &&
          isWhole &&
          day < dayOf(now) &&
          since === undefined &&
          until === undefined
        ) {
          emptyDays.add(day);
        }
        for (const entry of entries.toReversed()) {
          const event = eventOf(entry);
          if (event === undefined || !isMeant(event)) continue;
          if (events.length === limit) return ok({ events, next: events.at(-1)?.id });
          events.push(event);
        }
      }
      const last = some.at(-1);
      if (at + readsAtOnce >= readsMax && last !== undefined && at + readsAtOnce < pieces.length) {
        return ok({ events, next: endOf(last.prefix) });
      }
    }
    return ok({ events, next: undefined });
  };

  return {
    start: async () => {
      stopped = false;
      return follow();
    },
    stop: () => {
      stopped = true;
      cancel();
      watching?.stop();
    },
    freshness: () => freshness,
    completeTo: () => revision,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    page,
    find: async (id) => {
      if (!isEventId(id)) return ok(undefined);
      const found = await store.get([keys.audit + id.replace('-', '/')]);
      if (!found.ok) return found;
      const [entry] = found.value.entries;
      return ok(entry && eventOf(entry));
    },
  };
}

export function isEventId(text: string): boolean {
  return /^\d{8}-[0-9a-f]{16}$/.test(text);
}

function eventOf(entry: Entry): AuditEvent | undefined {
  const id = entry.key.slice(keys.audit.length).replace('/', '-');
  const record = isEventId(id) ? readAuditRecord(entry) : undefined;
  return record && { id, revision: entry.modRevision, record };
}

/** Records that Sabakan wrote begin with 0: whatever the time of theirs, the rest of the day lies before them. */
function timeOf(id: string): Instant | undefined {
  const [day = '', digits = ''] = id.split('-');
  const start = parseRfc3339(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);
  if (!start.ok) return undefined;
  const at = Number.parseInt(digits.slice(0, 11), 16);
  return (digits.startsWith('0') ? instantOf(start.value) : at) as Instant;
}

/** An id that comes before all of a piece and after all that is older. */
function endOf(prefix: string): string {
  const [day = '', digits = ''] = prefix.slice(keys.audit.length).split('/');
  return `${day}-${digits.padEnd(16, '0')}`;
}

function isWithin(
  { ts }: AuditRecord,
  since: Instant | undefined,
  until: Instant | undefined,
): boolean {
  if (since === undefined && until === undefined) return true;
  const time = parseRfc3339(ts);
  if (!time.ok) return true;
  const at = instantOf(time.value);
  return (since === undefined || at >= since) && (until === undefined || at < until);
}
