/** The metrics page: Sabakan's series under their names, and our own under `tetsukan_` (Prometheus text format 0.0.4). */

import type { World } from '../base/world.ts';
import type { Bridge } from '../cke-bridge/bridge.ts';
import type { Monitor } from '../health/monitor.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { machineMetrics } from './machine-metrics.ts';
import { byLabel, formatFamily, gauge, type MetricFamily, one } from './metric-text.ts';
import type { RequestCounter } from './request-count.ts';

export type MetricParts = {
  readonly clock: World['clock'];
  readonly inventory: Inventory;
  readonly monitor: () => Monitor | undefined;
  readonly bridge: Bridge | undefined;
  readonly isLeader: () => boolean;
  readonly requests: RequestCounter;
  /** Open now. */
  readonly watchers: number;
  /** The image index of all servers, sizes in bytes. */
  readonly images: () => readonly { readonly size: number }[];
  readonly assets: () => readonly { readonly size: number }[];
  /** Counters of the boot services, by name: each becomes `tetsukan_<name>_total`. */
  readonly bootCounters: () => Readonly<Record<string, number>>;
  /** What only the process knows. */
  readonly process: () => readonly MetricFamily[];
};

/** What changes while the page is written shows in this page or in the next. */
export async function metricsText(parts: MetricParts): Promise<string> {
  const pause = () => new Promise<void>((go) => parts.clock.after(0, go));
  const machines = await machineMetrics(parts.inventory.machines(), pause);
  const families = [
    ...requestFamilies(parts.requests),
    ...blobFamilies('boot images', 'images', parts.images()),
    ...blobFamilies('assets', 'assets', parts.assets()),
    ...inventoryFamilies(parts.inventory),
    gauge(
      'tetsukan_leader',
      'Whether this server runs health and cluster loops.',
      +parts.isLeader(),
    ),
    gauge('tetsukan_watchers', 'Open watches of version 2.', parts.watchers),
    ...healthFamilies(parts.monitor()),
    ...clusterFamilies(parts.bridge),
    ...Object.entries(parts.bootCounters()).map(([name, value]) =>
      one(
        `tetsukan_${name}_total`,
        'counter',
        `Boot services: ${name.replaceAll('_', ' ')}.`,
        value,
      ),
    ),
    ...parts.process(),
  ];
  return machines + families.map(formatFamily).join('');
}

function requestFamilies(requests: RequestCounter): readonly MetricFamily[] {
  const all = requests.all();
  const labels = ({ code, path, verb }: (typeof all)[number]) => ({
    code: String(code),
    path,
    verb,
  });
  return [
    {
      name: 'sabakan_api_request_count',
      help: 'The number of API requests.',
      type: 'counter',
      samples: all.map((series) => ({ labels: labels(series), value: series.count })),
    },
    {
      name: 'tetsukan_api_request_seconds_total',
      help: 'Time spent on API requests until the answer was ready.',
      type: 'counter',
      samples: all.map((series) => ({ labels: labels(series), value: series.seconds })),
    },
  ];
}

function blobFamilies(
  what: string,
  name: string,
  blobs: readonly { readonly size: number }[],
): readonly MetricFamily[] {
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  return [
    gauge(`sabakan_${name}_bytes_total`, `The total bytes of ${what}.`, bytes),
    gauge(`sabakan_${name}_items_total`, `The total items of ${what}.`, blobs.length),
  ];
}

function inventoryFamilies(inventory: Inventory): readonly MetricFamily[] {
  const freshness = inventory.freshness();
  const silentSeconds = freshness.kind === 'behind' ? freshness.silentMs / 1000 : 0;
  return [
    gauge(
      'tetsukan_inventory_live',
      'Whether the inventory follows the store.',
      +(freshness.kind === 'live'),
    ),
    gauge(
      'tetsukan_inventory_silent_seconds',
      'How long the store has been silent.',
      silentSeconds,
    ),
    gauge('tetsukan_inventory_machines', 'Machines in the inventory.', inventory.machines().length),
    gauge(
      'tetsukan_inventory_broken_records',
      'Records in the store that cannot be read.',
      inventory.broken().size,
    ),
  ];
}

function healthFamilies(monitor: Monitor | undefined): readonly MetricFamily[] {
  if (monitor === undefined) return [];
  const overview = monitor.overview();
  const { counters } = overview;
  return [
    {
      name: 'tetsukan_health_verdicts',
      help: 'Machines by the kind of their last verdict.',
      type: 'gauge',
      samples: byLabel('verdict', overview.verdicts),
    },
    gauge('tetsukan_health_holds', 'Crowds that hold moves back.', overview.holds.length),
    gauge(
      'tetsukan_health_waiting',
      'Reasons for which nothing is moved.',
      overview.waitingFor.length,
    ),
    gauge('tetsukan_health_probes_under_way', 'Machines being asked.', overview.underWay),
    gauge('tetsukan_health_late_seconds', 'How late probes are.', overview.lateMs / 1000),
    {
      name: 'tetsukan_health_probe_results_total',
      help: 'Answers to probes by kind.',
      type: 'counter',
      samples: byLabel('result', counters.results),
    },
    one('tetsukan_health_moves_total', 'counter', 'States changed.', counters.moves),
    one(
      'tetsukan_health_moves_refused_total',
      'counter',
      'Moves the inventory did not take.',
      counters.movesRefused,
    ),
    one('tetsukan_health_held_total', 'counter', 'Verdicts held back by a crowd.', counters.held),
  ];
}

function clusterFamilies(bridge: Bridge | undefined): readonly MetricFamily[] {
  if (bridge === undefined) return [];
  const view = bridge.plan();
  const { counters } = view;
  const kinds = [
    'passes',
    'writes',
    'quiet',
    'held',
    'conflicts',
    'storeProblems',
    'sinkProblems',
  ] as const;
  return [
    gauge(
      'tetsukan_cluster_generation',
      'Generation of the cluster written last.',
      view.generation,
    ),
    {
      name: 'tetsukan_cluster_nodes',
      help: 'Nodes of the planned cluster.',
      type: 'gauge',
      samples: [
        { labels: { kind: 'control-plane' }, value: view.controlPlanes.length },
        { labels: { kind: 'worker' }, value: view.workers.length },
      ],
    },
    gauge('tetsukan_cluster_pending', 'Whether a write is due.', +view.pending),
    gauge('tetsukan_cluster_swaps', 'Failed workers being replaced.', view.swaps.length),
    gauge('tetsukan_cluster_refusals', 'Guards that hold the plan.', view.refusals.length),
    {
      name: 'tetsukan_cluster_loop_total',
      help: 'What passes of the cluster loop came to.',
      type: 'counter',
      samples: kinds.map((kind) => ({
        labels: { outcome: kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) },
        value: counters[kind],
      })),
    },
    gauge(
      'tetsukan_cluster_planning_seconds',
      'Duration of the last planning.',
      counters.planningMs / 1000,
    ),
  ];
}
