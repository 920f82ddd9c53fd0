/** Where a server keeps the assets it has: an edge with two implementations, on disk and in memory. */

import type { Result } from '../../base/result.ts';
import type { Instant } from '../../base/time.ts';
import type { BrokenUpload, ShelfProblem } from '../blobs/problem.ts';
import type { Content } from '../http/artefact.ts';

export type StoredAsset = {
  readonly sizeBytes: number;
  /** Undefined while a file that was found at start has not been read yet. */
  readonly sha256: string | undefined;
  readonly modifiedAt: Instant;
  readonly open: Content['open'];
};

/** A blob that is whole and safe on the shelf, but under no id yet. */
export type StagedAsset = {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Gives it its id, at once and whole; takes the place of what had that id. */
  readonly publish: (id: string) => Promise<Result<void, ShelfProblem>>;
  readonly discard: () => Promise<void>;
};

export type AssetShelf = {
  /** Finds what is there and clears what a crash left behind. Contents are checked later, in the background. */
  readonly start: () => Promise<Result<void, ShelfProblem>>;
  readonly stop: () => Promise<void>;
  readonly ids: () => readonly string[];
  readonly get: (id: string) => StoredAsset | undefined;
  /** The same, after a look at whether it is still there as it was. */
  readonly look: (id: string) => Promise<StoredAsset | undefined>;
  /** @param chunks read until the first problem and then left alone, so that its owner can still answer. */
  readonly stage: (
    chunks: AsyncIterable<Uint8Array>,
    bytesMax: number,
  ) => Promise<Result<StagedAsset, ShelfProblem | BrokenUpload>>;
  /** Downloads that run go on to their end. */
  readonly remove: (id: string) => Promise<Result<void, ShelfProblem>>;
  /** Called when what is here turned out to be different. Returns how to stop. */
  readonly subscribe: (listener: () => void) => () => void;
};
