import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail } from '../../../src/base/result.ts';
import type { Store } from '../../../src/base/store.ts';
import { createTransact } from '../../../src/base/transact.ts';
import type { Actor } from '../../../src/inventory/audit.ts';
import { createAssetCatalog } from '../../../src/pxe/assets/catalog.ts';
import type { AssetSettings, NewAsset } from '../../../src/pxe/assets/intake.ts';
import { createMemoryAssetShelf } from '../../../src/pxe/assets/memory-shelf.ts';
import { manualClock, seededChance } from '../../support/clock.ts';
import { sha256Hex } from '../../support/digest.ts';
import { silentLog } from '../../support/silent-log.ts';
import { pieces, utf8 } from '../../support/tar.ts';

const actor: Actor = { user: 'ops', ip: '127.0.0.1', host: 'server-1' };

function aSite() {
  const clock = manualClock();
  const store = createMemoryStore({ clock });
  /** Time goes on while we wait: a commit that lost a race pauses before the next try. */
  const driven = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    work.then(end, end);
    while (!isDone) await clock.run(10);
    return work;
  };
  const aServer = async (
    name: string,
    settings: Partial<AssetSettings> = {},
    seen: Store = store,
  ) => {
    const world = { clock, chance: seededChance(name.charCodeAt(0)), log: silentLog };
    const shelf = createMemoryAssetShelf(clock, sha256Hex);
    const catalog = createAssetCatalog({
      store: seen,
      transact: createTransact(seen, world),
      world,
      shelf,
      advertiseUrl: `http://${name}`,
      settings: { uploadsMax: 4, ...settings },
    });
    expect((await catalog.start()).ok).toBe(true);
    const put = async (
      asset: string,
      content: string,
      more: Partial<NewAsset> = {},
      body: AsyncIterable<Uint8Array> = pieces(utf8(content)),
    ) => {
      const given: NewAsset = {
        name: asset,
        contentType: 'text/plain',
        sizeBytes: utf8(content).length,
        sha256: undefined,
        options: new Map(),
        ...more,
      };
      const done = await driven(catalog.put(given, body, actor));
      return done.ok
        ? `${done.value.isNew ? 'new' : 'replaced'} ${done.value.id}`
        : done.error.kind;
    };
    const adopt = async (id: string, content: string) => {
      const done = await driven(catalog.adopt(id, pieces(utf8(content))));
      return done.ok ? 'done' : done.error.kind;
    };
    return { catalog, shelf, put, adopt };
  };
  const read = async (key: string) => {
    const got = await store.get([key]);
    const bytes = got.ok ? got.value.entries[0]?.value : undefined;
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const write = (key: string, text: string) =>
    store.commit([], [{ kind: 'put', key, value: utf8(text) }]);
  return { clock, store, driven, aServer, read, write };
}

describe('asset ids', () => {
  it('begin at 1 and are shared by all assets and servers', async () => {
    const { aServer, read } = aSite();
    const [one, two] = [await aServer('one'), await aServer('two')];
    expect(await one.put('a', 'x')).toBe('new 1');
    expect(await two.put('b', 'x')).toBe('new 2');
    expect(await one.put('a', 'y')).toBe('replaced 3');
    expect(await read('assets')).toBe('3');
  });

  it('go on where Sabakan stopped', async () => {
    const { aServer, write } = aSite();
    await write('assets', '41');
    expect(await (await aServer('one')).put('a', 'x')).toBe('new 42');
  });

  it('are never given twice, not even when the counter is lost', async () => {
    const { aServer, store } = aSite();
    const one = await aServer('one');
    await one.put('a', 'x');
    await one.put('b', 'x');
    await store.commit([], [{ kind: 'delete', key: 'assets' }]);
    expect(await one.put('c', 'x')).toBe('new 3');
  });

  it('are not guessed from a counter that cannot be read', async () => {
    const { aServer, write, read } = aSite();
    await write('assets', 'many');
    expect(await (await aServer('one')).put('a', 'x')).toBe('record-broken');
    expect(await read('assets')).toBe('many');
  });

  it('are used up by uploads that fail', async () => {
    const { aServer } = aSite();
    const one = await aServer('one');
    expect(await one.put('a', 'x', { sha256: sha256Hex('y') })).toBe('asset-differs');
    async function* cut() {
      yield utf8('half');
      throw new Error('connection reset');
    }
    expect(await one.put('a', 'half and half', {}, cut())).toBe('upload-broken');
    expect(await one.put('a', 'whole', {}, pieces(utf8('who')))).toBe('upload-broken');
    expect(await one.put('a', 'x', {}, pieces(utf8('xyz')))).toBe('upload-broken');
    expect([one.shelf.ids(), one.catalog.names()]).toEqual([[], []]);
    expect(await one.put('a', 'x')).toBe('new 5');
  });
});

describe('uploads at the same time', () => {
  it('under many names on two servers get as many ids', async () => {
    const { aServer, read } = aSite();
    const servers = [
      await aServer('one', { uploadsMax: 20 }),
      await aServer('two', { uploadsMax: 20 }),
    ];
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, at) => servers[at % 2]?.put(`a${at}`, `content ${at}`)),
    );
    const ids = results.map((result) => Number(result?.replace('new ', '')));
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    expect(await read('assets')).toBe('40');
  });

  it('under one name: each is stored whole, or told that another was faster', async () => {
    const { aServer, clock } = aSite();
    const [one, two] = [await aServer('one'), await aServer('two')];
    const results = await Promise.all([one.put('a', 'of one'), two.put('a', 'of two')]);
    await clock.run(10);
    for (const result of results) expect(result).toMatch(/^(new|replaced) \d$|^asset-raced$/);
    const won = one.catalog.list()[0];
    const holder = won?.urls[0] === 'http://one/api/v1/assets/a' ? one : two;
    expect(results.some((result) => result?.endsWith(won?.id ?? '?'))).toBe(true);
    expect(holder.shelf.get(won?.id ?? '')?.sha256).toBe(won?.sha256);
    const lost = results.indexOf('asset-raced');
    if (lost >= 0) expect([one, two][lost]?.shelf.ids()).toEqual([]);
  });

  it('whose name was put by another server before their commit lose', async () => {
    const { aServer, store } = aSite();
    const two = await aServer('two');
    let early = true;
    const slow: Store = {
      ...store,
      // The other upload happens between the look at the name and the commit.
      get: async (keys) => {
        const got = await store.get(keys);
        if (early && keys.includes('assets/a')) {
          early = false;
          expect(await two.put('a', 'faster')).toBe('new 2');
        }
        return got;
      },
    };
    const one = await aServer('one', {}, slow);
    expect(await one.put('a', 'slower')).toBe('asset-raced');
    expect(one.shelf.ids()).toEqual([]);
    expect(two.catalog.list()[0]?.sha256).toBe(sha256Hex('faster'));
  });

  it('over the limit are told to come back, and use up no id', async () => {
    const { aServer, read } = aSite();
    const one = await aServer('one', { uploadsMax: 1 });
    const results = await Promise.all([one.put('a', 'x'), one.put('b', 'x')]);
    expect(results).toEqual(['new 1', 'uploads-busy']);
    expect(await read('assets')).toBe('1');
  });
});

describe('a store that fails during an upload', () => {
  const failing = (store: Store, kind: 'outcome-unknown' | 'store-unavailable'): Store => ({
    ...store,
    commit: async (conditions, writes) =>
      writes.some((write) => write.kind === 'put' && write.key === 'assets/a')
        ? fail({ kind, text: 'lost' })
        : store.commit(conditions, writes),
  });

  it('leaves nothing on the shelf when nothing was done', async () => {
    const { aServer, store } = aSite();
    const one = await aServer('one', {}, failing(store, 'store-unavailable'));
    expect(await one.put('a', 'x')).toBe('store-unavailable');
    expect(one.shelf.ids()).toEqual([]);
  });

  it('leaves the content when it may have been done; if not, it is a stray', async () => {
    const { aServer, store } = aSite();
    const one = await aServer('one', {}, failing(store, 'outcome-unknown'));
    expect(await one.put('a', 'x')).toBe('outcome-unknown');
    expect(one.shelf.ids()).toEqual(['1']);
    expect(one.catalog.strays()).toEqual(['1']);
  });
});

describe('copies from other servers', () => {
  it('are taken when their content is right, and offered, once and in order', async () => {
    const { aServer } = aSite();
    const [two, one] = [await aServer('two'), await aServer('one')];
    await two.put('a b', 'content');
    expect(one.catalog.missing()).toEqual([
      { id: '1', bytesMax: 7, urls: ['http://two/api/v1/assets/a%20b'] },
    ]);
    expect(await one.adopt('1', 'content')).toBe('done');
    expect(await one.adopt('1', 'anything: it is here already')).toBe('done');
    expect(one.catalog.missing()).toEqual([]);
    expect(one.catalog.list()[0]?.urls).toEqual([
      'http://one/api/v1/assets/a%20b',
      'http://two/api/v1/assets/a%20b',
    ]);
    const found = await one.catalog.find('a b');
    expect(found.ok && found.value.stored?.sizeBytes).toBe(7);
  });

  it.each([
    ['other content of the same length', 'CONTENT', 'asset-differs'],
    ['more than there is', 'content and more', 'upload-broken'],
    ['less than there is', 'cont', 'asset-differs'],
  ])('with %s are not taken', async (_, content, problem) => {
    const { aServer } = aSite();
    const [two, one] = [await aServer('two'), await aServer('one')];
    await two.put('a', 'content');
    expect(await one.adopt('1', content)).toBe(problem);
    expect(one.shelf.ids()).toEqual([]);
    expect(one.catalog.list()[0]?.urls.length).toBe(1);
  });

  it('of a version that was replaced meanwhile are not offered', async () => {
    const { aServer, driven } = aSite();
    const [two, one] = [await aServer('two'), await aServer('one')];
    await two.put('a', 'content');
    async function* replacedMeanwhile() {
      yield utf8('content');
      await two.put('a', 'newer');
    }
    const adopted = await driven(one.catalog.adopt('1', replacedMeanwhile()));
    expect(!adopted.ok && adopted.error.kind).toBe('asset-unknown');
    expect(one.catalog.list()[0]?.urls).toEqual(['http://two/api/v1/assets/a']);
    expect(one.catalog.missing().map(({ id }) => id)).toEqual(['2']);
    expect(one.catalog.strays()).toEqual(['1']);
  });

  it('are accepted from servers that have this version', async () => {
    const { aServer, write } = aSite();
    const { catalog } = await aServer('one');
    const sha256 = sha256Hex('x');
    await write('assets/a', JSON.stringify({ id: '7', sha256 }));
    const answer = (id: string, hash?: string) =>
      catalog.accepts(
        '7',
        new Map([
          ['x-sabakan-asset-id', id],
          ...(hash === undefined ? [] : [['x-sabakan-asset-sha256', hash] as const]),
        ]),
      );
    expect(answer('7')).toBeUndefined();
    expect(answer('7', sha256.toUpperCase())).toBeUndefined();
    expect(answer('7', sha256Hex('y'))).toMatch(/its SHA-256 of 7 is a1fce4/);
    expect(answer('8', sha256)).toMatch(/version 8/);
    expect(catalog.accepts('7', new Map())).toMatch(/unknown/);
  });

  it('keep members of the record that we do not know', async () => {
    const { aServer, write, read } = aSite();
    const one = await aServer('one');
    const sha256 = sha256Hex('x');
    await write('assets/a', JSON.stringify({ name: 'a', id: '5', size: 1, sha256, more: [1] }));
    expect(await one.adopt('5', 'x')).toBe('done');
    expect(JSON.parse((await read('assets/a')) ?? '')).toEqual({
      ...{ name: 'a', id: '5', size: 1, sha256, more: [1] },
      urls: ['http://one/api/v1/assets/a'],
    });
  });

  it('that are here but not offered are offered', async () => {
    const { aServer, store, read } = aSite();
    const one = await aServer('one');
    await one.put('a', 'x');
    const record = JSON.parse((await read('assets/a')) ?? '');
    const value = utf8(JSON.stringify({ ...record, urls: ['http://two/api/v1/assets/a'] }));
    await store.commit([], [{ kind: 'put', key: 'assets/a', value }]);
    expect(one.catalog.missing().map(({ id }) => id)).toEqual(['1']);
    expect(await one.adopt('1', '')).toBe('done');
    expect(one.catalog.list()[0]?.urls.length).toBe(2);
  });

  it('left from another database do not stand for the asset of the same id', async () => {
    const { aServer, write } = aSite();
    const one = await aServer('one');
    const staged = await one.shelf.stage(pieces(utf8('old')), 100);
    if (staged.ok) await staged.value.publish('5');
    await write('assets/a', JSON.stringify({ id: '5', size: 3, sha256: sha256Hex('new') }));
    const found = await one.catalog.find('a');
    expect(found.ok && found.value.stored).toBeUndefined();
    expect(await one.adopt('5', 'new')).toBe('done');
    expect(one.shelf.get('5')?.sha256).toBe(sha256Hex('new'));
  });
});

describe('strays', () => {
  it('are what a replacement or a removal left', async () => {
    const { aServer, driven } = aSite();
    const one = await aServer('one');
    await one.put('a', 'x');
    await one.put('a', 'y');
    await one.put('b', 'z');
    expect(one.catalog.strays()).toEqual(['1']);
    await driven(one.catalog.remove('b', actor));
    expect(one.catalog.strays()).toEqual(['1', '3']);
    for (const id of ['1', '2', '3']) await one.catalog.discardStray(id);
    expect(one.shelf.ids()).toEqual(['2']);
  });

  it('are not what an upload has put on the shelf and is about to commit', async () => {
    const { aServer, store, driven } = aSite();
    let seen: readonly string[] | undefined;
    const slow: Store = {
      ...store,
      commit: async (conditions, writes) => {
        if (writes.some((write) => write.kind === 'put' && write.key === 'assets/a')) {
          expect(one.shelf.ids()).toEqual(['1']);
          seen = one.catalog.strays();
          await one.catalog.discardStray('1');
        }
        return store.commit(conditions, writes);
      },
    };
    const one = await aServer('one', {}, slow);
    expect(await driven(one.put('a', 'x'))).toBe('new 1');
    expect([seen, one.shelf.ids()]).toEqual([[], ['1']]);
  });

  it('are not known while a record cannot be read: it may name any of them', async () => {
    const { aServer, write } = aSite();
    const one = await aServer('one');
    await one.put('a', 'x');
    await write('assets/a', '{');
    expect(one.catalog.strays()).toEqual([]);
    await one.catalog.discardStray('1');
    expect(one.shelf.ids()).toEqual(['1']);
  });

  it('are not known while the store is silent', async () => {
    const { aServer, store, driven } = aSite();
    const one = await aServer('one');
    await one.put('a', 'x');
    await driven(one.catalog.remove('a', actor));
    expect(one.catalog.strays()).toEqual(['1']);
    store.cutWatches();
    await driven(Promise.resolve());
    expect(one.catalog.freshness().kind).toBe('behind');
    expect(one.catalog.strays()).toEqual([]);
  });
});

describe('finding', () => {
  it('sees what another server has just put or that nobody has', async () => {
    const { aServer, store } = aSite();
    // A watch that tells nothing: this server's own copy stays empty.
    const deaf: Store = { ...store, watch: () => ({ stop: () => {} }) };
    const [two, one] = [await aServer('two'), await aServer('one', {}, deaf)];
    await two.put('a', 'x');
    expect(one.catalog.list()).toEqual([]);
    const found = await one.catalog.find('a');
    expect(found.ok && found.value.asset.id).toBe('1');
    const none = await one.catalog.find('b');
    expect(!none.ok && none.error.kind).toBe('asset-unknown');
  });

  it('does not say "unknown" when the store cannot be asked', async () => {
    const { aServer, store } = aSite();
    let away = false;
    const seen: Store = {
      ...store,
      get: async (keys) =>
        away ? fail({ kind: 'store-unavailable', text: 'away' }) : store.get(keys),
    };
    const one = await aServer('one', {}, seen);
    away = true;
    const found = await one.catalog.find('a');
    expect(!found.ok && found.error.kind).toBe('store-unavailable');
  });
});
