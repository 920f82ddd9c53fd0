/**
 * Which boot images exist (in the store, for all servers) and which of them this server has (on its shelf).
 * An upload is whole and on disk before the index names it; audit and index change in one commit.
 */

import { createMirror, type Freshness } from '../../base/mirror.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Store, StoreProblem, Write } from '../../base/store.ts';
import { formatInstant, instant, instantOf, parseRfc3339 } from '../../base/time.ts';
import type { Transact, TransactProblem, View } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type Actor, auditWrite } from '../../inventory/audit.ts';
import { uploadsBusy } from '../blobs/problem.ts';
import type { Artefact } from '../http/artefact.ts';
import type { Wanted } from '../spread/spreadable.ts';
import {
  decodeDeleted,
  decodeHashes,
  decodeIndex,
  encodeIndex,
  encodeJson,
  type Image,
  type ImageIndex,
  type IndexChange,
  imageKeys,
  isImageId,
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
import {
  hashesOf,
  type ImageHashes,
  type ImageShelf,
  type StagedImage,
  type StageProblem,
  type StoredImage,
  sameHashes,
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

const lane = imageKeys.index;
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
  const { clock, chance, log } = deps.world;
  const mirror = createMirror<ImageIndex>({
    store,
    prefix: imageKeys.prefix,
    // `coreos/deleted` lives under the same prefix; it is read in transactions only.
    decode: (key, value) => (key === 'coreos' ? decodeIndex(value) : ok([])),
    clock,
    log,
  });
  const hashes = createMirror<ImageHashes | undefined>({
    store,
    prefix: imageKeys.hashesPrefix,
    // One that cannot be read proves nothing, like one that is missing.
    decode: (_, value) => ok(decodeHashes(value)),
    clock,
    log,
  });
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
  const isIndexed = (id: string) => index().some((image) => image.id === id);
  /**
   * What this server has of an image in the index. An id may come back with other content once it is forgotten, and
   * what a server that was away has under it is then another image.
   */
  const here = (id: string): StoredImage | undefined => {
    const stored = shelf.get(id);
    const known = hashes.get(id);
    const isAnother =
      stored !== undefined && known !== undefined && !sameHashes(hashesOf(stored), known);
    return isAnother ? undefined : stored;
  };
  const ownUrl = (id: string) => `${advertiseUrl}/api/v1/images/coreos/${id}`;

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
        const result = await then(upload.value);
        busy.delete(id);
        await upload.value.discard();
        return result;
      });
    } finally {
      uploads -= 1;
    }
  };

  /** Puts it on the shelf; answers whether it is new there. */
  const shelve = async (
    id: string,
    upload: StagedImage,
  ): Promise<Result<'new' | 'same', Failure>> => {
    const present = shelf.get(id);
    if (present !== undefined) {
      if (sameHashes(hashesOf(present), upload.sha256)) return ok('same');
      // Asked of the store, since our copy may be late: only what the index does not mean is a leftover to replace.
      const read = await store.get([imageKeys.index, imageKeys.hashes(id)]);
      if (!read.ok) return read;
      const entry = (key: string) => read.value.entries.find((one) => one.key === key)?.value;
      const stored = decodeIndex(entry(imageKeys.index));
      if (!stored.ok) return fail(brokenIndex(stored.error));
      const known = decodeHashes(entry(imageKeys.hashes(id)));
      const isMeant = known !== undefined && sameHashes(known, upload.sha256);
      if (!isMeant && stored.value.some((image) => image.id === id)) return fail(differs(id));
    }
    const published = await upload.publish(id);
    return published.ok ? ok('new') : published;
  };

  const commit = async (
    id: string,
    change: (view: View, index: ImageIndex) => Result<IndexChange, ImageProblem>,
    more: readonly Write[],
    actor: Actor | undefined,
    action: 'upload' | 'delete',
  ): Promise<Result<{ readonly revision: Revision }, Failure>> => {
    const now = clock.now();
    const audit = (by: Actor, what: 'upload' | 'delete' | 'prune', whose: string) =>
      auditWrite(by, now, chance, {
        category: 'image',
        instance: 'coreos',
        action: what,
        detail: `id=${whose}`,
      });
    const { index: indexKey, deleted: deletedKey } = imageKeys;
    const keys = [indexKey, deletedKey, imageKeys.hashes(id)];
    const result = await transact<undefined, ImageProblem>(lane, { keys }, (view) => {
      const present = decodeIndex(view.get(indexKey)?.value);
      if (!present.ok) return fail(brokenIndex(present.error));
      const next = change(view, present.value);
      if (!next.ok) return next;
      const writes: Write[] = [
        { kind: 'put', key: indexKey, value: encodeIndex(next.value.index) },
        ...more,
      ];
      if (next.value.dropped.length > 0) {
        writes.push({ kind: 'put', key: deletedKey, value: encodeJson(next.value.deleted) });
        for (const gone of next.value.dropped) {
          writes.push({ kind: 'delete', key: imageKeys.hashes(gone) });
        }
      }
      if (actor === undefined) return { ok: true, value: undefined, writes };
      // An upload that is one too many drops the oldest; that is part of the story, too.
      const pruned = next.value.dropped.filter((gone) => gone !== id);
      const records = [
        audit(actor, action, id),
        ...pruned.map((gone) => audit(actor, 'prune', gone)),
      ];
      return {
        ok: true,
        value: undefined,
        writes: [...writes, ...records.map(({ write }) => write)],
        conditions: records.map(({ condition }) => condition),
      };
    });
    if (!result.ok) return result;
    const { revision } = result.value;
    await mirror.reached(revision, ownWriteTimeoutMs);
    return ok({ revision });
  };

  const upload: ImageCatalog['upload'] = async (id, tar, actor) => {
    if (!isImageId(id)) return fail(invalidId(id));
    const early = await store.get([imageKeys.deleted]);
    if (!early.ok) return early;
    // Again in the commit; here it spares the upload.
    if (decodeDeleted(early.value.entries[0]?.value).includes(id)) return fail(deletedLately(id));
    return staged(tar, id, async ({ sizeBytes, sha256, ...rest }) => {
      const shelved = await shelve(id, { sizeBytes, sha256, ...rest });
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
        (view, present) => {
          const deleted = decodeDeleted(view.get(imageKeys.deleted)?.value);
          if (deleted.includes(id)) return fail(deletedLately(id));
          const known = decodeHashes(view.get(imageKeys.hashes(id))?.value);
          const isThere = present.some((other) => other.id === id);
          if (isThere && known !== undefined && !sameHashes(known, sha256))
            return fail(differs(id));
          return ok(withImage(present, deleted, image));
        },
        [{ kind: 'put', key: imageKeys.hashes(id), value: encodeJson(sha256) }],
        actor,
        'upload',
      );
      // What was not acknowledged must not stay to be found "different" by the next try.
      const isRefused = !committed.ok && committed.error.kind !== 'outcome-unknown';
      if (isRefused && shelved.value === 'new') await shelf.remove(id);
      return committed;
    });
  };

  const adopt: ImageCatalog['adopt'] = async (id, tar) =>
    staged(tar, id, async (copy) => {
      const read = await store.get([imageKeys.hashes(id)]);
      if (!read.ok) return read;
      const known = decodeHashes(read.value.entries[0]?.value);
      if (known !== undefined && !sameHashes(known, copy.sha256)) return fail(differs(id));
      const shelved = await shelve(id, copy);
      if (!shelved.ok) return shelved;
      const committed = await commit(
        id,
        (view, present) => {
          if (!present.some((image) => image.id === id)) return fail(unknown(id));
          const deleted = decodeDeleted(view.get(imageKeys.deleted)?.value);
          return ok({ index: present.map((image) => offered(image, id)), deleted, dropped: [] });
        },
        [],
        undefined,
        'upload',
      );
      return committed.ok ? ok(undefined) : committed;
    });

  const offered = (image: Image, id: string): Image => {
    const url = ownUrl(id);
    const isFull = image.urls.length >= urlsPerImageMax;
    if (image.id !== id || isFull || image.urls.includes(url)) return image;
    return { ...image, urls: [...image.urls, url] };
  };

  const find: ImageCatalog['find'] = (id) => {
    if (!isImageId(id)) return fail(invalidId(id));
    if (!isIndexed(id)) return fail(unknown(id));
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
      list()
        .filter(({ exists }) => !exists)
        .map(({ id, urls, size }) => ({ id, urls, bytesMax: tarBytesMax(size) }))
        .toReversed(),
    newest: () => {
      const newest = index().findLast((image) => here(image.id) !== undefined);
      return newest === undefined ? undefined : here(newest.id);
    },
    find,
    upload,
    adopt,
    download: (id) => {
      const image = find(id);
      if (!image.ok) return image;
      const date = parseRfc3339(index().find((entry) => entry.id === id)?.date ?? '');
      return ok(imageTar(image.value, date.ok ? instantOf(date.value) : instant(0)));
    },
    remove: async (id, actor) => {
      if (!isImageId(id)) return fail(invalidId(id));
      return commit(
        id,
        (view, present) => {
          const deleted = decodeDeleted(view.get(imageKeys.deleted)?.value);
          const next = withoutImage(present, deleted, id);
          return next === undefined ? fail(unknown(id)) : ok(next);
        },
        [],
        actor,
        'delete',
      );
    },
    strays: () => {
      // An index that is missing, unreadable or late says nothing: empty never means all.
      const isSure = mirror.get('coreos') !== undefined && mirror.freshness().kind === 'live';
      return isSure ? shelf.ids().filter((id) => !isIndexed(id) && !busy.has(id)) : [];
    },
    discardStray: (id) =>
      inTurn(id, async () => {
        if (isIndexed(id) || mirror.get('coreos') === undefined) return;
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
