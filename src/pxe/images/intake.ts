/** How an image comes in: whole and on disk first, then named by the index, whether it was uploaded or pulled. */

import type { PutTerms } from '../../base/put-terms.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Store } from '../../base/store.ts';
import { formatInstant } from '../../base/time.ts';
import type { TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import { uploadsBusy, wrongDigest } from '../blobs/problem.ts';
import type { BootPolicy } from '../boot-policy.ts';
import { whoPins } from '../choice/named.ts';
import { type Files, filesOf, fits, urlsWith } from './content.ts';
import {
  decodeHashes,
  decodeIndex,
  type HashRecord,
  hashesFor,
  type Image,
  type ImageIndex,
  type IndexChange,
  imageKeys,
  isImageId,
  withImage,
} from './image-json.ts';
import {
  allPinned,
  brokenIndex,
  deletedLately,
  differs,
  type ImageProblem,
  invalidId,
  unknown,
} from './image-problem.ts';
import type { IndexCommit } from './index-commit.ts';
import {
  hashesOf,
  type ImageHashes,
  type ImageShelf,
  type StagedImage,
  type StoredImage,
  sameHashes,
} from './shelf.ts';
import type { Turns } from './turns.ts';

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

/** In a dry run nothing of the body is read. */
export type UploadTerms = PutTerms & {
  /** What the tar must be, lower-case hexadecimal; absent: not checked. */
  readonly tarSha256?: string;
};

export type Uploaded = {
  readonly revision: Revision;
  readonly isNew: boolean;
  /** As the index has it now; in a dry run: as it was asked for. */
  readonly image: Image;
  /** Absent in a dry run. */
  readonly sha256?: ImageHashes;
};

export type Failure = ImageProblem | TransactProblem;

export type Intake = {
  /** Idempotent for the same content. `tar` is left alone after a problem. */
  readonly upload: (
    id: string,
    tar: AsyncIterable<Uint8Array>,
    actor: Actor,
    terms?: UploadTerms,
  ) => Promise<Result<Uploaded, Failure>>;
  /** Takes a copy from another server onto the shelf and offers it under our own URL. */
  readonly adopt: (id: string, tar: AsyncIterable<Uint8Array>) => Promise<Result<void, Failure>>;
  /** Under way, so that what lies on the shelf is not taken for a leftover. */
  readonly isBusy: (id: string) => boolean;
};

export function createIntake(deps: {
  readonly store: Store;
  readonly clock: World['clock'];
  readonly shelf: ImageShelf;
  readonly settings: ImageSettings;
  readonly commit: IndexCommit;
  readonly inTurn: Turns;
  readonly here: (id: string) => StoredImage | undefined;
  readonly ownUrl: (id: string) => string;
}): Intake {
  const { store, clock, shelf, settings, commit, inTurn, here, ownUrl } = deps;
  const busy = new Set<string>();
  let uploads = 0;

  const staged = async <T>(
    tar: AsyncIterable<Uint8Array>,
    id: string,
    hashTar: boolean,
    then: (upload: StagedImage) => Promise<Result<T, Failure>>,
  ): Promise<Result<T, Failure>> => {
    if (uploads >= settings.uploadsMax) return fail(uploadsBusy(uploads));
    uploads += 1;
    try {
      const upload = await shelf.stage(tar, settings.imageBytesMax, { hashTar });
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

  const newImage = (id: string, size: number): Image => ({
    id,
    date: formatInstant(clock.now()),
    size,
    urls: [ownUrl(id)],
    exists: false,
  });

  /** What an upload would be refused for before its first octet. */
  const tried = async (id: string, actor: Actor, terms: PutTerms) => {
    const image = newImage(id, 0);
    let isNew = true;
    const committed = await commit(
      id,
      ({ index, deleted, policy }) => {
        if (deleted.includes(id)) return fail(deletedLately(id));
        isNew = !index.some((one) => one.id === id);
        const put = placed(index, deleted, image, policy);
        return put.ok ? ok(undefined) : put;
      },
      { terms: { ...terms, dryRun: true }, asked: { by: actor, action: 'upload' } },
    );
    return committed.ok ? ok({ ...committed.value, isNew, image }) : committed;
  };

  const upload: Intake['upload'] = async (id, tar, actor, terms = {}) => {
    if (!isImageId(id)) return fail(invalidId(id));
    if (uploads >= settings.uploadsMax) return fail(uploadsBusy(uploads));
    // Again in the commit; here it spares the upload.
    const early = await tried(id, actor, terms);
    if (!early.ok || terms.dryRun === true) return early;
    const { tarSha256 } = terms;
    return staged(tar, id, tarSha256 !== undefined, async (copy) => {
      const { sizeBytes, sha256 } = copy;
      if (tarSha256 !== undefined && copy.tarSha256 !== tarSha256) {
        return fail(wrongDigest(copy.tarSha256 ?? 'unknown', tarSha256));
      }
      const shelved = await shelve(id, copy);
      if (!shelved.ok) return shelved;
      const image = newImage(id, sizeBytes);
      let before: Image | undefined;
      const committed = await commit(
        id,
        ({ index, deleted, hashes, policy }) => {
          if (deleted.includes(id)) return fail(deletedLately(id));
          before = index.find((other) => other.id === id);
          const isAnother = before !== undefined && !fits(copy, before, hashes);
          return isAnother ? fail(differs(id)) : placed(index, deleted, image, policy);
        },
        { sha256, terms, asked: { by: actor, action: 'upload' } },
      );
      if (!committed.ok) {
        await unshelve(id, shelved.value, committed.error);
        return committed;
      }
      const isNew = before === undefined;
      return ok({ ...committed.value, isNew, image: before ?? image, sha256 });
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

  const adopt: Intake['adopt'] = async (id, tar) => {
    const present = here(id);
    if (present !== undefined) return offer(id, filesOf(present));
    return staged(tar, id, false, async (copy) => {
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

  return { upload, adopt, isBusy: (id) => busy.has(id) };
}

/** The image's place in the index, beside those that rules and channels keep there. */
function placed(
  index: ImageIndex,
  deleted: readonly string[],
  image: Image,
  policy: BootPolicy,
): Result<IndexChange, ImageProblem> {
  const isPinned = (id: string) => whoPins(policy, (pins) => pins.image === id) !== undefined;
  const change = withImage(index, deleted, image, isPinned);
  return change === undefined ? fail(allPinned(index.map(({ id }) => id))) : ok(change);
}
