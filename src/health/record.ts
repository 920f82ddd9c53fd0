/**
 * What is kept of a machine's evidence in the store, so that patience and flap counts outlive a change of leader.
 *
 * `tetsukan/evidence/<serial>` → `{"v":1,"stay":…,"silentSince":…,"goodSince":…,"failing":{"metrics":…},"departures":[…]}`,
 * times as wall time in RFC 3339.
 */

import { fail, ok, type Result } from '../base/result.ts';
import {
  formatInstant,
  type Instant,
  instantOf,
  msBetween,
  parseRfc3339,
  type Rfc3339,
} from '../base/time.ts';
import type { MachineState, Serial } from '../inventory/machine.ts';
import { departuresKeptMax, type Evidence, noEvidence } from './evidence.ts';
import type { HealthPolicy } from './policy.ts';
import type { SteadyTime } from './steady-time.ts';

export const evidencePrefix = 'tetsukan/evidence/';

export function evidenceKey(serial: Serial): string {
  return `${evidencePrefix}${serial}`;
}

/** What is worth a write; all times steady. */
export type Kept = {
  readonly stay: Rfc3339 | undefined;
  readonly silentSince: Instant | undefined;
  readonly goodSince: Instant | undefined;
  /** By probe: since when it fails on a machine that answers. */
  readonly failing: readonly (readonly [name: string, since: Instant])[];
  readonly departures: readonly Instant[];
};

/**
 * The part of the evidence that must outlive this server; undefined when there is nothing to remember.
 *
 * A first silent or failed pass is not kept: a lost packet now and then would cost two writes each time.
 * Nor is the silence of a machine that was never up: nothing follows from it, and a new fleet is full of those.
 */
export function keptOf(evidence: Evidence, state: MachineState): Kept | undefined {
  const wasUp = state !== 'uninitialized';
  const silentSince = wasUp && evidence.silentInARow > 1 ? evidence.silentSince : undefined;
  const failing = [...evidence.probes].flatMap(([name, { failures, failingSince }]) =>
    wasUp && failures > 1 && failingSince !== undefined ? [[name, failingSince] as const] : [],
  );
  const { departures } = evidence;
  if (silentSince === undefined && failing.length === 0 && departures.length === 0) {
    return undefined;
  }
  return {
    stay: evidence.stay,
    silentSince,
    // Only one that flaps has to prove that it is stable.
    goodSince: departures.length > 0 ? evidence.goodSince : undefined,
    failing,
    departures,
  };
}

/** Equal texts mean: nothing that matters changed. */
export function fingerprint(kept: Kept | undefined): string {
  return kept === undefined ? '' : JSON.stringify(kept);
}

export function encodeKept(kept: Kept, time: Pick<SteadyTime, 'toWall'>): Uint8Array {
  const wall = (at: Instant) => formatInstant(time.toWall(at));
  const record = {
    v: 1,
    stay: kept.stay,
    silentSince: kept.silentSince === undefined ? undefined : wall(kept.silentSince),
    goodSince: kept.goodSince === undefined ? undefined : wall(kept.goodSince),
    failing: Object.fromEntries(kept.failing.map(([name, since]) => [name, wall(since)])),
    departures: kept.departures.map(wall),
  };
  return new TextEncoder().encode(JSON.stringify(record));
}

export function decodeKept(
  bytes: Uint8Array,
  time: Pick<SteadyTime, 'fromWall'>,
): Result<Kept, string> {
  let record: unknown;
  try {
    record = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    return fail(`not JSON: ${cause instanceof Error ? cause.message : 'unreadable'}`);
  }
  if (!isObject(record)) return fail('not a JSON object');
  if (record['v'] !== 1) {
    return fail(`version ${JSON.stringify(record['v'])}; this release reads version 1`);
  }
  const wrong: string[] = [];
  const text = (name: string, value: unknown): Rfc3339 | undefined => {
    if (value === undefined) return undefined;
    const parsed = parseRfc3339(typeof value === 'string' ? value : JSON.stringify(value));
    if (!parsed.ok) wrong.push(`${name}: ${parsed.error}`);
    return parsed.ok ? parsed.value : undefined;
  };
  const steady = (name: string, value: unknown): Instant | undefined => {
    const at = text(name, value);
    return at === undefined ? undefined : time.fromWall(instantOf(at));
  };
  const failing = isObject(record['failing']) ? Object.entries(record['failing']) : [];
  const departures = Array.isArray(record['departures']) ? record['departures'] : [];
  const kept: Kept = {
    stay: text('stay', record['stay']),
    silentSince: steady('silentSince', record['silentSince']),
    goodSince: steady('goodSince', record['goodSince']),
    failing: failing.flatMap(([name, value]) => {
      const since = steady(`failing/${name}`, value);
      return since === undefined ? [] : [[name, since] as const];
    }),
    departures: departures
      .flatMap((value: unknown) => steady('departures', value) ?? [])
      .slice(-departuresKeptMax),
  };
  return wrong.length > 0 ? fail(wrong.join('; ')) : ok(kept);
}

/**
 * Evidence to go on from. Counts of passes are this server's own: what another one saw gives the time, and is acted on
 * only once this one has seen the same.
 */
export function recall(kept: Kept, policy: HealthPolicy, now: Instant): Evidence {
  const intervalMs = policy.intervalSeconds * 1000;
  return {
    ...noEvidence,
    stay: kept.stay,
    silentSince: kept.silentSince,
    goodSince: kept.goodSince,
    departures: kept.departures,
    probes: new Map(
      kept.failing.map(([name, since]) => {
        const passes = 1 + Math.floor(msBetween(since, now) / intervalMs);
        return [
          name,
          {
            result: {
              kind: 'unasked',
              latencyMs: 0,
              text: 'not asked since this server took over',
            },
            at: now,
            lastAnsweredAt: undefined,
            failures: Math.max(0, Math.min(passes, policy.failuresToUnhealthy - 1)),
            failingSince: since,
          },
        ] as const;
      }),
    ),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
