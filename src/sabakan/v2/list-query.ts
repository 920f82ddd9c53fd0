/** What a list or a watch is asked for by its query, every mistake named. */

import { fail, ok, type Result } from '../../base/result.ts';
import { pageLimitDefault, pageLimitMax } from '../contract/list.ts';
import { badRequest, type Place } from '../problems.ts';
import type { Collection } from './collection.ts';
import { parseCursor } from './cursor.ts';
import type { Call, Refusal } from './endpoint.ts';
import { type FieldTree, parseFields } from './fields.ts';
import type { Cursor, ListQuery, SortKey } from './listing.ts';
import { parseSelector, type Requirement } from './selector.ts';

type Asked = {
  readonly list: ListQuery;
  readonly limit: number;
  readonly cursor: Cursor | undefined;
};

type Selectors = Pick<ListQuery, 'where' | 'labels'>;

export function readListQuery<T>(
  collection: Collection<T>,
  query: Call['query'],
): Result<Asked, Refusal> {
  const places: Place[] = [];
  const selectors = selectorsOf(collection, query, places);
  const sort = sortOf(collection, query, places);
  const limit = Number(query.get('limit') ?? pageLimitDefault);
  if (limit > pageLimitMax) {
    const detail = `is ${limit}, at most ${pageLimitMax} come in one page`;
    places.push({ parameter: 'limit', detail });
  }
  const given = query.get('cursor');
  const cursor = given === undefined ? ok(undefined) : parseCursor(given);
  if (!cursor.ok) places.push({ parameter: 'cursor', detail: cursor.error });
  return places.length === 0 && cursor.ok
    ? ok({ list: { ...selectors, sort }, limit, cursor: cursor.value })
    : refused(places);
}

export function readSelectors<T>(
  collection: Collection<T>,
  query: Call['query'],
): Result<Selectors, Refusal> {
  const places: Place[] = [];
  const selectors = selectorsOf(collection, query, places);
  return places.length === 0 ? ok(selectors) : refused(places);
}

/** What to keep of each object; undefined: the whole. */
export function readFields<T>(
  { columns }: Collection<T>,
  schema: unknown,
  query: Call['query'],
): Result<FieldTree | undefined, Refusal> {
  const text = query.get('fields');
  if (text === undefined) return ok(undefined);
  const tree = parseFields(text, schema, columns, columns[0]?.name ?? '');
  if (tree.ok) return tree;
  return refused(tree.error.map((detail) => ({ parameter: 'fields', detail })));
}

function selectorsOf<T>(
  collection: Collection<T>,
  query: Call['query'],
  places: Place[],
): Selectors {
  const read = (parameter: string): readonly Requirement[] => {
    const parsed = parseSelector(query.get(parameter) ?? '');
    if (parsed.ok) return parsed.value;
    const detail = `after ${parsed.error.at} characters: ${parsed.error.text}`;
    places.push({ parameter, detail });
    return [];
  };
  const where = read('fieldSelector');
  mustBeColumns(
    collection,
    where.map(({ key }) => key),
    'fieldSelector',
    places,
  );
  return { where, labels: collection.labelsOf === undefined ? [] : read('labelSelector') };
}

function sortOf<T>(
  collection: Collection<T>,
  query: Call['query'],
  places: Place[],
): readonly SortKey[] {
  const sort = (query.get('sort') ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text): SortKey => {
      const descending = text.startsWith('-');
      return { column: descending ? text.slice(1) : text, descending };
    });
  mustBeColumns(
    collection,
    sort.map(({ column }) => column),
    'sort',
    places,
  );
  return sort;
}

function mustBeColumns<T>(
  { columns }: Collection<T>,
  names: readonly string[],
  parameter: string,
  places: Place[],
): void {
  const known = columns.map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    places.push({ parameter, detail: `${name} is no column; columns are ${known.join(', ')}` });
  }
}

function refused(places: readonly Place[]): Result<never, Refusal> {
  const text = places.map(({ parameter, detail }) => `${parameter} ${detail}`).join('; ');
  return fail({ problem: badRequest(text), places });
}
