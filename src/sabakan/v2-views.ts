/** What `/api/v2` shows beyond Sabakan: plan, machine with its reasons, and what this server is doing. */

import { formatInstant, type Instant } from '../base/time.ts';
import type { World } from '../base/world.ts';
import type { Bridge } from '../cke-bridge/bridge.ts';
import type { PlanView } from '../cke-bridge/plan-view.ts';
import type { Monitor } from '../health/monitor.ts';
import type { AuditEvents } from '../inventory/audit-events.ts';
import type { BrakeBoard } from '../inventory/brake-board.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { allowedTransitions } from '../inventory/lifecycle.ts';
import type { Machine } from '../inventory/machine.ts';
import { published } from './published.ts';

export type ViewParts = {
  readonly clock: World['clock'];
  readonly inventory: Inventory;
  /** Undefined on servers that do not lead. */
  readonly monitor: () => Monitor | undefined;
  /** Undefined when no cluster is configured. */
  readonly bridge: Bridge | undefined;
  readonly board: BrakeBoard;
  readonly events: AuditEvents;
};

/** The plan now; undefined where no cluster is configured. */
export type PlanReader = () => Promise<PlanView | undefined>;

/** A dry run plans over the whole fleet: at most one in this time, however many ask. */
const dryRunKeptMs = 1000;

/** The leader's plan as its loop made it; on any other server what the leader would do now. */
export function createPlanReader({ bridge, clock }: ViewParts): PlanReader {
  let kept: { readonly atMs: number; readonly view: Promise<PlanView> } | undefined;
  return async () => {
    if (bridge === undefined) return undefined;
    const view = bridge.plan();
    if (view.leading) return view;
    const nowMs = clock.monotonicMs();
    if (kept === undefined || nowMs - kept.atMs >= dryRunKeptMs) {
      kept = { atMs: nowMs, view: bridge.dryRun() };
    }
    return { ...(await kept.view), leading: false };
  };
}

/** Times as RFC 3339, decisions as a list in order of serials. */
export function planJson(view: Omit<PlanView, 'counters' | 'inventoryRevision'>): unknown {
  const decisions = [...view.decisions].map(([serial, decision]) => ({ serial, ...decision }));
  return published({
    ...view,
    madeAt: timeOrNull(view.madeAt),
    writes: view.writes.map((write) => ({ ...write, at: formatInstant(write.at) })),
    decisions,
  });
}

/** What is known and decided about a machine, beyond its record. */
export async function machineExplained(
  parts: ViewParts,
  currentPlan: PlanReader,
  { spec: { serial }, status }: Machine,
): Promise<Readonly<Record<string, unknown>>> {
  const plan = await currentPlan();
  const swap = plan?.swaps.find((one) => one.failed === serial || one.newcomer === serial);
  return {
    // Disk keys may still forbid "retired"; that is decided when it is asked for.
    nextStates: allowedTransitions[status.state],
    health: published(parts.monitor()?.status(serial)),
    cluster: published(plan?.decisions.get(serial)),
    swap: published(swap),
  };
}

function timeOrNull(at: Instant | undefined): string | null {
  return at === undefined ? null : formatInstant(at);
}
