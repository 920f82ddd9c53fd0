/** An image shelf without a disk: for the simulated world. */

import { ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { Content } from '../http/artefact.ts';
import { type ImageFileName, type ImageShelf, imageFileNames, type StoredImage } from './shelf.ts';
import { readImageTar } from './tar.ts';

export function createMemoryShelf(clock: Pick<Clock, 'now'>): ImageShelf {
  const images = new Map<string, StoredImage>();
  return {
    start: async () => ok(undefined),
    ids: () => [...images.keys()],
    get: (id) => images.get(id),
    remove: async (id) => {
      images.delete(id);
      return ok(undefined);
    },
    stage: async (tar, bytesMax) => {
      const parts: Record<ImageFileName, Uint8Array[]> = { kernel: [], 'initrd.gz': [] };
      const read = await readImageTar(tar, bytesMax, async (name) => ({
        write: async (chunk) => void parts[name].push(chunk.slice()),
        end: async () => {},
      }));
      if (!read.ok) return read;
      const contents = {
        kernel: contentOf(joined(parts.kernel), clock),
        'initrd.gz': contentOf(joined(parts['initrd.gz']), clock),
      };
      return ok({
        sizeBytes: imageFileNames.reduce((sum, name) => sum + contents[name].sizeBytes, 0),
        sha256: { kernel: contents.kernel.sha256, 'initrd.gz': contents['initrd.gz'].sha256 },
        publish: async (id) => {
          images.set(id, { id, files: contents });
          return ok(undefined);
        },
        discard: async () => {},
      });
    },
  };
}

function contentOf(bytes: Uint8Array, clock: Pick<Clock, 'now'>): Content {
  return {
    sizeBytes: bytes.length,
    sha256: fingerprint(bytes),
    modifiedAt: clock.now(),
    open: async () => ok({ kind: 'bytes', bytes }),
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Tells contents apart in a world without attackers (FNV-1a, four times with different starts). */
function fingerprint(bytes: Uint8Array): string {
  return [1, 2, 3, 4]
    .map((start) => {
      let hash = Math.imul(0x811c9dc5, start);
      for (const octet of bytes) hash = Math.imul(hash ^ octet, 0x01000193);
      return (hash >>> 0).toString(16).padStart(8, '0');
    })
    .join('')
    .padEnd(64, '0');
}
