/** Whole files in memory by their hash, within a budget; the one not asked for longest goes first. */

import { readFile } from 'node:fs/promises';

export type ContentCache = {
  /** Undefined when the file alone is over the budget. A file is read once, however many ask meanwhile. */
  readonly get: (
    sha256: string,
    sizeBytes: number,
    path: string,
  ) => Promise<Uint8Array | undefined>;
  readonly forget: (sha256: string) => void;
};

export function createContentCache(bytesMax: number): ContentCache {
  const held = new Map<
    string,
    { readonly sizeBytes: number; readonly bytes: Promise<Uint8Array> }
  >();
  let heldBytes = 0;

  const forget = (sha256: string): void => {
    heldBytes -= held.get(sha256)?.sizeBytes ?? 0;
    held.delete(sha256);
  };

  return {
    forget,
    get: async (sha256, sizeBytes, path) => {
      const known = held.get(sha256);
      if (known !== undefined) {
        held.delete(sha256);
        held.set(sha256, known);
        return known.bytes;
      }
      if (sizeBytes > bytesMax) return undefined;
      for (const oldest of held.keys()) {
        if (heldBytes + sizeBytes <= bytesMax) break;
        forget(oldest);
      }
      const entry = { sizeBytes, bytes: readFile(path) };
      held.set(sha256, entry);
      heldBytes += sizeBytes;
      entry.bytes.catch(() => {
        if (held.get(sha256) === entry) forget(sha256);
      });
      return entry.bytes;
    },
  };
}
