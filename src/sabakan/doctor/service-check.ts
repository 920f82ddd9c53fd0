/** How a running server stands: what it hears of the store, who leads, what is held back. */

import type { Freshness } from '../../base/mirror.ts';
import { formatInstant, type Instant, msBetween } from '../../base/time.ts';
import { fine, type Look, problem, warning } from './finding.ts';

export type ServiceFacts = {
  readonly freshness: Freshness;
  readonly leader: string | undefined;
  /** When a write of this server succeeded last, and failed last. */
  readonly writes: {
    readonly succeeded?: Instant;
    readonly failed?: Instant;
    readonly why?: string;
  };
  /** What holds the automatic parts back now, with its reason. */
  readonly brakes: readonly Brake[];
  /** Tokens that are in force. */
  readonly tokens: readonly { readonly name: string; readonly expiresAt: Instant }[];
};

type Brake = {
  readonly name: string;
  readonly text: string;
  /** What takes it off. */
  readonly release: string;
};

const dayMs = 86_400_000;
/** Enough to make another one and hand it on. */
const tokenWarnDays = 14;

export function checkService(facts: ServiceFacts, now: Instant): readonly Look[] {
  const { freshness, leader, writes, brakes, tokens } = facts;
  return [
    freshness.kind === 'live'
      ? fine('inventory', 'this server hears every change of the store')
      : problem(
          'inventory',
          freshness.kind === 'loading'
            ? 'is still being read from the store'
            : `nothing was heard from the store for ${Math.round(freshness.silentMs / 1000)} s: ${freshness.text}`,
          'see what the check of etcd says; until then lists are refused and nothing is decided',
        ),
    leader === undefined
      ? warning(
          'leader',
          'no server leads: health and the bridge rest',
          'one is elected within seconds; if not, see etcd and the logs of the servers',
        )
      : fine('leader', `${leader} leads`),
    lastWrite(writes, now),
    ...brakes.map(({ name, text, release }) =>
      warning(`brake ${name}`, `holds: ${text}`, `${release} (tetsu get brakes)`),
    ),
    ...expiring(tokens, now),
  ];
}

function expiring(tokens: ServiceFacts['tokens'], now: Instant): readonly Look[] {
  return tokens.flatMap(({ name, expiresAt }) => {
    const days = Math.floor(msBetween(now, expiresAt) / dayMs);
    if (days >= tokenWarnDays) return [];
    const found = `expires in ${days} days, at ${formatInstant(expiresAt)}`;
    return [
      warning(`token ${name}`, found, 'make another one for who uses it: tetsu token create'),
    ];
  });
}

function lastWrite({ succeeded, failed, why }: ServiceFacts['writes'], now: Instant): Look {
  const ago = (at: Instant): string =>
    `${formatInstant(at)}, ${Math.round(msBetween(at, now) / 1000)} s ago`;
  if (failed !== undefined && (succeeded === undefined || msBetween(succeeded, failed) > 0)) {
    const last =
      succeeded === undefined ? 'none has succeeded' : `the last good one ${ago(succeeded)}`;
    return problem(
      'writes',
      `the last write failed, ${ago(failed)} (${why ?? 'unknown'}); ${last}`,
      'see what the check of etcd says',
    );
  }
  if (succeeded === undefined) return fine('writes', 'this server has written nothing yet');
  return fine('writes', `the last write succeeded ${ago(succeeded)}`);
}
