/** One pass, whole and pure: guards, plan, guards again, and the text that would be written. */

import type { Serial } from '../inventory/machine.ts';
import type { LastCluster, Memory } from './cluster.ts';
import { formatCluster } from './cluster-yaml.ts';
import { fingerprintOf } from './fingerprint.ts';
import { checkInput, type GuardInput, overruled } from './guard.ts';
import { remember } from './plan/memory.ts';
import { type Plan, planNext } from './plan.ts';
import { checkPlan } from './plan-check.ts';
import type { Refusal } from './refusal.ts';
import type { Constraints } from './settings.ts';

export type PassInput = GuardInput & {
  readonly constraints: Constraints;
  readonly memory: Memory;
  readonly nodeTaints?: ReadonlyMap<Serial, readonly string[]>;
};

export type Pass = {
  /** Undefined without a template. When a refusal holds it, the plan is what may still be done: taints or nothing. */
  readonly plan: Plan | undefined;
  readonly refusals: readonly Refusal[];
  /** Those that a person's word keeps from holding anything. */
  readonly overruled: readonly Refusal[];
  readonly memory: Memory;
  /** The text to hand over; undefined when there is no cluster, or none that may be written. */
  readonly body: string | undefined;
  readonly fingerprint: string | undefined;
  /** Whether `body` differs from what was written last. */
  readonly changed: boolean;
};

export function runPass(input: PassInput): Pass {
  const refusals = checkInput(input);
  const lifted = overruled(input);
  const frozen = refusals.some((refusal) => refusal.holds === 'everything');
  // An inventory that we do not trust must not make us forget.
  const memory = frozen
    ? input.memory
    : remember(input.memory, input.machines, input.settings, input.now);
  const { template } = input;
  if (template === undefined) {
    return {
      plan: undefined,
      refusals,
      overruled: lifted,
      memory,
      body: undefined,
      fingerprint: undefined,
      changed: false,
    };
  }
  const planIn = (mode: 'full' | 'taints-only' | 'frozen'): Plan =>
    planNext({ ...input, template, memory, mode });
  const plan = planIn(frozen ? 'frozen' : refusals.length > 0 ? 'taints-only' : 'full');
  const wrong = checkPlan(plan, input.lastCluster, input.constraints, input.settings);
  if (frozen || wrong.length > 0) {
    return {
      plan: wrong.length > 0 ? planIn('frozen') : plan,
      refusals: [...refusals, ...wrong],
      overruled: lifted,
      memory: frozen ? input.memory : memory,
      body: undefined,
      fingerprint: undefined,
      changed: false,
    };
  }
  const body = plan.cluster === undefined ? undefined : formatCluster(plan.cluster);
  const fingerprint = body === undefined ? undefined : fingerprintOf(body);
  const changed = fingerprint !== undefined && fingerprint !== input.lastCluster?.fingerprint;
  return { plan, refusals, overruled: lifted, memory, body, fingerprint, changed };
}

/** Serials of records that do not decode, from the inventory's `broken()`. */
export function unreadableSerials(broken: ReadonlyMap<string, string>): ReadonlySet<Serial> {
  return new Set([...broken.keys()].map((key) => key.slice(key.lastIndexOf('/') + 1) as Serial));
}

/** Whether there is something to keep besides the text: a called-off swap, a new fall, a removal's time. */
export function needsRecord(
  pass: Pass & { readonly plan: Plan },
  input: Pick<PassInput, 'lastCluster' | 'memory'>,
): boolean {
  if (pass.changed || pass.memory !== input.memory) return true;
  const before = input.lastCluster;
  if (before === undefined || pass.fingerprint === undefined) return false;
  return (
    pass.plan.removedAt !== before.removedAt ||
    pass.plan.controlPlanesChangedAt !== before.controlPlanesChangedAt ||
    pass.plan.members.length !== before.members.length ||
    pass.plan.members.some((member, at) => member !== before.members[at])
  );
}

/** What the next pass starts from when this one was written. */
export function lastClusterAfter(
  pass: Pass & { readonly plan: Plan },
  input: Pick<PassInput, 'lastCluster' | 'revision' | 'now'>,
): LastCluster | undefined {
  const { plan, fingerprint } = pass;
  const before = input.lastCluster;
  if (plan.cluster === undefined || fingerprint === undefined) return before;
  return {
    generation: (before?.generation ?? 0) + (pass.changed ? 1 : 0),
    inventoryRevision: pass.changed
      ? input.revision
      : (before?.inventoryRevision ?? input.revision),
    writtenAt: pass.changed ? input.now : (before?.writtenAt ?? input.now),
    fingerprint,
    removedAt: plan.removedAt,
    controlPlanesChangedAt: plan.controlPlanesChangedAt,
    members: plan.members,
  };
}
