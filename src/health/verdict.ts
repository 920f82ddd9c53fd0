/** Evidence, policy and the time → keep, wait or move, and why. */

import { addMs, type Instant, msBetween } from '../base/time.ts';
import type { Machine, MachineState } from '../inventory/machine.ts';
import { departuresWithin, type Evidence } from './evidence.ts';
import type { HealthPolicy } from './policy.ts';
import { formatProbe } from './probe.ts';

export type Verdict = Keep | Wait | Move;

export type Keep = {
  readonly kind: 'keep';
  readonly text: string;
  readonly evidence: readonly string[];
};

/** It would move to `to`, but something is still missing: `text` says what. */
export type Wait = {
  readonly kind: 'wait';
  readonly to: MachineState;
  readonly text: string;
  readonly evidence: readonly string[];
  /** When time alone may decide it (steady time): asking again then is worth it. */
  readonly dueAt?: Instant;
};

export type Move = {
  readonly kind: 'move';
  readonly to: MachineState;
  readonly text: string;
  readonly evidence: readonly string[];
};

/** One lost packet is not a silence: this many passes of our own must have heard nothing, however long it was before. */
const silentPassesMin = 2;

/** States that health decides; in all others somebody else is at work on the machine. */
export function isJudged(state: MachineState): boolean {
  return !(state === 'updating' || state === 'retiring' || state === 'retired');
}

/** `evidence` must be of the machine's present stay in its state; `now` is steady time like its instants. */
export function judge(
  machine: Machine,
  evidence: Evidence,
  policy: HealthPolicy,
  now: Instant,
): Verdict {
  const { state } = machine.status;
  const facts = describe(evidence, policy, now);
  switch (state) {
    case 'updating':
    case 'retiring':
    case 'retired':
      return keep(`not judged while ${state}`, facts);
    case 'uninitialized':
      return (
        recovery(evidence, policy, now, facts, false) ??
        keep(firstBootText(evidence, policy, now), facts)
      );
    case 'healthy':
      return silence(evidence, policy, now, facts) ?? failure(evidence, policy, facts) ?? well();
    case 'unhealthy':
      return (
        silence(evidence, policy, now, facts) ??
        recovery(evidence, policy, now, facts, true) ??
        keep(troubleText(evidence, policy, now), facts)
      );
    case 'unreachable':
      return (
        recovery(evidence, policy, now, facts, true) ??
        failure(evidence, policy, facts) ??
        keep(troubleText(evidence, policy, now), facts)
      );
  }

  function well(): Verdict {
    if (evidence.passes.length === 0) return keep('not asked yet', facts);
    const one = policy.probes.length === 1;
    return keep(`${all(policy)} ${one ? 'answers as it should' : 'answer as they should'}`, facts);
  }
}

function silence(
  evidence: Evidence,
  policy: HealthPolicy,
  now: Instant,
  facts: readonly string[],
): Verdict | undefined {
  const { silentSince, silentInARow } = evidence;
  if (silentSince === undefined || silentInARow === 0) return undefined;
  const lasted = msBetween(silentSince, now);
  const patienceMs = policy.patienceSeconds * 1000;
  const text = `${count(policy)} of ${count(policy)} probes silent for ${spell(lasted)}`;
  if (lasted >= patienceMs && silentInARow >= silentPassesMin) {
    return { kind: 'move', to: 'unreachable', text, evidence: facts };
  }
  const missing =
    lasted < patienceMs
      ? `patience of ${policy.patienceSeconds}s`
      : `${silentPassesMin - silentInARow} more silent pass seen by this server`;
  return {
    kind: 'wait',
    to: 'unreachable',
    text: `${text}; waits for ${missing}`,
    evidence: facts,
    dueAt: addMs(silentSince, patienceMs),
  };
}

function failure(
  evidence: Evidence,
  policy: HealthPolicy,
  facts: readonly string[],
): Verdict | undefined {
  // Silence has its own rule and its own patience.
  if (evidence.silentInARow > 0) return undefined;
  let worst: { text: string; failures: number } | undefined;
  for (const probe of policy.probes) {
    const seen = evidence.probes.get(probe.name);
    if (seen === undefined || seen.failures <= (worst?.failures ?? 0)) continue;
    worst = { text: `${formatProbe(probe)} ${seen.result.text}`, failures: seen.failures };
  }
  if (worst === undefined) return undefined;
  const limit = policy.failuresToUnhealthy;
  if (worst.failures >= limit) {
    const text = `it answers, but ${worst.text}, ${times(worst.failures)} in a row`;
    return { kind: 'move', to: 'unhealthy', text, evidence: facts };
  }
  const text = `${worst.text}, ${worst.failures} of ${limit} times; waits for ${limit - worst.failures} more`;
  return { kind: 'wait', to: 'unhealthy', text, evidence: facts };
}

function recovery(
  evidence: Evidence,
  policy: HealthPolicy,
  now: Instant,
  facts: readonly string[],
  wasOut: boolean,
): Verdict | undefined {
  const { goodInARow, goodSince } = evidence;
  if (goodInARow === 0 || goodSince === undefined) return undefined;
  const passed = `${all(policy)} answered ${times(goodInARow)} in a row`;
  if (goodInARow < policy.recoveries) {
    const missing = policy.recoveries - goodInARow;
    const text = `${all(policy)} answered in ${goodInARow} of ${policy.recoveries} passes; waits for ${missing} more`;
    return { kind: 'wait', to: 'healthy', text, evidence: facts };
  }
  const held = wasOut ? flapHold(evidence, policy, now) : undefined;
  if (held !== undefined && msBetween(goodSince, now) < policy.flap.stableSeconds * 1000) {
    const dueAt = addMs(goodSince, policy.flap.stableSeconds * 1000);
    const text = `${held}; waits until it was good for ${policy.flap.stableSeconds}s (so far ${spell(msBetween(goodSince, now))})`;
    return { kind: 'wait', to: 'healthy', text, evidence: facts, dueAt };
  }
  return { kind: 'move', to: 'healthy', text: passed, evidence: facts };
}

/** Why a machine that is good again must stay good for longer than others; undefined when it need not. */
export function flapHold(
  evidence: Evidence,
  policy: HealthPolicy,
  now: Instant,
): string | undefined {
  const { departuresMax, windowSeconds } = policy.flap;
  const departures = departuresWithin(evidence, windowSeconds, now);
  if (departures <= departuresMax) return undefined;
  return `it fell out of service ${times(departures)} within ${spell(windowSeconds * 1000)} (limit ${departuresMax})`;
}

function firstBootText(evidence: Evidence, policy: HealthPolicy, now: Instant): string {
  if (evidence.passes.length === 0) return 'not asked yet';
  if (evidence.silentSince === undefined) return troubleText(evidence, policy, now);
  // It never came up, so it has not been lost: `unreachable` would send somebody to repair what was never started.
  return `never came up: ${all(policy)} silent for ${spell(msBetween(evidence.silentSince, now))}; it stays uninitialized`;
}

function troubleText(evidence: Evidence, policy: HealthPolicy, now: Instant): string {
  if (evidence.silentSince !== undefined) {
    return `${count(policy)} of ${count(policy)} probes silent for ${spell(msBetween(evidence.silentSince, now))}`;
  }
  const failing = policy.probes.filter(
    ({ name }) => evidence.probes.get(name)?.result.kind !== 'answered',
  );
  if (evidence.passes.length === 0) return 'not asked yet';
  return failing.length === 0
    ? 'no pass that counts yet'
    : `it answers, but not on ${failing.map(formatProbe).join(', ')}`;
}

/** A line per probe: what it said last, how long ago, since when it fails. */
function describe(evidence: Evidence, policy: HealthPolicy, now: Instant): string[] {
  const lines = policy.probes.flatMap((probe) => {
    const seen = evidence.probes.get(probe.name);
    if (seen === undefined) return [];
    const { result, lastAnsweredAt } = seen;
    const took = result.kind === 'answered' ? ` in ${Math.round(result.latencyMs)} ms` : '';
    const last =
      result.kind === 'answered' || lastAnsweredAt === undefined
        ? ''
        : `; last answered ${spell(msBetween(lastAnsweredAt, now))} ago`;
    return `${formatProbe(probe)}: ${result.kind}, ${result.text}${took}${last}`;
  });
  if (evidence.passes.length > 1) {
    const grades = evidence.passes.map(({ grade }) => grade).join(' ');
    lines.push(`last ${evidence.passes.length} passes, newest last: ${grades}`);
  }
  return lines;
}

/** `40s`, `12m`, `3h05m`: short enough for a table. */
export function spell(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}s`;
  if (seconds < 120) return `${Math.round(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

function keep(text: string, evidence: readonly string[]): Keep {
  return { kind: 'keep', text, evidence };
}

function count(policy: HealthPolicy): number {
  return policy.probes.length;
}

function all(policy: HealthPolicy): string {
  return policy.probes.length === 1 ? 'its probe' : `all ${policy.probes.length} probes`;
}

function times(amount: number): string {
  return amount === 1 ? 'once' : `${amount} times`;
}
