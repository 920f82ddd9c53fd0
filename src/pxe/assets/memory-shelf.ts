/** An asset shelf without a disk: for the simulated world. */

import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import { type Digest, joined, memoryContent } from '../blobs/memory-content.ts';
import { cutShort, tooManyBytes } from '../blobs/problem.ts';
import type { Content } from '../http/artefact.ts';
import type { AssetShelf } from './shelf.ts';

/** @param digest where checksums of clients matter; otherwise any fingerprint does. */
export function createMemoryAssetShelf(clock: Pick<Clock, 'now'>, digest?: Digest): AssetShelf {
  const assets = new Map<string, Content>();
  return {
    start: async () => ok(undefined),
    stop: async () => {},
    ids: () => [...assets.keys()],
    get: (id) => assets.get(id),
    look: async (id) => assets.get(id),
    stage: async (chunks, bytesMax) => {
      const parts: Uint8Array[] = [];
      let sizeBytes = 0;
      try {
        for await (const chunk of chunks) {
          sizeBytes += chunk.length;
          if (sizeBytes > bytesMax) return fail(tooManyBytes(bytesMax));
          parts.push(chunk.slice());
        }
      } catch (error) {
        return fail(cutShort(error));
      }
      const content = memoryContent(joined(parts), clock.now(), digest);
      return ok({
        sizeBytes,
        sha256: content.sha256,
        publish: async (id) => {
          assets.set(id, content);
          return ok(undefined);
        },
        discard: async () => {},
      });
    },
    remove: async (id) => {
      assets.delete(id);
      return ok(undefined);
    },
    subscribe: () => () => {},
  };
}
