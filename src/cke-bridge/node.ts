/** A machine as a cluster node, with the labels, annotations and taints that CKE's Sabakan integration gives it. */

import { instantOf, type Rfc3339 } from '../base/time.ts';
import type { ClusterNode, Facts, Member, Taint, TaintEffect, TaintState } from './cluster.ts';
import type { NodeTemplate } from './template.ts';

export const stateTaintKey = 'cke.cybozu.com/state';

/**
 * Machine labels first, the template's over them, the fixed ones over both: a label that workloads select on can
 * be set by no machine record.
 */
export function nodeOf(
  facts: Facts,
  template: NodeTemplate,
  controlPlane: boolean,
  taint: TaintState,
): ClusterNode {
  const labels = new Map<string, string>();
  for (const [name, value] of facts.labels) labels.set(`sabakan.cke.cybozu.com/${name}`, value);
  for (const [name, value] of template.labels) labels.set(name, value);
  labels.set('cke.cybozu.com/rack', String(facts.rack));
  labels.set('cke.cybozu.com/index-in-rack', String(facts.indexInRack));
  labels.set('cke.cybozu.com/role', facts.role);
  labels.set('cke.cybozu.com/register-month', facts.registerDate.slice(0, 7));
  labels.set('cke.cybozu.com/retire-month', facts.retireDate.slice(0, 7));
  labels.set('cke.cybozu.com/retire-year', facts.retireDate.slice(0, 4));
  labels.set(`node-role.kubernetes.io/${facts.role}`, 'true');
  if (controlPlane) {
    labels.set('node-role.kubernetes.io/master', 'true');
    labels.set('node-role.kubernetes.io/control-plane', 'true');
  }
  labels.set('topology.kubernetes.io/zone', `rack${facts.rack}`);

  const annotations = new Map(template.annotations);
  annotations.set('cke.cybozu.com/serial', facts.serial);
  annotations.set('cke.cybozu.com/register-date', secondPrecision(facts.registerDate));
  annotations.set('cke.cybozu.com/retire-date', secondPrecision(facts.retireDate));

  return {
    address: facts.address,
    user: template.user,
    controlPlane,
    annotations,
    labels,
    taints: taintsOf(template, taint),
  };
}

export function nodeOfMember(member: Member, template: NodeTemplate): ClusterNode {
  return nodeOf(member.facts, template, member.controlPlane, member.taint.state);
}

const stateTaintEffects: Readonly<Record<Exclude<TaintState, 'none'>, TaintEffect>> = {
  unreachable: 'NoSchedule',
  retiring: 'NoExecute',
  retired: 'NoExecute',
};

function taintsOf(template: NodeTemplate, state: TaintState): readonly Taint[] {
  const others = template.taints.filter((taint) => taint.key !== stateTaintKey);
  if (state === 'none') return others;
  return [...others, { key: stateTaintKey, value: state, effect: stateTaintEffects[state] }];
}

/** Cut, not rounded, and with the zone it was written in, as Go prints RFC 3339. */
function secondPrecision(date: Rfc3339): string {
  return date
    .toUpperCase()
    .replace(/\.\d+/, '')
    .replace(/[+-]00:00$/, 'Z');
}

/** Whole days of 24 hours from now to a date, negative when it has passed. */
export function daysUntil(date: Rfc3339, now: number): number {
  return Math.trunc((instantOf(date) - now) / 86_400_000);
}
