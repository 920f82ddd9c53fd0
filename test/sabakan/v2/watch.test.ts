import { describe, expect, it } from 'vitest';
import { ok } from '../../../src/base/result.ts';
import { absent, type Revision } from '../../../src/base/store.ts';
import type { Collection, CollectionNews } from '../../../src/sabakan/v2/collection.ts';
import { createJournal } from '../../../src/sabakan/v2/journal.ts';
import { parseSelector } from '../../../src/sabakan/v2/selector.ts';
import { createWatchHub, type WatchFilter, watchersMax } from '../../../src/sabakan/v2/watch.ts';
import { manualClock, settled } from '../../support/clock.ts';

type Lamp = { readonly name: string; readonly colour: string };

function aStreet() {
  let tell: (news: CollectionNews<Lamp>) => void = () => {};
  let at = 100;
  const lamps = new Map<string, Lamp>();
  const clock = manualClock();
  const collection: Collection<Lamp> = {
    noun: 'lamps',
    columns: [{ name: 'colour', text: ({ colour }) => colour }],
    nameOf: ({ name }) => name,
    toJson: ({ colour }) => colour,
    revisionOf: () => absent,
    snapshot: () => ok({ changed: absent, completeTo: absent, items: [...lamps.values()] }),
    find: (name) => ok(lamps.get(name)),
    completeTo: () => String(at) as Revision,
    subscribe: (listener) => {
      tell = listener;
      return () => {};
    },
  };
  const hub = createWatchHub(collection, createJournal(collection, clock), clock);
  tell({ kind: 'listed' });
  return {
    clock,
    hub,
    listed: () => tell({ kind: 'listed' }),
    /** `{ a: 'red', b: undefined }` in one revision. */
    set: (colours: Readonly<Record<string, string | undefined>>) => {
      at += 1;
      const changes = Object.entries(colours).map(([name, colour]) => {
        const before = lamps.get(name);
        const after = colour === undefined ? undefined : { name, colour };
        if (after === undefined) lamps.delete(name);
        else lamps.set(name, after);
        return { name, before, after };
      });
      tell({ kind: 'changed', revision: String(at) as Revision, changes });
    },
  };
}

type Street = ReturnType<typeof aStreet>;
const all: WatchFilter = { where: [], labels: [] };

/** Reads all that comes, as short text: `101 +a=red ~b=blue`, `@110` for a bookmark, `!410` for an error. */
function reader(street: Street, from: string, fields = '') {
  const parsed = parseSelector(fields);
  const filter: WatchFilter = { where: parsed.ok ? parsed.value : [], labels: [] };
  const iterator = street.hub.open(from as Revision, filter)[Symbol.asyncIterator]();
  const seen: string[] = [];
  let over = false;
  void (async () => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      seen.push(...new TextDecoder().decode(next.value).trim().split('\n\n').map(short));
    }
    over = true;
  })();
  return {
    seen: async () => {
      await street.clock.run(100);
      return seen;
    },
    over: () => over,
    leave: () => iterator.return?.(),
  };
}

function short(event: string): string {
  const lines = new Map(
    event.split('\n').map((line) => line.split(/: (.*)/, 2) as [string, string]),
  );
  const data = JSON.parse(lines.get('data') ?? '');
  if (lines.get('event') === 'bookmark') return `@${lines.get('id')}`;
  if (lines.get('event') === 'error') return `!${data.status}`;
  const signs: Readonly<Record<string, string>> = { added: '+', modified: '~', deleted: '-' };
  const changes = data.changes.map(
    (change: { kind: string; name: string; object: string }) =>
      `${signs[change.kind]}${change.name}=${change.object}`,
  );
  return `${lines.get('id')} ${changes.join(' ')}`;
}

describe('a watch', () => {
  it('tells every change once, all of one revision together', async () => {
    const street = aStreet();
    const watch = reader(street, '100');
    street.set({ a: 'red', b: 'blue' });
    street.set({ a: 'green' });
    await settled();
    street.set({ a: undefined });
    expect(await watch.seen()).toEqual([
      '@100',
      '101 +a=red +b=blue',
      '102 ~a=green',
      '103 -a=green',
    ]);
  });

  it('tells a lone change at once, and gathers those that come within 50 ms of one another', async () => {
    const street = aStreet();
    const pieces: string[] = [];
    const iterator = street.hub.open('100' as Revision, all)[Symbol.asyncIterator]();
    void (async () => {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        const text = new TextDecoder().decode(next.value);
        pieces.push([...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id).join(' '));
      }
    })();
    await street.clock.run(1_000);
    street.set({ a: '1' });
    await street.clock.run(0);
    expect(pieces).toEqual(['100', '101']);
    street.set({ a: '2' });
    await street.clock.run(20);
    street.set({ a: '3' });
    await street.clock.run(20);
    expect(pieces).toEqual(['100', '101']);
    await street.clock.run(20);
    expect(pieces).toEqual(['100', '101', '102 103']);
  });

  it('goes on from any revision it had, without a gap or a double', async () => {
    const street = aStreet();
    for (const colour of ['1', '2', '3', '4']) street.set({ a: colour });
    for (let from = 100; from <= 104; from += 1) {
      const watch = reader(street, String(from));
      const expected = ['1', '2', '3', '4'].flatMap((colour, at) =>
        101 + at > from ? [`${101 + at} ${at === 0 ? '+' : '~'}a=${colour}`] : [],
      );
      expect(await watch.seen()).toEqual([`@${from}`, ...expected]);
    }
  });

  it('from a revision that this server has not heard of tells what comes after it, and never steps back', async () => {
    const street = aStreet();
    const watch = reader(street, '102');
    await street.clock.run(15_000);
    for (const colour of ['1', '2', '3']) street.set({ a: colour });
    expect(await watch.seen()).toEqual(['@102', '@102', '103 ~a=3']);
  });

  it('with a selector adds what begins to match and deletes what ceases to', async () => {
    const street = aStreet();
    const watch = reader(street, '100', 'colour=red');
    street.set({ a: 'blue' });
    street.set({ a: 'red', b: 'red' });
    street.set({ a: 'green' });
    street.set({ b: undefined });
    street.set({ a: undefined });
    expect(await watch.seen()).toEqual(['@100', '102 +a=red +b=red', '103 -a=green', '104 -b=red']);
  });

  it('is bookmarked every 15 seconds, so that the reader knows how far it has come', async () => {
    const street = aStreet();
    const watch = reader(street, '100', 'colour=red');
    street.set({ a: 'blue' });
    await street.clock.run(31_000);
    expect(await watch.seen()).toEqual(['@100', '@101', '@101']);
  });

  it('cannot begin before what is kept', () => {
    const street = aStreet();
    expect(street.hub.whyNot('99' as Revision)).toBe('gone');
    expect(street.hub.whyNot('100' as Revision)).toBeUndefined();
    for (let at = 0; at <= 10_001; at += 1) street.set({ a: String(at) });
    expect(street.hub.whyNot('100' as Revision)).toBe('gone');
    expect(street.hub.whyNot('102' as Revision)).toBeUndefined();
  });

  it('ends with 410 when changes were missed, and cannot go on from before', async () => {
    const street = aStreet();
    const watch = reader(street, '100');
    street.set({ a: 'red' });
    street.listed();
    street.set({ a: 'blue' });
    expect(await watch.seen()).toEqual(['@100', '101 +a=red', '!410']);
    expect(watch.over()).toBe(true);
    expect(street.hub.whyNot('100' as Revision)).toBe('gone');
    expect(street.hub.watchers()).toBe(0);
  });

  it('hands on a revision that is larger than what may wait, also to who comes for it later', async () => {
    const street = aStreet();
    const there = reader(street, '100');
    const colour = 'x'.repeat(1024 * 1024);
    const short = (events: readonly string[]) => events.map((event) => event.slice(0, 5));
    street.set(Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`l${at}`, colour])));
    expect(short(await there.seen())).toEqual(['@100', '101 +']);
    street.set({ last: 'red' });
    expect(short(await there.seen())).toEqual(['@100', '101 +', '102 +']);
    const late = reader(street, '100');
    expect(short(await late.seen())).toEqual(['@100', '101 +', '!429']);
    expect(short(await reader(street, '101').seen())).toEqual(['@101', '102 +']);
  });

  it('cuts off a reader that leaves more than 4 MiB unread, and holds up nobody else', async () => {
    const street = aStreet();
    const quick = reader(street, '100');
    const slow = street.hub.open('100' as Revision, all)[Symbol.asyncIterator]();
    await slow.next();
    for (let at = 0; at < 50; at += 1) {
      street.set({ a: `${at}`.padEnd(100_000, 'x') });
      await street.clock.run(50);
    }
    expect(await quick.seen()).toHaveLength(51);
    const rest = await slow.next();
    const text = new TextDecoder().decode(rest.value);
    expect(text.match(/event: changes/g)).toHaveLength(42);
    expect(text).toMatch(/event: error\ndata: {"status":429/);
    expect((await slow.next()).done).toBe(true);
  });

  it('that is left costs nothing any more', async () => {
    const street = aStreet();
    const watch = reader(street, '100');
    await settled();
    expect([street.hub.watchers(), street.clock.timers()]).toEqual([1, 1]);
    await watch.leave();
    expect([street.hub.watchers(), street.clock.timers()]).toEqual([0, 0]);
  });

  it('that is never read costs nothing', () => {
    const street = aStreet();
    street.hub.open('100' as Revision, all);
    expect([street.hub.watchers(), street.clock.timers()]).toEqual([0, 0]);
  });

  it('is one of 2,000 at most', async () => {
    const street = aStreet();
    for (let at = 0; at < watchersMax; at += 1) reader(street, '100');
    expect(street.hub.whyNot('100' as Revision)).toBe('busy');
  });

  it('ends with a bookmark when the server stops', async () => {
    const street = aStreet();
    const watch = reader(street, '100');
    street.set({ a: 'red' });
    street.hub.stop();
    expect(await watch.seen()).toEqual(['@100', '101 +a=red', '@101']);
    expect(watch.over()).toBe(true);
  });
});
