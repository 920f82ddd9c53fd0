import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail, ok } from '../../../src/base/result.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { createAssetCatalog, defaultAssetSettings } from '../../../src/pxe/assets/catalog.ts';
import { createMemoryAssetShelf } from '../../../src/pxe/assets/memory-shelf.ts';
import { createImageCatalog, defaultImageSettings } from '../../../src/pxe/images/catalog.ts';
import { createMemoryShelf } from '../../../src/pxe/images/memory-shelf.ts';
import { createPullLoop } from '../../../src/pxe/spread/pull-loop.ts';
import type { PeerDownload } from '../../../src/pxe/spread/spreadable.ts';
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
    await loop.stop();
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
