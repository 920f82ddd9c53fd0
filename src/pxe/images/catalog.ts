/**
 * Which boot images exist (in the store, for all servers) and which of them this server has (on its shelf).
 * An upload is whole and on disk before the index names it; audit and index change in one commit.
 */

import type { Freshness } from '../../base/mirror.ts';
import type { PutTerms } from '../../base/put-terms.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Store, StoreProblem } from '../../base/store.ts';
import { instant, instantOf, parseRfc3339 } from '../../base/time.ts';
import type { Transact } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import { stillNamed, whoPins } from '../choice/named.ts';
import type { Artefact } from '../http/artefact.ts';
import { parseBaseUrl } from '../ipxe/word.ts';
import type { Wanted } from '../spread/spreadable.ts';
import { filesOf, fits, imagePath, urlsWith } from './content.ts';
import { hashesFor, type Image, isImageId, mendedUrls, withoutImage } from './image-json.ts';
import { type ImageProblem, invalidId, unknown } from './image-problem.ts';
import { imageTar, tarOverheadBytesMax } from './image-tar.ts';
import { createIndexCommit, type IndexCommit } from './index-commit.ts';
import { createIndexView, type IndexView } from './index-view.ts';
import { createIntake, type Failure, type ImageSettings, type Intake } from './intake.ts';
import type { ImageShelf, StageProblem, StoredImage } from './shelf.ts';
import { createTurns } from './turns.ts';

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
  readonly upload: Intake['upload'];
  /** As a tar with both files. */
  readonly download: (id: string) => Result<Artefact, ImageProblem>;
  readonly remove: (
    id: string,
    actor: Actor,
    terms?: PutTerms,
  ) => Promise<Result<{ readonly revision: Revision }, Failure>>;
  readonly records: IndexView['records'];
  /** All of a moment, oldest first. */
  readonly listed: IndexView['listed'];
  /** Takes a copy from another server onto the shelf and offers it under our own URL. */
  readonly adopt: Intake['adopt'];
  /** What the index names and this server lacks; the newest, which boots, first. */
  readonly missing: () => readonly Wanted[];
  /** Images on the shelf that the index does not name and no upload is about to. */
  readonly strays: () => readonly string[];
  readonly discardStray: (id: string) => Promise<void>;
  readonly subscribe: (listener: () => void) => () => void;
};

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
  const view = createIndexView({ store, world: deps.world });
  const { index, entryOf } = view;
  const write = createIndexCommit({ transact, world: deps.world });
  const commit: IndexCommit = async (id, change, more) => {
    const done = await write(id, change, more);
    if (done.ok && done.value.wrote)
      await view.shows(done.value.revision, more.sha256 !== undefined);
    return done;
  };
  /** One after another per id: publishing and committing must not interleave. */
  const inTurn = createTurns();
  /**
   * What this server has of an image in the index. An id may come back with other content once it is forgotten, and
   * what a server that was away has under it is then another image.
   */
  const here = (id: string): StoredImage | undefined => {
    const [stored, image] = [shelf.get(id), entryOf(id)];
    if (stored === undefined || image === undefined) return undefined;
    return fits(filesOf(stored), image, view.hashesOf(id)) ? stored : undefined;
  };
  /** Here, offered to others, and of known content. */
  const isSettled = (image: Image): boolean =>
    here(image.id) !== undefined &&
    urlsWith(image.urls, ownUrl(image.id)) === undefined &&
    hashesFor(image, view.hashesOf(image.id)) !== undefined;
  const ownUrl = (id: string) => `${advertiseUrl}${imagePath(id)}`;
  const intake = createIntake({ store, clock, shelf, settings, commit, inTurn, here, ownUrl });

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
      return shelved.ok ? view.start() : shelved;
    },
    stop: view.stop,
    freshness: view.freshness,
    broken: view.broken,
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
    upload: intake.upload,
    adopt: intake.adopt,
    download: (id) => {
      const image = find(id);
      if (!image.ok) return image;
      const date = parseRfc3339(entryOf(id)?.date ?? '');
      return ok(imageTar(image.value, date.ok ? instantOf(date.value) : instant(0)));
    },
    records: view.records,
    listed: view.listed,
    remove: async (id, actor, terms = {}) => {
      if (!isImageId(id)) return fail(invalidId(id));
      return commit(
        id,
        ({ index, deleted, policy }) => {
          const next = withoutImage(index, deleted, id);
          if (next === undefined) return fail(unknown(id));
          const by = whoPins(policy, ({ image }) => image === id);
          return by === undefined ? ok(next) : fail(stillNamed(`image ${id}`, by));
        },
        { terms, asked: { by: actor, action: 'delete' } },
      );
    },
    strays: () => {
      // Empty never means all.
      if (!view.isSure()) return [];
      return shelf.ids().filter((id) => entryOf(id) === undefined && !intake.isBusy(id));
    },
    discardStray: (id) =>
      inTurn(id, async () => {
        if (entryOf(id) !== undefined || !view.isThere()) return;
        const removed = await shelf.remove(id);
        if (!removed.ok)
          log.warn('an image could not be removed', { id, text: removed.error.text });
      }),
    subscribe: view.subscribe,
  };
}
