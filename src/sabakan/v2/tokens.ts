/** The tokens of version 2, and making and revoking them. */

import { fail, ok, type Result } from '../../base/result.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import type { tokenColumns } from '../contract/columns.ts';
import {
  createToken,
  type NewTokenV2,
  revokeToken,
  type TokenV2,
  tokenReads,
} from '../contract/token.ts';
import type { Place, Problem } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import type { Door } from '../who/door.ts';
import { type Token, tokenState } from '../who/token.ts';
import type { Tokens } from '../who/tokens.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { json } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import { tokenJson } from './token-json.ts';

export type TokenPartDeps = {
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly door: Pick<Door, 'lastUsed'>;
  readonly serverName: string;
};

/** Kept nowhere on the way. */
const unkept = { 'cache-control': 'no-store' };

export function tokenPart(deps: TokenPartDeps): ApiPart {
  const collection = tokenCollection(deps);
  return collectionPart(tokenReads, collection, 'id', deps.clock, [
    createEndpoint(deps, collection),
    revokeEndpoint(deps, collection),
  ]);
}

export function tokenCollection(deps: TokenPartDeps): Collection<Token> {
  const { clock, tokens, door } = deps;
  const columns: Readonly<Record<keyof typeof tokenColumns, Omit<Column<Token>, 'name'>>> = {
    id: { text: ({ id }) => id },
    name: { text: ({ name }) => name },
    role: { text: ({ role }) => role },
    state: { text: (token) => tokenState(token, clock.now()) },
    createdBy: { text: ({ createdBy }) => createdBy },
    createdAt: timed(({ createdAt }) => createdAt),
    expiresAt: timed(({ expiresAt }) => expiresAt),
  };
  const whole = <T>(value: () => T): Result<T, Problem> => {
    const freshness = tokens.freshness();
    if (freshness.kind === 'live') return ok(value());
    const text =
      freshness.kind === 'loading'
        ? 'the tokens are being read'
        : `this server does not follow the store: ${freshness.text}`;
    return fail({ kind: 'not-live', text });
  };
  return {
    noun: 'tokens',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    nameOf: ({ id }) => id,
    toJson: (token, now) =>
      tokenJson(token, tokens.revisionOf(token), door.lastUsed(token.id), now),
    revisionOf: tokens.revisionOf,
    snapshot: () =>
      whole(() => ({
        changed: tokens.changed(),
        completeTo: tokens.completeTo(),
        items: tokens.all(),
      })),
    find: (id) => whole(() => tokens.find(id)),
    completeTo: tokens.completeTo,
    subscribe: (listener) =>
      tokens.subscribe((changes, how) => {
        if (how === 'listed') return listener({ kind: 'listed' });
        const byRevision = Map.groupBy(changes, ({ revision }) => revision);
        for (const [revision, together] of byRevision) {
          listener({
            kind: 'changed',
            revision,
            changes: together.map(({ key, before, value }) => ({
              name: key,
              before,
              after: value,
            })),
          });
        }
      }),
  };
}

function createEndpoint(
  { clock, tokens, serverName }: TokenPartDeps,
  collection: Collection<Token>,
): Endpoint {
  return {
    operation: createToken,
    isSecret: true,
    // The newest of them; its secret is nowhere any more.
    again: async ({ body }) => {
      const { name, role } = body as NewTokenV2;
      const [newest] = tokens
        .all()
        .filter((token) => token.name === name && token.role === role)
        .toSorted((a, b) => b.createdAt - a.createdAt);
      if (newest === undefined) return undefined;
      const shown = { ...(collection.toJson(newest, clock.now()) as TokenV2), bearer: null };
      return { ...json(shown, unkept), status: 201 };
    },
    handle: async ({ exchange, query, body }) => {
      const dryRun = query.get('dryRun') === 'true';
      const made = await tokens.create(body as NewTokenV2, actorOf(exchange, serverName), dryRun);
      if (!made.ok) {
        const places = made.error.kind === 'invalid' ? placesOf(made.error.mistakes) : [];
        return fail({ problem: made.error, places });
      }
      const { token, text } = made.value;
      const shown = {
        ...(collection.toJson(token, clock.now()) as TokenV2),
        bearer: text === '' ? null : text,
      };
      return ok({ ...json(shown, unkept), status: 201 });
    },
  };
}

function revokeEndpoint(
  { clock, tokens, serverName }: TokenPartDeps,
  collection: Collection<Token>,
): Endpoint {
  return {
    operation: revokeToken,
    handle: async ({ exchange, parameters, query }) => {
      const id = parameters.get('id') ?? '';
      const dryRun = query.get('dryRun') === 'true';
      const done = await tokens.revoke(id, actorOf(exchange, serverName), dryRun);
      if (!done.ok) return fail({ problem: done.error });
      // As the mirror has it, if it has it: with the revision of this change.
      const now = clock.now();
      const token = dryRun ? done.value : (tokens.find(id) ?? done.value);
      return ok(json(collection.toJson(token, now)));
    },
  };
}

function timed(of: (token: Token) => Instant): Omit<Column<Token>, 'name'> {
  return { text: (token) => formatInstant(of(token)), number: of };
}

function placesOf(mistakes: readonly { readonly path: string; readonly text: string }[]) {
  return mistakes.map(({ path, text }): Place => ({ pointer: path, detail: text }));
}
