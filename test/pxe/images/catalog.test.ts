import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import type { Store } from '../../../src/base/store.ts';
import { createTransact } from '../../../src/base/transact.ts';
import type { Actor } from '../../../src/inventory/audit.ts';
import { policyKeys } from '../../../src/pxe/boot-policy.ts';
import { createImageCatalog } from '../../../src/pxe/images/catalog.ts';
import type { ImageSettings } from '../../../src/pxe/images/intake.ts';
import { createMemoryShelf } from '../../../src/pxe/images/memory-shelf.ts';
import { manualClock, seededChance } from '../../support/clock.ts';
import { octetsOf } from '../../support/octets.ts';
import { silentLog } from '../../support/silent-log.ts';
import { pieces, tarOf, utf8 as text } from '../../support/tar.ts';

const actor: Actor = { user: 'ops', ip: '127.0.0.1', host: 'server-1' };

function imageTar(kernel = 'K', initrd = 'I'): Uint8Array {
  return tarOf([
    ['kernel', text(kernel)],
    ['initrd.gz', text(initrd)],
  ]);
}

async function aSite(storeOf: (store: Store) => Store = (store) => store) {
  const clock = manualClock();
  const store = storeOf(createMemoryStore({ clock }));
  const aServer = async (name: string, settings: Partial<ImageSettings> = {}) => {
    const world = { clock, chance: seededChance(name.length), log: silentLog };
    const shelf = createMemoryShelf(clock);
    const catalog = createImageCatalog({
      store,
      transact: createTransact(store, world),
      world,
      shelf,
      advertiseUrl: `http://${name}`,
      settings: { imageBytesMax: 10_000, uploadsMax: 4, ...settings },
    });
    expect((await catalog.start()).ok).toBe(true);
    const upload = async (id: string, tar = imageTar()) => {
      const done = await catalog.upload(id, pieces(tar), actor);
      return done.ok ? 'done' : done.error.kind;
    };
    const remove = async (id: string) => {
      const done = await catalog.remove(id, actor);
      return done.ok ? 'done' : done.error.kind;
    };
    return { catalog, shelf, upload, remove };
  };
  const read = async (key: string) => {
    const got = await store.get([key]);
    const bytes = got.ok ? got.value.entries[0]?.value : undefined;
    return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
  };
  return { clock, store, aServer, read, ...(await aServer('one')) };
}

/** As etcd does: how far it has come is told now and then, not with every commit elsewhere. */
const seldomTelling = (store: Store): Store => ({
  ...store,
  watch: (prefix, after, onNews) =>
    store.watch(prefix, after, (news) => {
      if (news.kind !== 'progress') onNews(news);
    }),
});

const ids = (images: readonly { id: string }[]) => images.map(({ id }) => id).join(' ');

describe('boot images', () => {
  it("an upload is stored as Sabakan's index, with size, date and our URL", async () => {
    const { upload, catalog, read } = await aSite();
    expect(await upload('1.2.3', imageTar('kernel', 'initrd'))).toBe('done');
    const [image] = catalog.list();
    expect(image).toEqual({
      id: '1.2.3',
      date: '2026-11-21T06:00:00Z',
      size: 12,
      urls: ['http://one/api/v1/images/coreos/1.2.3'],
      exists: true,
    });
    expect(await read('images/coreos')).toEqual([{ ...image, exists: false }]);
    expect(catalog.newest()?.id).toBe('1.2.3');
  });

  it('a dry run waits for no news, however new the rules it looked at', async () => {
    const { upload, catalog, store, clock } = await aSite(seldomTelling);
    await upload('1');
    const key = `${policyKeys.rules}a`;
    await store.commit([], [{ kind: 'put', key, value: text('{}') }]);
    let isAnswered = false;
    const tried = catalog.upload('2', pieces(imageTar('other')), actor, { dryRun: true });
    void tried.then(() => {
      isAnswered = true;
    });
    for (let turns = 0; turns < 20; turns += 1) await clock.run(0);
    expect(isAnswered).toBe(true);
    expect((await tried).ok).toBe(true);
  });

  it('the record of who did it is in the same commit', async () => {
    const { upload, remove, store, clock } = await aSite();
    await upload('1');
    clock.advance(1);
    await remove('1');
    const audit = await store.list('audit/');
    const records = (audit.ok ? audit.value.entries : []).map(({ value }) =>
      JSON.parse(new TextDecoder().decode(value)),
    );
    expect(
      records.map(({ user, instance, action, detail }) => [user, instance, action, detail]),
    ).toEqual([
      ['ops', 'coreos', 'upload', 'id=1'],
      ['ops', 'coreos', 'delete', 'id=1'],
    ]);
  });

  it('the same content again moves the image to the end and keeps its date', async () => {
    const { upload, catalog, clock } = await aSite();
    await upload('1');
    await upload('2', imageTar('other'));
    clock.advance(60_000);
    expect(await upload('1')).toBe('done');
    expect(ids(catalog.list())).toBe('2 1');
    expect(catalog.list()[1]?.date).toBe('2026-11-21T06:00:00Z');
  });

  it('other content under a known id is refused, on this server and on any other', async () => {
    const { upload, aServer, catalog } = await aSite();
    await upload('1');
    expect(await upload('1', imageTar('other'))).toBe('image-differs');
    const other = await aServer('two');
    expect(await other.upload('1', imageTar('other'))).toBe('image-differs');
    expect(other.shelf.ids()).toEqual([]);
    expect(catalog.newest()?.files.kernel.sizeBytes).toBe(1);
  });

  it('of ten uploads of one id with different content one wins, whole', async () => {
    const { aServer } = await aSite();
    const server = await aServer('many', { uploadsMax: 10 });
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        server.upload('1', imageTar(`kernel ${n}`, `initrd ${n}`)),
      ),
    );
    expect(results.filter((result) => result === 'done').length).toBe(1);
    const won = results.indexOf('done');
    const files = server.catalog.newest()?.files;
    const opened = await files?.kernel.open();
    expect(
      opened?.ok && opened.value.kind === 'bytes' && new TextDecoder().decode(opened.value.bytes),
    ).toBe(`kernel ${won}`);
  });

  it('five images are kept; the sixth drops the oldest, whose id cannot come back', async () => {
    const { upload, catalog, read } = await aSite();
    for (const n of [1, 2, 3, 4, 5, 6]) expect(await upload(`${n}`, imageTar(`${n}`))).toBe('done');
    expect(ids(catalog.list())).toBe('2 3 4 5 6');
    expect(await read('images/coreos/deleted')).toEqual(['1']);
    expect(await read('tetsukan/images/coreos/1')).toBeUndefined();
    expect(await upload('1')).toBe('image-deleted-lately');
  });

  it('the ten ids removed last are remembered, oldest first', async () => {
    const { upload, remove, read } = await aSite();
    for (let n = 1; n <= 11; n += 1) {
      expect(await upload(`${n}`)).toBe('done');
      expect(await remove(`${n}`)).toBe('done');
    }
    expect(await read('images/coreos/deleted')).toEqual(
      Array.from({ length: 10 }, (_, at) => `${at + 2}`),
    );
    expect(await upload('1', imageTar('new'))).toBe('done');
    expect(await remove('nowhere')).toBe('image-unknown');
  });

  it.each(['.', '..', '', 'a/b', 'a b', 'ü', 'a\n', '../x', 'x'.repeat(300)])(
    'the id %j is refused',
    async (id) => expect(await (await aSite()).upload(id)).toBe('image-invalid'),
  );

  it.each([
    ['a missing member', tarOf([['kernel', text('K')]]), 'image-invalid'],
    [
      'a member too many',
      tarOf([
        ['kernel', text('K')],
        ['initrd.gz', text('I')],
        ['x', text('')],
      ]),
      'image-invalid',
    ],
    [
      'a member twice',
      tarOf([
        ['kernel', text('K')],
        ['kernel', text('K')],
      ]),
      'image-invalid',
    ],
    [
      'a path in front',
      tarOf([
        ['./kernel', text('K')],
        ['initrd.gz', text('I')],
      ]),
      'image-invalid',
    ],
    ['a path that leads out', tarOf([['../kernel', text('K')]]), 'image-invalid'],
    [
      'a link',
      tarOf([
        ['kernel', text(''), '2'],
        ['initrd.gz', text('I')],
      ]),
      'image-invalid',
    ],
    ['nothing', new Uint8Array(), 'image-invalid'],
    ['no tar', text('x'.repeat(2_000)), 'upload-broken'],
    ['a tar cut short', imageTar('K'.repeat(5_000)).subarray(0, 3_000), 'upload-broken'],
    ['too many bytes', imageTar('K'.repeat(9_000), 'I'.repeat(2_000)), 'image-too-large'],
  ])('an upload with %s leaves nothing behind', async (_, tar, problem) => {
    const { upload, catalog, shelf } = await aSite();
    expect(await upload('1', tar)).toBe(problem);
    expect(catalog.list()).toEqual([]);
    expect(shelf.ids()).toEqual([]);
  });

  it('uploads over the limit are told to come back', async () => {
    const { aServer } = await aSite();
    const server = await aServer('small', { uploadsMax: 1 });
    const results = await Promise.all([server.upload('1'), server.upload('2')]);
    expect(results.toSorted()).toEqual(['done', 'uploads-busy']);
  });

  it('a download is a tar that can be uploaded again', async () => {
    const { upload, catalog, aServer } = await aSite();
    await upload('1', imageTar('kernel', 'x'.repeat(1_000)));
    const download = catalog.download('1');
    if (!download.ok) throw new Error(download.error.text);
    const whole = await octetsOf(download.value);
    expect(whole.length).toBe(download.value.sizeBytes);
    const other = await aServer('two');
    expect(other.catalog.list()[0]?.exists).toBe(false);
    expect((await other.catalog.adopt('1', pieces(whole))).ok).toBe(true);
    expect(other.catalog.list()[0]).toMatchObject({
      exists: true,
      urls: ['http://one/api/v1/images/coreos/1', 'http://two/api/v1/images/coreos/1'],
    });
    expect((await other.catalog.adopt('1', pieces(whole))).ok).toBe(true);
    expect(other.catalog.list()[0]?.urls.length).toBe(2);
  });

  it('a copy whose content differs from what was uploaded is not taken', async () => {
    const { upload, aServer } = await aSite();
    await upload('1');
    const other = await aServer('two');
    const adopted = await other.catalog.adopt('1', pieces(imageTar('forged')));
    expect(!adopted.ok && adopted.error.kind).toBe('image-differs');
    expect(other.shelf.ids()).toEqual([]);
  });

  it('what the index no longer names is a stray, but not while there is no index', async () => {
    const { upload, remove, catalog, store } = await aSite();
    await upload('1');
    await upload('2', imageTar('2'));
    await remove('1');
    expect(catalog.strays()).toEqual(['1']);
    await catalog.discardStray('1');
    await catalog.discardStray('2');
    expect(catalog.find('2').ok).toBe(true);
    await store.commit([], [{ kind: 'delete', key: 'images/coreos' }]);
    expect(catalog.strays()).toEqual([]);
  });

  it('an id that came back with other content is missing where the old content still lies', async () => {
    const { upload, remove, aServer, clock } = await aSite();
    const two = await aServer('two');
    await upload('1', imageTar('old'));
    expect((await two.catalog.adopt('1', pieces(imageTar('old')))).ok).toBe(true);
    await remove('1');
    for (let id = 2; id < 13; id += 1) {
      await upload(String(id));
      await remove(String(id));
    }
    expect(await upload('1', imageTar('new'))).toBe('done');
    await clock.run(0);
    expect(two.catalog.list()).toMatchObject([{ id: '1', exists: false }]);
    expect(two.catalog.newest()).toBeUndefined();
    expect((await two.catalog.adopt('1', pieces(imageTar('new')))).ok).toBe(true);
    expect(two.catalog.newest()?.files.kernel.sizeBytes).toBe(3);
    expect(two.catalog.list()).toMatchObject([{ id: '1', exists: true }]);
  });

  it('an index that cannot be read is said and left alone; machines go on booting what it said last', async () => {
    const { upload, remove, catalog, store, read } = await aSite();
    await upload('1');
    await store.commit([], [{ kind: 'put', key: 'images/coreos', value: text('{"id":1}') }]);
    expect([...catalog.broken().keys()]).toEqual(['images/coreos']);
    expect(catalog.newest()?.id).toBe('1');
    expect(catalog.strays()).toEqual([]);
    expect([await upload('2'), await remove('1')]).toEqual(['record-broken', 'record-broken']);
    expect(await read('images/coreos')).toEqual({ id: 1 });
    await store.commit([], [{ kind: 'put', key: 'images/coreos', value: text('null') }]);
    expect([catalog.broken().size, catalog.newest()]).toEqual([0, undefined]);
  });

  it("Sabakan's own index is taken over as it stands", async () => {
    const { store, catalog } = await aSite();
    const stored = [
      { id: '9', date: '2026-01-02T03:04:05.123456789Z', size: 5, urls: null, exists: false },
    ];
    await store.commit(
      [],
      [{ kind: 'put', key: 'images/coreos', value: text(JSON.stringify(stored)) }],
    );
    expect(catalog.list()).toEqual([{ ...stored[0], urls: [] }]);
    expect(catalog.newest()).toBeUndefined();
  });
});

describe('images that Sabakan stored', () => {
  const date = '2026-01-02T03:04:05Z';
  const entry = (urls: readonly unknown[] | null, size = 2) => ({
    id: '9',
    date,
    size,
    urls,
    exists: false,
  });

  /** An index without hashes, and a server that may have files under the id. */
  async function taken(urls: readonly unknown[] | null, files?: Uint8Array) {
    const site = await aSite();
    const { store, shelf, catalog } = site;
    if (files !== undefined) {
      const staged = await shelf.stage(pieces(files), 10_000);
      if (staged.ok) await staged.value.publish('9');
    }
    const value = text(JSON.stringify([entry(urls)]));
    await store.commit([], [{ kind: 'put', key: 'images/coreos', value }]);
    const adopt = async (tar: Uint8Array, by = catalog) => {
      const adopted = await by.adopt('9', pieces(tar));
      return adopted.ok ? 'done' : adopted.error.kind;
    };
    const unread = () => adopt(new Uint8Array());
    const hashes = () => site.read('tetsukan/images/coreos/9');
    return { ...site, adopt, unread, hashes };
  }

  it('have their hashes recorded by the first server that has them, and are offered', async () => {
    const { catalog, unread, hashes, read } = await taken(null, imageTar());
    expect(catalog.list()[0]?.exists).toBe(true);
    expect(catalog.missing().map(({ id }) => id)).toEqual(['9']);
    expect(await unread()).toBe('done');
    expect(await hashes()).toMatchObject({ date, kernel: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await read('images/coreos')).toEqual([entry(['http://one/api/v1/images/coreos/9'])]);
    expect(catalog.missing()).toEqual([]);
  });

  it('are taken from another server by their size, and from then on by their hashes', async () => {
    const { adopt, aServer } = await taken(['http://old/api/v1/images/coreos/9']);
    expect(await adopt(imageTar('more'))).toBe('image-differs');
    expect(await adopt(imageTar('K', 'I'))).toBe('done');
    const two = await aServer('two');
    expect(await adopt(imageTar('X', 'Y'), two.catalog)).toBe('image-differs');
    expect(two.shelf.ids()).toEqual([]);
    expect(await adopt(imageTar('K', 'I'), two.catalog)).toBe('done');
  });

  it('are not what lies on the shelf with another size', async () => {
    const { catalog, adopt } = await taken(null, imageTar('another kernel'));
    expect([catalog.list()[0]?.exists, catalog.newest()]).toEqual([false, undefined]);
    expect(await adopt(imageTar())).toBe('done');
    expect(catalog.newest()?.files.kernel.sizeBytes).toBe(1);
  });

  it('are not judged by hashes of an earlier upload under the same id', async () => {
    const { store, catalog, adopt, hashes } = await taken(null);
    const left = { kernel: 'a', 'initrd.gz': 'b', date: '2025-01-01T00:00:00Z' };
    const value = text(JSON.stringify(left));
    await store.commit([], [{ kind: 'put', key: 'tetsukan/images/coreos/9', value }]);
    expect(await adopt(imageTar())).toBe('done');
    expect(await hashes()).toMatchObject({ date });
    expect(catalog.list()[0]?.exists).toBe(true);
  });

  it('have empty and doubled URLs mended with the next write', async () => {
    const [a, own] = ['http://a/api/v1/images/coreos/9', 'http://one/api/v1/images/coreos/9'];
    const { unread, read, catalog } = await taken(['', a, own, a, '', own], imageTar());
    expect(catalog.holders('9')).toEqual(['http://a']);
    expect(await unread()).toBe('done');
    expect(await read('images/coreos')).toEqual([entry([a, own])]);
  });

  it('have ten URLs at most, and a server beyond that is content', async () => {
    const many = Array.from({ length: 14 }, (_, at) => `http://s${at}/api/v1/images/coreos/9`);
    const { catalog, unread, read } = await taken(many, imageTar());
    expect(await unread()).toBe('done');
    const [stored] = await read('images/coreos');
    expect(stored.urls).toEqual(many.slice(0, 10));
    expect(catalog.missing()).toEqual([]);
  });
});

describe('several servers', () => {
  it('that take images at the same moment lose none of them', async () => {
    const { aServer, catalog, clock } = await aSite();
    const servers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => aServer(name)));
    const uploads = Promise.all(
      servers.map(({ upload }, at) => upload(`${at}`, imageTar(`kernel ${at}`))),
    );
    // Who loses a race decides again after a pause.
    await clock.run(60_000);
    expect(await uploads).toEqual(['done', 'done', 'done', 'done']);
    expect(ids(catalog.list()).split(' ').toSorted()).toEqual(['0', '1', '2', '3']);
  });

  it('do not keep a copy of what is deleted while they fetch it', async () => {
    const { upload, remove, aServer } = await aSite();
    await upload('1');
    const two = await aServer('two');
    async function* slow() {
      yield* pieces(imageTar());
      expect(await remove('1')).toBe('done');
    }
    const adopted = await two.catalog.adopt('1', slow());
    expect(!adopted.ok && adopted.error.kind).toBe('image-unknown');
    expect([two.shelf.ids(), two.catalog.list()]).toEqual([[], []]);
  });

  it('clear away what was deleted so long ago that nobody remembers it', async () => {
    const { upload, aServer } = await aSite();
    await upload('1');
    const back = await aServer('two');
    const staged = await back.shelf.stage(pieces(imageTar('old')), 10_000);
    if (staged.ok) await staged.value.publish('0.9');
    expect(back.catalog.strays()).toEqual(['0.9']);
    await back.catalog.discardStray('0.9');
    expect(back.shelf.ids()).toEqual([]);
  });
});

describe('a boot', () => {
  it('that began with an image gets it until its files go, also when it was deleted', async () => {
    const { upload, remove, catalog } = await aSite();
    await upload('1');
    await remove('1');
    expect(catalog.find('1').ok).toBe(false);
    expect(catalog.held('1')?.files.kernel.sizeBytes).toBe(1);
    await catalog.discardStray('1');
    expect(catalog.held('1')).toBeUndefined();
  });

  it('is sent to another server that has its image', async () => {
    const { upload, aServer } = await aSite();
    await upload('1');
    const two = await aServer('two');
    expect(two.catalog.held('1')).toBeUndefined();
    expect(two.catalog.holders('1')).toEqual(['http://one']);
    expect(two.catalog.holders('2')).toEqual([]);
  });
});
