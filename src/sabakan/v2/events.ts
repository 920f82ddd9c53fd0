/** The events of version 2. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import { type Instant, instantOf, parseRfc3339 } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import { type AuditEvent, type AuditEvents, isEventId } from '../../inventory/audit-events.ts';
import type { eventColumns } from '../contract/columns.ts';
import {
  type EventV2,
  eventLimitDefault,
  eventLimitMax,
  getEvent,
  listEvents,
  watchEvents,
} from '../contract/event.ts';
import { badRequest, type Place, placesText } from '../problems.ts';
import { whySilent } from '../whole-truth.ts';
import type { ApiPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { json } from './collection-endpoints.ts';
import type { Refusal } from './endpoint.ts';
import { createJournal } from './journal.ts';
import { createWatchHub } from './watch.ts';
import { watchEndpoint } from './watch-endpoint.ts';

export type EventPartDeps = { readonly clock: Clock; readonly events: AuditEvents };

const columns: Readonly<Record<keyof typeof eventColumns, Omit<Column<AuditEvent>, 'name'>>> = {
  category: { text: ({ record }) => record.category },
  instance: { text: ({ record }) => record.instance },
  user: { text: ({ record }) => record.user },
  action: { text: ({ record }) => record.action },
};

export function eventPart({ clock, events }: EventPartDeps): ApiPart {
  const collection = eventNews(events);
  const hub = createWatchHub(collection, createJournal(collection, clock), clock);
  return {
    endpoints: [
      {
        operation: listEvents,
        handle: async ({ query }) => {
          const asked = readQuery(query);
          if (!asked.ok) return asked;
          // Before the page is read: what comes meanwhile is in the watch.
          const revision = events.completeTo();
          const page = await events.page(asked.value);
          if (!page.ok) return fail({ problem: page.error });
          const { next } = page.value;
          const items = page.value.events.map(eventJson);
          return ok(json({ items, revision, next: next ?? null }));
        },
      },
      {
        operation: getEvent,
        handle: async ({ parameters }) => {
          const id = parameters.get('id') ?? '';
          const found = await events.find(id);
          if (!found.ok) return fail({ problem: found.error });
          if (found.value !== undefined) {
            const etag = `"${found.value.revision}"`;
            return ok(json(eventJson(found.value), { etag }));
          }
          const text = `no event has the id ${JSON.stringify(id.slice(0, 40))}; they are kept for 60 days`;
          return fail({ problem: { kind: 'not-found', text } });
        },
      },
      watchEndpoint(watchEvents, collection, hub),
    ],
    hub,
  };
}

/** Of the log only what comes: nobody holds 60 days of it in memory. */
function eventNews(events: AuditEvents): Collection<AuditEvent> {
  return {
    noun: 'events',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    nameOf: ({ id }) => id,
    toJson: eventJson,
    revisionOf: ({ revision }) => revision,
    snapshot: () => {
      const doubt = whySilent(events, 'the audit log');
      const completeTo: Revision = events.completeTo();
      return doubt === undefined ? ok({ changed: completeTo, completeTo, items: [] }) : fail(doubt);
    },
    find: () => ok(undefined),
    completeTo: events.completeTo,
    subscribe: (listener) =>
      events.subscribe((news) => {
        if (news.kind === 'listed') return listener(news);
        const changes = news.events.map((event) => ({
          name: event.id,
          before: undefined,
          after: event,
        }));
        listener({ kind: 'changed', revision: news.revision, changes });
      }),
  };
}

function eventJson({ id, revision, record }: AuditEvent): EventV2 {
  const { ts, rev: _, ...rest } = record;
  return { id, revision, at: ts, ...rest };
}

function readQuery(query: ReadonlyMap<string, string>) {
  const places: Place[] = [];
  const time = (parameter: string): Instant | undefined => {
    const text = query.get(parameter);
    if (text === undefined) return undefined;
    const parsed = parseRfc3339(text);
    if (parsed.ok) return instantOf(parsed.value);
    places.push({ parameter, detail: parsed.error });
    return undefined;
  };
  const [since, until] = [time('since'), time('until')];
  const limit = Number(query.get('limit') ?? eventLimitDefault);
  if (limit > eventLimitMax) {
    places.push({ parameter: 'limit', detail: `is ${limit}, at most ${eventLimitMax}` });
  }
  const before = query.get('cursor');
  if (before !== undefined && !isEventId(before)) {
    const detail = 'is no cursor of this list: pass on `next` of the page before, as it is';
    places.push({ parameter: 'cursor', detail });
  }
  if (places.length > 0) return refused(places);
  return ok({ since, until, limit, before, matches: matcher(query) });
}

function matcher(query: ReadonlyMap<string, string>): (event: AuditEvent) => boolean {
  const machine = query.get('machine');
  const wanted = (['category', 'instance', 'user', 'action'] as const).flatMap((name) => {
    const value = query.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return ({ record }) =>
    wanted.every(([name, value]) => record[name] === value) &&
    (machine === undefined ||
      (record.instance === machine && machineCategories.includes(record.category)));
}

const machineCategories: readonly string[] = ['machines', 'crypts'];

function refused(places: readonly Place[]): Result<never, Refusal> {
  return fail({ problem: badRequest(placesText(places)), places });
}
