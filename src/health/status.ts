/** What an operator is shown of the health of one machine. All times are wall time. */

import { formatInstant, type Instant, type Rfc3339 } from '../base/time.ts';
import type { Machine, MachineState, Serial } from '../inventory/machine.ts';
import type { Crowd, CrowdHold, Trouble } from './crowd.ts';
import { holdsOn } from './crowd.ts';
import { departuresWithin, type Evidence, type Grade } from './evidence.ts';
import type { HealthPolicy } from './policy.ts';
import type { ProbeResult } from './probe.ts';
import { flapHold, isJudged, type Verdict } from './verdict.ts';

export type HealthStatus = {
  readonly serial: Serial;
  readonly state: MachineState;
  /** False while somebody else is at work on it: updating, retiring, retired. */
  readonly judged: boolean;
  readonly verdict: {
    readonly kind: Verdict['kind'];
    /** Where it goes, or would go. */
    readonly to: MachineState | undefined;
    readonly text: string;
    readonly evidence: readonly string[];
    readonly at: Rfc3339;
  };
  /** Why a verdict is not acted on yet; empty when nothing is held. */
  readonly waitingFor: readonly string[];
  readonly probes: readonly ProbeStatus[];
  /** Newest last. */
  readonly passes: readonly { readonly at: Rfc3339; readonly grade: Grade }[];
  readonly silentSince: Rfc3339 | undefined;
  readonly goodSince: Rfc3339 | undefined;
  readonly lastAnswerAt: Rfc3339 | undefined;
  readonly goodInARow: number;
  readonly flapping: { readonly departures: number; readonly held: boolean };
  /** When it is asked next; undefined while it is being asked. */
  readonly nextProbeAt: Rfc3339 | undefined;
};

export type ProbeStatus = {
  readonly name: string;
  readonly kind: 'tcp' | 'http';
  readonly port: number;
  /** Undefined: not asked yet. */
  readonly result: ProbeResult | undefined;
  readonly at: Rfc3339 | undefined;
  readonly lastAnsweredAt: Rfc3339 | undefined;
  readonly failures: number;
  readonly failingSince: Rfc3339 | undefined;
};

export type HoldStatus = {
  readonly scope: string;
  readonly trouble: Trouble;
  readonly since: Rfc3339;
  readonly machines: number;
  readonly of: number;
  readonly limit: number;
  readonly lifted: boolean;
  readonly text: string;
};

/** Everything the monitor holds of one machine. */
export type Watched = {
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  /** When the verdict was reached (steady time). */
  readonly at: Instant;
  /** A crowd keeps it in service. */
  readonly held: boolean;
  /** Why the inventory did not take the last move. */
  readonly refused: string | undefined;
};

export function notAskedYet(machine: Machine, evidence: Evidence, at: Instant): Watched {
  const { state } = machine.status;
  const text = isJudged(state) ? 'not asked yet by this server' : `not judged while ${state}`;
  return {
    evidence,
    verdict: { kind: 'keep', text, evidence: [] },
    at,
    held: false,
    refused: undefined,
  };
}

export function statusOf(
  machine: Machine,
  watched: Watched,
  around: {
    readonly policy: HealthPolicy;
    readonly crowd: Crowd;
    readonly gate: readonly string[];
    readonly now: Instant;
    readonly nextAt: Instant | undefined;
    readonly toWall: (at: Instant) => Instant;
  },
): HealthStatus {
  const { policy, now } = around;
  const { evidence, verdict } = watched;
  const wall = (at: Instant): Rfc3339 => formatInstant(around.toWall(at));
  const wallOrNot = (at: Instant | undefined) => (at === undefined ? undefined : wall(at));
  return {
    serial: machine.spec.serial,
    state: machine.status.state,
    judged: isJudged(machine.status.state),
    verdict: {
      kind: verdict.kind,
      to: verdict.kind === 'keep' ? undefined : verdict.to,
      text: verdict.text,
      evidence: verdict.evidence,
      at: wall(watched.at),
    },
    waitingFor: waitingFor(machine, watched, around.crowd, around.gate),
    probes: policy.probes.map((probe) => {
      const seen = evidence.probes.get(probe.name);
      return {
        name: probe.name,
        kind: probe.kind,
        port: probe.port,
        result: seen?.result,
        at: wallOrNot(seen?.at),
        lastAnsweredAt: wallOrNot(seen?.lastAnsweredAt),
        failures: seen?.failures ?? 0,
        failingSince: wallOrNot(seen?.failingSince),
      };
    }),
    passes: evidence.passes.map(({ at, grade }) => ({ at: wall(at), grade })),
    silentSince: wallOrNot(evidence.silentSince),
    goodSince: wallOrNot(evidence.goodSince),
    lastAnswerAt: wallOrNot(evidence.lastAnswerAt),
    goodInARow: evidence.goodInARow,
    flapping: {
      departures: departuresWithin(evidence, policy.flap.windowSeconds, now),
      held: flapHold(evidence, policy, now) !== undefined,
    },
    nextProbeAt: wallOrNot(around.nextAt),
  };
}

export function holdStatus(hold: CrowdHold, toWall: (at: Instant) => Instant): HoldStatus {
  return { ...hold, since: formatInstant(toWall(hold.since)) };
}

function waitingFor(
  machine: Machine,
  watched: Watched,
  crowd: Crowd,
  gate: readonly string[],
): readonly string[] {
  const { verdict, refused } = watched;
  if (verdict.kind === 'keep') return [];
  const reasons = [...gate];
  if (refused !== undefined) reasons.push(refused);
  if (verdict.kind === 'wait') reasons.push(verdict.text);
  for (const { text } of holdsOn(crowd, machine, verdict)) {
    if (!reasons.some((reason) => reason.includes(text))) reasons.push(text);
  }
  return reasons;
}
