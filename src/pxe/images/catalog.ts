/**
 * Which boot images exist (in the store, for all servers) and which of them this server has (on its shelf).
 * An upload is whole and on disk before the index names it; audit and index change in one commit.
 */

import { createMirror, type Freshness } from '../../base/mirror.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Store, StoreProblem } from '../../base/store.ts';
import { formatInstant, instant, instantOf, parseRfc3339 } from '../../base/time.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import { uploadsBusy } from '../blobs/problem.ts';
import type { Artefact } from '../http/artefact.ts';
import { parseBaseUrl } from '../ipxe/word.ts';
import type { Wanted } from '../spread/spreadable.ts';
import {
  decodeDeleted,
  decodeHashes,
  decodeIndex,
  type HashRecord,
  hashesFor,
  type Image,
  type ImageIndex,
  imageKeys,
  isImageId,
  mendedUrls,
  urlsPerImageMax,
  withImage,
  withoutImage,
} from './image-json.ts';
import {
  brokenIndex,
  deletedLately,
  differs,
  type ImageProblem,
  invalidId,
  unknown,
} from './image-problem.ts';
import { imageTar, tarOverheadBytesMax } from './image-tar.ts';
import { createIndexCommit, type IndexCommit } from './index-commit.ts';
import {
  hashesOf,
  type ImageShelf,
  type StagedImage,
  type StageProblem,
  type StoredImage,
  sameHashes,
  sizeOf,
} from './shelf.ts';
import { createTurns } from './turns.ts';

export type ImageSettings = {
  /** Of one image, both files together. */
  readonly imageBytesMax: number;
  /** Uploads and pulls at the same time; each takes disk space before it is known to be wanted. */
  readonly uploadsMax: number;
};

export const defaultImageSettings: ImageSettings = {
  // A container OS is about 500 MB; eight times that is no accident any more.
  imageBytesMax: 4 * 1024 ** 3,
  uploadsMax: 4,
};

type Failure = ImageProblem | TransactProblem;

export type ImageCatalog = {
  readonly start: () => Promise<Result<void, StoreProblem | StageProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** The key of the index and why, when it cannot be read; `list` is then what it said last. */
  readonly broken: () => ReadonlyMap<string, string>;
  /** Oldest first. */
  readonly list: () => readonly Image[];
  /** The newest image that this server has: what machines boot. */
  readonly newest: () => StoredImage | undefined;
  readonly find: (id: string) => Result<StoredImage, ImageProblem>;
  /**
   * What a boot that began with this image goes on with: also one that was deleted meanwhile and still lies here.
   * Undefined: it is not here; then `holders` has it.
   */
  readonly held: (id: string) => StoredImage | undefined;
  /** `<advertise-url>`s of other servers that have it. */
  readonly holders: (id: string) => readonly string[];
  /** Idempotent for the same content. `tar` is left alone after a problem. */
  readonly upload: (
    id: string,
    tar: AsyncIterable<Uint8Array>,
    actor: Actor,
  ) => Promise<Result<{ readonly revision: Revision }, Failure>>;
  /** As a tar with both files. */
  readonly download: (id: string) => Result<Artefact, ImageProblem>;
  readonly remove: (
    id: string,
    actor: Actor,
  ) => Promise<Result<{ readonly revision: Revision }, Failure>>;
  /** Takes a copy from another server onto the shelf and offers it under our own URL. */
  readonly adopt: (id: string, tar: AsyncIterable<Uint8Array>) => Promise<Result<void, Failure>>;
  /** What the index names and this server lacks; the newest, which boots, first. */
  readonly missing: () => readonly Wanted[];
  /** Images on the shelf that the index does not name and no upload is about to. */
  readonly strays: () => readonly string[];
  readonly discardStray: (id: string) => Promise<void>;
  readonly subscribe: (listener: () => void) => () => void;
};

/** A write is answered when this server's own copy shows it, or after this long. */
const ownWriteTimeoutMs = 2_000;

export function createImageCatalog(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly shelf: ImageShelf;
  readonly advertiseUrl: string;
  readonly settings: ImageSettings;
}): ImageCatalog {
  const { store, transact, shelf, advertiseUrl, settings } = deps;
  const { clock, log } = deps.world;
  const mirror = createMirror<ImageIndex>({
    store,
    prefix: imageKeys.prefix,
    // `coreos/deleted` lives under the same prefix; it is read in transactions only.
    decode: (key, value) => (key === 'coreos' ? decodeIndex(value) : ok([])),
    clock,
    log,
  });
  const hashes = createMirror<HashRecord | undefined>({
    store,
    prefix: imageKeys.hashesPrefix,
    // One that cannot be read proves nothing, like one that is missing.
    decode: (_, value) => ok(decodeHashes(value)),
    clock,
    log,
  });
  const write = createIndexCommit({ transact, world: deps.world });
  /** One after another per id: publishing and committing must not interleave. */
  const inTurn = createTurns();
  const busy = new Set<string>();
  let uploads = 0;

  /** While nobody can read the index, machines go on booting what it said last. */
  let lastRead: ImageIndex = [];
  const index = (): ImageIndex => {
    if (!mirror.broken().has('coreos')) lastRead = mirror.get('coreos') ?? [];
    return lastRead;
  };
  mirror.subscribe(() => void index());
  const entryOf = (id: string) => index().find((image) => image.id === id);
  /**
   * What this server has of an image in the index. An id may come back with other content once it is forgotten, and
   * what a server that was away has under it is then another image.
   */
  const here = (id: string): StoredImage | undefined => {
    const [stored, image] = [shelf.get(id), entryOf(id)];
    if (stored === undefined || image === undefined) return undefined;
    return fits(filesOf(stored), image, hashes.get(id)) ? stored : undefined;
  };
  /** Here, offered to others, and of known content. */
  const isSettled = (image: Image): boolean =>
    here(image.id) !== undefined &&
    urlsWith(image.urls, ownUrl(image.id)) === undefined &&
    hashesFor(image, hashes.get(image.id)) !== undefined;
  const ownUrl = (id: string) => `${advertiseUrl}${imagePath(id)}`;

  const staged = async <T>(
    tar: AsyncIterable<Uint8Array>,
    id: string,
    then: (upload: StagedImage) => Promise<Result<T, Failure>>,
  ): Promise<Result<T, Failure>> => {
    if (uploads >= settings.uploadsMax) return fail(uploadsBusy(uploads));
    uploads += 1;
    try {
      const upload = await shelf.stage(tar, settings.imageBytesMax);
      if (!upload.ok) return upload;
      return await inTurn(id, async () => {
        busy.add(id);
        try {
          return await then(upload.value);
        } finally {
          busy.delete(id);
          await upload.value.discard();
        }
      });
    } finally {
      uploads -= 1;
    }
  };

  /** Of the store itself, since our copy may be late. */
  const readStored = async (
    id: string,
  ): Promise<Result<{ readonly image?: Image; readonly record?: HashRecord }, Failure>> => {
    const read = await store.get([imageKeys.index, imageKeys.hashes(id)]);
    if (!read.ok) return read;
    const entry = (key: string) => read.value.entries.find((one) => one.key === key)?.value;
    const index = decodeIndex(entry(imageKeys.index));
    if (!index.ok) return fail(brokenIndex(index.error));
    const image = index.value.find((one) => one.id === id);
    const record = decodeHashes(entry(imageKeys.hashes(id)));
    return ok({ ...(image && { image }), ...(record && { record }) });
  };

  /** Puts it on the shelf; answers whether it is new there. Only what the index does not mean is replaced. */
  const shelve = async (
    id: string,
    upload: StagedImage,
  ): Promise<Result<'new' | 'same', Failure>> => {
    const present = shelf.get(id);
    if (present !== undefined) {
      if (sameHashes(hashesOf(present), upload.sha256)) return ok('same');
      const stored = await readStored(id);
      if (!stored.ok) return stored;
      const { image, record } = stored.value;
      if (image !== undefined && fits(filesOf(present), image, record)) return fail(differs(id));
    }
    const published = await upload.publish(id);
    return published.ok ? ok('new') : published;
  };

  const commit: IndexCommit = async (id, change, more) => {
    const done = await write(id, change, more);
    if (!done.ok) return done;
    const { revision } = done.value;
    const copies = more.sha256 === undefined ? [mirror] : [mirror, hashes];
    await Promise.all(copies.map((copy) => copy.reached(revision, ownWriteTimeoutMs)));
    return done;
  };

  const upload: ImageCatalog['upload'] = async (id, tar, actor) => {
    if (!isImageId(id)) return fail(invalidId(id));
    const early = await store.get([imageKeys.deleted]);
    if (!early.ok) return early;
    // Again in the commit; here it spares the upload.
    if (decodeDeleted(early.value.entries[0]?.value).includes(id)) return fail(deletedLately(id));
    return staged(tar, id, async (copy) => {
      const { sizeBytes, sha256 } = copy;
      const shelved = await shelve(id, copy);
      if (!shelved.ok) return shelved;
      const image: Image = {
        id,
        date: formatInstant(clock.now()),
        size: sizeBytes,
        urls: [ownUrl(id)],
        exists: false,
      };
      const committed = await commit(
        id,
        ({ index, deleted, hashes }) => {
          if (deleted.includes(id)) return fail(deletedLately(id));
          const before = index.find((other) => other.id === id);
          const isAnother = before !== undefined && !fits(copy, before, hashes);
          return isAnother ? fail(differs(id)) : ok(withImage(index, deleted, image));
        },
        { sha256, asked: { by: actor, action: 'upload' } },
      );
      if (!committed.ok) await unshelve(id, shelved.value, committed.error);
      return committed;
    });
  };

  /** What was not acknowledged must not stay to be found "different" by the next try. */
  const unshelve = async (id: string, shelved: 'new' | 'same', why: Failure): Promise<void> => {
    if (shelved === 'new' && why.kind !== 'outcome-unknown') await shelf.remove(id);
  };

  /** Says that this server has it, and what it is, where the store does not say so. */
  const offer = async (id: string, files: Files): Promise<Result<void, Failure>> => {
    const { sha256 } = files;
    const committed = await commit(
      id,
      ({ index, deleted, hashes }) => {
        const image = index.find((one) => one.id === id);
        if (image === undefined) return fail(unknown(id));
        if (!fits(files, image, hashes)) return fail(differs(id));
        const urls = urlsWith(image.urls, ownUrl(id));
        if (urls === undefined && hashesFor(image, hashes) !== undefined) return ok(undefined);
        const offered = { ...image, urls: urls ?? image.urls };
        const next = index.map((one) => (one === image ? offered : one));
        return ok({ index: next, deleted, dropped: [] });
      },
      { sha256 },
    );
    return committed.ok ? ok(undefined) : committed;
  };

  const adopt: ImageCatalog['adopt'] = async (id, tar) => {
    const present = here(id);
    if (present !== undefined) return offer(id, filesOf(present));
    return staged(tar, id, async (copy) => {
      // Before it takes the place of anything.
      const stored = await readStored(id);
      if (!stored.ok) return stored;
      const { image, record } = stored.value;
      if (image === undefined) return fail(unknown(id));
      if (!fits(copy, image, record)) return fail(differs(id));
      const shelved = await shelve(id, copy);
      if (!shelved.ok) return shelved;
      const offered = await offer(id, copy);
      if (!offered.ok) await unshelve(id, shelved.value, offered.error);
      return offered;
    });
  };

  const find: ImageCatalog['find'] = (id) => {
    if (!isImageId(id)) return fail(invalidId(id));
    if (entryOf(id) === undefined) return fail(unknown(id));
    const image = here(id);
    return image === undefined
      ? fail({ kind: 'image-unknown', text: `image ${id} is not on this server yet` })
      : ok(image);
  };

  /** Records of other programs may have no size. */
  const tarBytesMax = (size: number) =>
    (size > 0 ? size : settings.imageBytesMax) + tarOverheadBytesMax;

  const list = () => index().map((image) => ({ ...image, exists: here(image.id) !== undefined }));

  return {
    start: async () => {
      const shelved = await shelf.start();
      if (!shelved.ok) return shelved;
      const started = await mirror.start();
      return started.ok ? hashes.start() : started;
    },
    stop: () => {
      mirror.stop();
      hashes.stop();
    },
    freshness: () => mirror.freshness(),
    broken: () => new Map([...mirror.broken()].map(([key, why]) => [imageKeys.prefix + key, why])),
    list,
    missing: () =>
      index()
        .filter((image) => !isSettled(image))
        .map(({ id, urls, size }) => ({ id, urls, bytesMax: tarBytesMax(size) }))
        .toReversed(),
    newest: () => {
      const newest = index().findLast((image) => here(image.id) !== undefined);
      return newest === undefined ? undefined : here(newest.id);
    },
    find,
    // Under an id in the index, only what the index means.
    held: (id) => (entryOf(id) === undefined ? shelf.get(id) : here(id)),
    holders: (id) =>
      mendedUrls(entryOf(id)?.urls ?? []).flatMap((url) => {
        const base = url.endsWith(imagePath(id)) ? url.slice(0, -imagePath(id).length) : '';
        return parseBaseUrl(base).ok && base !== advertiseUrl ? [base] : [];
      }),
    upload,
    adopt,
    download: (id) => {
      const image = find(id);
      if (!image.ok) return image;
      const date = parseRfc3339(entryOf(id)?.date ?? '');
      return ok(imageTar(image.value, date.ok ? instantOf(date.value) : instant(0)));
    },
    remove: async (id, actor) => {
      if (!isImageId(id)) return fail(invalidId(id));
      return commit(
        id,
        ({ index, deleted }) => {
          const next = withoutImage(index, deleted, id);
          return next === undefined ? fail(unknown(id)) : ok(next);
        },
        { asked: { by: actor, action: 'delete' } },
      );
    },
    strays: () => {
      // An index that is missing, unreadable or late says nothing: empty never means all.
      const isSure = mirror.get('coreos') !== undefined && mirror.freshness().kind === 'live';
      return isSure ? shelf.ids().filter((id) => entryOf(id) === undefined && !busy.has(id)) : [];
    },
    discardStray: (id) =>
      inTurn(id, async () => {
        if (entryOf(id) !== undefined || mirror.get('coreos') === undefined) return;
        const removed = await shelf.remove(id);
        if (!removed.ok)
          log.warn('an image could not be removed', { id, text: removed.error.text });
      }),
    subscribe: (listener) => {
      const stops = [mirror, hashes].map((one) => one.subscribe(() => listener()));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

type Files = Pick<StagedImage, 'sizeBytes' | 'sha256'>;

function filesOf(stored: StoredImage): Files {
  return { sizeBytes: sizeOf(stored), sha256: hashesOf(stored) };
}

/**
 * Whether these files are what the index means. Sabakan keeps no hashes: of an image that it stored, the size has to do
 * until the first server that has it records them.
 */
function fits(files: Files, image: Image, record: HashRecord | undefined): boolean {
  const known = hashesFor(image, record);
  if (known !== undefined) return sameHashes(files.sha256, known);
  return image.size <= 0 || image.size === files.sizeBytes;
}

/** The list with `own` in it; undefined when it is there, or the list is full. */
function urlsWith(urls: readonly string[], own: string): readonly string[] | undefined {
  const mended = mendedUrls(urls);
  if (mended.includes(own) || mended.length >= urlsPerImageMax) return undefined;
  return [...mended, own];
}

function imagePath(id: string): string {
  return `/api/v1/images/coreos/${id}`;
}
