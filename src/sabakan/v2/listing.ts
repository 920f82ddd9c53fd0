/**
 * Lists in pages, all pages of one moment: what a cursor goes on with is the list it came from, not a newer one.
 * A list whose objects have changed is kept for a while for the cursors that were given out; after that they are gone.
 */

import { fail, ok, type Result } from '../../base/result.ts';
import { compareRevisions, type Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Missing } from '../contract/list.ts';
import type { Problem } from '../problems.ts';
import type { Collection, Column, Snapshot } from './collection.ts';
import type { Journal } from './journal.ts';
import { pastList } from './past-list.ts';
import { type Requirement, selects } from './selector.ts';

export type SortKey = { readonly column: string; readonly descending: boolean };

export type ListQuery = {
  readonly where: readonly Requirement[];
  readonly labels: readonly Requirement[];
  readonly sort: readonly SortKey[];
};

export type Page<T> = {
  readonly items: readonly T[];
  /** No change up to here is missing. */
  readonly completeTo: Revision;
  /** How many the query selects, over all pages. */
  readonly total: number;
  /** As its snapshot has it. */
  readonly missing: readonly Missing[] | undefined;
  /** Undefined on the last page. */
  readonly next: Cursor | undefined;
};

/** Where the next page begins, in which list. */
export type Cursor = {
  /** Of the list's last change. */
  readonly changed: Revision;
  readonly query: string;
  readonly offset: number;
};

export type Listing<T> = {
  readonly page: (
    query: ListQuery,
    limit: number,
    cursor: Cursor | undefined,
  ) => Result<Page<T>, Problem>;
};

/** Of lists and of the objects in them together: 100,000 machines may be listed ten ways at once. */
const listsKeptMax = 64;
const itemsKeptMax = 1_000_000;
/** A reader that pauses longer begins anew. */
const keptMs = 5 * 60_000;

type Kept<T> = {
  readonly items: readonly T[];
  readonly changed: Revision;
  readonly completeTo: Revision;
  readonly missing: readonly Missing[] | undefined;
  readonly usedMs: number;
};

/** @param snapshotNow what is listed, where that is not the whole. */
export function createListing<T>(
  collection: Collection<T>,
  clock: Pick<Clock, 'monotonicMs'>,
  journal?: Pick<Journal<T>, 'after'>,
  snapshotNow: Collection<T>['snapshot'] = collection.snapshot,
): Listing<T> {
  const lists = new Map<string, Kept<T>>();
  const columns = new Map(collection.columns.map((column) => [column.name, column]));

  const keep = (key: string, list: Kept<T>): void => {
    lists.delete(key);
    lists.set(key, list);
    let items = [...lists.values()].reduce((sum, one) => sum + one.items.length, 0);
    for (const [other, { items: held, usedMs }] of lists) {
      const isOld = list.usedMs - usedMs > keptMs;
      if (!isOld && lists.size <= listsKeptMax && items <= itemsKeptMax) return;
      if (other === key) return;
      lists.delete(other);
      items -= held.length;
    }
  };

  const made = (snapshot: Snapshot<T>, query: ListQuery): readonly T[] => {
    const { where, labels, sort } = query;
    const found = filtered(collection, snapshot.items, { where, labels });
    return sort.length === 0 ? found : sorted(found, sort, columns);
  };

  /** The cursor is of another server, or the list was not kept: it can be told again as long as no change is forgotten. */
  const past = (now: Snapshot<T>, changed: Revision): Snapshot<T> | undefined => {
    const isAhead = compareRevisions(changed, now.changed) > 0;
    // What columns said by the time that has passed cannot be told.
    if (isAhead || collection.ages === true) return undefined;
    const since = journal?.after(changed);
    const items = since && pastList(collection, now.items, since);
    return items && { changed, completeTo: changed, items };
  };

  const listOf = (query: ListQuery, cursor: Cursor | undefined): Result<Kept<T>, Problem> => {
    const text = queryText(query);
    const usedMs = clock.monotonicMs();
    if (cursor !== undefined && cursor.query !== text) return fail(foreignCursor);
    const snapshot = snapshotNow();
    if (!snapshot.ok) return snapshot;
    const changed = cursor?.changed ?? snapshot.value.changed;
    const key = `${changed} ${text}`;
    const known = lists.get(key);
    const isPast = known === undefined && changed !== snapshot.value.changed;
    const source = isPast ? past(snapshot.value, changed) : snapshot.value;
    if (source === undefined) return fail(goneCursor);
    const isReused = known !== undefined && (cursor !== undefined || collection.ages !== true);
    const items = isReused ? known.items : made(source, query);
    const completeTo = known?.completeTo ?? source.completeTo;
    const missing = isReused ? known.missing : source.missing;
    const list = { items, changed, completeTo, missing, usedMs };
    keep(key, list);
    return ok(list);
  };

  return {
    page: (query, limit, cursor) => {
      const list = listOf(query, cursor);
      if (!list.ok) return list;
      const { items, changed, completeTo, missing } = list.value;
      const from = cursor?.offset ?? 0;
      const end = from + limit;
      return ok({
        items: items.slice(from, end),
        completeTo,
        total: items.length,
        missing,
        next: end < items.length ? { changed, query: queryText(query), offset: end } : undefined,
      });
    },
  };
}

/** Those that the selectors select, in the same order. */
export function filtered<T>(
  collection: Pick<Collection<T>, 'columns' | 'labelsOf'>,
  items: readonly T[],
  { where, labels }: Pick<ListQuery, 'where' | 'labels'>,
): readonly T[] {
  if (where.length === 0 && labels.length === 0) return items;
  const columns = new Map(collection.columns.map((column) => [column.name, column]));
  return items.filter(
    (item) =>
      selects(where, (name) => columns.get(name)?.text(item)) &&
      selects(labels, (name) => collection.labelsOf?.(item).get(name)),
  );
}

const foreignCursor: Problem = {
  kind: 'bad-request',
  text: 'cursor: it belongs to a list with other selectors or another order; repeat the parameters of the first page',
};
const goneCursor: Problem = {
  kind: 'cursor-gone',
  text: 'cursor: the list has changed too much since its first page and is not kept any more; begin again without a cursor',
};

/** The same list for the same text. */
function queryText({ where, labels, sort }: ListQuery): string {
  return JSON.stringify([where, labels, sort]);
}

/**
 * Objects without the column come last, whichever way; equal ones stay in order of their names. Keys are read once per
 * object: comparing 100,000 would read each of them seventeen times.
 */
function sorted<T>(
  items: readonly T[],
  sort: readonly SortKey[],
  columns: ReadonlyMap<string, Column<T>>,
): readonly T[] {
  const keys = sort.flatMap(({ column, descending }) => {
    const known = columns.get(column);
    return known === undefined
      ? []
      : [{ of: known.number ?? known.text, way: descending ? -1 : 1 }];
  });
  const rows = items.map((item) => ({ item, keys: keys.map(({ of }) => of(item)) }));
  rows.sort((a, b) => {
    for (const [at, { way }] of keys.entries()) {
      const difference = compare(a.keys[at], b.keys[at], way);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  return rows.map(({ item }) => item);
}

type Key = string | number | undefined;

function compare(a: Key, b: Key, way: number): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a < b ? -way : way;
}
