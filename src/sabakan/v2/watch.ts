/**
 * A watch: a collection's changes as server-sent events, from a revision on, each exactly once and in order. All changes
 * of one revision are one event, so that whoever goes on from an event's id has all or none of them.
 */

import { compareRevisions, type Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Stay } from '../who/stays.ts';
import type { Collection, CollectionChange } from './collection.ts';
import { cut, type FieldTree } from './fields.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { type Requirement, selects } from './selector.ts';

export type WatchFilter = {
  readonly where: readonly Requirement[];
  readonly labels: readonly Requirement[];
  /** What to keep of each object; absent: the whole. */
  readonly keep?: FieldTree | undefined;
};

export type WatchHub = {
  /** Why a watch from there cannot begin. */
  readonly whyNot: (from: Revision) => 'gone' | 'busy' | undefined;
  /**
   * The stream after `from`, followed from its first reading to its end. Events are `changes`, `bookmark` (nothing up to
   * its id is missing) and `error`, after which the stream ends.
   */
  readonly open: (
    from: Revision,
    filter: WatchFilter,
    stay?: Pick<Stay, 'begin'>,
  ) => AsyncIterable<Uint8Array>;
  readonly watchers: () => number;
  /** Ends all streams, each with a bookmark. */
  readonly stop: () => void;
};

/** Each costs a connection and a queue. */
export const watchersMax = 2_000;
/**
 * What one reader may leave unread; then it is cut off and may come again from where it was. One event more is taken,
 * however large: a commit of some thousand machines must not stand in a reader's way for ever.
 */
const queuedBytesMax = 4 * 1024 * 1024;
/** Bookmarks keep the connection alive and the reader's revision young (a proxy's patience is a minute). */
const bookmarkMs = 15_000;
/** Changes that come faster than this go out together: 1,000 readers cost a write each. A lone change does not wait. */
const gatherMs = 50;

const utf8 = new TextEncoder();

export function createWatchHub<T>(
  collection: Pick<Collection<T>, 'columns' | 'labelsOf' | 'toJson' | 'completeTo'>,
  journal: Journal<T>,
  clock: Clock,
): WatchHub {
  const columns = new Map(collection.columns.map((column) => [column.name, column]));
  const ends = new Set<() => void>();
  const flushes = new Set<() => void>();
  /** Rendered once for all that watch without selectors. */
  const wholeTexts = new WeakMap<JournalEntry<T>, Uint8Array>();

  const matches = (item: T, { where, labels }: WatchFilter): boolean =>
    selects(where, (name) => columns.get(name)?.text(item)) &&
    selects(labels, (name) => collection.labelsOf?.(item).get(name));

  const seen = (
    { name, before, after }: CollectionChange<T>,
    filter: WatchFilter,
  ): { readonly kind: string; readonly name: string; readonly object: unknown } | undefined => {
    const was = before !== undefined && matches(before, filter);
    const is = after !== undefined && matches(after, filter);
    if (!was && !is) return undefined;
    const kind = is ? (was ? 'modified' : 'added') : 'deleted';
    // What went carries what it was at last.
    const shown = after ?? before;
    const object = collection.toJson(shown as T, clock.now());
    return { kind, name, object: filter.keep === undefined ? object : cut(object, filter.keep) };
  };

  const render = (entry: JournalEntry<T>, filter: WatchFilter): Uint8Array | undefined => {
    const { where, labels, keep } = filter;
    const isWhole = where.length === 0 && labels.length === 0 && keep === undefined;
    const known = isWhole ? wholeTexts.get(entry) : undefined;
    if (known !== undefined) return known;
    const changes = entry.changes.flatMap((change) => seen(change, filter) ?? []);
    if (changes.length === 0) return undefined;
    const text = event('changes', entry.revision, { revision: entry.revision, changes });
    if (isWhole) wholeTexts.set(entry, text);
    return text;
  };

  let sentMs = Number.NEGATIVE_INFINITY;
  let isGathering = false;
  const send = (): void => {
    isGathering = false;
    sentMs = clock.monotonicMs();
    for (const flush of [...flushes]) flush();
  };
  const sendSoon = (): void => {
    if (isGathering) return;
    isGathering = true;
    // At the earliest when every reader has this change in its queue.
    clock.after(Math.max(sentMs + gatherMs - clock.monotonicMs(), 0), send);
  };

  const whyNot: WatchHub['whyNot'] = (from) =>
    ends.size >= watchersMax ? 'busy' : journal.after(from) === undefined ? 'gone' : undefined;

  const follow = (
    from: Revision,
    filter: WatchFilter,
    stay: Pick<Stay, 'begin'> | undefined,
  ): AsyncIterator<Uint8Array> => {
    const queue = createQueue();
    const missed = journal.after(from);
    if (missed === undefined) queue.end(missedSome);
    // A reader may know more than this server: it came from another one.
    const reached = (): Revision => {
      const to = collection.completeTo();
      return compareRevisions(to, from) > 0 ? to : from;
    };
    const add = (entry: JournalEntry<T>): void => {
      if (compareRevisions(entry.revision, from) <= 0) return;
      const text = render(entry, filter);
      if (text !== undefined && !queue.add(text)) queue.end(tooSlow);
      sendSoon();
    };
    const unfollow = journal.follow({ entry: add, gone: () => queue.end(missedSome) });
    queue.add(bookmark(from));
    for (const entry of missed ?? []) add(entry);
    let cancel = () => {};
    queue.flush();
    const tick = (): void => {
      queue.add(bookmark(reached()));
      queue.flush();
      cancel = clock.after(bookmarkMs, tick);
    };
    cancel = clock.after(bookmarkMs, tick);
    const end = () => queue.end(bookmark(reached()));
    ends.add(end);
    // It may have been revoked between the door and here.
    const leave = stay?.begin(({ status, detail }) => queue.end(problem(status, detail)));
    flushes.add(queue.flush);
    return reading(queue, () => {
      cancel();
      unfollow();
      leave?.();
      ends.delete(end);
      flushes.delete(queue.flush);
    });
  };

  return {
    whyNot,
    open: (from, filter, stay) => ({
      [Symbol.asyncIterator]: () => follow(from, filter, stay),
    }),
    watchers: () => ends.size,
    stop: () => {
      journal.stop();
      for (const end of [...ends]) end();
    },
  };
}

function bookmark(revision: Revision): Uint8Array {
  return event('bookmark', revision, { revision });
}

function event(name: string, id: Revision, data: unknown): Uint8Array {
  return utf8.encode(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** Without an id: the reader keeps the one it has. */
function problem(status: number, detail: string): Uint8Array {
  return utf8.encode(`event: error\ndata: ${JSON.stringify({ status, detail })}\n\n`);
}

const missedSome = problem(410, 'changes were missed; list again and watch from there');
const tooSlow = problem(429, 'this reader is too slow; go on from the last id it has');

type Queue = ReturnType<typeof createQueue>;

/** What waits for one reader: bounded, and read in one piece, so that a burst costs one write. */
function createQueue() {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let last: Uint8Array | undefined;
  let isTaken = false;
  let wake = () => {};
  return {
    /** False: there is no room for it. */
    add: (text: Uint8Array): boolean => {
      if (last !== undefined) return true;
      if (bytes > queuedBytesMax) return false;
      waiting.push(text);
      bytes += text.length;
      return true;
    },
    /** Lets the reader have what waits. */
    flush: (): void => wake(),
    /** Nothing comes after this. */
    end: (text: Uint8Array): void => {
      last ??= text;
      wake();
    },
    /** All that waits; undefined after the end. */
    take: async (): Promise<Uint8Array | undefined> => {
      while (waiting.length === 0 && last === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (isTaken) return undefined;
      if (last !== undefined) {
        waiting.push(last);
        bytes += last.length;
        isTaken = true;
      }
      const taken = joined(waiting, bytes);
      waiting = [];
      bytes = 0;
      return taken;
    },
  };
}

/** By hand: a generator that was never read does not clean up when it is ended. */
function reading(queue: Queue, close: () => void): AsyncIterator<Uint8Array> {
  let isOver = false;
  const over = (): IteratorResult<Uint8Array> => {
    isOver = true;
    close();
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      if (isOver) return over();
      const text = await queue.take();
      return text === undefined ? over() : { done: false, value: text };
    },
    return: async () => over(),
  };
}

function joined(texts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const text of texts) {
    bytes.set(text, at);
    at += text.length;
  }
  return bytes;
}
