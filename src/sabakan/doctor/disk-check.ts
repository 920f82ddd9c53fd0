/** The data directory: room, and the files of what the index names. */

import { bytesText, fine, type Look, problem, warning } from './finding.ts';

export type DiskFacts = {
  readonly path: string;
  /** Undefined: it cannot be asked (`trouble` says why). */
  readonly room?: {
    readonly freeBytes: number;
    readonly bytes: number;
    readonly freeFiles: number;
    readonly files: number;
  };
  /** Why a small file could not be written, synced and removed. */
  readonly trouble?: string;
};

/** A file that the store speaks of, as it lies on this server. */
export type BlobFacts = {
  /** `image 1234.5.6`. */
  readonly of: string;
  /** Relative to the data directory. */
  readonly path: string;
  /** Undefined: it is not there. */
  readonly bytes: number | undefined;
  /** The index says that this server offers it. */
  readonly isOffered: boolean;
};

/** An image of a container OS is half a gigabyte; an upload needs it twice for a moment. */
const freeBytesMin = 2 * 1024 ** 3;
const freeShareWarn = 0.1;

export function checkDisk({ path, room, trouble }: DiskFacts): readonly Look[] {
  if (trouble !== undefined) {
    return [
      problem(
        path,
        `cannot be written to: ${trouble}`,
        'data-dir must exist, belong to the user of the server and lie on a disk that is mounted for writing',
      ),
    ];
  }
  if (room === undefined) return [fine(path, 'can be written to')];
  const { freeBytes, bytes, freeFiles, files } = room;
  const share = bytes === 0 ? 1 : freeBytes / bytes;
  const found = `${bytesText(freeBytes)} free of ${bytesText(bytes)}`;
  const advice = 'remove old images and assets, or give it a larger disk: uploads and copies stop';
  const looks: Look[] = [];
  if (freeBytes < freeBytesMin) looks.push(warning(path, found, advice));
  else if (share < freeShareWarn) looks.push(warning(path, found, advice));
  else looks.push(fine(path, found));
  if (files > 0 && freeFiles / files < 0.05) {
    looks.push(
      warning(`${path} inodes`, `${freeFiles} of ${files} are free`, 'remove files on this disk'),
    );
  }
  return looks;
}

/** @param blobs every file of every image and asset in the index. */
export function checkBlobs(blobs: readonly BlobFacts[]): readonly Look[] {
  const lost = blobs.filter(({ bytes, isOffered }) => isOffered && !bytes);
  const awaited = blobs.filter(({ bytes, isOffered }) => !isOffered && !bytes);
  const here = blobs.length - lost.length - awaited.length;
  return [
    ...lost.map(({ of, path, bytes }) =>
      problem(
        of,
        `${path} is ${bytes === undefined ? 'missing' : 'empty'} here, though the index says that this server has it`,
        'restart the server: it then fetches the file from another one; if none has it, upload it again',
      ),
    ),
    ...awaited.map(({ of, path }) =>
      warning(
        of,
        `${path} has not come to this server yet`,
        'if it stays away: can this server reach the URLs of the others? GET /api/v2/status, boot, says why',
      ),
    ),
    ...(here === 0 && lost.length + awaited.length > 0
      ? []
      : [fine('files', `${here} files of images and assets are here and whole in size`)]),
  ];
}
