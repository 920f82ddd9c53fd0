/** The data behind all sessions of a memory store: entries, revisions, history. */

import { assert } from './assert.ts';
import { compareKeys } from './key-order.ts';
import {
  type Condition,
  type Entry,
  namesEachKeyOnce,
  type Revision,
  type WatchEvent,
  type Write,
} from './store.ts';

export type MemoryCore = {
  readonly data: Map<string, Entry>;
  readonly revision: () => Revision;
  readonly compactRevision: () => Revision;
  /** Undefined when a condition did not hold. */
  readonly commit: (
    conditions: readonly Condition[],
    writes: readonly Write[],
  ) => Revision | undefined;
  /** All entries under a prefix, in key order. */
  readonly under: (prefix: string) => readonly Entry[];
  /** Commits after `after`, oldest first; undefined when compaction took some of them. */
  readonly since: (after: Revision) => readonly MemoryCommit[] | undefined;
  /** Called after every commit, compaction and `notify`; returns how to stop. */
  readonly onChange: (listener: () => void) => () => void;
  readonly notify: () => void;
};

type MemoryCommit = { readonly revision: Revision; readonly events: readonly WatchEvent[] };

/** Older commits are compacted away by themselves, so that a long simulation keeps its memory. */
const historyMax = 50_000;

export function createMemoryCore(): MemoryCore & {
  readonly compact: (revision: Revision) => void;
} {
  const data = new Map<string, Entry>();
  const listeners = new Set<() => void>();
  let history: MemoryCommit[] = [];
  let revision = 1;
  let compacted = 0;
  const notify = () => {
    for (const listener of [...listeners]) listener();
  };

  const holds = (condition: Condition): boolean => {
    switch (condition.kind) {
      case 'unmoved':
        return (data.get(condition.key)?.modRevision ?? '0') === condition.modRevision;
      case 'held':
        return data.get(condition.key)?.createRevision === condition.createRevision;
      case 'none-under':
        return noneUnder(condition.prefix, () => true);
      case 'quiet-under':
        return noneUnder(
          condition.prefix,
          (entry) => Number(entry.modRevision) > Number(condition.since),
        );
      case 'none-born-under':
        return noneUnder(
          condition.prefix,
          (entry) => Number(entry.createRevision) > Number(condition.since),
        );
    }
  };
  const noneUnder = (prefix: string, isBad: (entry: Entry) => boolean): boolean => {
    for (const entry of data.values()) {
      if (entry.key.startsWith(prefix) && isBad(entry)) return false;
    }
    return true;
  };
  const under = (prefix: string): Entry[] => {
    const found: Entry[] = [];
    for (const entry of data.values()) if (entry.key.startsWith(prefix)) found.push(entry);
    return found.sort((a, b) => compareKeys(a.key, b.key));
  };
  const remove = (key: string, at: Revision): readonly WatchEvent[] =>
    data.delete(key) ? [{ kind: 'delete', key, modRevision: at }] : [];
  const apply = (write: Write, at: Revision): readonly WatchEvent[] => {
    if (write.kind === 'delete') return remove(write.key, at);
    if (write.kind === 'delete-under') {
      return under(write.prefix).flatMap(({ key }) => remove(key, at));
    }
    const before = data.get(write.key);
    const entry: Entry = {
      key: write.key,
      value: write.value.slice(),
      modRevision: at,
      createRevision: before?.createRevision ?? at,
    };
    data.set(write.key, entry);
    return [{ kind: 'put', entry }];
  };

  return {
    data,
    revision: () => String(revision) as Revision,
    compactRevision: () => String(compacted) as Revision,
    under,
    commit: (conditions, writes) => {
      assert(namesEachKeyOnce(writes), 'a commit writes each key once');
      if (!conditions.every(holds)) return undefined;
      const at = String(revision + 1) as Revision;
      const events = writes.flatMap((write) => apply(write, at));
      if (events.length > 0) {
        revision += 1;
        history.push({ revision: at, events });
        if (history.length > historyMax) {
          const kept = history.splice(0, historyMax / 10);
          compacted = Number(kept.at(-1)?.revision ?? compacted);
        }
        notify();
      }
      return String(revision) as Revision;
    },
    since: (after) => {
      if (Number(after) + 1 < compacted) return undefined;
      let first = history.length;
      while (first > 0 && Number(history[first - 1]?.revision) > Number(after)) first -= 1;
      return history.slice(first);
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    compact: (upTo) => {
      compacted = Math.max(compacted, Number(upTo));
      history = history.filter((commit) => Number(commit.revision) >= compacted);
      notify();
    },
    notify,
  };
}
