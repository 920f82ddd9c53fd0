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
import type { Transact } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import type { ShelfProblem } from '../blobs/problem.ts';
import { type Asset, assetKeys, decodeAsset, escapedName, urlsWith } from './asset.ts';
import { unknownAsset } from './asset-problem.ts';
import { type AssetIntake, type AssetSettings, bytesMaxOf, createAssetIntake } from './intake.ts';
import { type AssetFailure, createAssetRecords } from './records.ts';
import type { AssetShelf, StoredAsset } from './shelf.ts';

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
  readonly put: AssetIntake['put'];
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
  readonly adopt: AssetIntake['adopt'];
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
  const list = (): readonly Asset[] => mirror.entries().map(([, asset]) => asset);
  const byId = (id: string): Asset | undefined => list().find((asset) => asset.id === id);
  const ownUrl = (name: string) => `${advertiseUrl}/api/v1/assets/${escapedName(name)}`;

  const isSame = (asset: Asset, stored: StoredAsset | undefined): stored is StoredAsset =>
    stored !== undefined &&
    (asset.sizeBytes === 0 || stored.sizeBytes === asset.sizeBytes) &&
    (stored.sha256 === undefined || stored.sha256 === asset.sha256);
  const isHere = (asset: Asset) => isSame(asset, shelf.get(asset.id));

  const shown = (revision: Revision) => mirror.reached(revision, ownWriteTimeoutMs);
  const intake = createAssetIntake({
    clock,
    shelf,
    settings,
    records,
    shown,
    list,
    byId,
    isHere,
    ownUrl,
  });

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
    put: intake.put,
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
    adopt: intake.adopt,
    strays: () => {
      // Records that are missing, unreadable or late say nothing: empty never means all.
      if (mirror.freshness().kind !== 'live' || mirror.broken().size > 0) return [];
      const named = new Set(list().map(({ id }) => id));
      return shelf.ids().filter((id) => !named.has(id) && !intake.isBusy(id));
    },
    discardStray: async (id) => {
      if (intake.isBusy(id) || byId(id) !== undefined || mirror.broken().size > 0) return;
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
