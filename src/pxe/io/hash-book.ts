/** The SHA-256 of our files, remembered over restarts: reading gigabytes again would delay every start by seconds. */

import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { chunksOf } from './chunks.ts';

export type HashBook = {
  readonly load: () => Promise<void>;
  /** Rejects when `signal` aborts the reading of the file. */
  readonly hashOf: (path: string, facts: Stats, signal?: AbortSignal) => Promise<string>;
  readonly remember: (path: string, sha256: string) => Promise<void>;
  readonly forget: (path: string) => void;
  /** Forgets files that were not asked for since `load`. */
  readonly save: () => Promise<void>;
};

type Page = { readonly size: number; readonly mtimeMs: number; readonly sha256: string };

export function createHashBook(bookPath: string): HashBook {
  let pages = new Map<string, Page>();
  const used = new Map<string, Page>();

  /** One after another: two uploads may end together. */
  let writing = Promise.resolve();
  const write = (): Promise<void> => {
    const next = writing.then(async () => {
      await writeFile(`${bookPath}.new`, JSON.stringify(Object.fromEntries(used)));
      await rename(`${bookPath}.new`, bookPath);
    });
    writing = next.catch(() => {});
    return next;
  };

  return {
    load: async () => {
      try {
        pages = new Map(Object.entries(JSON.parse(await readFile(bookPath, 'utf8'))));
      } catch {
        // No book, or a torn one: the files themselves say it all.
        pages = new Map();
      }
      used.clear();
    },
    hashOf: async (path, facts, signal) => {
      const page = used.get(path) ?? pages.get(path);
      const isCurrent = page?.size === facts.size && page.mtimeMs === facts.mtimeMs;
      const sha256 =
        page !== undefined && isCurrent ? page.sha256 : await hashFile(path, facts.size, signal);
      used.set(path, { size: facts.size, mtimeMs: facts.mtimeMs, sha256 });
      return sha256;
    },
    remember: async (path, sha256) => {
      const { size, mtimeMs } = await stat(path);
      used.set(path, { size, mtimeMs, sha256 });
      await write();
    },
    forget: (path) => {
      used.delete(path);
      pages.delete(path);
    },
    save: write,
  };
}

async function hashFile(path: string, size: number, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(await open(path, 'r'), 0, size)) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest('hex');
}
