/** Where a server keeps the boot images it has: an edge with two implementations, on disk and in memory. */

import type { Result } from '../../base/result.ts';
import type { BrokenUpload, ShelfProblem } from '../blobs/problem.ts';
import type { Content } from '../http/artefact.ts';

/** A boot image is exactly these two files. */
export const imageFileNames = ['kernel', 'initrd.gz'] as const;
export type ImageFileName = (typeof imageFileNames)[number];

export type ImageHashes = Readonly<Record<ImageFileName, string>>;

export type StoredImage = {
  readonly id: string;
  readonly files: Readonly<Record<ImageFileName, Content>>;
};

/** An upload that is whole and safe on the shelf, but under no name yet. */
export type StagedImage = {
  readonly sizeBytes: number;
  readonly sha256: ImageHashes;
  /** Of the tar, to its last octet; where it was asked for. */
  readonly tarSha256?: string;
  /** Gives it its name, at once and whole; takes the place of what had that name. */
  readonly publish: (id: string) => Promise<Result<void, ShelfProblem>>;
  readonly discard: () => Promise<void>;
};

export type StageProblem =
  | ShelfProblem
  /** Not a tar, or cut short. */
  | BrokenUpload
  /** An id that is none, or a tar with other members than the two. */
  | { readonly kind: 'image-invalid'; readonly text: string }
  | { readonly kind: 'image-too-large'; readonly text: string };

export type ImageShelf = {
  /** Finds what is there and clears what a crash left behind. */
  readonly start: () => Promise<Result<void, ShelfProblem>>;
  readonly ids: () => readonly string[];
  readonly get: (id: string) => StoredImage | undefined;
  /** @param tar read until the first problem and then left alone, so that its owner can still answer. */
  readonly stage: (
    tar: AsyncIterable<Uint8Array>,
    bytesMax: number,
    options?: { readonly hashTar: boolean },
  ) => Promise<Result<StagedImage, StageProblem>>;
  /** Downloads that run go on to their end. */
  readonly remove: (id: string) => Promise<Result<void, ShelfProblem>>;
};

export function hashesOf(image: StoredImage): ImageHashes {
  return { kernel: image.files.kernel.sha256, 'initrd.gz': image.files['initrd.gz'].sha256 };
}

/** Both files together. */
export function sizeOf({ files }: StoredImage): number {
  return imageFileNames.reduce((sum, name) => sum + files[name].sizeBytes, 0);
}

export function sameHashes(a: ImageHashes, b: ImageHashes): boolean {
  return imageFileNames.every((name) => a[name] === b[name]);
}
