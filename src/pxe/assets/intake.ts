/** How an asset comes in: whole and on disk first, then named by a record, whether it was uploaded or pulled. */

import type { PutTerms } from '../../base/put-terms.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import { formatInstant } from '../../base/time.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import { tooFewBytes, uploadsBusy } from '../blobs/problem.ts';
import { type Asset, assetBytesMax, newRecord, parseAssetName } from './asset.ts';
import { differingAsset, tooLargeAsset, unknownAsset } from './asset-problem.ts';
import type { AssetFailure, AssetRecords } from './records.ts';
import type { AssetShelf, StagedAsset } from './shelf.ts';

export type AssetSettings = {
  /** Uploads and pulls at the same time; each takes disk space before it is known to be wanted. */
  readonly uploadsMax: number;
};

export const defaultAssetSettings: AssetSettings = { uploadsMax: 4 };

export type NewAsset = {
  readonly name: string;
  readonly contentType: string;
  /** What the client says it sends. */
  readonly sizeBytes: number;
  /** Hexadecimal, any case; undefined: not checked. */
  readonly sha256: string | undefined;
  readonly options: ReadonlyMap<string, string>;
};

export type PutAsset = {
  /** Undefined in a dry run, which consumes none and reads nothing of the body. */
  readonly id: string | undefined;
  readonly isNew: boolean;
  readonly revision: Revision | undefined;
};

export type AssetIntake = {
  /** `body` is left alone after a problem. Every try consumes an id. */
  readonly put: (
    asset: NewAsset,
    body: AsyncIterable<Uint8Array>,
    actor: Actor,
    terms?: PutTerms,
  ) => Promise<Result<PutAsset, AssetFailure>>;
  /** Takes a copy from another server onto the shelf and offers it under our own URL. */
  readonly adopt: (
    id: string,
    source: AsyncIterable<Uint8Array>,
  ) => Promise<Result<void, AssetFailure>>;
  /** Under way, so that what lies on the shelf is not taken for a leftover. */
  readonly isBusy: (id: string) => boolean;
};

export function createAssetIntake(deps: {
  readonly clock: World['clock'];
  readonly shelf: AssetShelf;
  readonly settings: AssetSettings;
  readonly records: AssetRecords;
  /** Waits until this server's own copy shows a commit, a while at most. */
  readonly shown: (revision: Revision) => Promise<unknown>;
  readonly list: () => readonly Asset[];
  readonly byId: (id: string) => Asset | undefined;
  readonly isHere: (asset: Asset) => boolean;
  readonly ownUrl: (name: string) => string;
}): AssetIntake {
  const { clock, shelf, settings, records, shown, list, byId, isHere, ownUrl } = deps;
  const busy = new Set<string>();
  let uploads = 0;

  /** What is staged is on the shelf only if `then` publishes it. */
  const staged = async <T>(
    source: AsyncIterable<Uint8Array>,
    bytesMax: number,
    then: (upload: StagedAsset) => Promise<Result<T, AssetFailure>>,
  ): Promise<Result<T, AssetFailure>> => {
    const upload = await shelf.stage(source, bytesMax);
    if (!upload.ok) return upload;
    try {
      return await then(upload.value);
    } finally {
      await upload.value.discard();
    }
  };

  const inSlot = async <T>(
    work: () => Promise<Result<T, AssetFailure>>,
  ): Promise<Result<T, AssetFailure>> => {
    if (uploads >= settings.uploadsMax) return fail(uploadsBusy(uploads));
    uploads += 1;
    try {
      return await work();
    } finally {
      uploads -= 1;
    }
  };

  const whileBusy = async <T>(id: string, work: () => Promise<T>): Promise<T> => {
    busy.add(id);
    try {
      return await work();
    } finally {
      busy.delete(id);
    }
  };

  const put: AssetIntake['put'] = async (asset, body, actor, terms = {}) => {
    const name = parseAssetName(asset.name);
    if (!name.ok) return fail({ kind: 'asset-invalid', text: name.error });
    if (asset.sizeBytes > assetBytesMax) return fail(tooLargeAsset(asset.sizeBytes));
    return inSlot(async () => {
      // Again in the commit; here it spares the upload.
      if (terms.over !== undefined || terms.dryRun === true) {
        const isNew = await records.tried(asset.name, terms);
        if (!isNew.ok) return isNew;
        const nothing = { id: undefined, revision: undefined };
        if (terms.dryRun === true) return ok({ ...nothing, isNew: isNew.value });
      }
      const highest = list().reduce((most, { id }) => Math.max(most, Number(id)), 0);
      const given = await records.nextId(highest);
      if (!given.ok) return given;
      const id = given.value;
      return staged(body, asset.sizeBytes, async (upload) => {
        if (upload.sizeBytes < asset.sizeBytes) {
          return fail(tooFewBytes(upload.sizeBytes, asset.sizeBytes));
        }
        const expected = asset.sha256?.toLowerCase() ?? upload.sha256;
        if (expected !== upload.sha256) return fail(differingAsset(id, expected, upload.sha256));
        return whileBusy(id, () => publish(id, asset, upload, actor, terms));
      });
    });
  };

  const publish = async (
    id: string,
    { name, contentType, options }: NewAsset,
    { sizeBytes, sha256, publish }: StagedAsset,
    actor: Actor,
    terms: PutTerms,
  ): ReturnType<AssetIntake['put']> => {
    const before = await records.read(name);
    if (!before.ok) return before;
    const published = await publish(id);
    if (!published.ok) return published;
    const date = formatInstant(clock.now());
    const urls = [ownUrl(name)];
    const record = newRecord({ name, id, contentType, date, sizeBytes, sha256, urls, options });
    const saved = await records.save(record, before.value?.id, actor, terms);
    if (!saved.ok) {
      // What may have been committed must stay; if it was not, it is a stray and goes later.
      if (saved.error.kind !== 'outcome-unknown') await shelf.remove(id);
      return saved;
    }
    await shown(saved.value);
    return ok({ id, isNew: before.value === undefined, revision: saved.value });
  };

  const offer = async (asset: Asset): Promise<Result<void, AssetFailure>> => {
    const offered = await records.offer(asset, ownUrl(asset.name));
    if (!offered.ok) return offered;
    await shown(offered.value);
    return ok(undefined);
  };

  const adopt: AssetIntake['adopt'] = async (id, source) => {
    const asset = byId(id);
    if (asset === undefined) return fail(unknownAsset(`with the id ${id}`));
    if (isHere(asset)) return offer(asset);
    return inSlot(() =>
      whileBusy(id, () =>
        staged(source, bytesMaxOf(asset), async ({ sha256, publish }) => {
          if (sha256 !== asset.sha256) return fail(differingAsset(id, asset.sha256, sha256));
          const published = await publish(id);
          return published.ok ? offer(asset) : published;
        }),
      ),
    );
  };

  return { put, adopt, isBusy: (id) => busy.has(id) };
}

/** Records of Sabakan's may have no size. */
export function bytesMaxOf({ sizeBytes }: Asset): number {
  return sizeBytes === 0 ? assetBytesMax : sizeBytes;
}
