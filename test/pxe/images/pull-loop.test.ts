import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail, ok } from '../../../src/base/result.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { createImageCatalog, defaultImageSettings } from '../../../src/pxe/images/catalog.ts';
import { createMemoryShelf } from '../../../src/pxe/images/memory-shelf.ts';
import { createPullLoop, type PeerDownload } from '../../../src/pxe/images/pull-loop.ts';
import { manualClock, seededChance } from '../../support/clock.ts';
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
  const loop = createPullLoop({ world, catalog, download, ownUrl: 'http://two/' });
  loop.start();
  return { one: one.catalog, catalog, shelf, loop, run: clock.run };
}

const answers = (status: number, body: Uint8Array): Awaited<ReturnType<PeerDownload>> =>
  ok({ status, chunks: pieces(body), close: () => {} });

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
