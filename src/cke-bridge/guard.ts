/**
 * The brakes before planning: is what we look at sane? (After planning, `plan-check.ts` looks at what we would do.)
 *
 * Empty never means all: an inventory that is empty, partial, old or silent changes nothing.
 */

import type { Freshness } from '../base/mirror.ts';
import { compareRevisions, type Revision } from '../base/store.ts';
import type { Instant } from '../base/time.ts';
import type { Machine, Serial } from '../inventory/machine.ts';
import type { LastCluster, Member } from './cluster.ts';
import { shareOf } from './limits.ts';
import { isDown } from './plan/memory.ts';
import type { Refusal, RefusalKind } from './refusal.ts';
import type { BridgeSettings } from './settings.ts';
import { type ClusterTemplate, workerTemplateOf } from './template.ts';

export type GuardInput = {
  readonly template: ClusterTemplate | undefined;
  readonly settings: BridgeSettings;
  readonly machines: readonly Machine[];
  readonly unreadable: ReadonlySet<Serial>;
  readonly freshness: Freshness;
  readonly revision: Revision;
  readonly lastCluster: LastCluster | undefined;
  /** How far wall time has departed from monotonic time of late; 0 when it keeps step. */
  readonly clockJumpMs: number;
  readonly acknowledged: ReadonlySet<RefusalKind>;
  /** An operator's brake, in their words; undefined: none. */
  readonly stopped?: string | undefined;
  readonly now: Instant;
};

/** How far this clock may lie behind the one that wrote last before time is distrusted. */
const clockBehindMsMax = 5000;

export function checkInput(input: GuardInput): readonly Refusal[] {
  const refusals = [
    checkFreshness(input),
    checkTemplate(input),
    checkRewound(input),
    checkEmpty(input),
    checkShrunken(input),
    ...checkControlPlanes(input),
    checkDown(input),
    checkClock(input),
    checkStopped(input),
  ];
  return refusals.flatMap((refusal) =>
    refusal === undefined || input.acknowledged.has(refusal.kind) ? [] : refusal,
  );
}

/** What stands in spite of a person's word: shown, but holding nothing. */
export function overruled(input: GuardInput): readonly Refusal[] {
  if (input.acknowledged.size === 0) return [];
  const all = checkInput({ ...input, acknowledged: new Set() });
  return all.filter(({ kind }) => input.acknowledged.has(kind));
}

function checkStopped({ stopped }: GuardInput): Refusal | undefined {
  if (stopped === undefined) return undefined;
  return {
    kind: 'stopped',
    holds: 'all-but-taints',
    text: stopped,
    numbers: {},
    release: 'goes on once an operator takes the brake off (tetsu brake off), or it expires',
  };
}

function checkFreshness({ freshness }: GuardInput): Refusal | undefined {
  if (freshness.kind === 'live') return undefined;
  const behind = freshness.kind === 'behind';
  return {
    kind: 'inventory-not-live',
    holds: 'everything',
    text: behind
      ? `the inventory has not been heard from for ${Math.round(freshness.silentMs / 1000)} s: ${freshness.text}`
      : 'the inventory is still being loaded',
    numbers: { silentMs: behind ? freshness.silentMs : 0 },
    release: 'goes on by itself once the inventory is up to date',
  };
}

function checkTemplate({ template, lastCluster }: GuardInput): Refusal | undefined {
  if (template === undefined) {
    return {
      kind: 'template-missing',
      holds: 'everything',
      text: 'there is no cluster template',
      numbers: {},
      release: 'give a cluster template in the configuration',
    };
  }
  const without = (lastCluster?.members ?? []).filter(
    (member) => !member.controlPlane && workerTemplateOf(template, member.facts.role) === undefined,
  );
  const roles = [...new Set(without.map((member) => member.facts.role))].sort();
  if (roles.length === 0) return undefined;
  return {
    kind: 'template-lacks-role',
    holds: 'everything',
    text: `${without.length} workers have the role ${roles.join(', ')}, for which the template has no worker any more`,
    numbers: { workers: without.length },
    release: `give the template a worker with ${roles.map((role) => `cke.cybozu.com/role: ${role}`).join(', ')}, or retire these machines first`,
  };
}

/** The record lives in the same store, so the file's own line (sink.ts) is what usually gives a restore away. */
function checkRewound({ revision, lastCluster, freshness }: GuardInput): Refusal | undefined {
  if (lastCluster === undefined || freshness.kind !== 'live') return undefined;
  if (compareRevisions(revision, lastCluster.inventoryRevision) >= 0) return undefined;
  return rewound(revision, lastCluster.inventoryRevision, 'the last cluster was made');
}

export function rewound(revision: Revision, known: Revision, when: string): Refusal {
  return {
    kind: 'store-rewound',
    holds: 'everything',
    text: `the inventory here is of revision ${revision}, but ${when} from revision ${known}: this server lags behind, or the store was restored from a backup`,
    numbers: { revision: Number(revision), known: Number(known) },
    release:
      'goes on by itself once this server has caught up; after a restore, bring the store back to its newest state',
  };
}

function checkEmpty({ machines, lastCluster }: GuardInput): Refusal | undefined {
  const members = lastCluster?.members.length ?? 0;
  if (machines.length > 0 || members === 0) return undefined;
  return {
    kind: 'inventory-empty',
    holds: 'everything',
    text: `the inventory holds no machine at all, the cluster ${members}`,
    numbers: { machines: 0, members },
    release: 'goes on by itself once the inventory holds the machines again',
  };
}

function checkShrunken(input: GuardInput): Refusal | undefined {
  const members = input.lastCluster?.members ?? [];
  // A retired machine may be deleted: that it goes was decided by a person before.
  const gone = vanished(input).filter((member) => member.taint.state !== 'retired').length;
  const most = shareOf(input.settings.vanishedPercentMax, members.length);
  if (gone <= most) return undefined;
  return {
    kind: 'inventory-shrunken',
    holds: 'everything',
    text: `${gone} of ${members.length} members are missing from the inventory; more than ${most} at once is taken for an error, not for an order`,
    numbers: { missing: gone, members: members.length, limit: most },
    release:
      'goes on by itself once they are back; if they are really gone, acknowledge inventory-shrunken, or raise vanished-percent-max',
  };
}

function vanished({ lastCluster, machines, unreadable }: GuardInput): readonly Member[] {
  const members = lastCluster?.members ?? [];
  const present = new Set(machines.map((machine) => machine.spec.serial));
  return members.filter(({ facts }) => !present.has(facts.serial) && !unreadable.has(facts.serial));
}

/** CKE's rule (half of them gone: wait for a human), and one step further: the silent ones count too. */
function checkControlPlanes(input: GuardInput): readonly Refusal[] {
  const controlPlanes = (input.lastCluster?.members ?? []).filter((member) => member.controlPlane);
  if (controlPlanes.length === 0) return [];
  const stateOf = new Map(
    input.machines.map((machine) => [machine.spec.serial, machine.status.state]),
  );
  let gone = 0;
  let silent = 0;
  for (const { facts } of controlPlanes) {
    const state = stateOf.get(facts.serial);
    if (state === undefined && input.unreadable.has(facts.serial)) continue;
    if (state === undefined || state === 'retired') gone += 1;
    else if (state === 'unreachable') silent += 1;
  }
  const count = controlPlanes.length;
  if (gone > 0 && gone * 2 >= count) {
    return [
      {
        kind: 'control-planes-vanished',
        holds: 'everything',
        text: `${gone} of ${count} control planes are gone from the inventory or retired: the others are no majority`,
        numbers: { gone, controlPlanes: count },
        release: 'bring machines back, or restore etcd of the cluster by hand',
      },
    ];
  }
  if (silent === 0 || (count - gone - silent) * 2 > count) return [];
  return [
    {
      kind: 'control-planes-silent',
      holds: 'all-but-taints',
      text: `${silent} of ${count} control planes are unreachable and ${gone} gone: the quorum of the cluster is lost or about to be`,
      numbers: { silent, gone, controlPlanes: count },
      release: 'goes on by itself once a majority of the control planes is reachable',
    },
  ];
}

function checkDown({ lastCluster, machines, settings }: GuardInput): Refusal | undefined {
  const members = new Set((lastCluster?.members ?? []).map((member) => member.facts.serial));
  const down = machines.filter(
    (machine) => isDown(machine.status.state) && members.has(machine.spec.serial),
  ).length;
  const most = shareOf(settings.downPercentMax, members.size);
  if (down <= most) return undefined;
  return {
    kind: 'many-down',
    holds: 'all-but-taints',
    text: `${down} of ${members.size} members are down together; above ${most} nodes are only tainted`,
    numbers: { down, members: members.size, limit: most },
    release:
      'goes on by itself once fewer are down; to let spares step in at once, acknowledge many-down',
  };
}

function checkClock({ lastCluster, clockJumpMs, now }: GuardInput): Refusal | undefined {
  const behindMs = lastCluster === undefined ? 0 : lastCluster.writtenAt - now;
  if (clockJumpMs === 0 && behindMs <= clockBehindMsMax) return undefined;
  const text =
    clockJumpMs === 0
      ? `this clock lies ${Math.round(behindMs / 1000)} s behind the last write`
      : `this clock jumped by ${Math.round(clockJumpMs / 1000)} s`;
  return {
    kind: 'clock-jumped',
    holds: 'all-but-taints',
    text: `${text}: deadlines cannot be trusted`,
    numbers: { jumpMs: clockJumpMs, behindMs: Math.max(0, behindMs) },
    release: 'goes on by itself once time has run evenly for a while; or acknowledge clock-jumped',
  };
}
