/** The metrics page: Sabakan's series under their names, and our own under `tetsukan_` (Prometheus text format 0.0.4). */

import { formatIpv4 } from '../base/addresses.ts';
import type { World } from '../base/world.ts';
import type { Bridge } from '../cke-bridge/bridge.ts';
import type { Monitor } from '../health/monitor.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { machineStates } from '../inventory/machine.ts';
import type { RequestCounter } from './request-count.ts';

export type MetricType = 'gauge' | 'counter';

/** One family: name, what it means, and its samples. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly samples: readonly MetricSample[];
};
export type MetricSample = {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
};

export type MetricParts = {
  readonly clock: World['clock'];
  readonly inventory: Inventory;
  readonly monitor: () => Monitor | undefined;
  readonly bridge: Bridge | undefined;
  readonly isLeader: () => boolean;
  readonly requests: RequestCounter;
  /** The image index of all servers, sizes in bytes. */
  readonly images: () => readonly { readonly size: number }[];
  readonly assets: () => readonly { readonly size: number }[];
  /** Counters of the boot services, by name: each becomes `tetsukan_<name>_total`. */
  readonly bootCounters: () => Readonly<Record<string, number>>;
  /** What only the process knows. */
  readonly process: () => readonly MetricFamily[];
};

export function metricsText(parts: MetricParts): string {
  return [
    machineStatus(parts.inventory),
    ...requestFamilies(parts.requests),
    ...blobFamilies('boot images', 'images', parts.images()),
    ...blobFamilies('assets', 'assets', parts.assets()),
    ...inventoryFamilies(parts.inventory),
    gauge(
      'tetsukan_leader',
      'Whether this server runs health and cluster loops.',
      +parts.isLeader(),
    ),
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
  ]
    .map(formatFamily)
    .join('');
}

/** Seven series a machine: 1 for its state, 0 for the others. Sabakan's, with its labels. */
function machineStatus(inventory: Inventory): MetricFamily {
  const samples = inventory.machines().flatMap(({ spec, status }) => {
    const [first] = spec.ipv4;
    const labels = {
      address: first === undefined ? '' : formatIpv4(first),
      serial: spec.serial,
      rack: String(spec.rack),
      role: spec.role,
      machine_type: spec.labels.get('machine-type') ?? '',
    };
    return machineStates.map((state) => ({
      labels: { status: state, ...labels },
      value: +(state === status.state),
    }));
  });
  return {
    name: 'sabakan_machine_status',
    help: 'The machine status set by HTTP API.',
    type: 'gauge',
    samples,
  };
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

export function one(name: string, type: MetricType, help: string, value: number): MetricFamily {
  return { name, type, help, samples: [{ value }] };
}

export function gauge(name: string, help: string, value: number): MetricFamily {
  return one(name, 'gauge', help, value);
}

function byLabel(label: string, values: Readonly<Record<string, number>>): readonly MetricSample[] {
  return Object.entries(values).map(([kind, value]) => ({ labels: { [label]: kind }, value }));
}

function formatFamily({ name, help, type, samples }: MetricFamily): string {
  if (samples.length === 0) return '';
  let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  for (const { labels, value } of samples) text += `${name}${formatLabels(labels)} ${value}\n`;
  return text;
}

function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return '';
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
    : value;
}
