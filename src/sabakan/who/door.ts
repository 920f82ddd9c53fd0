/**
 * The one door of every request: who is it, how often, and may it. Behind it nobody asks again, but for GraphQL, whose
 * changes come by the same route as its questions.
 */

import { fail, ok, type Result } from '../../base/result.ts';
import type { World } from '../../base/world.ts';
import { type AccessProblem, whyNot } from '../access.ts';
import { isAllowed } from '../allow-ips.ts';
import type { AccessRole } from '../contract/operation.ts';
import type { Exchange, Route } from '../exchange.ts';
import { type MetricFamily, one } from '../metric-text.ts';
import { actorOf } from '../rest/noun.ts';
import { addressKey, createBuckets } from './buckets.ts';
import { type Caller, describeCaller } from './caller.ts';
import { readCredential } from './credential.ts';
import { createDenials } from './denials.ts';
import { isForeignPage, isUnderStrangeName } from './foreign-page.ts';
import { isReading, permissionOf } from './permissions.ts';
import { type Permission, suffices } from './role.ts';
import type { AccessSettings } from './settings.ts';
import { createStays } from './stays.ts';
import type { Secrets } from './token.ts';
import type { Tokens } from './tokens.ts';
import { verifyToken, whyUnusable } from './verify.ts';

export type DoorProblem =
  | AccessProblem
  | { readonly kind: 'limited'; readonly text: string; readonly retryAfterSeconds: number };

export type Door = {
  /** The request with its caller, or why it may not come in. */
  readonly enter: (exchange: Exchange, route: Route) => Result<Exchange, DoorProblem>;
  /** Why this caller may make no change by GraphQL; undefined: it may. */
  readonly whyNoMutation: (exchange: Exchange) => string | undefined;
  /** When a token was used here last, in milliseconds since 1970; nothing is written for it. */
  readonly lastUsed: (id: string) => number | undefined;
  readonly metrics: () => readonly MetricFamily[];
  readonly stop: () => void;
};

/** Callers whose requests are counted; the one that was silent longest is forgotten first. */
const callersMax = 10_000;
/** Without news from the store for so long, nobody knows which tokens were revoked: they read, and no more. */
const trustedMs = 60_000;

export function createDoor(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly tokens: Tokens;
  readonly secrets: Pick<Secrets, 'sha256'>;
  readonly settings: AccessSettings;
  readonly serverName: string;
  /** URLs whose hosts are names of this server, beside its own. */
  readonly ownUrls: readonly string[];
}): Door {
  const { tokens, secrets, settings, serverName } = deps;
  const { clock, log } = deps.world;
  const ownNames = new Set([
    serverName.toLowerCase(),
    ...deps.ownUrls.flatMap((url) => URL.parse(url)?.hostname ?? []),
  ]);
  const { limits } = settings;
  const requests = createBuckets({
    perSecond: limits.requestsPerSecond,
    burst: limits.requestsBurst,
    keysMax: callersMax,
  });
  const wrongTokens = createBuckets({
    perSecond: limits.wrongTokensPerMinute / 60,
    burst: limits.wrongTokensBurst,
    keysMax: callersMax,
  });
  const stays = createStays(clock, limits.watchesPerCaller);
  const denials = createDenials(deps.world);
  /** Of each token: when, and from where. As many as there are tokens. */
  const uses = new Map<string, { readonly at: number; readonly from: string }>();
  const overPlainHttp = new Set<string>();
  const limited = { requests: 0, 'wrong-tokens': 0 };
  const unsubscribe = tokens.subscribe(() => {
    for (const id of [...uses.keys()]) if (tokens.find(id) === undefined) uses.delete(id);
    for (const id of [...overPlainHttp])
      if (tokens.find(id) === undefined) overPlainHttp.delete(id);
    stays.check();
  });

  const roleOfAddress = (address: string): AccessRole | undefined =>
    settings.allowIpsRole === 'admin' && isAllowed(settings.allowIps, address)
      ? 'admin'
      : undefined;

  const peer = ({ remoteAddress }: Exchange): Caller => ({
    kind: 'peer',
    role: roleOfAddress(remoteAddress),
  });

  const bounded = (role: AccessRole): AccessRole => {
    const freshness = tokens.freshness();
    return freshness.kind === 'behind' && freshness.silentMs > trustedMs ? 'viewer' : role;
  };

  /** A token was given to its page; addresses and certificates are the browser's. */
  const whyStrange = ({ headers }: Exchange, caller: Caller): string | undefined => {
    if (caller.kind === 'token' || !isUnderStrangeName(headers, ownNames)) return undefined;
    const host = JSON.stringify((headers.get('host') ?? '').slice(0, 80));
    return `a browser may change nothing under the name ${host}, which is not this server's: use its address, the name in advertise-url, or a token`;
  };

  const limitReached = (limit: keyof typeof limited, text: string, waitMs: number) => {
    limited[limit] += 1;
    return fail({ kind: 'limited' as const, text, retryAfterSeconds: Math.ceil(waitMs / 1000) });
  };

  const ofToken = (exchange: Exchange, id: string, secret: string): Result<Caller, DoorProblem> => {
    const { remoteAddress } = exchange;
    const from = addressKey(remoteAddress);
    // Who has used this very token from here before is not held up by a neighbour's mistakes.
    if (uses.get(id)?.from !== from) {
      const wait = tooManyWrong(exchange);
      if (wait !== undefined) return wait;
    }
    const now = clock.now();
    const token = verifyToken(tokens.find(id), secrets.sha256(secret), remoteAddress, now);
    if (!token.ok) return wrong(exchange, token.error);
    const { name, role } = token.value;
    uses.set(id, { at: now, from });
    if (exchange.isSecure !== true && !isLoopback(remoteAddress) && !overPlainHttp.has(id)) {
      overPlainHttp.add(id);
      const hint = 'others on the way can read it; see api-https in docs/configuration.md';
      log.warn('a token came over plain HTTP', { token: id, name, from: remoteAddress, hint });
    }
    return ok({ kind: 'token', id, name, role: bounded(role) });
  };

  const tooManyWrong = ({ remoteAddress }: Exchange) => {
    const waitMs = wrongTokens.wait(addressKey(remoteAddress), clock.monotonicMs());
    if (waitMs === undefined) return undefined;
    const text = `limit wrong-tokens: ${remoteAddress} has shown too many wrong tokens`;
    return limitReached('wrong-tokens', text, waitMs);
  };

  const wrong = (exchange: Exchange, text: string): Result<never, DoorProblem> => {
    const wait = tooManyWrong(exchange);
    if (wait !== undefined) return wait;
    wrongTokens.take(addressKey(exchange.remoteAddress), clock.monotonicMs());
    return fail({ kind: 'token-wrong', text });
  };

  const identify = (exchange: Exchange): Result<Caller, DoorProblem> => {
    const credential = readCredential(exchange.headers.get('authorization'));
    switch (credential.kind) {
      case 'token':
        return ofToken(exchange, credential.id, credential.secret);
      case 'malformed':
        return wrong(exchange, 'this is no token: Bearer tetsu_ID_SECRET');
      case 'foreign':
        // As to Sabakan, credentials for others on the way mean nothing to us where none are asked for.
        if (settings.auth === 'open') return ok(peer(exchange));
        return wrong(exchange, 'only tokens are taken: Bearer tetsu_…');
      case 'none': {
        const name = exchange.certificateName;
        const role = name === undefined ? undefined : settings.certificateRoles.get(name);
        if (name === undefined || role === undefined) return ok(peer(exchange));
        return ok({ kind: 'certificate', name, role });
      }
    }
  };

  const admitted = (exchange: Exchange, caller: Caller): Exchange => ({
    ...exchange,
    admitted: { caller, stay: stays.of(keyOf(caller, exchange), whyOver(caller, exchange)) },
  });

  /** For as long as the caller stays; undefined: nothing can take its right away. */
  const whyOver = (caller: Caller, { remoteAddress }: Exchange) => {
    if (caller.kind !== 'token') return undefined;
    return () => {
      const token = tokens.find(caller.id);
      if (token === undefined) return 'the token is gone';
      return whyUnusable(token, remoteAddress, clock.now());
    };
  };

  const deny = (
    exchange: Exchange,
    route: Route,
    caller: Caller | undefined,
    problem: DoorProblem,
  ) => {
    const seen = caller === undefined ? exchange : admitted(exchange, caller);
    const actor = actorOf(seen, serverName);
    const isProven = caller !== undefined && caller.kind !== 'peer';
    const claim = isProven || actor.user === '' ? '' : `; says it is ${JSON.stringify(actor.user)}`;
    denials.note({
      // Who is refused must not stand in the log under a name that it only claims.
      actor: isProven ? actor : { ...actor, user: '' },
      status: statusOf[problem.kind],
      method: /^[A-Z]{1,10}$/.test(exchange.method) ? exchange.method : 'other',
      route: route.name,
      why: problem.text + claim,
    });
    return fail(problem);
  };

  return {
    enter: (exchange, route) => {
      const needs: Permission = permissionOf(route, exchange.method) ?? 'admin';
      // What everybody may have is not worth a look at who asks: a boot storm is answered as quickly as ever.
      if (needs === 'open' || needs === 'boot') return ok(admitted(exchange, peer(exchange)));
      const caller = identify(exchange);
      if (!caller.ok) return deny(exchange, route, undefined, caller.error);
      const key = keyOf(caller.value, exchange);
      const waitMs = requests.take(key, clock.monotonicMs());
      if (waitMs !== undefined) {
        const who = describeCaller(caller.value, exchange.remoteAddress);
        const text = `limit requests: ${who} may ask ${limits.requestsPerSecond} times a second`;
        return deny(exchange, route, caller.value, limitReached('requests', text, waitMs).error);
      }
      if (
        caller.value.kind !== 'token' &&
        !isReading(exchange.method) &&
        isForeignPage(exchange.headers)
      ) {
        const text = 'a page of another site may change nothing in the name of this browser';
        return deny(exchange, route, caller.value, { kind: 'forbidden', text });
      }
      // GraphQL's questions come by POST, too; its changes are asked about below.
      if (!isReading(exchange.method) && route.name !== '/graphql') {
        const text = whyStrange(exchange, caller.value);
        if (text !== undefined) {
          return deny(exchange, route, caller.value, { kind: 'forbidden', text });
        }
      }
      const problem = whyNot(caller.value, needs, exchange, settings);
      if (problem !== undefined) return deny(exchange, route, caller.value, problem);
      return ok(admitted(exchange, caller.value));
    },
    whyNoMutation: (exchange) => {
      const caller = exchange.admitted?.caller ?? peer(exchange);
      const strange = whyStrange(exchange, caller);
      if (strange !== undefined) {
        const route = { name: '/graphql' } as Route;
        deny(exchange, route, caller, { kind: 'forbidden', text: strange });
        return strange;
      }
      if (suffices(caller.role, 'operator')) return undefined;
      if (caller.kind === 'peer' && settings.openMutations) return undefined;
      const who = describeCaller(caller, exchange.remoteAddress);
      const text =
        caller.kind !== 'peer'
          ? `${who} may not change machines: it has the role ${caller.role}, and this needs operator`
          : `${who} may not change machines: it is in no network of allow-ips`;
      deny(exchange, { name: '/graphql' } as Route, caller, { kind: 'forbidden', text });
      return text;
    },
    lastUsed: (id) => uses.get(id)?.at,
    metrics: () => [
      {
        name: 'tetsukan_access_denied_total',
        help: 'Requests that were refused at the door.',
        type: 'counter',
        samples: Object.entries(denials.counts()).map(([code, value]) => ({
          labels: { code },
          value,
        })),
      },
      one(
        'tetsukan_access_denied_unrecorded_total',
        'counter',
        'Refusals that are not in the audit log: over its bounds, or not taken by the store.',
        denials.unrecorded(),
      ),
      {
        name: 'tetsukan_access_limited_total',
        help: 'Requests over a limit.',
        type: 'counter',
        samples: Object.entries(limited).map(([limit, value]) => ({ labels: { limit }, value })),
      },
    ],
    stop: () => {
      unsubscribe();
      stays.stop();
    },
  };
}

const statusOf = {
  'token-missing': 401,
  'token-wrong': 401,
  forbidden: 403,
  limited: 429,
} as const;

function keyOf(caller: Caller, { remoteAddress }: Exchange): string {
  if (caller.kind === 'token') return `token ${caller.id}`;
  if (caller.kind === 'certificate') return `certificate ${caller.name}`;
  return addressKey(remoteAddress);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
