/** What a request brings to prove who sends it (RFC 6750 section 2.1; a token is never taken from a URL). */

import { parseTokenText } from './token.ts';

export type Credential =
  | { readonly kind: 'none' }
  /** Of somebody else's making: Basic, or the bearer token of a proxy in front of us. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'token'; readonly id: string; readonly secret: string }
  /** Meant for us, but no token can look like this. */
  | { readonly kind: 'malformed' };

/** @param header `Authorization`; several of them come joined by a comma, and are none. */
export function readCredential(header: string | undefined): Credential {
  if (header === undefined || header.trim() === '') return { kind: 'none' };
  const [, value] = /^bearer +(\S+)$/i.exec(header.trim()) ?? [];
  const token = value === undefined ? undefined : parseTokenText(value);
  if (token !== undefined) return { kind: 'token', ...token };
  return { kind: header.includes('tetsu_') ? 'malformed' : 'foreign' };
}
