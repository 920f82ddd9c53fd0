/** What holds automation back on the leader just now, as brakes: from the words of health and of the bridge. */

import { formatInstant, type Instant } from '../base/time.ts';
import type { PlanView } from '../cke-bridge/plan-view.ts';
import { acknowledgeable, type RefusalKind } from '../cke-bridge/refusal.ts';
import type { Monitor } from '../health/monitor.ts';
import type { Brake } from '../inventory/brakes.ts';

type HealthHold = ReturnType<Monitor['brakes']>['holds'][number];

/** What a lift of this brake is, in the part's own terms. */
export type LiftTarget =
  | { readonly of: 'health'; readonly hold: Pick<HealthHold, 'scope' | 'trouble' | 'lifted'> }
  | { readonly of: 'cluster'; readonly kind: RefusalKind };

export type StandingNow = {
  /** Without `since` for what does not know it: it is when the brake was seen first. */
  readonly brake: Brake;
  readonly target: LiftTarget | undefined;
};

/** By name. */
export function healthBrakes(
  { gate, holds }: ReturnType<Monitor['brakes']>,
  now: Instant,
): ReadonlyMap<string, StandingNow> {
  const closed = gate.map(({ kind, text }): StandingNow => {
    const brake: Brake = {
      name: `health-${kind}`,
      by: 'health',
      holds: 'health',
      text,
      since: formatInstant(now),
      release: 'falls by itself',
      liftable: false,
    };
    return { brake, target: undefined };
  });
  const crowds = holds.map((hold): StandingNow => {
    const brake: Brake = {
      name: `health-${hold.scope.replace('/', '-')}-${hold.trouble}`,
      by: 'health',
      holds: 'health',
      text: hold.text,
      since: hold.since,
      release: `falls by itself once fewer than ${hold.limit} are in trouble; lift it where they really are down`,
      liftable: true,
    };
    return { brake, target: { of: 'health', hold } };
  });
  return byName([...closed, ...crowds]);
}

/** By name; the operator's own brake is not repeated. */
export function clusterBrakes(
  { refusals, overruled }: Pick<PlanView, 'refusals' | 'overruled'>,
  now: Instant,
): ReadonlyMap<string, StandingNow> {
  const all = [...refusals, ...overruled].filter(({ kind }) => kind !== 'stopped');
  return byName(
    all.map(({ kind, text, release }): StandingNow => {
      const liftable = acknowledgeable.includes(kind);
      const brake: Brake = {
        name: `cluster-${kind}`,
        by: 'cluster',
        holds: 'cluster',
        text,
        since: formatInstant(now),
        release,
        liftable,
      };
      return { brake, target: liftable ? { of: 'cluster', kind } : undefined };
    }),
  );
}

function byName(all: readonly StandingNow[]): ReadonlyMap<string, StandingNow> {
  return new Map(all.map((one) => [one.brake.name, one]));
}
