/** A token as version 2 shows it: without its hash. */

import { formatInstant, type Instant, instant } from '../../base/time.ts';
import type { TokenV2 } from '../contract/token.ts';
import { type Token, tokenState } from '../who/token.ts';

/** @param lastUsed milliseconds since 1970. */
export function tokenJson(
  token: Token,
  revision: string,
  lastUsed: number | undefined,
  now: Instant,
): TokenV2 {
  const { id, name, role, createdBy, createdAt, expiresAt, revokedAt, networks } = token;
  return {
    id,
    revision,
    ...{ name, role, state: tokenState(token, now), createdBy },
    createdAt: formatInstant(createdAt),
    expiresAt: formatInstant(expiresAt),
    revokedAt: revokedAt === undefined ? null : formatInstant(revokedAt),
    lastUsedAt: lastUsed === undefined ? null : formatInstant(instant(lastUsed)),
    networks: [...networks],
  };
}
