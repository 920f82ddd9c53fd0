/** The index of images and their hashes, as this server has heard of them from the store. */

import {
  brokenUnder,
  createMirror,
  type Freshness,
  type Mirror,
  ownWriteTimeoutMs,
} from '../../base/mirror.ts';
import { createRecords, type Records } from '../../base/records.ts';
import { ok, type Result } from '../../base/result.ts';
import { absent, type Revision, type Store, type StoreProblem } from '../../base/store.ts';
import type { World } from '../../base/world.ts';
import {
  decodeHashes,
  decodeIndex,
  type HashRecord,
  hashesFor,
  type Image,
  type ImageIndex,
  imageKeys,
} from './image-json.ts';
import type { ImageHashes } from './shelf.ts';

/** An image as the store has it. */
export type ListedImage = {
  readonly image: Image;
  /** Undefined: Sabakan stored it, and no server has recorded what it is. */
  readonly sha256: ImageHashes | undefined;
  /** Of the index, since one record holds all images. */
  readonly revision: Revision;
  /** What machines boot wherever it is. */
  readonly isNewest: boolean;
};

type ImageRecord = ImageIndex | HashRecord | undefined;

export type IndexView = {
  readonly records: Records<ImageRecord>;
  readonly listed: (kept: ReturnType<Records<ImageRecord>['kept']>) => readonly ListedImage[];
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** The key of the index and why, when it cannot be read. */
  readonly broken: () => ReadonlyMap<string, string>;
  /** Oldest first. While nobody can read it, what it said last: machines go on booting. */
  readonly index: () => ImageIndex;
  readonly entryOf: (id: string) => Image | undefined;
  readonly hashesOf: (id: string) => HashRecord | undefined;
  /** Nothing may be concluded from what an index lacks that is missing, unreadable or late. */
  readonly isSure: () => boolean;
  /** False: there is no index that can be read. */
  readonly isThere: () => boolean;
  /** Waits until this view shows a commit, a while at most. */
  readonly shows: (revision: Revision, withHashes: boolean) => Promise<void>;
  readonly subscribe: (listener: () => void) => () => void;
};

export function createIndexView(deps: {
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'log'>;
}): IndexView {
  const { store } = deps;
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
  const records = createRecords<ImageRecord>(
    new Map<string, Mirror<ImageRecord>>([
      [imageKeys.prefix, mirror],
      [imageKeys.hashesPrefix, hashes],
    ]),
  );
  /** While nobody can read the index, machines go on booting what it said last. */
  let lastRead: ImageIndex = [];
  const index = (): ImageIndex => {
    if (!mirror.broken().has('coreos')) lastRead = mirror.get('coreos') ?? [];
    return lastRead;
  };
  mirror.subscribe(() => void index());

  return {
    records,
    listed,
    start: async () => {
      const started = await mirror.start();
      return started.ok ? hashes.start() : started;
    },
    stop: () => {
      mirror.stop();
      hashes.stop();
    },
    freshness: () => mirror.freshness(),
    broken: () => brokenUnder(imageKeys.prefix, mirror),
    index,
    entryOf: (id) => index().find((image) => image.id === id),
    hashesOf: (id) => hashes.get(id),
    isSure: () => mirror.get('coreos') !== undefined && mirror.freshness().kind === 'live',
    isThere: () => mirror.get('coreos') !== undefined,
    shows: async (revision, withHashes) => {
      const copies = withHashes ? [mirror, hashes] : [mirror];
      await Promise.all(copies.map((copy) => copy.reached(revision, ownWriteTimeoutMs)));
    },
    subscribe: (listener) => {
      const stops = [mirror, hashes].map((one) => one.subscribe(() => listener()));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

function listed(kept: ReturnType<IndexView['records']['kept']>): readonly ListedImage[] {
  const { value, revision = absent } = kept.get(imageKeys.index) ?? {};
  const index = (value ?? []) as ImageIndex;
  return index.map((image, at) => {
    const record = kept.get(imageKeys.hashes(image.id))?.value as HashRecord | undefined;
    const isNewest = at === index.length - 1;
    return { image, sha256: hashesFor(image, record), revision, isNewest };
  });
}
