/** What every collection is asked: lists in pages, and one object by its name. */

import { fail, ok } from '../../base/result.ts';
import { compareRevisions, type Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Operation } from '../contract/operation.ts';
import { emptyAnswer, textAnswer } from '../exchange.ts';
import type { Collection } from './collection.ts';
import { formatCursor } from './cursor.ts';
import type { Endpoint } from './endpoint.ts';
import { cut, schemaAt } from './fields.ts';
import type { Journal } from './journal.ts';
import { readFields, readListQuery } from './list-query.ts';
import { createListing } from './listing.ts';

const aheadMs = 2_000;
const lookAgainMs = 20;

/** @param journal what a cursor of another server, or of a list that was not kept, is told by. */
export function listEndpoint<T>(
  operation: Operation,
  collection: Collection<T>,
  clock: Clock,
  journal?: Journal<T>,
): Endpoint {
  const whole = createListing(collection, clock, journal);
  const readable =
    collection.readable && createListing(collection, clock, journal, collection.readable);
  /** A cursor that comes from another server may be ahead of this one for a moment. */
  const heardOf = async (revision: Revision): Promise<void> => {
    const untilMs = clock.monotonicMs() + aheadMs;
    while (compareRevisions(revision, collection.completeTo()) > 0) {
      if (clock.monotonicMs() >= untilMs) return;
      await new Promise<void>((go) => clock.after(lookAgainMs, go));
    }
  };
  const itemSchema = schemaAt(operation.answer.schema, 'items');
  return {
    operation,
    handle: async ({ query }) => {
      const asked = readListQuery(collection, query);
      if (!asked.ok) return asked;
      const fields = readFields(collection, itemSchema, query);
      if (!fields.ok) return fields;
      const keep = fields.value;
      const { list, limit, cursor } = asked.value;
      if (cursor !== undefined) await heardOf(cursor.changed);
      const isPartial = readable !== undefined && query.get('partial') === 'true';
      const page = (isPartial ? readable : whole).page(list, limit, cursor);
      if (!page.ok) return fail({ problem: page.error });
      const { items, completeTo, total, missing, next } = page.value;
      const now = clock.now();
      return ok(
        json({
          items: items.map((item) => {
            const whole = collection.toJson(item, now);
            return keep === undefined ? whole : cut(whole, keep);
          }),
          revision: completeTo,
          total,
          next: next === undefined ? null : formatCursor(next),
          ...(isPartial ? { missing: missing ?? [] } : {}),
        }),
      );
    },
  };
}

/** @param key the name of the path's parameter, or of several, with slashes between them. */
export function getEndpoint<T>(
  operation: Operation,
  collection: Collection<T>,
  key: string,
  clock: Clock,
): Endpoint {
  return {
    operation,
    handle: async ({ exchange, parameters }) => {
      const name = nameIn(parameters, key);
      const found = collection.find(name);
      if (!found.ok) return fail({ problem: found.error });
      if (found.value === undefined) {
        const text = `no object of ${collection.noun} has the ${key} ${name}; upper and lower case matter`;
        return fail({ problem: { kind: 'not-found', text } });
      }
      const etag = `"${collection.revisionOf(found.value)}"`;
      if (namesTag(exchange.headers.get('if-none-match'), etag))
        return ok(emptyAnswer(304, { etag }));
      const shown = collection.detail ?? collection.toJson;
      return ok(json(shown(found.value, clock.now()), { etag }));
    },
  };
}

/** `os/id` → `coreos/3975.2.1`. */
export function nameIn(parameters: ReadonlyMap<string, string>, key: string): string {
  return key
    .split('/')
    .map((part) => parameters.get(part) ?? '')
    .join('/');
}

/** RFC 9110 section 13.1.2: any of a list, weak or not, or a star. */
function namesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => {
    const tag = one.trim().replace(/^W\//, '');
    return tag === '*' || tag === etag;
  });
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}) {
  const answer = textAnswer(200, 'application/json', `${JSON.stringify(value)}\n`);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
