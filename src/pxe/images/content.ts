/** What the files of an image are, and whether they are what the index means. */

import {
  type HashRecord,
  hashesFor,
  type Image,
  mendedUrls,
  urlsPerImageMax,
} from './image-json.ts';
import { hashesOf, type StagedImage, type StoredImage, sameHashes, sizeOf } from './shelf.ts';

export type Files = Pick<StagedImage, 'sizeBytes' | 'sha256'>;

export function filesOf(stored: StoredImage): Files {
  return { sizeBytes: sizeOf(stored), sha256: hashesOf(stored) };
}

/**
 * Whether these files are what the index means. Sabakan keeps no hashes: of an image that it stored, the size has to do
 * until the first server that has it records them.
 */
export function fits(files: Files, image: Image, record: HashRecord | undefined): boolean {
  const known = hashesFor(image, record);
  if (known !== undefined) return sameHashes(files.sha256, known);
  return image.size <= 0 || image.size === files.sizeBytes;
}

/** The list with `own` in it; undefined when it is there, or the list is full. */
export function urlsWith(urls: readonly string[], own: string): readonly string[] | undefined {
  const mended = mendedUrls(urls);
  if (mended.includes(own) || mended.length >= urlsPerImageMax) return undefined;
  return [...mended, own];
}

export function imagePath(id: string): string {
  return `/api/v1/images/coreos/${id}`;
}
