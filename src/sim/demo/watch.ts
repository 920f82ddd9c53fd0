/** What the demo sees of the fleet: polled as any client could, changes printed as they show. */

import { ok, type Result } from '../../base/result.ts';
import type { Api } from '../api.ts';
import type { Progress } from './progress.ts';

type SeenMachine = {
  readonly spec: {
    readonly serial: string;
    readonly role: string;
    readonly rack: number;
    readonly ipv4: readonly string[];
  };
  readonly status: { readonly state: string };
};

type Told = { readonly text: string };

type SeenPlan = {
  readonly pending: boolean;
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
  readonly refusals: readonly (Told & { readonly kind: string })[];
  readonly waitingFor: readonly (Told & { readonly kind: string })[];
  readonly writes: readonly { readonly generation: number; readonly changes: readonly string[] }[];
};

export type FleetWatch = {
  /** Asks the server and prints what changed. */
  readonly look: () => Promise<Result<void, string>>;
  readonly machines: () => readonly SeenMachine[];
  readonly machine: (serial: string) => SeenMachine | undefined;
  readonly plan: () => SeenPlan | undefined;
};

const changesShownMax = 2;
/** Waiting that every growing cluster does and nobody needs to read. */
const everyday = new Set(['machines-settle', 'spare-pool', 'control-plane-candidates']);

/** @param extra counts of the site to show beside the states: machines by boot stage. */
export function createFleetWatch(
  api: Api,
  progress: Progress,
  extra: () => ReadonlyMap<string, number>,
): FleetWatch {
  let machines: ReadonlyMap<string, SeenMachine> = new Map();
  let plan: SeenPlan | undefined;
  let generation = 0;
  let said: ReadonlySet<string> = new Set();

  const tellStates = async (next: ReadonlyMap<string, SeenMachine>): Promise<void> => {
    for (const [serial, { status }] of next) {
      const before = machines.get(serial)?.status.state;
      if (before === undefined || before === status.state) continue;
      // 56 machines that turn healthy are a count; what goes wrong has a reason.
      if (before === 'uninitialized' && status.state === 'healthy') continue;
      const view = await api.get<{ readonly status: { readonly reason: Told | null } }>(
        `/api/v2/machines/${serial}`,
      );
      const why = view.ok ? (view.value.status.reason?.text ?? '') : '';
      progress.say('state', `${serial} ${before} -> ${status.state}  ${why}`, 'strong');
    }
    const counts = new Map(extra());
    const healthy = [...next.values()].filter(({ status }) => status.state === 'healthy');
    counts.set('healthy', healthy.length);
    progress.counts('machines', counts);
  };

  const tellPlan = (next: SeenPlan): void => {
    const fresh = next.writes.filter((write) => write.generation > generation);
    const [first] = fresh;
    if (first !== undefined) {
      const changes = fresh.flatMap((write) => write.changes);
      const more = changes.length - changesShownMax;
      const rest = more > 0 ? [`and ${more} more`] : [];
      const last = fresh.at(-1)?.generation ?? first.generation;
      const which = first.generation === last ? `${last}` : `${first.generation} to ${last}`;
      const text = [...changes.slice(0, changesShownMax), ...rest].join('; ');
      progress.say('plan', `cluster.yml ${which}: ${text}`);
      generation = last;
    }
    const waits = [...next.refusals, ...next.waitingFor].filter(({ kind }) => !everyday.has(kind));
    const kinds = new Set(waits.map(({ kind }) => kind));
    for (const { kind, text } of waits) if (!said.has(kind)) progress.say('waiting', text);
    said = kinds;
  };

  return {
    machines: () => [...machines.values()],
    machine: (serial) => machines.get(serial),
    plan: () => plan,
    look: async () => {
      const listed = await api.get<readonly SeenMachine[]>('/api/v1/machines');
      if (!listed.ok) return listed;
      const next = new Map(listed.value.map((machine) => [machine.spec.serial, machine]));
      await tellStates(next);
      machines = next;
      const planned = await api.get<SeenPlan>('/api/v2/plan');
      if (!planned.ok) return planned;
      plan = planned.value;
      tellPlan(plan);
      return ok(undefined);
    },
  };
}
