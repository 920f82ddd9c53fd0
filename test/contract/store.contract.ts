/** What every Store does. Run for the one in memory and for the one on etcd. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/base/commit-size.ts';
import { createMirror } from '../../src/base/mirror.ts';
import { ok } from '../../src/base/result.ts';
import {
  absent,
  compareRevisions,
  type Entry,
  type Listing,
  type Revision,
  type Store,
  type WatchEvent,
  type WatchNews,
  type Write,
} from '../../src/base/store.ts';
import { createTransact } from '../../src/base/transact.ts';
import type { Clock } from '../../src/base/world.ts';
import { seededChance } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';

export type StoreUnderTest = {
  readonly store: Store;
  /** Another client of the same data. */
  readonly other: Store;
  readonly clock: Clock;
  readonly compact: (revision: Revision) => Promise<void>;
  readonly close: () => Promise<void>;
};

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);
export const put = (key: string, value = 'x'): Write => ({ kind: 'put', key, value: bytes(value) });
export const del = (key: string): Write => ({ kind: 'delete', key });

/** The commit's revision; the test fails when it was not done. */
export async function committed(store: Store, ...writes: Write[]): Promise<Revision> {
  const outcome = await store.commit([], writes);
  if (!outcome.ok || outcome.value.kind !== 'committed') throw new Error(JSON.stringify(outcome));
  return outcome.value.revision;
}

export async function listed(store: Store, prefix: string): Promise<Listing> {
  const outcome = await store.list(prefix);
  if (!outcome.ok) throw new Error(outcome.error.text);
  return outcome.value;
}

async function entryOf(store: Store, key: string): Promise<Entry | undefined> {
  const outcome = await store.get([key]);
  if (!outcome.ok) throw new Error(outcome.error.text);
  return outcome.value.entries[0];
}

/** Waits for a state, and says what it waited for when that does not come. */
export async function until(what: string, holds: () => boolean, withinMs = 60_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`waited ${withinMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export type Seen = {
  readonly news: WatchNews[];
  readonly events: () => WatchEvent[];
  readonly stop: () => void;
};

export function follow(store: Store, prefix: string, after: Revision): Seen {
  const news: WatchNews[] = [];
  const watching = store.watch(prefix, after, (one) => news.push(one));
  const events = () => news.flatMap((one) => (one.kind === 'events' ? one.events : []));
  return { news, events, stop: watching.stop };
}

const brief = (event: WatchEvent): string =>
  event.kind === 'put' ? `${event.entry.key}=${text(event.entry.value)}` : `-${event.key}`;

export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: a store`, () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeAll(async () => {
      under = await open();
      store = under.store;
    });
    afterAll(() => under.close());

    describe('reads', () => {
      it('answers for keys that are there, in key order, with the revisions of their life', async () => {
        const first = await committed(store, put('read/b', '1'));
        const second = await committed(store, put('read/b', '2'), put('read/a', '3'));
        const got = await store.get(['read/b', 'read/none', 'read/a']);
        expect(got.ok && got.value.entries).toMatchObject([
          { key: 'read/a', modRevision: second, createRevision: second },
          { key: 'read/b', modRevision: second, createRevision: first },
        ]);
        expect(got.ok && got.value.entries.map((entry) => text(entry.value))).toEqual(['3', '2']);
      });

      it('lists exactly what starts with a prefix, in the order of UTF-8 bytes', async () => {
        const keys = ['ls/', 'ls/a', 'ls/a/b', 'ls/a0', 'ls/ä', 'ls/鉄', 'ls/\uffee', 'ls/🐡'];
        await committed(store, ...[...keys].reverse().map((key) => put(key)), put('lt'), put('ls'));
        const { entries } = await listed(store, 'ls/');
        expect(entries.map((entry) => entry.key)).toEqual(keys);
      });

      it('lists more than one page, of one revision', async () => {
        for (let at = 0; at < 13; at++) {
          const keys = Array.from({ length: 100 }, (_, i) => `many/${at * 100 + i + 1000}`);
          await committed(store, ...keys.map((key) => put(key)));
        }
        const { entries } = await listed(store, 'many/');
        expect(entries.length).toBe(1300);
        expect(new Set(entries.map((entry) => entry.key)).size).toBe(1300);
      });

      it('answers a revision also where nothing is', async () => {
        const at = await committed(store, put('read/z'));
        const nothing = await store.get([]);
        expect(nothing.ok && compareRevisions(nothing.value.revision, at)).toBe(0);
        expect((await listed(store, 'nowhere/')).entries).toEqual([]);
      });
    });

    describe('commits', () => {
      it('writes all or nothing', async () => {
        const at = await committed(store, put('cas/a'));
        const refused = await store.commit(
          [
            { kind: 'unmoved', key: 'cas/a', modRevision: at },
            { kind: 'unmoved', key: 'cas/b', modRevision: at },
          ],
          [put('cas/a', 'new'), put('cas/c')],
        );
        expect(refused).toEqual(ok({ kind: 'moved' }));
        expect((await listed(store, 'cas/')).entries.map((entry) => text(entry.value))).toEqual([
          'x',
        ]);
      });

      it('creates a key only where it is absent', async () => {
        const condition = { kind: 'unmoved', key: 'create/a', modRevision: absent } as const;
        expect(await store.commit([condition], [put('create/a', '1')])).toMatchObject({
          value: { kind: 'committed' },
        });
        expect(await under.other.commit([condition], [put('create/a', '2')])).toEqual(
          ok({ kind: 'moved' }),
        );
      });

      it('tells a key from a later one of the same name by its create revision', async () => {
        const first = await committed(store, put('held/a'));
        await committed(store, put('held/a', 'changed'));
        const held = { kind: 'held', key: 'held/a', createRevision: first } as const;
        expect(await store.commit([held], [put('held/ok')])).toMatchObject({
          value: { kind: 'committed' },
        });
        await committed(store, del('held/a'));
        expect(await store.commit([held], [put('held/no')])).toEqual(ok({ kind: 'moved' }));
        await committed(store, put('held/a'));
        expect(await store.commit([held], [put('held/no')])).toEqual(ok({ kind: 'moved' }));
      });

      it('asks whether anything is under a prefix', async () => {
        const none = { kind: 'none-under', prefix: 'none/' } as const;
        await committed(store, put('none0'), put('none'));
        expect(await store.commit([none], [put('none/1')])).toMatchObject({
          value: { kind: 'committed' },
        });
        expect(await store.commit([none], [put('none/2')])).toEqual(ok({ kind: 'moved' }));
        await committed(store, del('none/1'));
        expect(await store.commit([none], [put('none/3')])).toMatchObject({
          value: { kind: 'committed' },
        });
      });

      it('asks whether anything under a prefix came or changed', async () => {
        const since = await committed(store, put('quiet/1'), put('quiet/2'));
        const quiet = { kind: 'quiet-under', prefix: 'quiet/', since } as const;
        expect(await store.commit([quiet], [put('quietly')])).toMatchObject({
          value: { kind: 'committed' },
        });
        await committed(store, put('quiet/1'));
        expect(await store.commit([quiet], [put('quietly')])).toEqual(ok({ kind: 'moved' }));
      });

      it('asks whether any key under a prefix was born, and does not mind those that change or go', async () => {
        const since = await committed(store, put('born/1'), put('born/2'));
        const none = { kind: 'none-born-under', prefix: 'born/', since } as const;
        const nothing = { kind: 'none-born-under', prefix: 'unborn/', since } as const;
        await committed(store, put('born/1', 'changed'), del('born/2'), put('born0'));
        expect(await store.commit([none, nothing], [put('bearing/1')])).toMatchObject({
          value: { kind: 'committed' },
        });
        await committed(under.other, put('born/2'));
        expect(await store.commit([none], [put('bearing/2')])).toEqual(ok({ kind: 'moved' }));
        expect((await listed(store, 'bearing/')).entries).toHaveLength(1);
      });

      it('refuses more than one commit takes, and writes nothing', async () => {
        const writes = Array.from({ length: store.writesMax + 1 }, (_, at) => put(`big/${at}`));
        expect(await store.commit([], writes)).toMatchObject({
          error: { kind: 'too-large', operationsMax: store.conditionsMax + 1 },
        });
        expect((await listed(store, 'big/')).entries).toEqual([]);
      });

      it('writes far more than a flat transaction takes at one revision, told as one piece of news', async () => {
        const conditions = Array.from(
          { length: 60 },
          (_, at) => ({ kind: 'unmoved', key: `huge-none/${at}`, modRevision: absent }) as const,
        );
        const before = await committed(store, put('huge/9999'), put('huge-hidden'));
        const seen = follow(under.other, 'huge/', before);
        const writes = Array.from({ length: store.writesMax - 1 }, (_, at) => put(`huge/${at}`));
        const all: Write[] = [...writes, del('huge/9999')];
        const wrong = { kind: 'unmoved', key: 'huge-hidden', modRevision: absent } as const;
        expect(await store.commit([...conditions, wrong], all)).toEqual(ok({ kind: 'moved' }));
        expect((await listed(store, 'huge/')).entries).toHaveLength(1);
        const outcome = await store.commit(conditions, all);
        expect(outcome).toMatchObject({ ok: true, value: { kind: 'committed' } });
        const { entries } = await listed(store, 'huge/');
        expect(entries).toHaveLength(writes.length);
        expect(new Set(entries.map((entry) => entry.modRevision)).size).toBe(1);
        await until('news of all', () => seen.events().length === all.length);
        expect(seen.news.filter((one) => one.kind === 'events')).toHaveLength(1);
        seen.stop();
      });

      it('takes as many conditions as it says, and no more', async () => {
        const conditions = Array.from(
          { length: store.conditionsMax + 1 },
          (_, at) => ({ kind: 'unmoved', key: `terms/${at}`, modRevision: absent }) as const,
        );
        expect(await store.commit(conditions, [put('agreed')])).toMatchObject({
          error: { kind: 'too-large' },
        });
        expect(await store.commit(conditions.slice(1), [put('agreed')])).toMatchObject({
          value: { kind: 'committed' },
        });
      });

      it.each([70, 100, 120, 126])('under %i conditions nests what still fits', async (count) => {
        const conditions = Array.from(
          { length: count },
          (_, at) => ({ kind: 'unmoved', key: `room/${at}`, modRevision: absent }) as const,
        );
        const most = count * (store.conditionsMax - count);
        const writes = Array.from({ length: most + 1 }, (_, at) => put(`roomy/${count}/${at}`));
        const fitting = Math.max(most, store.conditionsMax);
        const tooMany = Array.from({ length: fitting + 1 }, (_, at) => put(`roomy/${count}/${at}`));
        expect(await store.commit(conditions, tooMany)).toMatchObject({
          error: { kind: 'too-large' },
        });
        expect(await store.commit(conditions, writes.slice(1))).toMatchObject({
          value: { kind: 'committed' },
        });
      });

      it('refuses more bytes than one commit takes with a number, and takes what is just below', async () => {
        const value = 'x'.repeat(10_000);
        const fit = Math.floor(store.bytesMax / bytesOf(put('weight/100', value)));
        const writes = Array.from({ length: fit + 1 }, (_, at) => put(`weight/${at + 100}`, value));
        expect(await store.commit([], writes)).toMatchObject({
          error: { kind: 'too-large', text: expect.stringContaining(`${store.bytesMax} at once`) },
        });
        expect((await listed(store, 'weight/')).entries).toEqual([]);
        await committed(store, ...writes.slice(1));
        expect((await listed(store, 'weight/')).entries).toHaveLength(fit);
      });

      it('takes a full commit of the smallest writes: what it counts for each is enough', async () => {
        const size =
          Math.floor(store.bytesMax / (store.writesMax - 1)) - bytesOf(put('small/1000', ''));
        const writes = Array.from({ length: store.writesMax - 1 }, (_, at) =>
          put(`small/${at + 1000}`, 'x'.repeat(size)),
        );
        await committed(store, ...writes);
        expect((await listed(store, 'small/')).entries).toHaveLength(writes.length);
      });

      it('deletes everything under a prefix, more than one commit takes, and nothing beside it', async () => {
        for (let at = 0; at < 3; at++) {
          await committed(store, ...Array.from({ length: 100 }, (_, i) => put(`sweep/${at}/${i}`)));
        }
        await committed(store, put('sweep'), put('sweep0'), put('sweeper/1'));
        const seen = await listed(store, 'sweep/');
        const watched = follow(under.other, 'sweep/', seen.revision);
        const sweep: Write = { kind: 'delete-under', prefix: 'sweep/' };
        const moved = { kind: 'unmoved', key: 'sweep0', modRevision: absent } as const;
        expect(await store.commit([moved], [sweep])).toEqual(ok({ kind: 'moved' }));
        expect((await listed(store, 'sweep/')).entries).toHaveLength(300);
        const at = await committed(store, sweep, put('swept'));
        expect((await listed(store, 'sweep')).entries.map((entry) => entry.key)).toEqual([
          'sweep',
          'sweep0',
          'sweeper/1',
        ]);
        await until('news of all', () => watched.events().length === 300);
        watched.stop();
        const batches = watched.news.filter((one) => one.kind === 'events');
        expect(batches).toMatchObject([{ revision: at }]);
        expect(watched.events().every((event) => event.kind === 'delete')).toBe(true);
        expect(await store.commit([], [sweep])).toMatchObject({ value: { kind: 'committed' } });
      });

      it('takes a delete of what is not there', async () => {
        expect(await store.commit([], [del('ghost')])).toMatchObject({
          value: { kind: 'committed' },
        });
      });

      it('keeps bytes as they are', async () => {
        const value = Uint8Array.from({ length: 256 }, (_, at) => at);
        await store.commit([], [{ kind: 'put', key: 'raw', value }, put('empty', '')]);
        expect([...((await entryOf(store, 'raw'))?.value ?? [])]).toEqual([...value]);
        expect((await entryOf(store, 'empty'))?.value.length).toBe(0);
      });
    });

    describe('watches', () => {
      it('tells every change after a revision, those of one commit together', async () => {
        const before = await committed(store, put('w1/a', '0'));
        await committed(store, put('w1/a', '1'), put('w1/b', '1'), put('elsewhere/w1'));
        const seen = follow(store, 'w1/', before);
        await until('the backlog', () => seen.events().length >= 2);
        const last = await committed(under.other, del('w1/a'), put('w1/c', '2'));
        await until('the next commit', () => seen.events().length >= 4);
        const batches = seen.news.flatMap((one) => (one.kind === 'events' ? [one] : []));
        expect(batches.map((batch) => batch.events.map(brief).sort())).toEqual([
          ['w1/a=1', 'w1/b=1'],
          ['-w1/a', 'w1/c=2'],
        ]);
        expect(batches.at(-1)?.revision).toBe(last);
        seen.stop();
      });

      it('is silent after it was stopped', async () => {
        const seen = follow(store, 'w2/', await committed(store, put('w2/a')));
        seen.stop();
        const other = follow(under.other, 'w2/', await committed(store, put('w2/b')));
        await committed(store, put('w2/c'));
        await until('the other watch', () => other.events().length === 1);
        expect(seen.events()).toEqual([]);
        other.stop();
      });

      it('says that the history is gone, and ends', async () => {
        const old = await committed(store, put('w3/a', '1'));
        await committed(store, put('w3/a', '2'));
        const now = await committed(store, put('w3/a', '3'));
        await under.compact(now);
        const seen = follow(store, 'w3/', old);
        await until('the news', () => seen.news.some((one) => one.kind === 'compacted'));
        await committed(store, put('w3/a', '4'));
        const fresh = follow(store, 'w3/', now);
        await until('the fresh watch', () => fresh.events().length === 1);
        expect(seen.events()).toEqual([]);
        expect(seen.news.at(-1)).toMatchObject({ kind: 'compacted' });
        fresh.stop();
      });

      it('many watches at random starting points see the same history', async () => {
        const chance = seededChance(7);
        const start = await committed(store, put('w4/start'));
        const revisions = [start];
        const seen: { at: Revision; watch: Seen }[] = [];
        for (let turn = 0; turn < 120; turn++) {
          const key = `w4/${Math.floor(chance.next() * 5)}`;
          const write = chance.next() < 0.3 ? del(key) : put(key, String(turn));
          revisions.push(await committed(turn % 2 === 0 ? store : under.other, write));
          if (turn % 10 === 0) {
            const at = revisions[Math.floor(chance.next() * revisions.length)] as Revision;
            seen.push({ at, watch: follow(turn % 20 === 0 ? store : under.other, 'w4/', at) });
          }
        }
        const end = await committed(store, put('w4/end'));
        const ended = (watch: Seen) =>
          watch.events().some((event) => brief(event).startsWith('w4/end'));
        await until('all to be through', () => seen.every(({ watch }) => ended(watch)));
        const all = follow(store, 'w4/', start);
        await until('the complete history', () => ended(all));
        for (const { at, watch } of seen) {
          const expected = all
            .events()
            .filter((event) => compareRevisions(revisionOf(event), at) > 0);
          expect(watch.events().map(brief)).toEqual(expected.map(brief));
          watch.stop();
        }
        expect(revisionOf(all.events().at(-1) as WatchEvent)).toBe(end);
        all.stop();
      });
    });

    describe('claims', () => {
      it('gives a key to one holder, who is told to the others', async () => {
        const mine = await store.claim('lead/a', bytes('me'), 30);
        if (!mine.ok) throw new Error('the claim was refused');
        const theirs = await under.other.claim('lead/a', bytes('them'), 5);
        expect(theirs).toMatchObject({ ok: false, error: { kind: 'held-by-other' } });
        expect(!theirs.ok && 'holder' in theirs.error && text(theirs.error.holder)).toBe('me');
        expect(mine.value.certainUntilMs()).toBeGreaterThan(under.clock.monotonicMs());
        await mine.value.release();
        expect(await mine.value.lost).toBe('released');
        const again = await under.other.claim('lead/a', bytes('them'), 5);
        expect(again.ok).toBe(true);
        if (again.ok) await again.value.release();
      });

      it('fences the writes of a former holder', async () => {
        const first = await store.claim('lead/b', bytes('1'), 30);
        if (!first.ok) throw new Error('the claim was refused');
        const { key, createRevision } = first.value;
        const fence = { kind: 'held', key, createRevision } as const;
        expect(await store.commit([fence], [put('led', '1')])).toMatchObject({
          value: { kind: 'committed' },
        });
        await first.value.release();
        const second = await under.other.claim('lead/b', bytes('2'), 5);
        expect(await store.commit([fence], [put('led', 'late')])).toEqual(ok({ kind: 'moved' }));
        if (second.ok) await second.value.release();
      });
    });

    describe('what is built on it', () => {
      it('two transactors on one key lose no update', async () => {
        const world = { clock: under.clock, chance: seededChance(3) };
        const transactors = [createTransact(store, world), createTransact(under.other, world)];
        const all = await Promise.all(
          Array.from({ length: 400 }, async (_, at) => {
            if (at > 40) await new Promise((resolve) => setTimeout(resolve, at % 50));
            return transactors[at % 2]?.('count', { keys: ['count'] }, (view) => {
              const next = Number(text(view.get('count')?.value) ?? '0') + 1;
              return { ok: true, value: next, writes: [put('count', String(next))] };
            });
          }),
        );
        const values = all.map((answer) => (answer?.ok ? answer.value.value : -1));
        expect(values.sort((a, b) => a - b)).toEqual(
          Array.from({ length: 400 }, (_, at) => at + 1),
        );
        expect(text((await entryOf(store, 'count'))?.value)).toBe('400');
      });

      it('a mirror shows what its own writer committed', async () => {
        await committed(store, put('mirror/a', '1'));
        const mirror = createMirror({
          store,
          prefix: 'mirror/',
          decode: (_, value) => ok(text(value)),
          clock: under.clock,
          log: silentLog,
        });
        expect(await mirror.start()).toEqual(ok(undefined));
        const changes: string[] = [];
        mirror.subscribe((batch) => changes.push(...batch.map((one) => `${one.key}:${one.value}`)));
        const revision = await committed(store, put('mirror/b', '2'), del('mirror/a'));
        expect(await mirror.reached(revision, 60_000)).toBe(true);
        expect(mirror.entries()).toEqual([['b', '2']]);
        expect(mirror.get('a')).toBeUndefined();
        expect(changes.sort()).toEqual(['a:undefined', 'b:2']);
        expect(mirror.freshness()).toEqual({ kind: 'live' });
        mirror.stop();
      });
    });
  });
}

function revisionOf(event: WatchEvent): Revision {
  return event.kind === 'put' ? event.entry.modRevision : event.modRevision;
}
