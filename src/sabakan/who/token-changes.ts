/** Making and revoking tokens, as decisions of one transaction each. No effects. */

import type { Decision, Reads, View } from '../../base/decision.ts';
import { fail } from '../../base/result.ts';
import type { Condition, Write } from '../../base/store.ts';
import { absent } from '../../base/store.ts';
import { type Instant, instant } from '../../base/time.ts';
import { type Audit, committed } from '../../inventory/audit.ts';
import { tokensMax } from '../contract/token-limits.ts';
import { decodeToken, encodeToken, type Token, tokenState } from './token.ts';
import { tokenKey, tokensPrefix } from './token-keys.ts';
import { type TokenTerms, termsRecord } from './token-wish.ts';

export type TokenProblem =
  | { readonly kind: 'token-unknown'; readonly text: string }
  | { readonly kind: 'tokens-too-many'; readonly text: string };

type Change<T> = {
  readonly lane: string;
  readonly reads: Reads;
  readonly decide: (view: View) => Decision<T, TokenProblem>;
};

/** So long one sees in the list what became of a token. */
const endedStayMs = 30 * 86_400_000;
/** Of one commit, which has a bound of its own. */
const sweptMax = 20;

export function createToken(
  made: { readonly id: string; readonly hash: string },
  terms: TokenTerms,
  by: string,
  now: Instant,
  audit: Audit,
): Change<Token> {
  return {
    lane: tokensPrefix,
    reads: { keys: [tokenKey(made.id)], prefixes: [tokensPrefix] },
    decide: (view) => {
      const present = view.under(tokensPrefix);
      const swept = present
        .filter(({ key, value }) => isLongEnded(key, value, now))
        .slice(0, sweptMax);
      if (present.length - swept.length >= tokensMax) {
        const text = `there are ${tokensMax} tokens; revoke some, and wait 30 days until they are gone, or delete their keys under ${tokensPrefix} in etcd`;
        return fail({ kind: 'tokens-too-many', text });
      }
      const token: Token = {
        ...terms,
        ...made,
        createdBy: by,
        createdAt: now,
        revokedAt: undefined,
      };
      const record = audit(made.id, 'create', termsRecord(terms), { after: audited(token) });
      const writes: readonly Write[] = [
        { kind: 'put', key: tokenKey(made.id), value: encodeToken(token) },
        ...swept.map(({ key }): Write => ({ kind: 'delete', key })),
      ];
      const isNew: Condition = { kind: 'unmoved', key: tokenKey(made.id), modRevision: absent };
      return committed(token, writes, record, [isNew]);
    },
  };
}

/** What is revoked or expired already stays as it is. */
export function revokeToken(
  id: string,
  now: Instant,
  audit: Audit,
  dryRun: boolean,
): Change<Token> {
  const key = tokenKey(id);
  return {
    lane: key,
    reads: { keys: [key] },
    decide: (view) => {
      const entry = view.get(key);
      const token = entry === undefined ? undefined : decodeToken(id, entry.value);
      if (entry === undefined || token === undefined) {
        return fail({ kind: 'token-unknown', text: `there is no token ${JSON.stringify(id)}` });
      }
      // A record that cannot be read gives nobody anything, but who wants it gone must be heard.
      if (!token.ok) {
        const record = audit(id, 'delete', `the record was broken: ${token.error}`);
        return {
          ok: true,
          value: brokenToken(id, now),
          writes: dryRun ? [] : [{ kind: 'delete', key }, record.write],
          conditions: dryRun ? [] : [record.condition],
        };
      }
      const revoked: Token = { ...token.value, revokedAt: token.value.revokedAt ?? now };
      if (dryRun || token.value.revokedAt !== undefined) {
        return { ok: true, value: revoked, writes: [] };
      }
      const values = { before: audited(token.value), after: audited(revoked) };
      const record = audit(id, 'revoke', token.value.name, values);
      return committed(revoked, [{ kind: 'put', key, value: encodeToken(revoked) }], record);
    },
  };
}

function isLongEnded(key: string, value: Uint8Array, now: Instant): boolean {
  const token = decodeToken(key.slice(tokensPrefix.length), value);
  if (!token.ok || tokenState(token.value, now) === 'active') return false;
  const { revokedAt, expiresAt } = token.value;
  return now - Math.min(revokedAt ?? expiresAt, expiresAt) > endedStayMs;
}

/** As people may see it: not even the hash. */
function audited({ hash: _, ...shown }: Token): unknown {
  return shown;
}

function brokenToken(id: string, now: Instant): Token {
  const none = { name: '', role: 'viewer', createdBy: '', networks: [], hash: '' } as const;
  return { ...none, id, createdAt: instant(0), expiresAt: instant(0), revokedAt: now };
}
