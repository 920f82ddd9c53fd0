/** The desk of tokens: all of them in memory on every server, so that a revocation counts as soon as it is heard of. */

import {
  brokenUnder,
  createMirror,
  type Freshness,
  type MirrorListener,
  ownWriteTimeoutMs,
} from '../../base/mirror.ts';
import { receipted } from '../../base/receipt.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { absent, type Revision, type StoreProblem } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type Actor, type Audit, auditOf } from '../../inventory/audit.ts';
import type { Mistake } from '../../inventory/mistake.ts';
import { decodeToken, newTokenText, type Secrets, type Token } from './token.ts';
import { createToken, revokeToken, type TokenProblem } from './token-changes.ts';
import { tokensPrefix } from './token-keys.ts';
import { readWish, type TokenWish } from './token-wish.ts';

type Refused =
  | TokenProblem
  | TransactProblem
  | { readonly kind: 'invalid'; readonly text: string; readonly mistakes: readonly Mistake[] };

export type TokenMade = {
  readonly token: Token;
  /** The bearer token itself: nobody can see it again. Empty in a dry run. */
  readonly text: string;
};

export type Tokens = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** Ascending by id. */
  readonly all: () => readonly Token[];
  readonly find: (id: string) => Token | undefined;
  readonly revisionOf: (token: Token) => Revision;
  readonly changed: () => Revision;
  readonly completeTo: () => Revision;
  readonly subscribe: (listener: MirrorListener<Token>) => () => void;
  /** Records that do not decode, by key, with the reason: they give nobody anything. */
  readonly broken: () => ReadonlyMap<string, string>;
  readonly create: (
    wish: TokenWish,
    actor: Actor,
    dryRun?: boolean,
  ) => Promise<Result<TokenMade, Refused>>;
  readonly revoke: (id: string, actor: Actor, dryRun?: boolean) => Promise<Result<Token, Refused>>;
};

export function createTokens(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly transact: Transact;
  readonly secrets: Secrets;
}): Tokens {
  const { transact, secrets } = deps;
  const { clock, chance, store, log } = deps.world;
  const mirror = createMirror({ store, prefix: tokensPrefix, decode: decodeToken, clock, log });
  const revisions = new WeakMap<Token, Revision>();
  mirror.subscribe((changes) => {
    for (const { value, revision } of changes) {
      if (value !== undefined) revisions.set(value, revision);
    }
  });
  let all: readonly Token[] = [];
  let of: unknown;

  return {
    start: mirror.start,
    stop: mirror.stop,
    freshness: mirror.freshness,
    all: () => {
      const entries = mirror.entries();
      if (of !== entries) {
        of = entries;
        all = entries.map(([, token]) => token);
      }
      return all;
    },
    find: mirror.get,
    revisionOf: (token) => revisions.get(token) ?? absent,
    changed: mirror.changed,
    completeTo: mirror.revision,
    subscribe: mirror.subscribe,
    broken: () => brokenUnder(tokensPrefix, mirror),
    create: async (wish, actor, dryRun = false) => {
      const now = clock.now();
      const prepared = prepareToken(
        wish,
        actor,
        secrets,
        now,
        auditOf(actor, now, chance, 'tokens'),
      );
      if (!prepared.ok) return prepared;
      const { change, text } = prepared.value;
      if (dryRun) return ok({ token: prepared.value.preview, text: '' });
      const once = receipted(transact, actor.receipt);
      const made = await once(change.lane, change.reads, change.decide);
      if (!made.ok) return made;
      await mirror.reached(made.value.revision, ownWriteTimeoutMs);
      return ok({ token: mirror.get(made.value.value.id) ?? made.value.value, text });
    },
    revoke: async (id, actor, dryRun = false) => {
      const now = clock.now();
      const change = revokeToken(id, now, auditOf(actor, now, chance, 'tokens'), dryRun);
      const once = receipted(transact, actor.receipt);
      const done = await once(change.lane, change.reads, change.decide);
      if (!done.ok) return done;
      await mirror.reached(done.value.revision, ownWriteTimeoutMs);
      return ok(done.value.value);
    },
  };
}

/** The same decision for a server and for a command that has etcd alone. */
export function prepareToken(
  wish: TokenWish,
  actor: Actor,
  secrets: Secrets,
  now: Instant,
  audit: Audit,
) {
  const terms = readWish(wish, now);
  if (!terms.ok) {
    const text = terms.error.map(({ path, text }) => `${path.slice(1)} ${text}`).join('; ');
    return fail({ kind: 'invalid' as const, mistakes: terms.error, text });
  }
  const { id, secret, text } = newTokenText(secrets);
  const made = { id, hash: secrets.sha256(secret) };
  const by = actor.user === '' ? actor.ip : actor.user;
  const change = createToken(made, terms.value, by, now, audit);
  const preview: Token = {
    ...terms.value,
    ...{ id: '', hash: '', createdBy: by, createdAt: now, revokedAt: undefined },
  };
  return ok({ change, text, preview });
}
