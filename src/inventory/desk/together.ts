/** Several changes as one: each decides on what those before it wrote, and all are committed or none. */

import type { Decision, Reads, View } from '../../base/decision.ts';
import type { Condition, Write } from '../../base/store.ts';
import type { InventoryProblem } from '../problem.ts';
import type { Change } from './change.ts';
import type { ManyProofs } from './many-proofs.ts';

/**
 * What each would do, or refuses; nothing is written when one of them is not what `isDone` asks for.
 *
 * @param prove how what all of them read is proven.
 */
export function together<T>(
  lane: string,
  changes: readonly Change<T>[],
  isDone: (value: T) => boolean,
  prove: (wanted: Reads) => ManyProofs,
): Change<readonly Decision<T, InventoryProblem>[]> {
  const keys = new Set(changes.flatMap(({ reads }) => reads.keys));
  const prefixes = new Set(changes.flatMap(({ reads }) => reads.prefixes ?? []));
  const { reads, conditionsOf } = prove({ keys: [...keys], prefixes: [...prefixes] });
  return {
    lane,
    reads,
    decide: (view) => {
      const written = new Map<string, Write>();
      const conditions: Condition[] = [];
      const over = viewWith(view, written);
      const decisions: Decision<T, InventoryProblem>[] = [];
      for (const change of changes) {
        const decision = change.decide(over);
        decisions.push(decision);
        if (!decision.ok) continue;
        for (const write of decision.writes) if ('key' in write) written.set(write.key, write);
        conditions.push(...(decision.conditions ?? []));
      }
      const isAll = decisions.every((decision) => decision.ok && isDone(decision.value));
      const writes = isAll ? [...written.values()] : [];
      const proofs = isAll ? [...conditions, ...conditionsOf(view, writes)] : [];
      return { ok: true, value: decisions, writes, conditions: proofs };
    },
  };
}

/** No change of a single machine sweeps a prefix, nor reads one it writes under. */
function viewWith(view: View, written: ReadonlyMap<string, Write>): View {
  return {
    get: (key) => {
      const write = written.get(key);
      if (write === undefined) return view.get(key);
      return write.kind === 'put' ? { key, value: write.value } : undefined;
    },
    under: view.under,
    revisionOf: (key) => (written.has(key) ? undefined : view.revisionOf(key)),
    readAt: view.readAt,
  };
}
