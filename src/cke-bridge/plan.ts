/**
 * The next cluster and its reasons: a function of the template, the inventory, the last cluster and the time.
 *
 * A pass proposes, in this order: control planes that are gone, then one that is dead, then their count; workers
 * that leave, within the removal budget; workers that join; taints. Newcomers come first: a failed worker leaves in
 * a later pass, when its newcomer has settled.
 */

import { formatInstant, type Instant } from '../base/time.ts';
import type { Machine, Serial } from '../inventory/machine.ts';
import type { Cluster, Member } from './cluster.ts';
import { nodeOfMember } from './node.ts';
import { foundControlPlanes, planControlPlanes } from './plan/control-planes.ts';
import {
  type Change,
  createDraft,
  type Draft,
  naming,
  type PlanInput,
  type Waiting,
} from './plan/draft.ts';
import { refreshMembers } from './plan/refresh.ts';
import { type Standing, standingText } from './plan/standing.ts';
import { planWorkers } from './plan/workers.ts';
import { type ClusterTemplate, workerTemplateOf } from './template.ts';

export type { Change, PlanInput, Waiting } from './plan/draft.ts';

export type Decision = {
  readonly is: 'control-plane' | 'worker' | 'out';
  /** Why, and what is awaited. */
  readonly text: string;
};

/** A failed worker and its newcomer, over all passes of their swap. */
export type Swap = {
  readonly failed: Serial;
  readonly newcomer: Serial;
  readonly stage: 'newcomer-joins' | 'newcomer-settles' | 'failed-leaves';
  readonly text: string;
};

export type Plan = {
  /** Undefined while there is no cluster yet. */
  readonly cluster: Cluster | undefined;
  /** Ascending by serial. */
  readonly members: readonly Member[];
  readonly changes: readonly Change[];
  readonly swaps: readonly Swap[];
  readonly waitingFor: readonly Waiting[];
  /** Of every machine of the inventory, and of members that are not in it. */
  readonly decisions: ReadonlyMap<Serial, Decision>;
  readonly removedAt: Instant | undefined;
  readonly controlPlanesChangedAt: Instant | undefined;
  /** When time alone may change the plan. */
  readonly lookAgainAt: Instant | undefined;
};

export function planNext(input: PlanInput): Plan {
  const draft = createDraft(input);
  const exists = input.lastCluster !== undefined;
  let stands = exists;
  if (input.mode === 'full') {
    if (exists) planControlPlanes(draft);
    else stands = foundControlPlanes(draft);
    if (stands) planWorkers(draft);
    waitForSettling(draft);
  }
  if (exists && input.mode !== 'frozen') refreshMembers(draft);
  const members = [...draft.next.values()].sort((a, b) =>
    a.facts.serial < b.facts.serial ? -1 : 1,
  );
  return {
    cluster: stands ? clusterOf(input.template, members) : undefined,
    members,
    changes: draft.changes,
    swaps: swapsOf(draft),
    waitingFor: draft.waiting,
    decisions: decisionsOf(draft),
    removedAt: draft.removedAt,
    controlPlanesChangedAt: exists || !stands ? draft.controlPlanesChangedAt : input.now,
    lookAgainAt: soonest(draft),
  };
}

/** Members as nodes, control planes first, then by address. A member without a template is left to the guards. */
function clusterOf(template: ClusterTemplate, members: readonly Member[]): Cluster {
  const nodes = members
    .flatMap((member) => {
      const nodeTemplate = member.controlPlane
        ? template.controlPlane
        : workerTemplateOf(template, member.facts.role);
      return nodeTemplate === undefined ? [] : nodeOfMember(member, nodeTemplate);
    })
    .sort((a, b) => Number(b.controlPlane) - Number(a.controlPlane) || a.address - b.address);
  return { top: template.top, nodes };
}

/** A change as an operator reads it. */
export function formatChange(change: Change): string {
  const { serial, why } = change;
  switch (change.kind) {
    case 'join':
      return `add ${serial} as ${change.controlPlane ? 'control plane' : 'worker'}: ${why}`;
    case 'leave':
      return `remove ${serial}: ${why}`;
    case 'promote':
      return `make ${serial} a control plane: ${why}`;
    case 'demote':
      return `make ${serial} a worker: ${why}`;
    case 'readdress':
      return `move ${serial} to its new address: ${why}`;
    case 'taint':
      return change.to === 'none'
        ? `remove the taint of ${serial}: ${why}`
        : `taint ${serial} as ${change.to}: ${why}`;
    case 'refresh':
      return `write ${serial} anew: ${why}`;
  }
}

/** One line for all who merely have to wait a little; each machine's own decision says when. */
function waitForSettling(draft: Draft): void {
  const settling: { serial: Serial; until: Instant }[] = [];
  for (const [serial, standing] of draft.standings) {
    if (standing.kind === 'settling') settling.push({ serial, until: standing.until });
  }
  if (settling.length === 0) return;
  const until = settling.reduce(
    (least, each) => Math.min(least, each.until),
    Number.MAX_VALUE,
  ) as Instant;
  const names = naming(settling.map((each) => each.serial));
  const seconds = draft.input.settings.minHealthySeconds;
  const text = `${names}: offered after ${seconds} s of health, the first at ${formatInstant(until)}`;
  draft.waiting.push({
    kind: 'machines-settle',
    text,
    serials: settling.map((each) => each.serial),
    until,
  });
}

function swapsOf(draft: Draft): readonly Swap[] {
  const left = new Set(
    draft.changes.flatMap((change) => (change.kind === 'leave' ? change.serial : [])),
  );
  const swaps: Swap[] = [];
  const before = draft.input.lastCluster?.members ?? [];
  const newcomers = new Map(
    [...before, ...draft.next.values()].flatMap((member) =>
      member.controlPlane || member.replaces === undefined ? [] : [[member.facts.serial, member]],
    ),
  );
  for (const member of newcomers.values()) {
    const failed = member.replaces;
    const newcomer = member.facts.serial;
    if (failed === undefined || !draft.next.has(newcomer)) continue;
    // Called off in this pass, since the failed one is back.
    if (!left.has(failed) && draft.next.get(newcomer)?.replaces === undefined) continue;
    const stage = left.has(failed)
      ? 'failed-leaves'
      : member.joinedAt === draft.input.now
        ? 'newcomer-joins'
        : 'newcomer-settles';
    swaps.push({ failed, newcomer, stage, text: `swap ${failed} by ${newcomer}` });
  }
  return swaps;
}

function decisionsOf(draft: Draft): ReadonlyMap<Serial, Decision> {
  const decisions = new Map<Serial, Decision>();
  const changed = new Map<Serial, string>();
  for (const change of draft.changes) {
    const before = changed.get(change.serial);
    const text = formatChange(change);
    changed.set(change.serial, before === undefined ? text : `${before}; ${text}`);
  }
  for (const machine of draft.input.machines) {
    decisions.set(machine.spec.serial, decisionOf(draft, machine, changed));
  }
  for (const member of draft.next.values()) {
    const { serial } = member.facts;
    if (decisions.has(serial)) continue;
    const why = draft.input.unreadable.has(serial)
      ? 'its record in the inventory cannot be read; it stays as it was'
      : 'its machine is no longer in the inventory';
    const text = draft.notes.get(serial);
    decisions.set(serial, {
      is: member.controlPlane ? 'control-plane' : 'worker',
      text: text === undefined ? why : `${why}; ${text}`,
    });
  }
  return decisions;
}

function decisionOf(
  draft: Draft,
  machine: Machine,
  changed: ReadonlyMap<Serial, string>,
): Decision {
  const { serial } = machine.spec;
  const member = draft.next.get(serial);
  const note = draft.notes.get(serial);
  const change = changed.get(serial);
  if (member !== undefined) {
    const taint = member.taint.state === 'none' ? '' : `, tainted as ${member.taint.state}`;
    const text = [change, note].filter((part) => part !== undefined).join('; ');
    const state = `is ${machine.status.state}${taint}`;
    return {
      is: member.controlPlane ? 'control-plane' : 'worker',
      text:
        text === ''
          ? `member since ${formatInstant(member.joinedAt)}, ${state}`
          : `${state}; ${text}`,
    };
  }
  return {
    is: 'out',
    text: change ?? note ?? outText(draft, machine, draft.standings.get(serial)),
  };
}

function outText(draft: Draft, machine: Machine, standing: Standing | undefined): string {
  const { settings, template, mode, lastCluster } = draft.input;
  if (standing === undefined) return 'is not a member';
  if (standing.kind !== 'ready') return standingText(standing, settings);
  if (mode !== 'full') return 'healthy and free; nobody joins while a guard holds the plan';
  const { role } = machine.spec;
  if (lastCluster === undefined && draft.next.size === 0) return 'waits for the first cluster';
  if (workerTemplateOf(template, role) === undefined) return 'spare: may only be a control plane';
  if (settings.workers !== 'all') {
    const wanted = settings.workers.get(role) ?? 0;
    return `spare: role ${role} gets ${wanted} workers`;
  }
  return `spare: ${settings.spares.get(role) ?? 0} machines of role ${role} are kept for swaps`;
}

function soonest(draft: Draft): Instant | undefined {
  let least: Instant | undefined;
  for (const { until } of draft.waiting) {
    if (until !== undefined && until > draft.input.now && (least === undefined || until < least)) {
      least = until;
    }
  }
  for (const standing of draft.standings.values()) {
    if (standing.kind !== 'held-out') continue;
    if (least === undefined || standing.until < least) least = standing.until;
  }
  return least;
}
