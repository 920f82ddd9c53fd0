/** Whether a token is what it says it is, and may be used now and from there. */

import { fail, ok, type Result } from '../../base/result.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import { isFrom, sameHash, type Token, tokenState } from './token.ts';

/** Compared with where there is no such token, so that it takes as long. */
const nobodysHash = '0'.repeat(64);

/** @param hash of the secret that was shown. Only who has the right one is told what is the matter with the token. */
export function verifyToken(
  token: Token | undefined,
  hash: string,
  address: string,
  now: Instant,
): Result<Token, string> {
  const isSame = sameHash(token?.hash ?? nobodysHash, hash);
  if (token === undefined || !isSame) return fail('there is no such token');
  const why = whyUnusable(token, address, now);
  return why === undefined ? ok(token) : fail(why);
}

/** Undefined: it may be used. */
export function whyUnusable(token: Token, address: string, now: Instant): string | undefined {
  switch (tokenState(token, now)) {
    case 'revoked':
      return `the token "${token.name}" was revoked at ${formatInstant(token.revokedAt ?? now)}`;
    case 'expired':
      return `the token "${token.name}" expired at ${formatInstant(token.expiresAt)}`;
    case 'active':
      return isFrom(token, address)
        ? undefined
        : `the token "${token.name}" may not be used from ${address}`;
  }
}
