/**
 * Assets on disk, in Sabakan's layout: `<data-dir>/assets/<id>`. A blob goes to a hidden file beside them, is synced and
 * then renamed, so that an id never stands for half an asset.
 */

import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../base/result.ts';
import { instant } from '../../base/time.ts';
import { isAssetId } from '../assets/asset.ts';
import type { AssetShelf, StoredAsset } from '../assets/shelf.ts';
import { type BrokenUpload, cutShort, tooManyBytes } from '../blobs/problem.ts';
import { chunksOf } from './chunks.ts';
import { attempt, diskTrouble, syncFolder, writeWhole } from './disk.ts';
import { createHashBook } from './hash-book.ts';

const hiddenPrefix = '.upload-';
/** What Sabakan leaves behind when it is killed during an upload. */
const sabakanPrefix = '.tmp';

type Held = { readonly facts: Stats; readonly sha256: string | undefined };

/** @param dataDir absolute. */
export function createAssetFileShelf(dataDir: string): AssetShelf {
  const folder = join(dataDir, 'assets');
  // Not among the assets: operators look whether that folder is empty.
  const book = createHashBook(join(dataDir, '.asset-hashes.json'));
  const held = new Map<string, Held>();
  const listeners = new Set<() => void>();
  let uploads = 0;
  let checking = Promise.resolve();
  let stopping = new AbortController();

  const pathOf = (id: string): string => join(folder, id);
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };

  const get = (id: string): StoredAsset | undefined => {
    const entry = held.get(id);
    if (entry === undefined) return undefined;
    const { size, mtimeMs } = entry.facts;
    return {
      sizeBytes: size,
      sha256: entry.sha256,
      modifiedAt: instant(Math.floor(mtimeMs)),
      open: () => openFile(pathOf(id)),
    };
  };

  /** Reads files whose content nobody here has seen, one after another and behind everything else. */
  const check = (ids: readonly string[]): void => {
    const { signal } = stopping;
    checking = checking.then(async () => {
      for (const id of ids) {
        const facts = held.get(id)?.facts;
        if (signal.aborted || facts === undefined) continue;
        const sha256 = await book.hashOf(pathOf(id), facts, signal).catch(() => undefined);
        // It may have been removed or replaced while it was read.
        if (sha256 !== undefined && held.get(id)?.facts === facts) held.set(id, { facts, sha256 });
      }
      if (signal.aborted) return;
      await book.save().catch(() => {});
      tell();
    });
  };

  const publish = (hidden: string, sha256: string) => (id: string) =>
    attempt(async () => {
      await rename(hidden, pathOf(id));
      await syncFolder(folder);
      held.set(id, { facts: await stat(pathOf(id)), sha256 });
      // Without the book, the next start reads the file again.
      await book.remember(pathOf(id), sha256).catch(() => {});
    });

  const write = async (
    hidden: string,
    chunks: AsyncIterable<Uint8Array>,
    bytesMax: number,
  ): Promise<Result<{ sizeBytes: number; sha256: string }, BrokenUpload>> => {
    let handle: FileHandle | undefined;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    try {
      handle = await open(hidden, 'wx', 0o644);
      const iterator = chunks[Symbol.asyncIterator]();
      for (;;) {
        const next = await iterator.next().catch((error: unknown) => fail(cutShort(error)));
        if ('ok' in next) return next;
        if (next.done === true) break;
        sizeBytes += next.value.length;
        if (sizeBytes > bytesMax) return fail(tooManyBytes(bytesMax));
        hash.update(next.value);
        await writeWhole(handle, next.value);
      }
      await handle.sync();
    } finally {
      await handle?.close();
    }
    return ok({ sizeBytes, sha256: hash.digest('hex') });
  };

  return {
    start: () =>
      attempt(async () => {
        stopping = new AbortController();
        await mkdir(folder, { recursive: true });
        await book.load();
        held.clear();
        for (const { name } of await readdir(folder, { withFileTypes: true })) {
          if (name.startsWith(hiddenPrefix) || name.startsWith(sabakanPrefix)) {
            await rm(pathOf(name), { recursive: true, force: true });
          } else if (isAssetId(name)) {
            const facts = await stat(pathOf(name));
            if (facts.isFile()) held.set(name, { facts, sha256: undefined });
          }
        }
        if (held.size > 0) check([...held.keys()]);
      }),
    stop: async () => {
      stopping.abort();
      await checking;
    },
    ids: () => [...held.keys()],
    get,
    look: async (id) => {
      const entry = held.get(id);
      if (entry === undefined) return undefined;
      const facts = await stat(pathOf(id)).catch(() => undefined);
      if (held.get(id) !== entry) return get(id);
      if (facts?.isFile() !== true) {
        held.delete(id);
        book.forget(pathOf(id));
        tell();
      } else if (facts.size !== entry.facts.size || facts.mtimeMs !== entry.facts.mtimeMs) {
        held.set(id, { facts, sha256: undefined });
        check([id]);
      }
      return get(id);
    },
    stage: async (chunks, bytesMax) => {
      uploads += 1;
      const hidden = join(folder, `${hiddenPrefix}${process.pid}-${uploads}`);
      const discard = () => rm(hidden, { force: true });
      const attempted = await attempt(() => write(hidden, chunks, bytesMax));
      const written = attempted.ok ? attempted.value : attempted;
      if (!written.ok) {
        await discard();
        return written;
      }
      const { sizeBytes, sha256 } = written.value;
      return ok({ sizeBytes, sha256, publish: publish(hidden, sha256), discard });
    },
    remove: (id) =>
      attempt(async () => {
        if (!held.delete(id)) return;
        book.forget(pathOf(id));
        // Open files live on until they are closed, so downloads that run are not cut.
        await rm(pathOf(id), { force: true });
      }),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const openFile: (path: string) => ReturnType<StoredAsset['open']> = async (path) => {
  try {
    const handle = await open(path, 'r');
    return ok({
      kind: 'file',
      read: (start, end) => chunksOf(handle, start, end),
      close: () => void handle.close(),
    });
  } catch (error) {
    return fail({ text: diskTrouble(error) });
  }
};
