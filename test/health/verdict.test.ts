import { describe, expect, it } from 'vitest';
import { fold, noEvidence } from '../../src/health/evidence.ts';
import type { ProbeResultKind } from '../../src/health/probe.ts';
import { judge, spell } from '../../src/health/verdict.ts';
import { type MachineState, machineStates } from '../../src/inventory/machine.ts';
import { later, machineOf, testPolicy } from './health-world.ts';

type Kinds = readonly [ssh: ProbeResultKind, metrics: ProbeResultKind];
const good: Kinds = ['answered', 'answered'];
const silent: Kinds = ['silent', 'silent'];
const failing: Kinds = ['answered', 'wrong'];

/** Passes ten seconds apart, judged when the last one ends. */
function judged(
  state: MachineState,
  passes: readonly Kinds[],
  departures = 0,
  policy = testPolicy,
) {
  let evidence = noEvidence;
  for (const [at, [ssh, metrics]] of passes.entries()) {
    const result = (kind: ProbeResultKind) => ({ kind, latencyMs: 2, text: `was ${kind}` });
    const results = new Map([
      ['ssh', result(ssh)],
      ['metrics', result(metrics)],
    ]);
    evidence = fold(evidence, { at: later(at * 10_000), results, trusted: true }, policy.probes);
  }
  evidence = { ...evidence, departures: Array.from({ length: departures }, () => later(0)) };
  return judge(machineOf('s', { state }), evidence, policy, later((passes.length - 1) * 10_000));
}

function times(amount: number, kinds: Kinds): Kinds[] {
  return Array.from({ length: amount }, () => kinds);
}

describe('verdict', () => {
  it.each<[string, MachineState, readonly Kinds[], string]>([
    ['a machine whose OS came up is healthy', 'uninitialized', times(3, good), 'move healthy'],
    ['two good passes of three are not enough', 'uninitialized', times(2, good), 'wait healthy'],
    ['one that never came up stays uninitialized', 'uninitialized', times(99, silent), 'keep'],
    ['one that half came up stays uninitialized', 'uninitialized', times(99, failing), 'keep'],
    ['a healthy one that answers stays', 'healthy', times(2, good), 'keep'],
    ['a lost packet is not a silence', 'healthy', [...times(2, good), silent], 'wait unreachable'],
    ['silence within patience waits', 'healthy', times(3, silent), 'wait unreachable'],
    ['silence beyond patience moves', 'healthy', times(4, silent), 'move unreachable'],
    [
      'an answer in between starts patience anew',
      'healthy',
      [...times(3, silent), good, silent],
      'wait unreachable',
    ],
    [
      'one probe that keeps failing makes unhealthy',
      'healthy',
      times(3, failing),
      'move unhealthy',
    ],
    ['two failures of three wait', 'healthy', times(2, failing), 'wait unhealthy'],
    [
      'all ports closed on a living kernel is unhealthy',
      'healthy',
      times(3, ['refused', 'refused']),
      'move unhealthy',
    ],
    ['what we could not ask says nothing', 'healthy', times(99, ['unasked', 'unasked']), 'keep'],
    [
      'an unhealthy one that falls silent is unreachable',
      'unhealthy',
      times(4, silent),
      'move unreachable',
    ],
    ['an unhealthy one recovers', 'unhealthy', times(3, good), 'move healthy'],
    ['an unhealthy one that goes on failing stays', 'unhealthy', times(9, failing), 'keep'],
    ['an unreachable one recovers', 'unreachable', times(3, good), 'move healthy'],
    ['one good pass is no recovery', 'unreachable', [silent, good], 'wait healthy'],
    [
      'a bad pass starts the recovery anew',
      'unreachable',
      [good, good, failing, good, good],
      'wait healthy',
    ],
    [
      'an unreachable one that half answers is unhealthy',
      'unreachable',
      times(3, failing),
      'move unhealthy',
    ],
    ['an unreachable one that stays silent stays', 'unreachable', times(99, silent), 'keep'],
    ['nothing is said before the first pass', 'healthy', [], 'keep'],
  ])('%s', (_, state, passes, expected) => {
    const verdict = judged(state, passes);
    expect(verdict.kind === 'keep' ? 'keep' : `${verdict.kind} ${verdict.to}`).toBe(expected);
  });

  it('machines that somebody is at work on are not judged', () => {
    for (const state of machineStates.slice(4)) {
      for (const passes of [times(9, good), times(9, silent), times(9, failing)]) {
        expect(judged(state, passes)).toMatchObject({
          kind: 'keep',
          text: `not judged while ${state}`,
        });
      }
    }
  });

  it('a verdict says in one sentence why, with a line per probe', () => {
    expect(judged('healthy', times(5, silent))).toEqual({
      kind: 'move',
      to: 'unreachable',
      text: '2 of 2 probes silent for 40s',
      evidence: [
        'ssh tcp/22: silent, was silent',
        'metrics http/9105 /metrics: silent, was silent',
        'last 5 passes, newest last: silent silent silent silent silent',
      ],
    });
  });

  it('a wait says what is missing and when time alone decides it', () => {
    expect(judged('healthy', [good, ...times(2, silent)])).toMatchObject({
      text: '2 of 2 probes silent for 10s; waits for patience of 30s',
      dueAt: later(40_000),
    });
    expect(judged('unreachable', [good])).toMatchObject({
      text: 'all 2 probes answered in 1 of 3 passes; waits for 2 more',
    });
    expect(judged('healthy', times(2, failing))).toMatchObject({
      text: 'metrics http/9105 /metrics was wrong, 2 of 3 times; waits for 1 more',
    });
  });

  it('a machine that flaps stays out until it was good for long enough', () => {
    expect(judged('unreachable', times(3, good), 3)).toMatchObject({ kind: 'move' });
    expect(judged('unreachable', times(3, good), 4)).toMatchObject({
      kind: 'wait',
      to: 'healthy',
      text: 'it fell out of service 4 times within 60m (limit 3); waits until it was good for 900s (so far 20s)',
      dueAt: later(900_000),
    });
    expect(judged('unreachable', times(91, good), 4)).toMatchObject({
      kind: 'move',
      to: 'healthy',
    });
    // A first boot is no return.
    expect(judged('uninitialized', times(3, good), 4)).toMatchObject({ kind: 'move' });
  });

  it.each([
    [0, '0s'],
    [40_000, '40s'],
    [1_234, '1.2s'],
    [119_000, '119s'],
    [600_000, '10m'],
    [11_100_000, '3h05m'],
    [-5, '0s'],
  ])('%i ms read as %s', (ms, text) => expect(spell(ms)).toBe(text));
});
