/**
 * Many in trouble at once: suspect ourselves, the switch or the power first.
 *
 * A rack that loses power is one incident, not 28 repairs. While a hold stands, nobody it covers is taken out of
 * service; it falls when fewer are in trouble, or when an operator lifts it or raises the limit.
 */

import { addMs, type Instant, msBetween } from '../base/time.ts';
import type { Machine } from '../inventory/machine.ts';
import type { Evidence } from './evidence.ts';
import type { HealthPolicy } from './policy.ts';
import { spell, type Verdict } from './verdict.ts';

/** `silent` would end as unreachable, `failing` as unhealthy: a wrong probe in the policy makes a crowd of these. */
export type Trouble = 'silent' | 'failing';

/** A machine in service that is newly in trouble and not moved yet. One already out of service is old news. */
export type Suspect = {
  readonly rack: number;
  readonly trouble: Trouble;
  readonly since: Instant;
};

/** Machines in service: healthy, or unhealthy and so far reachable. */
export type Census = { readonly fleet: number; readonly racks: ReadonlyMap<number, number> };

/** `fleet`, or `rack/3`. */
export type Scope = 'fleet' | `rack/${number}`;

export type CrowdHold = {
  readonly scope: Scope;
  readonly trouble: Trouble;
  readonly since: Instant;
  /** In trouble now, of so many in service. */
  readonly machines: number;
  readonly of: number;
  /** From this many on the hold stands. */
  readonly limit: number;
  /** An operator said to go on: it is shown, but holds nobody back until it falls. */
  readonly lifted: boolean;
  /** What it waits for, as a sentence. */
  readonly text: string;
};

/** By `scope trouble`. */
export type Crowd = ReadonlyMap<string, CrowdHold>;

export const noCrowd: Crowd = new Map();

/** What a machine is suspected of; undefined when it is well, never was in service, or is out of it already. */
export function suspicion(machine: Machine, evidence: Evidence): Suspect | undefined {
  const { state } = machine.status;
  const { rack } = machine.spec;
  if (state !== 'healthy' && state !== 'unhealthy') return undefined;
  if (evidence.silentInARow > 0 && evidence.silentSince !== undefined) {
    return { rack, trouble: 'silent', since: evidence.silentSince };
  }
  if (state === 'unhealthy') return undefined;
  const since = [...evidence.probes.values()].flatMap(({ failures, failingSince }) =>
    failures > 0 && failingSince !== undefined ? [failingSince] : [],
  );
  const first = since.toSorted((a, b) => a - b).at(0);
  return first === undefined ? undefined : { rack, trouble: 'failing', since: first };
}

/** The holds as they stand now. A hold once formed counts everybody in trouble, however long ago it began. */
export function watchCrowd(
  previous: Crowd,
  suspects: Iterable<Suspect>,
  census: Census,
  policy: HealthPolicy,
  now: Instant,
): Crowd {
  const all = [...suspects];
  const next = new Map<string, CrowdHold>();
  const { crowd } = policy;
  const racks = Map.groupBy(all, ({ rack }) => rack);
  for (const [rack, members] of racks) {
    const of = census.racks.get(rack) ?? 0;
    const limit = limitOf(of, crowd.rackShare, crowd.rackMachinesMin);
    hold(`rack/${rack}`, members, of, limit);
  }
  // What an operator let through in a rack does not hold the rest of the fleet.
  const rest = all.filter(
    ({ rack, trouble }) => next.get(`rack/${rack} ${trouble}`)?.lifted !== true,
  );
  const limit = limitOf(census.fleet, crowd.fleetShare, crowd.fleetMachinesMin);
  hold('fleet', rest, census.fleet, limit);
  return next;

  function hold(scope: Scope, members: readonly Suspect[], of: number, limit: number): void {
    for (const trouble of ['silent', 'failing'] as const) {
      const key = `${scope} ${trouble}`;
      const before = previous.get(key);
      const since = members.filter((one) => one.trouble === trouble).map((one) => one.since);
      const together = before === undefined ? mostWithin(since, crowd.windowSeconds) : since.length;
      if (together < limit) continue;
      const facts = { scope, trouble, machines: since.length, of, limit };
      next.set(key, {
        ...facts,
        since: before?.since ?? now,
        lifted: before?.lifted ?? false,
        text: holdText(facts, msBetween(before?.since ?? now, now)),
      });
    }
  }
}

/**
 * An operator's word that the trouble of `scope` is real, or its end. Undefined when no hold stands there.
 *
 * @param trouble absent: of either kind.
 */
export function lift(
  crowd: Crowd,
  scope: Scope,
  trouble?: Trouble,
  lifted = true,
): Crowd | undefined {
  const next = new Map(crowd);
  let found = false;
  for (const [key, standing] of crowd) {
    if (standing.scope !== scope || (trouble ?? standing.trouble) !== standing.trouble) continue;
    next.set(key, { ...standing, lifted });
    found = true;
  }
  return found ? next : undefined;
}

/** Holds that keep this machine in service against this verdict. */
export function holdsOn(crowd: Crowd, machine: Machine, verdict: Verdict): readonly CrowdHold[] {
  if (verdict.kind === 'keep') return [];
  const { state } = machine.status;
  if (state !== 'healthy' && state !== 'unhealthy') return [];
  const trouble = troubleOf(verdict.to);
  if (trouble === undefined) return [];
  const rack = crowd.get(`rack/${machine.spec.rack} ${trouble}`);
  if (rack?.lifted === true) return [];
  const fleet = crowd.get(`fleet ${trouble}`);
  return [rack, fleet].filter((one) => one !== undefined).filter((one) => !one.lifted);
}

/** The verdict under the holds: a move out of service becomes a wait with their reason. */
export function restrain(verdict: Verdict, crowd: Crowd, machine: Machine): Verdict {
  const holds = holdsOn(crowd, machine, verdict);
  if (verdict.kind !== 'move' || holds.length === 0) return verdict;
  const why = holds.map(({ text }) => text).join('; ');
  return {
    kind: 'wait',
    to: verdict.to,
    text: `${verdict.text}; held back: ${why}`,
    evidence: verdict.evidence,
  };
}

function troubleOf(to: string): Trouble | undefined {
  if (to === 'unreachable') return 'silent';
  return to === 'unhealthy' ? 'failing' : undefined;
}

function limitOf(of: number, share: number, machinesMin: number): number {
  // 0.1 × 30 is 3.0000000000000004 in binary: without the rounding the limit would be one too high.
  return Math.max(machinesMin, Math.ceil(Number((of * share).toFixed(6))));
}

/** The most that began within one window, wherever it lies. */
function mostWithin(since: readonly Instant[], windowSeconds: number): number {
  const sorted = since.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, at] of sorted.entries()) {
    while ((sorted[first] ?? at) < addMs(at, -windowSeconds * 1000)) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function holdText(
  hold: Pick<CrowdHold, 'scope' | 'trouble' | 'machines' | 'of' | 'limit'>,
  lastedMs: number,
): string {
  const where = hold.scope === 'fleet' ? 'the fleet' : hold.scope.replace('/', ' ');
  const what = hold.trouble === 'silent' ? 'silent' : 'failing a probe';
  const suspects =
    hold.trouble === 'silent'
      ? hold.scope === 'fleet'
        ? 'our own link or the network'
        : 'its switch, its power or our link to it'
      : 'the probe itself or an update';
  return (
    `${hold.machines} of ${hold.of} machines of ${where} are ${what} together since ${spell(lastedMs)} ago, ` +
    `so ${suspects} is suspected; waits until fewer than ${hold.limit} are, or an operator lifts the hold on ${hold.scope}`
  );
}
