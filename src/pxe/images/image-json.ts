/** The image index as stored and published (Sabakan 3.1.9), and what an upload or removal makes of it. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { ImageHashes } from './shelf.ts';

export type Image = {
  readonly id: string;
  /** RFC 3339, when it was uploaded. */
  readonly date: string;
  /** Both files together. */
  readonly size: number;
  /** Where servers can get it from. */
  readonly urls: readonly string[];
  /** Whether the answering server has the files. */
  readonly exists: boolean;
};

/** Ascending by upload; the last one boots. */
export type ImageIndex = readonly Image[];

export const imagesMax = 5;
/** Ids that were removed lately cannot come back: a server that was away would mix the two. */
export const deletionsMax = 10;
export const urlsPerImageMax = 10;

export const imageKeys = {
  /** Of all operating systems; ours is `coreos`. */
  prefix: 'images/',
  index: 'images/coreos',
  deleted: 'images/coreos/deleted',
  /** Ours: the hashes of an image's files, which Sabakan does not keep. */
  hashesPrefix: 'tetsukan/images/coreos/',
  hashes: (id: string): string => `tetsukan/images/coreos/${id}`,
} as const;

export function isImageId(text: string): boolean {
  return /^[0-9a-zA-Z.-]+$/.test(text) && text !== '.' && text !== '..' && text.length <= 200;
}

export type IndexChange = {
  readonly index: ImageIndex;
  readonly deleted: readonly string[];
  /** Ids that went. */
  readonly dropped: readonly string[];
};

/**
 * Puts an image at the end; one that was there keeps its date and URLs. Of those beyond `imagesMax` the oldest go that are
 * not pinned; undefined: all others are pinned, so there is no place for it.
 */
export function withImage(
  index: ImageIndex,
  deleted: readonly string[],
  image: Image,
  isPinned: (id: string) => boolean = () => false,
): IndexChange | undefined {
  const before = index.find((other) => other.id === image.id);
  const others = index.filter((other) => other.id !== image.id);
  const all = [...others, before ?? image];
  const tooMany = Math.max(all.length - imagesMax, 0);
  const dropped = others
    .filter(({ id }) => !isPinned(id))
    .slice(0, tooMany)
    .map(({ id }) => id);
  if (dropped.length < tooMany) return undefined;
  return {
    index: all.filter(({ id }) => !dropped.includes(id)),
    deleted: [...deleted, ...dropped].slice(-deletionsMax),
    dropped,
  };
}

/** Undefined when there is no such image. */
export function withoutImage(
  index: ImageIndex,
  deleted: readonly string[],
  id: string,
): IndexChange | undefined {
  if (!index.some((image) => image.id === id)) return undefined;
  return {
    index: index.filter((image) => image.id !== id),
    deleted: [...deleted, id].slice(-deletionsMax),
    dropped: [id],
  };
}

/** Mends what other programs have left in lists of URLs. */
export function encodeIndex(index: ImageIndex): Uint8Array {
  return encodeJson(
    index.map(({ id, date, size, urls }) => ({
      id,
      date,
      size,
      urls: mendedUrls(urls),
      exists: false,
    })),
  );
}

/** Each once, none empty, ten at most: Sabakan has left others. */
export function mendedUrls(urls: readonly string[]): readonly string[] {
  return [...new Set(urls)].filter((url) => url !== '').slice(0, urlsPerImageMax);
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function decodeIndex(bytes: Uint8Array | undefined): Result<ImageIndex, string> {
  const json = parseJson(bytes);
  if (!Array.isArray(json)) return fail('the image index is not a list');
  const images: Image[] = [];
  for (const item of json as readonly unknown[]) {
    const given = Object(item) as Readonly<Record<string, unknown>>;
    const { id, date, size, urls } = given;
    if (typeof id !== 'string' || !isImageId(id)) return fail('an image in the index has no id');
    images.push({
      id,
      date: typeof date === 'string' ? date : '',
      size: typeof size === 'number' ? size : 0,
      urls: textsOf(urls),
      exists: false,
    });
  }
  return ok(images);
}

export function decodeDeleted(bytes: Uint8Array | undefined): readonly string[] {
  return textsOf(parseJson(bytes));
}

/** Absent and `null` (Go's empty list) are an empty list. */
function parseJson(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return [];
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) ?? [];
  } catch {
    return undefined;
  }
}

function textsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).filter((text) => typeof text === 'string');
}

/** What an image's files are, and of which upload: an id can come back after it was forgotten. */
export type HashRecord = {
  readonly sha256: ImageHashes;
  /** As in the index; undefined: in records of before it was kept. */
  readonly date: string | undefined;
};

export function encodeHashes({ sha256, date }: HashRecord): Uint8Array {
  return encodeJson({ ...sha256, date });
}

/** Undefined for an image that Sabakan stored, or one whose hashes cannot be read. */
export function decodeHashes(bytes: Uint8Array | undefined): HashRecord | undefined {
  if (bytes === undefined) return undefined;
  const given = Object(parseJson(bytes)) as Readonly<Record<string, unknown>>;
  const { kernel, date } = given;
  const initrd = given['initrd.gz'];
  if (typeof kernel !== 'string' || typeof initrd !== 'string') return undefined;
  const sha256 = { kernel, 'initrd.gz': initrd };
  return { sha256, date: typeof date === 'string' ? date : undefined };
}

/**
 * The hashes of this image. A Sabakan that worked on the same store meanwhile leaves our record behind when it deletes
 * an image, and knows nothing of it when the id comes back: then the dates differ, and the record says nothing.
 */
export function hashesFor(
  image: Pick<Image, 'date'>,
  record: HashRecord | undefined,
): ImageHashes | undefined {
  const isOfIt = record !== undefined && (record.date ?? image.date) === image.date;
  return isOfIt ? record.sha256 : undefined;
}
