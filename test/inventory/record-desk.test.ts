import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import type { PutTerms } from '../../src/base/put-terms.ts';
import { fail, ok } from '../../src/base/result.ts';
import type { Revision } from '../../src/base/store.ts';
import { createTransact } from '../../src/base/transact.ts';
import {
  createRecordDesk,
  type RecordChange,
  type RecordKind,
} from '../../src/inventory/record-desk.ts';
import { manualClock, seededChance } from '../support/clock.ts';
import { quietWatch } from '../support/quiet-watch.ts';
import { silentLog } from '../support/silent-log.ts';

const actor = { user: 'ops', ip: '127.0.0.1', host: 'one' };

type Problem = { readonly kind: 'unknown' | 'crowded' };

const colours: RecordKind<string, Problem> = {
  prefix: 'colours/',
  decode: (_, stored) => {
    const text = new TextDecoder().decode(stored);
    return text.startsWith('{') ? ok(text) : fail('it is no colour');
  },
  form: 'json',
  category: 'channels',
  called: (name) => `the colour ${name}`,
  unknown: () => ({ kind: 'unknown' }),
};

async function aDesk(kind: Partial<RecordKind<string, Problem>> = {}) {
  const clock = manualClock();
  const store = quietWatch(createMemoryStore({ clock }));
  const world = { clock, chance: seededChance(), log: silentLog };
  const transact = createTransact(store, world);
  const desk = createRecordDesk({ store, transact, world }, { ...colours, ...kind });
  await desk.mirror.start();
  const change = async (one: RecordChange<Problem>, terms: PutTerms = {}) => {
    const done = await desk.change(one, actor, terms);
    return done.ok ? 'done' : done.error.kind;
  };
  const write = (key: string, text: string) =>
    transact('by hand', { keys: [] }, () => {
      const value = new TextEncoder().encode(text);
      return { ok: true, value: undefined, writes: [{ kind: 'put', key, value }] };
    });
  const under = async (prefix: string) => {
    const listed = await store.list(prefix);
    const entries = listed.ok ? listed.value.entries : [];
    return entries.map(({ key, value, modRevision }) => {
      return { key, text: new TextDecoder().decode(value), modRevision };
    });
  };
  const audit = async () => (await under('audit/')).map(({ text }) => JSON.parse(text));
  return { desk, change, write, under, audit };
}

describe('a desk of records', () => {
  it('stores a record with its audit record in one commit and shows it when it answers', async () => {
    const { desk, change, under } = await aDesk();
    expect(await change({ name: 'red', text: '{"r":1}' })).toBe('done');
    expect(desk.mirror.get('red')).toBe('{"r":1}');
    const [[stored], [audit]] = [await under('colours/'), await under('audit/')];
    expect(stored).toEqual({
      key: 'colours/red',
      text: '{"r":1}',
      modRevision: audit?.modRevision,
    });
    expect(desk.records.get('colours/red')?.revision).toBe(stored?.modRevision);
  });

  it('audits JSON as it was and as it is', async () => {
    const { change, audit } = await aDesk({ instance: (name) => `colour ${name}` });
    await change({ name: 'red', text: '{"r":1}' });
    await change({ name: 'red', text: '{"r":2}' });
    await change({ name: 'red', text: undefined });
    const base = { category: 'channels', instance: 'colour red', user: 'ops' };
    expect(await audit()).toMatchObject([
      { ...base, action: 'put', detail: '{"r":1}', after: { r: 1 } },
      { ...base, action: 'put', detail: '{"r":2}', before: { r: 1 }, after: { r: 2 } },
      { ...base, action: 'delete', detail: '', before: { r: 2 } },
    ]);
    expect((await audit()).map((record) => Object.keys(record).includes('before'))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('audits text as the detail alone, and what is no JSON not at all', async () => {
    const text = await aDesk({ form: 'text' });
    await text.change({ name: 'red', text: '{"r":1}' });
    expect((await text.audit())[0]).not.toHaveProperty('after');
    const { change, write, audit } = await aDesk();
    await write('colours/red', 'red?');
    expect(await change({ name: 'red', text: undefined })).toBe('done');
    expect((await audit())[0]).not.toHaveProperty('before');
  });

  it('names records that cannot be read by their whole key', async () => {
    const { desk, write } = await aDesk();
    await write('colours/red', 'red?');
    expect(desk.broken()).toEqual(new Map([['colours/red', 'it is no colour']]));
  });

  it('takes away only what is there, be it elsewhere than under its key', async () => {
    const { change, audit } = await aDesk();
    expect(await change({ name: 'red', text: undefined })).toBe('unknown');
    expect(await audit()).toEqual([]);
    expect(await change({ name: 'red', text: undefined, isThere: () => true })).toBe('done');
  });

  it('refuses what its kind refuses after what the terms of the caller refuse', async () => {
    const { change, write, under } = await aDesk();
    await write('colours-full', 'yes');
    const crowded: RecordChange<Problem> = {
      name: 'red',
      text: '{}',
      reads: { keys: ['colours-full'] },
      whyNot: (view) => (view.get('colours-full') ? { kind: 'crowded' } : undefined),
    };
    expect(await change(crowded)).toBe('crowded');
    expect(await change(crowded, { over: ['7' as Revision] })).toBe('precondition-failed');
    expect(await under('colours/')).toEqual([]);
  });

  it('writes what goes with a record in the same commit', async () => {
    const { change, under } = await aDesk();
    const value = new TextEncoder().encode('1');
    await change({ name: 'red', text: '{}', also: () => [{ kind: 'put', key: 'count', value }] });
    const [[red], [count]] = [await under('colours/'), await under('count')];
    expect(count?.modRevision).toBe(red?.modRevision);
  });

  it('writes nothing in a dry run and waits for nothing that its copy never hears of', async () => {
    const { desk, change, write, under } = await aDesk();
    await change({ name: 'red', text: '{}' });
    await write('others', '1');
    const tried = { name: 'red', text: undefined, reads: { keys: ['others'] } };
    expect(await change(tried, { dryRun: true })).toBe('done');
    expect(await under('colours/')).toHaveLength(1);
    expect(desk.mirror.freshness()).toEqual({ kind: 'live' });
  });
});
