import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail, ok } from '../../../src/base/result.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { createAssetCatalog } from '../../../src/pxe/assets/catalog.ts';
import { defaultAssetSettings } from '../../../src/pxe/assets/intake.ts';
import { createMemoryAssetShelf } from '../../../src/pxe/assets/memory-shelf.ts';
import { createImageCatalog } from '../../../src/pxe/images/catalog.ts';
import { defaultImageSettings } from '../../../src/pxe/images/intake.ts';
import { createMemoryShelf } from '../../../src/pxe/images/memory-shelf.ts';
import { createPullLoop } from '../../../src/pxe/spread/pull-loop.ts';
import type { PeerDownload, Spreadable } from '../../../src/pxe/spread/spreadable.ts';
import { manualClock, seededChance } from '../../support/clock.ts';
import { sha256Hex } from '../../support/digest.ts';
import { silentLog } from '../../support/silent-log.ts';
import { pieces, tarOf, utf8 } from '../../support/tar.ts';

const actor = { user: 'ops', ip: '127.0.0.1', host: 'one' };

function imageTar(kernel: string): Uint8Array {
  return tarOf([
    ['kernel', utf8(kernel)],
    ['initrd.gz', utf8('initrd')],
  ]);
}

/** Server one has image 1; server two pulls with `download`. */
async function twoServers(download: PeerDownload) {
  const clock = manualClock();
  const store = createMemoryStore({ clock });
  const aServer = async (name: string) => {
    const world = { clock, chance: seededChance(name.length), log: silentLog };
    const transact = createTransact(store, world);
    const advertiseUrl = `http://${name}`;
    const shelf = createMemoryShelf(clock);
    const settings = defaultImageSettings;
    const catalog = createImageCatalog({ store, transact, world, shelf, advertiseUrl, settings });
    await catalog.start();
    return { catalog, world, shelf };
  };
  const one = await aServer('one');
  const two = await aServer('two');
  await one.catalog.upload('1', pieces(imageTar('kernel')), actor);
  const { catalog, world, shelf } = two;
  const loop = createPullLoop({
    world,
    blobs: { noun: 'image', ...catalog },
    download,
    ownUrl: 'http://two/',
  });
  loop.start();
  return { one: one.catalog, catalog, shelf, loop, run: clock.run };
}

const answers = (status: number, body: Uint8Array): Awaited<ReturnType<PeerDownload>> =>
  ok({ status, headers: new Map(), chunks: pieces(body), close: () => {} });

describe('images from other servers', () => {
  it('what is missing here is fetched and then offered here too', async () => {
    const asked: string[] = [];
    const { catalog, loop, run } = await twoServers(async (url) => {
      asked.push(url);
      return answers(200, imageTar('kernel'));
    });
    await run(6_000);
    expect(asked).toEqual(['http://one/api/v1/images/coreos/1']);
    expect(catalog.list()[0]).toMatchObject({
      exists: true,
      urls: ['http://one/api/v1/images/coreos/1', 'http://two/api/v1/images/coreos/1'],
    });
    expect(loop.missing().size).toBe(0);
    expect(loop.counters.fetched).toBe(1);
    await loop.stop();
  });

  it('what lies here already is offered, and counts as fetched from nobody', async () => {
    const clock = manualClock();
    const offered: string[] = [];
    const loop = createPullLoop({
      world: { clock, chance: seededChance(1), log: silentLog },
      blobs: {
        noun: 'image',
        missing: () =>
          offered.includes('1') ? [] : [{ id: '1', urls: ['http://one/1'], bytesMax: 9 }],
        adopt: async (id) => {
          offered.push(id);
          return ok(undefined);
        },
        strays: () => [],
        discardStray: async () => {},
        subscribe: () => () => {},
      },
      download: async () => fail('nobody is to be asked'),
      ownUrl: 'http://two/',
    });
    loop.start();
    await clock.run(6_000);
    expect(offered).toEqual(['1']);
    await loop.stop();
    expect(loop.counters).toMatchObject({ fetched: 0, failed: 0 });
  });

  it.each([
    ['an error page is no image', () => answers(404, utf8('{}')), /HTTP 404/],
    [
      'a body that is no tar is not taken',
      () => answers(200, utf8('x'.repeat(1_000))),
      /cannot be read/,
    ],
    ['other content is not taken', () => answers(200, imageTar('forged')), /different content/],
    ['a server that is away is no end', () => fail('connection refused'), /connection refused/],
  ])('%s, and is tried again with growing pauses', async (_, answer, why) => {
    const askedMs: number[] = [];
    const { catalog, loop, run } = await twoServers(async () => {
      askedMs.push(askedMs.length);
      return answer();
    });
    await run(60_000);
    expect(loop.missing().get('1')).toMatch(why);
    expect(catalog.list()[0]?.exists).toBe(false);
    expect(askedMs.length).toBeGreaterThan(2);
    expect(askedMs.length).toBeLessThan(10);
    await loop.stop();
  });

  it('a removed image leaves the shelf a minute later', async () => {
    const { one, shelf, loop, run } = await twoServers(async () =>
      answers(200, imageTar('kernel')),
    );
    await run(6_000);
    await one.remove('1', actor);
    await run(30_000);
    expect(shelf.ids()).toEqual(['1']);
    await run(60_000);
    expect(shelf.ids()).toEqual([]);
    await loop.stop();
  });
});

/** Blobs that exist as ids and URLs alone; `adopt` reads all and says what is wrong. */
function aLoop(download: PeerDownload, wanted: readonly { id: string; urls: readonly string[] }[]) {
  const clock = manualClock();
  const world = { clock, chance: seededChance(1), log: silentLog };
  let missing = wanted.map((blob) => ({ ...blob, bytesMax: 100 }));
  let strays: readonly string[] = [];
  let tell = () => {};
  const blobs: Spreadable = {
    noun: 'image',
    missing: () => missing,
    adopt: async (id, source) => {
      let text = '';
      try {
        for await (const chunk of source) text += new TextDecoder().decode(chunk);
      } catch (error) {
        return fail({ kind: 'upload-broken', text: (error as Error).message });
      }
      if (text !== id) return fail({ kind: 'image-differs', text: `${text} is not ${id}` });
      missing = missing.filter((blob) => blob.id !== id);
      return ok(undefined);
    },
    strays: () => strays,
    discardStray: async (id) => {
      strays = strays.filter((stray) => stray !== id);
    },
    subscribe: (listener) => {
      tell = listener;
      return () => {};
    },
  };
  const loop = createPullLoop({ world, blobs, download, ownUrl: 'http://own/' });
  loop.start();
  const name = (now: readonly { id: string; urls: readonly string[] }[]) => {
    missing = now.map((blob) => ({ ...blob, bytesMax: 100 }));
    tell();
  };
  const stray = (ids: readonly string[]) => {
    strays = ids;
    tell();
  };
  const left = () => missing.map(({ id }) => id);
  return { loop, run: clock.run, left, name, stray, strays: () => strays };
}

/** Sends something and then nothing more, until it is closed. */
function stuck(): Awaited<ReturnType<PeerDownload>> {
  let end = () => {};
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  async function* chunks() {
    yield utf8('x');
    await closed;
    throw new Error('closed');
  }
  return ok({ status: 200, headers: new Map(), chunks: chunks(), close: end });
}

const idIn = (url: string) => url.split('/').at(-1) ?? '';

describe('what the index names no more', () => {
  it('goes a minute after it went from the index, each by itself', async () => {
    const { loop, run, stray, strays } = aLoop(async () => stuck(), []);
    stray(['1']);
    await run(30_000);
    stray(['1', '2']);
    await run(31_000);
    expect(strays()).toEqual(['2']);
    await run(30_000);
    expect(strays()).toEqual([]);
    await loop.stop();
  });
});

describe('pulls', () => {
  it('take the most wanted first, and one that is stuck does not hold up the others', async () => {
    const asked: string[] = [];
    const { loop, run, left } = aLoop(
      async (url) => {
        asked.push(idIn(url));
        return idIn(url) === '5' ? stuck() : answers(200, utf8(idIn(url)));
      },
      ['5', '4', '3'].map((id) => ({ id, urls: [`http://a/${id}`] })),
    );
    await run(10_000);
    expect(left()).toEqual(['5']);
    expect(asked.toSorted()).toEqual(['3', '4', '5']);
    expect(loop.missing().get('5')).toBe('being fetched: 1 bytes from http://a/5 so far');
    await loop.stop();
  });

  it('end when nobody wants the blob any more', async () => {
    const { loop, run, name } = aLoop(async () => stuck(), [{ id: '1', urls: ['http://a/1'] }]);
    await run(10_000);
    name([]);
    await run(1);
    expect([loop.missing().size, loop.counters.failed]).toEqual([0, 0]);
    await loop.stop();
  });

  it('of wrong content go on at another server and distrust the first for a while', async () => {
    const { loop, run, left, name } = aLoop(
      async (url) => answers(200, utf8(url.startsWith('http://bad/') ? 'other' : idIn(url))),
      [{ id: '1', urls: ['http://bad/1', 'http://good/1', ''] }],
    );
    for (let round = 0; round < 20 && loop.counters.wrongContent === 0; round += 1) {
      await run(10_000);
      name([{ id: '1', urls: ['http://bad/1', 'http://good/1'] }]);
    }
    await run(10_000);
    expect(left()).toEqual([]);
    expect([...loop.distrusted()]).toEqual([['http://bad/1', 'other is not 1']]);
    const { wrongContent } = loop.counters;
    for (let round = 0; round < 10; round += 1) {
      name([{ id: '1', urls: ['http://bad/1', 'http://good/1'] }]);
      await run(10_000);
      expect(left()).toEqual([]);
    }
    expect(loop.counters.wrongContent).toBe(wrongContent);
    await run(31 * 60_000);
    expect(loop.distrusted().size).toBe(0);
    await loop.stop();
  });

  it('that failed are tried at once when the index names a new holder', async () => {
    const { loop, run, left, name } = aLoop(
      async (url) => (url.startsWith('http://up/') ? answers(200, utf8('1')) : fail('refused')),
      [{ id: '1', urls: ['http://down/1'] }],
    );
    await run(300_000);
    expect(loop.missing().get('1')).toBe('http://down/1: refused');
    name([{ id: '1', urls: ['http://down/1', 'http://up/1'] }]);
    await run(1);
    expect(left()).toEqual([]);
    await loop.stop();
  });

  it('that failed are tried at once when their server has served another one', async () => {
    let isUp = false;
    const wanted = ['2', '1'].map((id) => ({ id, urls: [`http://a/${id}`] }));
    const { loop, run, left, name } = aLoop(
      async (url) => (isUp ? answers(200, utf8(idIn(url))) : fail('refused')),
      wanted,
    );
    await run(300_000);
    isUp = true;
    name([{ id: '3', urls: ['http://a/3'] }, ...wanted]);
    await run(5_000);
    expect(left()).toEqual([]);
    await loop.stop();
  });

  it('have a pause of their own each, so that they do not all come at once', async () => {
    const askedAt = new Map<string, number[]>();
    let nowMs = 0;
    const { loop, run } = aLoop(
      async (url) => {
        askedAt.set(idIn(url), [...(askedAt.get(idIn(url)) ?? []), nowMs]);
        return fail('refused');
      },
      ['1', '2', '3'].map((id) => ({ id, urls: [`http://a/${id}`] })),
    );
    for (; nowMs < 600_000; nowMs += 100) await run(100);
    const times = [...askedAt.values()];
    expect(times.map((one) => one.length >= 9 && one.length <= 30)).toEqual([true, true, true]);
    expect(new Set(times.map((one) => one.join(' '))).size).toBe(3);
    await loop.stop();
  });
});

describe('assets from other servers', () => {
  /** Servers by name on one store, each with its pull loop, and HTTP between them. */
  async function servers(...names: readonly string[]) {
    const clock = manualClock();
    const store = createMemoryStore({ clock });
    const made = new Map<string, Awaited<ReturnType<typeof aServer>>>();
    const download: PeerDownload = async (url) => {
      const [, name = '', asset = ''] = /^http:\/\/(\w+)\/api\/v1\/assets\/(.*)$/.exec(url) ?? [];
      const found = await made.get(name)?.catalog.find(asset);
      if (found?.ok !== true || found.value.stored === undefined) return answers(404, utf8('{}'));
      const opened = await found.value.stored.open();
      if (!opened.ok || opened.value.kind !== 'bytes') throw new Error('memory gives bytes');
      return ok({
        status: 200,
        headers: new Map([['x-sabakan-asset-id', found.value.asset.id]]),
        chunks: pieces(opened.value.bytes),
        close: () => {},
      });
    };
    async function aServer(name: string) {
      const world = { clock, chance: seededChance(name.charCodeAt(0)), log: silentLog };
      const transact = createTransact(store, world);
      const advertiseUrl = `http://${name}`;
      const shelf = createMemoryAssetShelf(clock, sha256Hex);
      const settings = defaultAssetSettings;
      const catalog = createAssetCatalog({ store, transact, world, shelf, advertiseUrl, settings });
      await catalog.start();
      const blobs = { noun: 'asset', ...catalog } as const;
      const loop = createPullLoop({ world, blobs, download, ownUrl: `${advertiseUrl}/` });
      loop.start();
      return { catalog, shelf, loop };
    }
    for (const name of names) made.set(name, await aServer(name));
    const put = async (name: string, asset: string, content: string) => {
      const bytes = utf8(content);
      const upload = { name: asset, contentType: 'text/plain', sizeBytes: bytes.length };
      const more = { sha256: undefined, options: new Map() };
      return made.get(name)?.catalog.put({ ...upload, ...more }, pieces(bytes), actor);
    };
    return { made: [...made.values()], put, run: clock.run, store };
  }

  it('are on all servers a while after the upload, with a URL for each', async () => {
    const { made, put, run } = await servers('a', 'b', 'c');
    await put('a', 'foo', 'content');
    await run(20_000);
    for (const { catalog, shelf, loop } of made) {
      expect(shelf.ids()).toEqual(['1']);
      expect(loop.missing().size).toBe(0);
      expect(catalog.list()[0]?.urls).toEqual(
        ['a', 'b', 'c'].map((name) => `http://${name}/api/v1/assets/foo`),
      );
    }
  });

  it('are replaced everywhere, and the old version goes', async () => {
    const { made, put, run } = await servers('a', 'b', 'c');
    await put('a', 'foo', 'old');
    await run(20_000);
    await put('b', 'foo', 'new');
    await run(200_000);
    for (const { catalog, shelf } of made) {
      expect(shelf.ids()).toEqual(['2']);
      expect(catalog.list()[0]?.urls.length).toBe(3);
    }
  });

  it('leave all shelves when they are deleted', async () => {
    const { made, put, run } = await servers('a', 'b', 'c');
    await put('a', 'foo', 'content');
    await run(20_000);
    await made[1]?.catalog.remove('foo', actor);
    await run(200_000);
    for (const { shelf } of made) expect(shelf.ids()).toEqual([]);
  });

  it('that nobody has are named with the reason', async () => {
    const { made, run, store } = await servers('a');
    const record = { id: '9', sha256: sha256Hex('x'), urls: ['http://gone/api/v1/assets/foo'] };
    const value = utf8(JSON.stringify(record));
    await store.commit([], [{ kind: 'put', key: 'assets/foo', value }]);
    await run(1);
    expect(made[0]?.loop.missing().get('9')).toBe('not asked for yet');
    await run(20_000);
    expect(made[0]?.loop.missing().get('9')).toMatch(/http:\/\/gone\/.*: HTTP 404/);
  });
});
