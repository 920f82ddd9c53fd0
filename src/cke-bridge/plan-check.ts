/**
 * The last check before the sink. The planner keeps to the same limits by itself; here they are checked again from
 * the outside, so that one mistake is not enough.
 */

import { formatIpv4 } from '../base/addresses.ts';
import type { LastCluster } from './cluster.ts';
import { removalsMaxOf } from './limits.ts';
import type { Plan } from './plan.ts';
import type { Refusal, RefusalKind } from './refusal.ts';
import type { BridgeSettings, Constraints } from './settings.ts';

/** What a plan may never do, whoever made it. */
export function checkPlan(
  plan: Plan,
  lastCluster: LastCluster | undefined,
  constraints: Constraints,
  settings: BridgeSettings,
): readonly Refusal[] {
  const before = lastCluster?.members ?? [];
  const refusals: Refusal[] = [];
  const refuse = (kind: RefusalKind, text: string, numbers: Record<string, number>): void => {
    const release = 'this is a mistake of the planner; nothing is changed, please report it';
    refusals.push({ kind, holds: 'everything', text, numbers, release });
  };
  const after = new Map(plan.members.map((member) => [member.facts.serial, member]));
  const old = before.filter((member) => member.controlPlane);
  const changed = old.filter((member) => {
    const now = after.get(member.facts.serial);
    return now?.controlPlane !== true || now.facts.address !== member.facts.address;
  }).length;
  if (old.length > 0 && changed * 2 >= old.length) {
    const text = `the plan changes ${changed} of ${old.length} control planes`;
    refuse('plan-changes-majority', text, { changed, controlPlanes: old.length });
  }
  const removed = before.filter(
    (member) =>
      !member.controlPlane &&
      after.get(member.facts.serial)?.facts.address !== member.facts.address,
  ).length;
  const most = removalsMaxOf(settings, before.length);
  if (removed > most) {
    const text = `the plan removes ${removed} workers, at most ${most} may leave in a pass`;
    refuse('plan-removes-too-many', text, { removed, limit: most });
  }
  const count = plan.members.filter((member) => member.controlPlane).length;
  const expected = lastCluster === undefined ? constraints.controlPlaneCount : old.length;
  const distance = (value: number): number => Math.abs(value - constraints.controlPlaneCount);
  if (plan.cluster !== undefined && distance(count) > distance(expected)) {
    const text = `the plan has ${count} control planes, ${constraints.controlPlaneCount} are wanted`;
    refuse('plan-miscounts-control-planes', text, { count, wanted: constraints.controlPlaneCount });
  }
  const addresses = new Set<number>();
  for (const { facts } of plan.members) {
    if (addresses.has(facts.address)) {
      const text = `the plan has the address ${formatIpv4(facts.address)} twice`;
      refuse('plan-repeats-address', text, { address: facts.address });
    }
    addresses.add(facts.address);
  }
  return refusals;
}
