import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantOf } from '../../src/base/time.ts';
import type { Serial } from '../../src/inventory/machine.ts';
import { type Behaviour, machineOf, testPolicy, watchOver } from './health-world.ts';

type Step =
  | { readonly kind: 'behave'; readonly at: number; readonly probe: number; readonly as: Behaviour }
  | { readonly kind: 'cut' | 'mend' }
  | { readonly kind: 'jump'; readonly ms: number }
  | { readonly kind: 'by-hand'; readonly at: number }
  | { readonly kind: 'run'; readonly ms: number };

const behaviours: readonly Behaviour[] = [
  'answered',
  'answered',
  'silent',
  'silent',
  'refused',
  'wrong',
  'unasked',
  'hangs',
];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('behave' as const),
        at: fc.nat(7),
        probe: fc.nat(2),
        as: fc.constantFrom(...behaviours),
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom({ kind: 'cut' as const }, { kind: 'mend' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('jump' as const),
        ms: fc.constantFrom(-86_400_000, -3_600_000, 3_600_000, 90_000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('by-hand' as const), at: fc.nat(7) }) },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('run' as const), ms: fc.nat(60_000) }),
    },
  ),
  { maxLength: 40 },
);

const states = [
  'uninitialized',
  'healthy',
  'healthy',
  'healthy',
  'unhealthy',
  'unreachable',
] as const;

describe('with any sequence of answers', () => {
  it('no move is illegal, none happens while moves are held, and time ends every loop', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), async (sequence, seed) => {
        const machines = Array.from({ length: 8 }, (_, at) =>
          machineOf(`m${at}`, { rack: at % 2, index: at + 4, state: states[at % 6] ?? 'healthy' }),
        );
        const watch = watchOver(machines, { seed });
        const { desk, clock, monitor } = watch;
        // The desk throws at an illegal move; this looks at whether the gate was open at each.
        const heldAt: string[] = [];
        let cut = false;
        let quietUntilMs = 0;
        desk.inventory.subscribe((changes) => {
          for (const { serial, before, after } of changes) {
            const byHand =
              after?.status.state === 'updating' || before?.status.state === 'updating';
            if (byHand) continue;
            if (cut || clock.monotonicMs() < quietUntilMs) heldAt.push(serial);
          }
        });
        for (const step of sequence) {
          switch (step.kind) {
            case 'behave': {
              const machine = machines[step.at];
              const probe = testPolicy.probes[step.probe]?.name;
              if (machine !== undefined) watch.script.set(machine, step.as, probe);
              break;
            }
            case 'cut':
              cut = true;
              desk.setFreshness({ kind: 'behind', silentMs: 5000, text: 'no connection' });
              break;
            case 'mend':
              cut = false;
              desk.setFreshness({ kind: 'live' });
              break;
            case 'jump':
              clock.jump(step.ms);
              quietUntilMs = clock.monotonicMs() + testPolicy.clock.settleSeconds * 1000;
              break;
            case 'by-hand': {
              const machine = desk.inventory.find(`m${step.at}` as Serial);
              if (machine?.status.state === 'updating') desk.byHand(machine, 'uninitialized');
              else if (machine !== undefined && machine.status.state !== 'uninitialized') {
                desk.byHand(machine, 'updating');
              }
              break;
            }
            case 'run':
              await clock.run(step.ms);
              break;
          }
          expect(monitor.overview().underWay).toBeLessThanOrEqual(128);
        }
        await clock.run(5000);
        expect(heldAt).toEqual([]);
        for (const { spec } of machines) {
          const status = monitor.status(spec.serial);
          expect(status?.verdict.text).not.toBe('');
          if (status?.verdict.kind === 'wait') expect(status.waitingFor).not.toEqual([]);
          if (status?.silentSince !== undefined && status.verdict.at !== undefined) {
            expect(instantOf(status.silentSince)).toBeLessThanOrEqual(clock.now());
          }
        }
        monitor.stop();
        await clock.run(10_000);
        expect(clock.timers()).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 30_000);
});
