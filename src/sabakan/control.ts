/**
 * The loops that only one server runs: health and the bridge, on the elected leader, fenced by its claim.
 */

import { assert } from '../base/assert.ts';
import { createLeadership } from '../base/leadership.ts';
import type { Condition } from '../base/store.ts';
import type { World } from '../base/world.ts';
import { type Bridge, type ClusterSink, createBridge } from '../cke-bridge/bridge.ts';
import type { BridgeSettings, Constraints } from '../cke-bridge/settings.ts';
import type { ClusterTemplate } from '../cke-bridge/template.ts';
import { createMonitor, type Monitor } from '../health/monitor.ts';
import type { HealthPolicy } from '../health/policy.ts';
import type { Prober } from '../health/probe.ts';
import type { BrakeBoard } from '../inventory/brake-board.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { type BrakeLoop, startBrakeLoop } from './brake-loop.ts';

/** What the bridge works with; absent where this server has no cluster to keep. */
export type ClusterParts = {
  readonly template: () => ClusterTemplate | undefined;
  readonly constraints: Constraints;
  readonly settings: BridgeSettings;
  readonly sink: ClusterSink;
};

export type Control = {
  readonly start: () => void;
  /** Gives leadership up at once. */
  readonly stop: () => Promise<void>;
  readonly isLeader: () => boolean;
  readonly holder: () => string | undefined;
  /** The monitor of this term; undefined while another server leads. */
  readonly monitor: () => Monitor | undefined;
  readonly bridge: Bridge | undefined;
};

export const leaderKey = 'tetsukan/leader';

/** A dead leader is replaced this much later at the most; shorter makes a busy etcd change leaders. */
const leaderTtlSeconds = 10;

export function createControl(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly inventory: Inventory;
  readonly board: BrakeBoard;
  readonly prober: Prober;
  /** Undefined: nothing is probed, and states are set by others. */
  readonly policy: HealthPolicy | undefined;
  readonly cluster: ClusterParts | undefined;
  readonly serverName: string;
}): Control {
  const { world, inventory, board, prober, policy, cluster, serverName } = deps;
  const { log } = world;
  let fence: Condition | undefined;
  let monitor: Monitor | undefined;
  let brakes: BrakeLoop | undefined;

  const bridge =
    cluster === undefined
      ? undefined
      : createBridge({
          world,
          inventory,
          ...cluster,
          fence: () => fence,
          stopped: () => board.stopped('cluster'),
        });

  const leadership = createLeadership({
    store: world.store,
    clock: world.clock,
    log,
    key: leaderKey,
    holder: serverName,
    ttlSeconds: leaderTtlSeconds,
    onElected: (claim) => {
      assert(monitor === undefined, 'one term at a time');
      const runs = [
        ...(policy === undefined ? [] : ['health']),
        ...(bridge === undefined ? [] : ['bridge']),
      ];
      log.info('leading', { server: serverName, runs });
      const held = { kind: 'held', key: claim.key, createRevision: claim.createRevision } as const;
      fence = held;
      const actor = { user: 'health', ip: '', host: serverName };
      if (policy !== undefined) {
        const stopped = () => board.stopped('health');
        monitor = createMonitor({ world, inventory, prober, policy, fence: held, actor, stopped });
        void monitor.start();
      }
      bridge?.start();
      const healthSettlesMs = policy === undefined ? 0 : 3 * policy.intervalSeconds * 1000 + 5_000;
      brakes = startBrakeLoop({
        world,
        serverName,
        board,
        fence: held,
        monitor,
        healthSettlesMs,
        bridge,
      });
    },
    onLost: (why) => {
      log.warn('no longer leading', { server: serverName, why });
      fence = undefined;
      brakes?.stop();
      brakes = undefined;
      monitor?.stop();
      monitor = undefined;
      bridge?.stop();
    },
  });

  return {
    start: leadership.start,
    stop: async () => {
      brakes?.stop();
      monitor?.stop();
      bridge?.stop();
      await leadership.stop();
    },
    isLeader: leadership.isLeader,
    holder: leadership.holder,
    monitor: () => monitor,
    bridge,
  };
}
