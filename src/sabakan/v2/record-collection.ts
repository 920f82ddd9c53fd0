/** A collection that is made of records of the store: listed, found and followed exactly as the store has them. */

import type { Kept, Records } from '../../base/records.ts';
import { fail, ok } from '../../base/result.ts';
import { whyNotRead } from '../whole-truth.ts';
import type { Collection, CollectionChange, Column } from './collection.ts';

export type RecordNoun<V, T> = Pick<
  Collection<T>,
  'noun' | 'nameOf' | 'revisionOf' | 'toJson' | 'detail'
> & {
  readonly records: Records<V>;
  /** Such as `the copy of templates`. */
  readonly copy: string;
  readonly columns: Readonly<Record<string, Omit<Column<T>, 'name'>>>;
  /** In the noun's own order. */
  readonly made: (kept: ReadonlyMap<string, Kept<V>>) => readonly T[];
  /** Of what an object shows; equal while it is the same. */
  readonly stampOf: (item: T) => string;
};

export function recordCollection<V, T>(about: RecordNoun<V, T>): Collection<T> {
  const { records, nameOf, made, stampOf } = about;
  let items = made(records.kept());
  let byName = new Map(items.map((item) => [nameOf(item), item]));
  const remake = (): readonly CollectionChange<T>[] => {
    const before = byName;
    items = made(records.kept());
    byName = new Map(items.map((item) => [nameOf(item), item]));
    const gone = [...before].flatMap(([name, item]) =>
      byName.has(name) ? [] : [{ name, before: item, after: undefined }],
    );
    const come = [...byName].flatMap(([name, after]) => {
      const was = before.get(name);
      const isSame = was !== undefined && stampOf(was) === stampOf(after);
      return isSame ? [] : [{ name, before: was, after }];
    });
    return [...gone, ...come];
  };
  const listeners = new Set<Parameters<Collection<T>['subscribe']>[0]>();
  records.subscribe((news) => {
    const changes = remake();
    if (news.kind === 'changed' && changes.length === 0) return;
    for (const listener of [...listeners]) {
      listener(news.kind === 'listed' ? news : { ...news, changes });
    }
  });
  const doubt = () => whyNotRead(records, about.copy);

  return {
    noun: about.noun,
    columns: Object.entries(about.columns).map(([name, column]) => ({ name, ...column })),
    nameOf,
    toJson: about.toJson,
    ...(about.detail === undefined ? {} : { detail: about.detail }),
    revisionOf: about.revisionOf,
    snapshot: () => {
      const why = doubt();
      if (why !== undefined) return fail(why);
      // What waits to be told becomes part of the list first.
      const completeTo = records.completeTo();
      return ok({ changed: records.changed(), completeTo, items });
    },
    find: (name) => {
      records.completeTo();
      const item = byName.get(name);
      if (item !== undefined) return ok(item);
      // "There is none" is a statement about all of them.
      const why = doubt();
      return why === undefined ? ok(undefined) : fail(why);
    },
    completeTo: records.completeTo,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
