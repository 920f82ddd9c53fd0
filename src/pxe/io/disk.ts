/** What the shelves on disk share: errors as values, in words that name no path of ours, and folders made safe. */

import { type FileHandle, open } from 'node:fs/promises';
import { fail, ok, type Result } from '../../base/result.ts';
import type { ShelfProblem } from '../blobs/problem.ts';

export async function attempt<T>(work: () => Promise<T>): Promise<Result<T, ShelfProblem>> {
  try {
    return ok(await work());
  } catch (error) {
    return fail({ kind: 'shelf-failed', text: diskTrouble(error) });
  }
}

/** A rename is on disk when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A disk that fills up takes a part of a chunk first, without an error; the rest then says it. */
export async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.length - at);
    at += bytesWritten;
  }
}

/** Paths of ours stay out of what clients are told. */
export function diskTrouble(error: unknown): string {
  const code = (error as { code?: string }).code;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk of the data directory is full';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'the data directory cannot be written to';
    default:
      return `the data directory has trouble (${code ?? (error as Error).message})`;
  }
}
