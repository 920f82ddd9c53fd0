/** SHA-256 in lower-case hexadecimal, for what has no disk shelf to compute it. */

import { createHash } from 'node:crypto';

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
