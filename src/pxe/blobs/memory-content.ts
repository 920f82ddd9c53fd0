/** Blobs without a disk: for the simulated world. */

import { ok } from '../../base/result.ts';
import type { Instant } from '../../base/time.ts';
import type { Content } from '../http/artefact.ts';

/** SHA-256 as lower-case hexadecimal, or what stands for it. */
export type Digest = (bytes: Uint8Array) => string;

export function memoryContent(
  bytes: Uint8Array,
  modifiedAt: Instant,
  digest: Digest = fingerprint,
): Content {
  return {
    sizeBytes: bytes.length,
    sha256: digest(bytes),
    modifiedAt,
    open: async () => ok({ kind: 'bytes', bytes }),
  };
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
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
