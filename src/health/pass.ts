/** One round of questions to one machine, each with a limit that holds even where the prober's does not. */

import type { World } from '../base/world.ts';
import type { Machine } from '../inventory/machine.ts';
import type { HealthPolicy } from './policy.ts';
import type { ProbeQuestion, ProbeResult, Prober } from './probe.ts';

/** A prober that needs longer than this after its own limit has lost the question. */
const graceMs = 1000;

/** All probes of the policy at once, by name; `onLost` counts answers that never came. */
export async function askAll(
  clock: World['clock'],
  prober: Prober,
  machine: Machine,
  policy: HealthPolicy,
  onLost: () => void,
): Promise<ReadonlyMap<string, ProbeResult>> {
  const [address] = machine.spec.ipv4;
  const { timeoutMs } = policy;
  const results = await Promise.all(
    policy.probes.map(async (probe) => {
      const result =
        address === undefined
          ? unasked('it has no IPv4 address')
          : await askOne(clock, prober, { address, probe, timeoutMs }, onLost);
      return [probe.name, result] as const;
    }),
  );
  return new Map(results);
}

function askOne(
  clock: World['clock'],
  prober: Prober,
  question: ProbeQuestion,
  onLost: () => void,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const cancel = clock.after(question.timeoutMs + graceMs, () => {
      onLost();
      resolve(unasked(`the prober gave no result within ${question.timeoutMs + graceMs} ms`));
    });
    const settle = (result: ProbeResult) => {
      cancel();
      resolve(result);
    };
    prober.ask(question).then(settle, (cause: unknown) => {
      onLost();
      settle(unasked(`the prober failed: ${cause instanceof Error ? cause.message : 'no reason'}`));
    });
  });
}

function unasked(text: string): ProbeResult {
  return { kind: 'unasked', latencyMs: 0, text };
}
