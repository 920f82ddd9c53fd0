/**
 * Boot images on disk, in Sabakan's layout: `<data-dir>/images/coreos/<id>/{kernel,initrd.gz}`. An upload goes to a
 * hidden folder beside them, is synced and then renamed, so that a name never stands for half an image.
 */

import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok } from '../../base/result.ts';
import { instant } from '../../base/time.ts';
import type { Content } from '../http/artefact.ts';
import { isImageId } from '../images/image-json.ts';
import {
  type ImageFileName,
  type ImageShelf,
  imageFileNames,
  type StagedImage,
  type StoredImage,
} from '../images/shelf.ts';
import { readImageTar } from '../images/tar.ts';
import { chunksOf } from './chunks.ts';
import { createContentCache } from './content-cache.ts';
import { attempt, diskTrouble, syncFolder, writeWhole } from './disk.ts';
import { createHashBook, type HashBook } from './hash-book.ts';

export type FileShelfSettings = {
  /** Absolute. */
  readonly dataDir: string;
  /** Images kept in memory: what fits is served several times faster than from disk. */
  readonly memoryBytesMax: number;
};

/** One image of a container OS; kernel and initrd of the newest are what a rack asks for. */
export const memoryBytesDefault = 512 * 1024 * 1024;

const hiddenPrefix = '.upload-';

export function createFileShelf(settings: FileShelfSettings): ImageShelf {
  const folder = join(settings.dataDir, 'images', 'coreos');
  const book = createHashBook(join(settings.dataDir, 'images', '.hashes.json'));
  const cache = createContentCache(settings.memoryBytesMax);
  const images = new Map<string, StoredImage>();
  let uploads = 0;

  const contentOf = async (path: string, book: HashBook): Promise<Content> => {
    const facts = await stat(path);
    const sha256 = await book.hashOf(path, facts);
    return {
      sizeBytes: facts.size,
      sha256,
      modifiedAt: instant(Math.floor(facts.mtimeMs)),
      open: async () => {
        try {
          const bytes = await cache.get(sha256, facts.size, path);
          if (bytes !== undefined) return ok({ kind: 'bytes', bytes });
          const handle = await open(path, 'r');
          return ok({
            kind: 'file',
            read: (start, end) => chunksOf(handle, start, end),
            close: () => void handle.close(),
          });
        } catch (error) {
          return fail({ text: diskTrouble(error) });
        }
      },
    };
  };

  const load = async (id: string): Promise<StoredImage> => {
    const [kernel, initrd] = await Promise.all(
      imageFileNames.map((name) => contentOf(join(folder, id, name), book)),
    );
    if (kernel === undefined || initrd === undefined) throw new Error(`${id} is not whole`);
    return { id, files: { kernel, 'initrd.gz': initrd } };
  };

  const publish = (hidden: string, hashes: ReadonlyMap<string, string>) => (id: string) =>
    attempt(async () => {
      const target = join(folder, id);
      const aside = `${hidden}.old`;
      if (images.has(id)) await rename(target, aside);
      images.delete(id);
      await rename(hidden, target);
      await syncFolder(folder);
      await rm(aside, { recursive: true, force: true });
      for (const [name, sha256] of hashes) await book.remember(join(target, name), sha256);
      images.set(id, await load(id));
    });

  return {
    ids: () => [...images.keys()].sort(),
    get: (id) => images.get(id),
    start: () =>
      attempt(async () => {
        await mkdir(folder, { recursive: true });
        await book.load();
        images.clear();
        for (const entry of await readdir(folder, { withFileTypes: true })) {
          if (entry.name.startsWith(hiddenPrefix)) {
            await rm(join(folder, entry.name), { recursive: true, force: true });
          } else if (entry.isDirectory() && isImageId(entry.name) && (await isWhole(entry.name))) {
            images.set(entry.name, await load(entry.name));
          }
        }
        await book.save();
      }),
    remove: (id) =>
      attempt(async () => {
        const image = images.get(id);
        if (image === undefined) return;
        images.delete(id);
        for (const name of imageFileNames) {
          cache.forget(image.files[name].sha256);
          book.forget(join(folder, id, name));
        }
        // Open files live on until they are closed, so downloads that run are not cut.
        const hidden = join(folder, `${hiddenPrefix}removed-${id}`);
        await rename(join(folder, id), hidden);
        await rm(hidden, { recursive: true, force: true });
      }),
    stage: async (tar, bytesMax, { hashTar } = { hashTar: false }) => {
      uploads += 1;
      const hidden = join(folder, `${hiddenPrefix}${process.pid}-${uploads}`);
      const hashes = new Map<ImageFileName, string>();
      const handles: FileHandle[] = [];
      const tarHash = createHash('sha256');
      let sizeBytes = 0;
      const read = await attempt(async () => {
        await mkdir(hidden, { recursive: true });
        const source = hashTar ? hashed(tar, tarHash) : tar;
        const result = await readImageTar(source, bytesMax, async (name) => {
          const handle = await open(join(hidden, name), 'w', 0o644);
          handles.push(handle);
          const hash = createHash('sha256');
          return {
            write: async (chunk) => {
              hash.update(chunk);
              sizeBytes += chunk.length;
              await writeWhole(handle, chunk);
            },
            end: async () => {
              await handle.sync();
              hashes.set(name, hash.digest('hex'));
            },
          };
        });
        if (result.ok) await syncFolder(hidden);
        return result;
      });
      for (const handle of handles) await handle.close();
      const discard = () => rm(hidden, { recursive: true, force: true });
      const outcome = read.ok ? read.value : read;
      if (!outcome.ok) {
        await discard();
        return outcome;
      }
      const staged: StagedImage = {
        sizeBytes,
        sha256: {
          kernel: hashes.get('kernel') ?? '',
          'initrd.gz': hashes.get('initrd.gz') ?? '',
        },
        ...(hashTar ? { tarSha256: tarHash.digest('hex') } : {}),
        publish: publish(hidden, hashes),
        discard,
      };
      return ok(staged);
    },
  };

  async function isWhole(id: string): Promise<boolean> {
    for (const name of imageFileNames) {
      const facts = await stat(join(folder, id, name)).catch(() => undefined);
      if (facts?.isFile() !== true) return false;
    }
    return true;
  }
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
