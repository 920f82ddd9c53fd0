/** The latest changes of a collection, so that a watch that was cut goes on where it was. Bounded; older ones are gone. */

import { compareRevisions, type Revision } from '../../base/store.ts';
import type { Collection, CollectionChange } from './collection.ts';

export type JournalEntry<T> = {
  readonly revision: Revision;
  readonly changes: readonly CollectionChange<T>[];
  readonly weight?: number;
};

export type Follower<T> = {
  readonly entry: (entry: JournalEntry<T>) => void;
  /** Changes were missed: whoever follows must list again. */
  readonly gone: () => void;
};

export type Journal<T> = {
  /** All entries after a revision, oldest first; undefined when some of them are not kept any more. */
  readonly after: (from: Revision) => readonly JournalEntry<T>[] | undefined;
  readonly follow: (follower: Follower<T>) => () => void;
};

/** Objects that changed; a fleet of 1,000 turning healthy at once is a tenth of it. */
const changesKeptMax = 10_000;

export function createJournal<T>(
  collection: Pick<Collection<T>, 'subscribe' | 'completeTo'>,
): Journal<T> {
  const followers = new Set<Follower<T>>();
  let entries: JournalEntry<T>[] = [];
  let kept = 0;
  /** Nothing after this is missing from `entries`. */
  let base = collection.completeTo();

  const forgetOldest = (): void => {
    let drop = 0;
    while (kept > changesKeptMax && drop < entries.length - 1) {
      kept -= weightOf(entries[drop]);
      base = entries[drop]?.revision ?? base;
      drop += 1;
    }
    if (drop > 0) entries = entries.slice(drop);
  };

  collection.subscribe((news) => {
    if (news.kind === 'listed') {
      entries = [];
      kept = 0;
      base = collection.completeTo();
      for (const follower of [...followers]) follower.gone();
      return;
    }
    entries.push(news);
    kept += weightOf(news);
    forgetOldest();
    for (const follower of [...followers]) follower.entry(news);
  });

  return {
    after: (from) => {
      if (compareRevisions(from, base) < 0) return undefined;
      return entries.filter(({ revision }) => compareRevisions(revision, from) > 0);
    },
    follow: (follower) => {
      followers.add(follower);
      return () => void followers.delete(follower);
    },
  };
}

function weightOf(entry: JournalEntry<unknown> | undefined): number {
  return entry?.weight ?? entry?.changes.length ?? 0;
}
