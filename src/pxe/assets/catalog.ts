/**
 * Which assets exist (in the store, for all servers) and which of them this server has (on its shelf).
 * An upload is whole and on disk before a record names it; audit and record change in one commit.
 */

import { compareKeys } from '../../base/key-order.ts';
import { createMirror, type Freshness, ownWriteTimeoutMs } from '../../base/mirror.ts';
import type { PutTerms } from '../../base/put-terms.ts';
import { createRecords, type Records } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Store, StoreProblem } from '../../base/store.ts';
import { formatInstant } from '../../base/time.ts';
import type { Transact } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import { type ShelfProblem, tooFewBytes, uploadsBusy } from '../blobs/problem.ts';
import {
  type Asset,
  assetBytesMax,
  assetKeys,
  decodeAsset,
  escapedName,
  newRecord,
  parseAssetName,
  urlsWith,
} from './asset.ts';
import { differingAsset, tooLargeAsset, unknownAsset } from './asset-problem.ts';
import { type AssetFailure, createAssetRecords } from './records.ts';
import type { AssetShelf, StagedAsset, StoredAsset } from './shelf.ts';

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

export type AssetCatalog = {
  readonly start: () => Promise<Result<void, StoreProblem | ShelfProblem>>;
  readonly stop: () => Promise<void>;
  readonly freshness: () => Freshness;
  /** Ascending (bytewise); records that cannot be read are among them. */
  readonly names: () => readonly string[];
  readonly list: () => readonly Asset[];
  /** Names of records that cannot be read, and why. While there are any, nothing is cleared away. */
  readonly broken: () => ReadonlyMap<string, string>;
  /** A record that this server has not heard of is looked for in the store: other servers may have just put it. */
  readonly find: (
    name: string,
  ) => Promise<Result<{ readonly asset: Asset; readonly stored?: StoredAsset }, AssetFailure>>;
  /** `body` is left alone after a problem. Every try consumes an id. */
  readonly put: (
    asset: NewAsset,
    body: AsyncIterable<Uint8Array>,
    actor: Actor,
    terms?: PutTerms,
  ) => Promise<Result<PutAsset, AssetFailure>>;
  readonly remove: (
    name: string,
    actor: Actor,
    terms?: PutTerms,
  ) => Promise<Result<void, AssetFailure>>;
  /** By `assets/<name>`. */
  readonly records: Records<Asset>;
  /** Whether this server has it, as far as it has looked. */
  readonly isHere: (asset: Asset) => boolean;
  /** What the index names and this server lacks or does not offer yet, newest first. */
  readonly missing: () => readonly {
    readonly id: string;
    readonly urls: readonly string[];
    readonly bytesMax: number;
  }[];
  /** Why the answer of another server is not the wanted asset. */
  readonly accepts: (id: string, headers: ReadonlyMap<string, string>) => string | undefined;
  /** Takes a copy from another server onto the shelf and offers it under our own URL. */
  readonly adopt: (
    id: string,
    source: AsyncIterable<Uint8Array>,
  ) => Promise<Result<void, AssetFailure>>;
  /** On the shelf, but named by no record and no upload. */
  readonly strays: () => readonly string[];
  readonly discardStray: (id: string) => Promise<void>;
  readonly subscribe: (listener: () => void) => () => void;
};

export function createAssetCatalog(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly shelf: AssetShelf;
  readonly advertiseUrl: string;
  readonly settings: AssetSettings;
}): AssetCatalog {
  const { store, transact, shelf, advertiseUrl, settings } = deps;
  const { clock, log } = deps.world;
  const mirror = createMirror<Asset>({
    store,
    prefix: assetKeys.prefix,
    decode: decodeAsset,
    clock,
    log,
  });
  const mirrored = createRecords(new Map([[assetKeys.prefix, mirror]]));
  const records = createAssetRecords({ store, transact, world: deps.world });
  const busy = new Set<string>();
  let uploads = 0;

  const list = (): readonly Asset[] => mirror.entries().map(([, asset]) => asset);
  const bytesMaxOf = ({ sizeBytes }: Asset) => (sizeBytes === 0 ? assetBytesMax : sizeBytes);
  const byId = (id: string): Asset | undefined => list().find((asset) => asset.id === id);
  const ownUrl = (name: string) => `${advertiseUrl}/api/v1/assets/${escapedName(name)}`;

  const isSame = (asset: Asset, stored: StoredAsset | undefined): stored is StoredAsset =>
    stored !== undefined &&
    (asset.sizeBytes === 0 || stored.sizeBytes === asset.sizeBytes) &&
    (stored.sha256 === undefined || stored.sha256 === asset.sha256);
  const isHere = (asset: Asset) => isSame(asset, shelf.get(asset.id));

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

  const put: AssetCatalog['put'] = async (asset, body, actor, terms = {}) => {
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
  ): ReturnType<AssetCatalog['put']> => {
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

  const shown = (revision: Revision) => mirror.reached(revision, ownWriteTimeoutMs);

  const offer = async (asset: Asset): Promise<Result<void, AssetFailure>> => {
    const offered = await records.offer(asset, ownUrl(asset.name));
    if (!offered.ok) return offered;
    await shown(offered.value);
    return ok(undefined);
  };

  const adopt: AssetCatalog['adopt'] = async (id, source) => {
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

  const find: AssetCatalog['find'] = async (name) => {
    const known = mirror.get(name);
    const isSure = known !== undefined && mirror.freshness().kind === 'live';
    const read = isSure ? ok(known) : await records.read(name);
    // Machines that boot while the store is away get what was there last.
    const isAway = !read.ok && read.error.kind === 'store-unavailable';
    const asset = isAway && known !== undefined ? ok(known) : read;
    if (!asset.ok) return asset;
    if (asset.value === undefined) return fail(unknownAsset(name));
    const stored = await shelf.look(asset.value.id);
    return isSame(asset.value, stored)
      ? ok({ asset: asset.value, stored })
      : ok({ asset: asset.value });
  };

  return {
    start: async () => {
      const shelved = await shelf.start();
      return shelved.ok ? mirror.start() : shelved;
    },
    stop: async () => {
      mirror.stop();
      await shelf.stop();
    },
    freshness: () => mirror.freshness(),
    names: () => {
      const names = mirror.entries().map(([name]) => name);
      // Both lists are short enough to be put in order again, which happens only while a record is broken.
      return mirror.broken().size === 0
        ? names
        : [...names, ...mirror.broken().keys()].sort(compareKeys);
    },
    list,
    broken: () => mirror.broken(),
    find,
    put,
    records: mirrored,
    isHere,
    remove: async (name, actor, terms = {}) => {
      const removed = await records.remove(name, actor, terms);
      if (!removed.ok) return removed;
      await shown(removed.value);
      return ok(undefined);
    },
    missing: () =>
      list()
        .filter((asset) => !isHere(asset) || urlsWith(asset.urls, ownUrl(asset.name)) !== undefined)
        .sort((a, b) => Number(b.id) - Number(a.id))
        .map((asset) => ({ id: asset.id, urls: asset.urls, bytesMax: bytesMaxOf(asset) })),
    accepts: (id, headers) => {
      const theirs = headers.get('x-sabakan-asset-id');
      if (theirs !== id) return `it has version ${theirs ?? 'unknown'} of this asset, not ${id}`;
      // Servers of another database may have the same id for something else.
      const sha256 = headers.get('x-sabakan-asset-sha256')?.toLowerCase();
      const expected = byId(id)?.sha256;
      if (sha256 === undefined || sha256 === expected) return undefined;
      return `its SHA-256 of ${id} is ${sha256.slice(0, 64)}, not ${expected ?? 'known here'}`;
    },
    adopt,
    strays: () => {
      // Records that are missing, unreadable or late say nothing: empty never means all.
      if (mirror.freshness().kind !== 'live' || mirror.broken().size > 0) return [];
      const named = new Set(list().map(({ id }) => id));
      return shelf.ids().filter((id) => !named.has(id) && !busy.has(id));
    },
    discardStray: async (id) => {
      if (busy.has(id) || byId(id) !== undefined || mirror.broken().size > 0) return;
      const removed = await shelf.remove(id);
      if (!removed.ok) log.warn('an asset could not be removed', { id, text: removed.error.text });
    },
    subscribe: (listener) => {
      const stops = [mirror.subscribe(() => listener()), shelf.subscribe(listener)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
