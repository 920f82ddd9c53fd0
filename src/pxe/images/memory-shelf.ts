/** An image shelf without a disk: for the simulated world. */

import { ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import { type Digest, joined, memoryContent } from '../blobs/memory-content.ts';
import { type ImageFileName, type ImageShelf, imageFileNames, type StoredImage } from './shelf.ts';
import { readImageTar } from './tar.ts';

export function createMemoryShelf(clock: Pick<Clock, 'now'>, digest?: Digest): ImageShelf {
  const images = new Map<string, StoredImage>();
  return {
    start: async () => ok(undefined),
    ids: () => [...images.keys()],
    get: (id) => images.get(id),
    remove: async (id) => {
      images.delete(id);
      return ok(undefined);
    },
    stage: async (tar, bytesMax, { hashTar } = { hashTar: false }) => {
      const whole: Uint8Array[] = [];
      const parts: Record<ImageFileName, Uint8Array[]> = { kernel: [], 'initrd.gz': [] };
      const read = await readImageTar(kept(tar, whole), bytesMax, async (name) => ({
        write: async (chunk) => void parts[name].push(chunk.slice()),
        end: async () => {},
      }));
      if (!read.ok) return read;
      const contents = {
        kernel: memoryContent(joined(parts.kernel), clock.now(), digest),
        'initrd.gz': memoryContent(joined(parts['initrd.gz']), clock.now(), digest),
      };
      return ok({
        sizeBytes: imageFileNames.reduce((sum, name) => sum + contents[name].sizeBytes, 0),
        sha256: { kernel: contents.kernel.sha256, 'initrd.gz': contents['initrd.gz'].sha256 },
        ...(hashTar ? { tarSha256: memoryContent(joined(whole), clock.now(), digest).sha256 } : {}),
        publish: async (id) => {
          images.set(id, { id, files: contents });
          return ok(undefined);
        },
        discard: async () => {},
      });
    },
  };
}

async function* kept(
  chunks: AsyncIterable<Uint8Array>,
  whole: Uint8Array[],
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    whole.push(chunk.slice());
    yield chunk;
  }
}
