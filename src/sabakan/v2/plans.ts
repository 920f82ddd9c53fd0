/**
 * The plans of version 2: one of the cluster that is kept. A plan is no record, so it is looked at when somebody asks,
 * and every second while somebody watches; each difference from what was seen before is news.
 */

import { ok } from '../../base/result.ts';
import { absent, compareRevisions, type Revision, type Store } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { PlanView } from '../../cke-bridge/plan-view.ts';
import type { planColumns } from '../contract/columns.ts';
import { getClusterPlan, listPlans, type PlanV2, watchPlans } from '../contract/plan.ts';
import { type PlanReader, planJson } from '../v2-views.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, CollectionNews, Column } from './collection.ts';
import type { Endpoint } from './endpoint.ts';

export type PlanPartDeps = {
  readonly clock: Clock;
  readonly store: Pick<Store, 'get'>;
  readonly currentPlan: PlanReader;
  /** Of the cluster in its template, where that has one. */
  readonly clusterName: () => string | undefined;
};

const lookMs = 1_000;
/** A watch that was asked for may begin this much later. */
const beginsWithinMs = 10_000;

const columns: Readonly<Record<keyof typeof planColumns, Omit<Column<PlanV2>, 'name'>>> = {
  name: { text: ({ name }) => name },
  generation: numbered(({ generation }) => generation),
  pending: { text: ({ pending }) => String(pending) },
  held: numbered(({ refusals }) => refusals.length),
  controlPlanes: numbered(({ controlPlanes }) => controlPlanes.length),
  workers: numbered(({ workers }) => workers.length),
};

export function planPart(deps: PlanPartDeps): ApiPart {
  const { clock } = deps;
  const { collection, look } = watchedPlan(deps);
  const operations = { list: listPlans, get: getClusterPlan, watch: watchPlans };
  const { endpoints, hub } = collectionPart(operations, collection, 'name', clock);
  let untilMs = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;
  const goOn = (): void => {
    cancel ??= clock.after(lookMs, async () => {
      await look();
      if (cancel === undefined) return;
      cancel = undefined;
      if ((hub?.watchers() ?? 0) > 0 || clock.monotonicMs() < untilMs) goOn();
    });
  };
  const looking = ({ operation, handle, ...rest }: Endpoint): Endpoint => ({
    ...rest,
    operation,
    handle: async (call) => {
      await look();
      if (operation === watchPlans) {
        untilMs = clock.monotonicMs() + beginsWithinMs;
        goOn();
      }
      return handle(call);
    },
  });
  return {
    endpoints: endpoints.map(looking),
    ...(hub === undefined
      ? {}
      : {
          hub: {
            ...hub,
            stop: () => {
              cancel?.();
              cancel = undefined;
              hub.stop();
            },
          },
        }),
  };
}

function watchedPlan({ store, currentPlan, clusterName }: PlanPartDeps): {
  readonly collection: Collection<PlanV2>;
  readonly look: () => Promise<void>;
} {
  const listeners = new Set<(news: CollectionNews<PlanV2>) => void>();
  let seen: PlanV2 | undefined;
  /** Of the last difference. */
  let changed: Revision = absent;
  let reached: Revision = absent;

  const lookNow = async (): Promise<void> => {
    const view = await currentPlan();
    // Any read tells how far the store is; nothing is stored under this key.
    const read = await store.get(['tetsukan/']);
    const head = read.ok ? read.value.revision : reached;
    const before = seen;
    const name = clusterName() ?? 'cluster';
    const after = view && shownOf(view, name, changed);
    if (contentOf(before) === contentOf(after)) {
      seen = after;
      reached = newer(head, reached);
      return;
    }
    // Time alone may change a plan; readers know everything up to where they were told it was.
    changed = newer(head, next(reached));
    reached = changed;
    seen = after && { ...after, revision: changed };
    const gone = before !== undefined && before.name !== seen?.name;
    const changes = [
      ...(gone ? [{ name: before.name, before, after: undefined }] : []),
      ...(seen === undefined
        ? []
        : [{ name: seen.name, before: gone ? undefined : before, after: seen }]),
    ];
    for (const listener of [...listeners])
      listener({ kind: 'changed', revision: changed, changes });
  };
  let looking: Promise<void> | undefined;
  const look = (): Promise<void> => {
    looking ??= lookNow().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  return {
    look,
    collection: {
      noun: 'plans',
      columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
      ages: true,
      nameOf: ({ name }) => name,
      toJson: (plan) => plan,
      revisionOf: ({ revision }) => revision as Revision,
      snapshot: () => ok({ changed, completeTo: reached, items: seen === undefined ? [] : [seen] }),
      find: (name) => ok(seen?.name === name ? seen : undefined),
      completeTo: () => reached,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
  };
}

function shownOf(view: PlanView, name: string, revision: Revision): PlanV2 {
  const { counters: _, inventoryRevision: __, ...shown } = view;
  return { ...(planJson(shown) as PlanV2), name, revision };
}

/** A plan is the same while it says the same, whenever it was made. */
function contentOf(plan: PlanV2 | undefined): string | undefined {
  return plan && JSON.stringify({ ...plan, revision: '', madeAt: null });
}

function newer(a: Revision, b: Revision): Revision {
  return compareRevisions(a, b) >= 0 ? a : b;
}

function next(revision: Revision): Revision {
  return String(BigInt(revision) + 1n) as Revision;
}

function numbered(number: (plan: PlanV2) => number): Omit<Column<PlanV2>, 'name'> {
  return { text: (plan) => String(number(plan)), number };
}
