/**
 * The latest changes of a collection, so that a watch that was cut goes on where it was. Bounded by their age and by the
 * memory they hold; older ones are gone.
 */

import { compareRevisions, type Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Collection, CollectionChange } from './collection.ts';

export type JournalEntry<T> = {
  readonly revision: Revision;
  readonly changes: readonly CollectionChange<T>[];
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
  /** What is kept stays; its age is looked at no more. */
  readonly stop: () => void;
};

/** Of one noun. A fleet of 1,000 turning healthy at once is a tenth of it. */
export const journalBytesMax = 10_000_000;
/** Of memory that a change holds, where its noun says nothing: 10,000 of them are kept. */
const usualChangeBytes = 1_000;
/** As long as a list is kept for its cursors; whoever was cut off comes again within seconds. */
export const journalKeptMs = 5 * 60_000;
const sweepEveryMs = 30_000;

type Kept<T> = {
  readonly entry: JournalEntry<T>;
  readonly heldBytes: number;
  readonly heardMs: number;
};

export function createJournal<T>(
  collection: Pick<Collection<T>, 'subscribe' | 'completeTo'>,
  clock: Pick<Clock, 'monotonicMs' | 'after'>,
): Journal<T> {
  const followers = new Set<Follower<T>>();
  let kept: Kept<T>[] = [];
  let bytes = 0;
  /** Nothing after this is missing from `kept`. */
  let base = collection.completeTo();
  let cancelSweep: (() => void) | undefined;
  let stopped = false;

  const forgetOld = (): void => {
    const upToMs = clock.monotonicMs() - journalKeptMs;
    let drop = 0;
    for (const { entry, heldBytes, heardMs } of kept) {
      // The last one may be larger than all that fits: a reader must be able to get past it.
      const isTooMuch = bytes > journalBytesMax && drop < kept.length - 1;
      if (!isTooMuch && heardMs > upToMs) break;
      bytes -= heldBytes;
      base = entry.revision;
      drop += 1;
    }
    if (drop > 0) kept = kept.slice(drop);
  };

  /** Where nothing comes any more, nothing else would forget what is there. */
  const sweepLater = (): void => {
    if (cancelSweep !== undefined || stopped || kept.length === 0) return;
    cancelSweep = clock.after(sweepEveryMs, () => {
      cancelSweep = undefined;
      forgetOld();
      sweepLater();
    });
  };

  collection.subscribe((news) => {
    if (news.kind === 'listed') {
      kept = [];
      bytes = 0;
      base = collection.completeTo();
      for (const follower of [...followers]) follower.gone();
      return;
    }
    const heldBytes = news.heldBytes ?? news.changes.length * usualChangeBytes;
    kept.push({ entry: news, heldBytes, heardMs: clock.monotonicMs() });
    bytes += heldBytes;
    forgetOld();
    sweepLater();
    for (const follower of [...followers]) follower.entry(news);
  });

  return {
    after: (from) => {
      if (compareRevisions(from, base) < 0) return undefined;
      return kept.flatMap(({ entry }) =>
        compareRevisions(entry.revision, from) > 0 ? [entry] : [],
      );
    },
    follow: (follower) => {
      followers.add(follower);
      return () => void followers.delete(follower);
    },
    stop: () => {
      stopped = true;
      cancelSweep?.();
      cancelSweep = undefined;
    },
  };
}
