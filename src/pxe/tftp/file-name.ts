/** A file name as firmware sends it → the name of one of our files, or why not. */

import { fail, ok, type Result } from '../../base/result.ts';

const nameBytesMax = 255;

/**
 * Files are a flat set in memory, so no name can lead anywhere; what looks like an attempt is told from a plain
 * miss. A leading `/` means the root.
 */
export function parseFileName(
  sent: string,
): Result<string, { readonly kind: 'not-found' | 'not-allowed' }> {
  const name = sent.replace(/^\/+/, '');
  if (name === '') return fail({ kind: 'not-found' });
  if (name.length > nameBytesMax || !/^[A-Za-z0-9._/-]+$/.test(name)) {
    return fail({ kind: 'not-allowed' });
  }
  if (name.split('/').some((part) => part === '..')) return fail({ kind: 'not-allowed' });
  return ok(name);
}
