/** Cursors as text: opaque to clients, checked like any other input when they come back. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { Cursor } from './listing.ts';

const version = 1;
const cursorCharactersMax = 16_384;

export function formatCursor({ changed, query, offset }: Cursor): string {
  // Selectors are ASCII, so this is, too.
  const text = btoa(JSON.stringify([version, changed, query, offset]));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function parseCursor(text: string): Result<Cursor, string> {
  const wrong = fail('is no cursor of this API: pass on `next` of the page before, as it is');
  if (text.length > cursorCharactersMax) return wrong;
  let parts: unknown;
  try {
    parts = JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return wrong;
  }
  if (!Array.isArray(parts) || parts.length !== 4) return wrong;
  const [of, changed, query, offset] = parts as readonly unknown[];
  if (of !== version || typeof query !== 'string') return wrong;
  if (typeof changed !== 'string' || !/^\d{1,20}$/.test(changed)) return wrong;
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) return wrong;
  return ok({ changed: changed as Revision, query, offset });
}
