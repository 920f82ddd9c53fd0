/** What every collection is asked: lists in pages, and one object by its name. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import { pageLimitDefault, pageLimitMax } from '../contract/list.ts';
import type { Operation } from '../contract/operation.ts';
import { emptyAnswer, textAnswer } from '../exchange.ts';
import { badRequest, type Place } from '../problems.ts';
import type { Collection } from './collection.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import type { Call, Endpoint, Refusal } from './endpoint.ts';
import { type Cursor, createListing, type ListQuery, type SortKey } from './listing.ts';
import { parseSelector, type Requirement } from './selector.ts';

export function listEndpoint<T>(
  operation: Operation,
  collection: Collection<T>,
  clock: Clock,
): Endpoint {
  const listing = createListing(collection, clock);
  return {
    operation,
    handle: async ({ query }) => {
      const asked = readListQuery(collection, query);
      if (!asked.ok) return asked;
      const { list, limit, cursor } = asked.value;
      const page = listing.page(list, limit, cursor);
      if (!page.ok) return fail({ problem: page.error });
      const { items, revision, total, next } = page.value;
      const now = clock.now();
      return ok(
        json({
          items: items.map((item) => collection.toJson(item, now)),
          revision,
          total,
          next: next === undefined ? null : formatCursor(next),
        }),
      );
    },
  };
}

/** @param key the name of the path's parameter. */
export function getEndpoint<T>(
  operation: Operation,
  collection: Collection<T>,
  key: string,
  clock: Clock,
): Endpoint {
  return {
    operation,
    handle: async ({ exchange, parameters }) => {
      const name = parameters.get(key) ?? '';
      const found = collection.find(name);
      if (!found.ok) return fail({ problem: found.error });
      if (found.value === undefined) {
        const text = `no object of ${collection.noun} has the ${key} ${name}; upper and lower case matter`;
        return fail({ problem: { kind: 'not-found', text } });
      }
      const etag = `"${collection.revisionOf(found.value)}"`;
      if (namesTag(exchange.headers.get('if-none-match'), etag))
        return ok(emptyAnswer(304, { etag }));
      return ok(json(collection.toJson(found.value, clock.now()), { etag }));
    },
  };
}

type Asked = {
  readonly list: ListQuery;
  readonly limit: number;
  readonly cursor: Cursor | undefined;
};

/** All mistakes at once. */
function readListQuery<T>(
  { columns, labelsOf }: Collection<T>,
  query: Call['query'],
): Result<Asked, Refusal> {
  const places: Place[] = [];
  const wrong = (parameter: string, detail: string): void =>
    void places.push({ parameter, detail });
  const known = columns.map(({ name }) => name);
  const unknownColumn = (name: string) => `${name} is no column; columns are ${known.join(', ')}`;

  const selector = (parameter: string): readonly Requirement[] => {
    const parsed = parseSelector(query.get(parameter) ?? '');
    if (parsed.ok) return parsed.value;
    wrong(parameter, `after ${parsed.error.at} characters: ${parsed.error.text}`);
    return [];
  };
  const where = selector('fieldSelector');
  for (const { key } of where) if (!known.includes(key)) wrong('fieldSelector', unknownColumn(key));
  const labels = labelsOf === undefined ? [] : selector('labelSelector');

  const sort = (query.get('sort') ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text): SortKey => {
      const descending = text.startsWith('-');
      return { column: descending ? text.slice(1) : text, descending };
    });
  for (const { column } of sort) if (!known.includes(column)) wrong('sort', unknownColumn(column));

  const limit = Number(query.get('limit') ?? pageLimitDefault);
  if (limit > pageLimitMax) wrong('limit', `is ${limit}, at most ${pageLimitMax} come in one page`);
  const given = query.get('cursor');
  const cursor = given === undefined ? ok(undefined) : parseCursor(given);
  if (!cursor.ok) wrong('cursor', cursor.error);

  if (places.length === 0 && cursor.ok) {
    return ok({ list: { where, labels, sort }, limit, cursor: cursor.value });
  }
  const text = places.map(({ parameter, detail }) => `${parameter} ${detail}`).join('; ');
  return fail({ problem: badRequest(text), places });
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
