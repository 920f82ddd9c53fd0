/**
 * Probe results folded into a short memory.
 *
 * All times are steady time (`steady-time.ts`): they pass as monotonic time does, whatever happens to the wall clock.
 */

import type { Rfc3339 } from '../base/time.ts';
import { addMs, type Instant, msBetween } from '../base/time.ts';
import type { Probe, ProbeResult } from './probe.ts';

/** One round of all probes on one machine. */
export type Pass = {
  /** When the questions were asked. */
  readonly at: Instant;
  readonly results: ReadonlyMap<string, ProbeResult>;
  /** False while we were cut off ourselves: only answers count then, silence proves nothing. */
  readonly trusted: boolean;
};

/**
 * `good`: all answered. `failing`: it is there, but not all is well. `silent`: nothing came back at all.
 * `unknown`: we could not ask, or not trust what we heard.
 */
export type Grade = 'good' | 'failing' | 'silent' | 'unknown';

export type ProbeEvidence = {
  readonly result: ProbeResult;
  readonly at: Instant;
  readonly lastAnsweredAt: Instant | undefined;
  /** Passes with a failure since its last answer, in which something else showed that the machine is there. */
  readonly failures: number;
  readonly failingSince: Instant | undefined;
};

export type Evidence = {
  /** Which stay in which state this is evidence for: the machine's `status.since`. */
  readonly stay: Rfc3339 | undefined;
  readonly probes: ReadonlyMap<string, ProbeEvidence>;
  /** Newest last, at most `passesKeptMax`. */
  readonly passes: readonly { readonly at: Instant; readonly grade: Grade }[];
  readonly goodInARow: number;
  readonly goodSince: Instant | undefined;
  /** Silent passes this server has seen itself, one after the other. */
  readonly silentInARow: number;
  /** The first question of those that stayed unanswered. */
  readonly silentSince: Instant | undefined;
  readonly lastAnswerAt: Instant | undefined;
  /** When we took it out of `healthy`: what makes a flapping machine. At most `departuresKeptMax`, oldest first. */
  readonly departures: readonly Instant[];
};

/** Enough to see a pattern on a screen. */
export const passesKeptMax = 10;
/** One more than the highest limit a policy can set. */
export const departuresKeptMax = 11;

export const noEvidence: Evidence = {
  stay: undefined,
  probes: new Map(),
  passes: [],
  goodInARow: 0,
  goodSince: undefined,
  silentInARow: 0,
  silentSince: undefined,
  lastAnswerAt: undefined,
  departures: [],
};

/** One more pass. Probes that the policy no longer names are forgotten. */
export function fold(evidence: Evidence, pass: Pass, probes: readonly Probe[]): Evidence {
  const grade = gradeOf(pass, probes);
  const heard = [...pass.results.values()].some(isSignOfLife);
  const passes = [...evidence.passes, { at: pass.at, grade }].slice(-passesKeptMax);
  const next: Evidence = {
    ...evidence,
    passes,
    probes: new Map(
      probes.flatMap(({ name }) => {
        const result = pass.results.get(name);
        const before = evidence.probes.get(name);
        if (result === undefined) return before === undefined ? [] : [[name, before] as const];
        return [[name, foldProbe(before, result, pass.at, grade)] as const];
      }),
    ),
    lastAnswerAt: heard ? pass.at : evidence.lastAnswerAt,
  };
  switch (grade) {
    case 'good':
      return {
        ...next,
        ...noSilence,
        goodInARow: evidence.goodInARow + 1,
        goodSince: evidence.goodSince ?? pass.at,
      };
    case 'failing':
      return { ...next, ...noSilence, ...noGood };
    case 'silent':
      return {
        ...next,
        ...noGood,
        silentInARow: evidence.silentInARow + 1,
        silentSince: evidence.silentSince ?? pass.at,
      };
    case 'unknown':
      // A sign of life ends a silence even where the rest could not be asked.
      return heard ? { ...next, ...noSilence } : next;
  }
}

const noSilence = { silentInARow: 0, silentSince: undefined } as const;
const noGood = { goodInARow: 0, goodSince: undefined } as const;

export function gradeOf(pass: Pass, probes: readonly Probe[]): Grade {
  const kinds = probes.map(({ name }) => pass.results.get(name)?.kind ?? 'unasked');
  if (kinds.length > 0 && kinds.every((kind) => kind === 'answered')) return 'good';
  if (!pass.trusted) return 'unknown';
  const asked = kinds.filter((kind) => kind !== 'unasked');
  if (asked.some((kind) => kind !== 'silent')) {
    return asked.every((kind) => kind === 'answered') ? 'unknown' : 'failing';
  }
  return asked.length > 0 && asked.length === kinds.length ? 'silent' : 'unknown';
}

/** A refusal is a sign of life too: the machine's kernel sent it. */
function isSignOfLife(result: ProbeResult): boolean {
  return result.kind !== 'silent' && result.kind !== 'unasked';
}

function foldProbe(
  before: ProbeEvidence | undefined,
  result: ProbeResult,
  at: Instant,
  grade: Grade,
): ProbeEvidence {
  if (result.kind === 'answered') {
    return { result, at, lastAnsweredAt: at, failures: 0, failingSince: undefined };
  }
  // A silent pass neither counts as this probe's own failure nor wipes those it had.
  const counts = grade === 'failing' && result.kind !== 'unasked';
  return {
    result,
    at,
    lastAnsweredAt: before?.lastAnsweredAt,
    failures: (before?.failures ?? 0) + (counts ? 1 : 0),
    failingSince: before?.failingSince ?? (counts ? at : undefined),
  };
}

/**
 * Evidence for another stay in a state: somebody moved the machine, so counting begins anew. What it last answered
 * and how often it fell out stays known.
 */
export function forStay(evidence: Evidence, stay: Rfc3339): Evidence {
  if (evidence.stay === stay) return evidence;
  if (evidence.stay === undefined && evidence.passes.length === 0) return { ...evidence, stay };
  return { ...forgetTrouble(evidence), ...noGood, stay };
}

/** After we were cut off ourselves: patience begins anew for everybody. */
export function forgetTrouble(evidence: Evidence): Evidence {
  const probes = [...evidence.probes].map(
    ([name, probe]) => [name, { ...probe, failures: 0, failingSince: undefined }] as const,
  );
  return { ...evidence, ...noSilence, probes: new Map(probes) };
}

/** We moved it ourselves: the evidence goes on, now for the new stay. */
export function afterMove(
  evidence: Evidence,
  move: { readonly stay: Rfc3339; readonly at: Instant; readonly departed: boolean },
): Evidence {
  const departures = move.departed ? [...evidence.departures, move.at] : evidence.departures;
  return { ...evidence, stay: move.stay, departures: departures.slice(-departuresKeptMax) };
}

/** Times it fell out of `healthy` within the window before `now`. */
export function departuresWithin(evidence: Evidence, windowSeconds: number, now: Instant): number {
  const from = addMs(now, -windowSeconds * 1000);
  return evidence.departures.filter((at) => msBetween(from, at) > 0).length;
}

/** Departures older than the window say nothing any more. */
export function pruneDepartures(evidence: Evidence, windowSeconds: number, now: Instant): Evidence {
  const kept = departuresWithin(evidence, windowSeconds, now);
  return kept === evidence.departures.length
    ? evidence
    : { ...evidence, departures: kept === 0 ? [] : evidence.departures.slice(-kept) };
}
