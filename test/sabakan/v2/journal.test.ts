import { describe, expect, it } from 'vitest';
import type { Revision } from '../../../src/base/store.ts';
import type { CollectionNews } from '../../../src/sabakan/v2/collection.ts';
import { createJournal, journalBytesMax, journalKeptMs } from '../../../src/sabakan/v2/journal.ts';
import { manualClock } from '../../support/clock.ts';

/** Revisions 101, 102, … of one change each. */
function aJournal() {
  let tell: (news: CollectionNews<string>) => void = () => {};
  let at = 100;
  const clock = manualClock();
  const revision = (number: number) => String(number) as Revision;
  const collection = {
    completeTo: () => revision(at),
    subscribe: (listener: typeof tell) => {
      tell = listener;
      return () => {};
    },
  };
  const journal = createJournal(collection, clock);
  return {
    clock,
    journal,
    add: (heldBytes?: number) => {
      at += 1;
      const changes = [{ name: 'a', before: undefined, after: String(at) }];
      const size = heldBytes === undefined ? {} : { heldBytes };
      tell({ kind: 'changed', revision: revision(at), changes, ...size });
    },
    since: (from: number) => journal.after(revision(from))?.map((entry) => Number(entry.revision)),
  };
}

describe('a journal', () => {
  it('forgets the oldest changes beyond the memory that it may hold', () => {
    const { add, since } = aJournal();
    for (let count = 0; count < 5; count += 1) add(journalBytesMax / 4);
    expect(since(100)).toBeUndefined();
    expect(since(101)).toEqual([102, 103, 104, 105]);
    add(journalBytesMax / 2);
    expect(since(102)).toBeUndefined();
    expect(since(103)).toEqual([104, 105, 106]);
  });

  it('keeps the last change, however large, so that a reader gets past it', () => {
    const { add, since } = aJournal();
    add();
    add(journalBytesMax * 2);
    expect([since(100), since(101), since(102)]).toEqual([undefined, [102], []]);
    add();
    expect([since(101), since(102), since(103)]).toEqual([undefined, [103], []]);
  });

  it('forgets what is older than it keeps, also when nothing comes any more', () => {
    const { clock, journal, add, since } = aJournal();
    add();
    clock.advance(journalKeptMs / 2);
    add();
    clock.advance(journalKeptMs / 2 - 1);
    expect(since(100)).toEqual([101, 102]);
    clock.advance(60_000);
    expect([since(100), since(101), since(102)]).toEqual([undefined, [102], []]);
    clock.advance(journalKeptMs);
    expect([since(101), since(102), clock.timers()]).toEqual([undefined, [], 0]);
    add();
    expect([since(102), clock.timers()]).toEqual([[103], 1]);
    journal.stop();
    add();
    expect([since(102), clock.timers()]).toEqual([[103, 104], 0]);
  });
});
