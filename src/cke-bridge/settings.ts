/** Constraints (CKE's own, with CKE's names) and the bridge's settings, parsed with all mistakes at once. */

import { fail, ok, type Result } from '../base/result.ts';
import { bootRole, type Role } from '../inventory/machine.ts';
import type { Mistake } from './mistake.ts';
import { checkShape, memberOf, mistakeAt, type Shape } from './shape/shape.ts';
import { type Tree, treeOfPlain } from './shape/tree.ts';

export type Constraints = {
  /** Exact number of control planes. */
  readonly controlPlaneCount: number;
  /** Percent of the wanted workers that must be healthy after a worker has left. */
  readonly minimumWorkersRate: number;
};

export type BridgeSettings = {
  /** Every healthy machine, as CKE does, or so many per role; a role that is not named gets none. */
  readonly workers: 'all' | ReadonlyMap<Role, number>;
  /** Healthy machines per role kept out of the cluster, to step in for failed workers. */
  readonly spares: ReadonlyMap<Role, number>;
  /** Roles that are never offered to a cluster. */
  readonly excludedRoles: readonly Role[];
  /** How long a machine must have been healthy before it is offered. */
  readonly minHealthySeconds: number;
  /** How long a worker is down before a spare steps in. */
  readonly replaceAfterSeconds: number;
  /** How long a newcomer must be a healthy member before the failed one leaves. */
  readonly newcomerSettleSeconds: number;
  /** How long a retired machine stays listed; CKE waits 300 s where it sees retired machines at all. */
  readonly retiredStaySeconds: number;
  /** How long a control plane is down before it is replaced. */
  readonly replaceControlPlaneAfterSeconds: number;
  /** Quiet time between two changes of the control planes. */
  readonly controlPlaneSettleSeconds: number;
  /** How long the first generation waits for candidates in more racks. */
  readonly spreadWaitSeconds: number;
  /** At most one change of a node's state taint in this time; retirement is told at once. */
  readonly taintIntervalSeconds: number;
  /** This many falls within the window hold a machine out … */
  readonly flapsMax: number;
  readonly flapWindowSeconds: number;
  /** … until it has been healthy for this long. */
  readonly flapHoldSeconds: number;
  readonly removalsPerPassMax: number;
  readonly removalsPercentMax: number;
  readonly secondsBetweenRemovals: number;
  /** More members than this (and more than one) gone from the inventory at once is an alarm, not an order. */
  readonly vanishedPercentMax: number;
  /** More members than this (and more than one) down at once: taints only. */
  readonly downPercentMax: number;
  /** More of a rack's members than this down: the rack is one incident, nobody in it is replaced. */
  readonly rackDownPercentMax: number;
  /** Kubernetes supports clusters of up to 5,000 nodes. */
  readonly nodesMax: number;
  readonly intervalSeconds: number;
  /** How long changes of the inventory are gathered before a pass. */
  readonly debounceMs: number;
};

export const defaultConstraints: Constraints = { controlPlaneCount: 1, minimumWorkersRate: 80 };

export const defaultBridgeSettings: BridgeSettings = {
  workers: 'all',
  spares: new Map(),
  excludedRoles: [bootRole],
  minHealthySeconds: 60,
  replaceAfterSeconds: 600,
  newcomerSettleSeconds: 60,
  retiredStaySeconds: 0,
  replaceControlPlaneAfterSeconds: 1800,
  controlPlaneSettleSeconds: 300,
  spreadWaitSeconds: 300,
  taintIntervalSeconds: 30,
  flapsMax: 3,
  flapWindowSeconds: 3600,
  flapHoldSeconds: 1800,
  removalsPerPassMax: 5,
  removalsPercentMax: 10,
  secondsBetweenRemovals: 60,
  vanishedPercentMax: 10,
  downPercentMax: 20,
  rackDownPercentMax: 50,
  nodesMax: 5000,
  intervalSeconds: 60,
  debounceMs: 200,
};

const percent: Shape = { kind: 'integer', min: 0, max: 100 };
const count: Shape = { kind: 'integer', min: 0 };
const roleName = (key: string): string | undefined =>
  /^[a-z0-9A-Z]([a-z0-9A-Z_.-]{0,61}[a-z0-9A-Z])?$/.test(key) ? undefined : 'must be a role';

/** The last three steer CKE's own repair and reboot queues; they are checked here and left to CKE. */
const constraintsShape: Shape = {
  kind: 'members',
  members: {
    'control-plane-count': { kind: 'integer', min: 1, max: 99 },
    'minimum-workers-rate': percent,
    'maximum-unreachable-nodes-for-reboot': count,
    'maximum-repair-queue-entries': count,
    'wait-seconds-to-repair-rebooting': count,
  },
};

/** A member that is not given has its default, also when others are given (CKE takes 0 then). */
export function parseConstraints(given: unknown): Result<Constraints, readonly Mistake[]> {
  const tree = treeOfPlain(given ?? {});
  const found: Mistake[] = [];
  checkShape(tree, constraintsShape, '', found);
  if (found.length > 0) return fail(found);
  return ok({
    controlPlaneCount: numberOf(tree, 'control-plane-count', defaultConstraints.controlPlaneCount),
    minimumWorkersRate: numberOf(
      tree,
      'minimum-workers-rate',
      defaultConstraints.minimumWorkersRate,
    ),
  });
}

const rolesToCounts: Shape = { kind: 'map', key: roleName, of: count };
const seconds: Shape = { kind: 'integer', min: 0, max: 31_536_000 };

/** The name of each number in a configuration file, and what it may be. */
const numbers = {
  minHealthySeconds: ['min-healthy-seconds', seconds],
  replaceAfterSeconds: ['replace-after-seconds', seconds],
  newcomerSettleSeconds: ['newcomer-settle-seconds', seconds],
  retiredStaySeconds: ['retired-stay-seconds', seconds],
  replaceControlPlaneAfterSeconds: ['replace-control-plane-after-seconds', seconds],
  controlPlaneSettleSeconds: ['control-plane-settle-seconds', seconds],
  spreadWaitSeconds: ['spread-wait-seconds', seconds],
  taintIntervalSeconds: ['taint-interval-seconds', seconds],
  flapsMax: ['flaps-max', { kind: 'integer', min: 1, max: 100 }],
  flapWindowSeconds: ['flap-window-seconds', seconds],
  flapHoldSeconds: ['flap-hold-seconds', seconds],
  removalsPerPassMax: ['removals-per-pass-max', { kind: 'integer', min: 1 }],
  removalsPercentMax: ['removals-percent-max', { kind: 'integer', min: 1, max: 100 }],
  secondsBetweenRemovals: ['seconds-between-removals', seconds],
  vanishedPercentMax: ['vanished-percent-max', percent],
  downPercentMax: ['down-percent-max', percent],
  rackDownPercentMax: ['rack-down-percent-max', percent],
  nodesMax: ['nodes-max', { kind: 'integer', min: 1, max: 5000 }],
  intervalSeconds: ['interval-seconds', { kind: 'integer', min: 1, max: 3600 }],
  debounceMs: ['debounce-ms', { kind: 'integer', min: 0, max: 60_000 }],
} as const satisfies Readonly<Record<string, readonly [string, Shape]>>;

const settingsShape: Shape = {
  kind: 'members',
  members: {
    workers: {
      kind: 'either',
      text: 'must be "all" or a mapping from roles to counts',
      fits: (tree) =>
        tree.plain === 'all'
          ? { kind: 'text' }
          : tree.value.kind === 'members'
            ? rolesToCounts
            : undefined,
    },
    spares: rolesToCounts,
    'excluded-roles': {
      kind: 'list',
      of: { kind: 'text', wrong: roleName },
    },
    ...Object.fromEntries(Object.values(numbers)),
  },
};

/** Settings as they stand in the configuration file (names with hyphens), or every mistake. */
export function parseBridgeSettings(given: unknown): Result<BridgeSettings, readonly Mistake[]> {
  const tree = treeOfPlain(given ?? {});
  const found: Mistake[] = [];
  checkShape(tree, settingsShape, '', found);
  const defaults = defaultBridgeSettings;
  const workers = memberOf(tree, 'workers');
  const spares = memberOf(tree, 'spares');
  const excluded = memberOf(tree, 'excluded-roles')?.plain;
  if (found.length > 0) return fail(found);
  const settings: BridgeSettings = {
    ...defaults,
    ...Object.fromEntries(
      Object.entries(numbers).map(([key, [name]]) => [
        key,
        numberOf(tree, name, defaults[key as keyof typeof numbers]),
      ]),
    ),
    workers: workers === undefined || workers.plain === 'all' ? 'all' : countsOf(workers),
    spares: spares === undefined ? defaults.spares : countsOf(spares),
    excludedRoles: excluded === undefined ? defaults.excludedRoles : (excluded as readonly Role[]),
  };
  checkContradictions(tree, settings, found);
  return found.length > 0 ? fail(found) : ok(settings);
}

function checkContradictions(tree: Tree, settings: BridgeSettings, found: Mistake[]): void {
  const counted = settings.workers === 'all' ? [] : [...settings.workers.keys()];
  for (const [name, roles] of [
    ['workers', counted],
    ['spares', [...settings.spares.keys()]],
  ] as const) {
    for (const role of roles.filter((each) => settings.excludedRoles.includes(each))) {
      const text = `names ${role}, which excluded-roles keeps out of every cluster`;
      found.push(mistakeAt(memberOf(tree, name) ?? tree, `/${name}/${role}`, text));
    }
  }
  if (settings.flapHoldSeconds < settings.minHealthySeconds) {
    const given = memberOf(tree, 'flap-hold-seconds') ?? tree;
    const text = `must not be shorter than min-healthy-seconds (${settings.minHealthySeconds})`;
    found.push(mistakeAt(given, '/flap-hold-seconds', text));
  }
}

function numberOf(tree: Tree, name: string, otherwise: number): number {
  const given = memberOf(tree, name)?.plain;
  return typeof given === 'number' ? given : otherwise;
}

function countsOf(tree: Tree): ReadonlyMap<Role, number> {
  const members = tree.value.kind === 'members' ? [...tree.value.members] : [];
  return new Map(members.map(([role, item]) => [role as Role, Number(item.plain)]));
}
