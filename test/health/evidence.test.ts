import { describe, expect, it } from 'vitest';
import type { Rfc3339 } from '../../src/base/time.ts';
import {
  afterMove,
  departuresKeptMax,
  departuresWithin,
  type Evidence,
  fold,
  forgetTrouble,
  forStay,
  type Grade,
  gradeOf,
  noEvidence,
  passesKeptMax,
  pruneDepartures,
} from '../../src/health/evidence.ts';
import type { ProbeResultKind } from '../../src/health/probe.ts';
import { later, testPolicy } from './health-world.ts';

const { probes } = testPolicy;

function passOf(seconds: number, ssh: ProbeResultKind, metrics: ProbeResultKind, trusted = true) {
  const result = (kind: ProbeResultKind) => ({ kind, latencyMs: 1, text: kind });
  const results = new Map([
    ['ssh', result(ssh)],
    ['metrics', result(metrics)],
  ]);
  return { at: later(seconds * 1000), results, trusted };
}

function foldAll(...passes: ReturnType<typeof passOf>[]): Evidence {
  return passes.reduce((evidence, pass) => fold(evidence, pass, probes), noEvidence);
}

describe('grade of a pass', () => {
  it.each<[ProbeResultKind, ProbeResultKind, Grade]>([
    ['answered', 'answered', 'good'],
    ['answered', 'silent', 'failing'],
    ['answered', 'wrong', 'failing'],
    ['refused', 'silent', 'failing'],
    ['refused', 'refused', 'failing'],
    ['silent', 'silent', 'silent'],
    ['silent', 'unasked', 'unknown'],
    ['answered', 'unasked', 'unknown'],
    ['wrong', 'unasked', 'failing'],
    ['unasked', 'unasked', 'unknown'],
  ])('%s and %s are %s', (ssh, metrics, grade) => {
    expect(gradeOf(passOf(0, ssh, metrics), probes)).toBe(grade);
  });

  it('while we are cut off, only a good pass counts', () => {
    expect(gradeOf(passOf(0, 'silent', 'silent', false), probes)).toBe('unknown');
    expect(gradeOf(passOf(0, 'answered', 'wrong', false), probes)).toBe('unknown');
    expect(gradeOf(passOf(0, 'answered', 'answered', false), probes)).toBe('good');
  });

  it('a policy without an answer to a probe is not good', () => {
    expect(gradeOf({ at: later(0), results: new Map(), trusted: true }, probes)).toBe('unknown');
  });
});

describe('evidence', () => {
  it('silence counts from the first question that stayed unanswered', () => {
    const evidence = foldAll(
      passOf(0, 'answered', 'answered'),
      passOf(10, 'silent', 'silent'),
      passOf(20, 'silent', 'silent'),
    );
    expect(evidence).toMatchObject({
      silentInARow: 2,
      silentSince: later(10_000),
      lastAnswerAt: later(0),
      goodInARow: 0,
      goodSince: undefined,
    });
  });

  it('any sign of life ends a silence', () => {
    for (const [ssh, metrics] of [
      ['answered', 'answered'],
      ['refused', 'silent'],
      ['wrong', 'unasked'],
    ] as const) {
      const evidence = foldAll(passOf(0, 'silent', 'silent'), passOf(10, ssh, metrics));
      expect(evidence.silentSince).toBeUndefined();
      expect(evidence.silentInARow).toBe(0);
    }
  });

  it('a pass we could not make changes no count', () => {
    const silent = foldAll(passOf(0, 'silent', 'silent'));
    expect(fold(silent, passOf(10, 'unasked', 'unasked'), probes)).toMatchObject({
      silentInARow: 1,
      silentSince: later(0),
    });
    const good = foldAll(passOf(0, 'answered', 'answered'));
    expect(fold(good, passOf(10, 'unasked', 'unasked'), probes).goodInARow).toBe(1);
  });

  it('a probe fails in a row only in passes where the machine is there', () => {
    const evidence = foldAll(
      passOf(0, 'answered', 'wrong'),
      passOf(10, 'silent', 'silent'),
      passOf(20, 'answered', 'wrong'),
    );
    expect(evidence.probes.get('metrics')).toMatchObject({ failures: 2, failingSince: later(0) });
    expect(evidence.probes.get('ssh')).toMatchObject({
      failures: 0,
      lastAnsweredAt: later(20_000),
    });
  });

  it('memory is bounded', () => {
    const passes = Array.from({ length: 50 }, (_, at) => passOf(at, 'answered', 'answered'));
    expect(foldAll(...passes).passes).toHaveLength(passesKeptMax);
    let evidence = noEvidence;
    for (let at = 0; at < 50; at++) {
      evidence = afterMove(evidence, { stay: 'x' as Rfc3339, at: later(at), departed: true });
    }
    expect(evidence.departures).toHaveLength(departuresKeptMax);
  });

  it('probes that the policy dropped are forgotten', () => {
    const evidence = foldAll(passOf(0, 'answered', 'answered'));
    const only = fold(evidence, passOf(10, 'answered', 'answered'), probes.slice(0, 1));
    expect([...only.probes.keys()]).toEqual(['ssh']);
  });

  it('a machine that somebody moved is counted anew, but its departures stay known', () => {
    const evidence = { ...foldAll(passOf(0, 'silent', 'silent')), departures: [later(0)] };
    const before = forStay(evidence, 'a' as Rfc3339);
    expect(before).toMatchObject({ silentInARow: 0, goodInARow: 0, departures: [later(0)] });
    expect(forStay(before, 'a' as Rfc3339)).toBe(before);
  });

  it('forgetting trouble keeps what went well', () => {
    const evidence = foldAll(passOf(0, 'answered', 'wrong'), passOf(10, 'answered', 'wrong'));
    expect(forgetTrouble(evidence).probes.get('metrics')).toMatchObject({ failures: 0 });
    expect(forgetTrouble(foldAll(passOf(0, 'answered', 'answered'))).goodInARow).toBe(1);
  });

  it('departures count within their window and are forgotten after it', () => {
    const evidence = { ...noEvidence, departures: [later(0), later(50_000), later(100_000)] };
    expect(departuresWithin(evidence, 60, later(100_000))).toBe(2);
    expect(pruneDepartures(evidence, 60, later(100_000)).departures).toHaveLength(2);
    expect(pruneDepartures(evidence, 60, later(999_000)).departures).toEqual([]);
  });
});
