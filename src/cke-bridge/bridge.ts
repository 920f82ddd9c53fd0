/**
 * The loop: read the inventory, plan, check, hand over. It runs on the elected leader only.
 *
 * What was handed over last is kept in the store, committed under the leader's fence before the sink is touched, so
 * that a new leader goes on where the old one stopped and an old one can write nothing. The sink is written after
 * the commit; a file that is older than the record is simply written again.
 */

import { ok, type Result } from '../base/result.ts';
import type { Condition, Revision } from '../base/store.ts';
import type { Instant } from '../base/time.ts';
import type { World } from '../base/world.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Serial } from '../inventory/machine.ts';
import { formatClusterFile } from './cluster-yaml.ts';
import { createRecordKeeper, type Kept } from './loop/record-keeper.ts';
import { createTimekeeper } from './loop/timekeeper.ts';
import { createWaker } from './loop/waker.ts';
import { lastClusterAfter, needsRecord, type Pass, runPass, unreadableSerials } from './pass.ts';
import {
  type ClusterWrite,
  emptyView,
  type PlanView,
  viewOfPass,
  writesKeptMax,
} from './plan-view.ts';
import type { BridgeRecord } from './record-json.ts';
import { acknowledgeable, type Refusal, type RefusalKind } from './refusal.ts';
import type { BridgeSettings, Constraints } from './settings.ts';
import { type ClusterSink, checkSink, type SinkState } from './sink.ts';
import type { ClusterTemplate } from './template.ts';

export type { ClusterSink } from './sink.ts';

export type BridgeDeps = {
  readonly world: Pick<World, 'clock' | 'log' | 'store'>;
  readonly inventory: Pick<
    Inventory,
    'machines' | 'freshness' | 'revision' | 'broken' | 'subscribe'
  >;
  readonly template: () => ClusterTemplate | undefined;
  readonly constraints: Constraints;
  readonly settings: BridgeSettings;
  readonly sink: ClusterSink;
  /** The leader's claim as a condition; undefined when this server does not lead. Absent: there is no other. */
  readonly fence?: () => Condition | undefined;
  /** An operator's brake, in their words: nothing but taints changes. Undefined: none. */
  readonly stopped?: () => string | undefined;
  /** Taint keys that others have put on members' Nodes, where somebody watches Kubernetes. */
  readonly nodeTaints?: () => ReadonlyMap<Serial, readonly string[]>;
};

export type Bridge = {
  readonly start: () => void;
  readonly stop: () => void;
  readonly clusterName: () => string | undefined;
  /** The plan of the last pass, as this server's loop made it. */
  readonly plan: () => PlanView;
  /** A pass that writes nothing, on any server: what the leader would do now. */
  readonly dryRun: () => Promise<PlanView>;
  /** Looks again soon: something has changed that the inventory does not tell. */
  readonly wake: () => void;
  /** Overrules one kind of refusal for a while (0: no longer); false when a person may not overrule it. */
  readonly acknowledge: (kind: RefusalKind, seconds: number) => boolean;
  /** Called after each pass. */
  readonly subscribe: (listener: (view: PlanView) => void) => () => void;
};

/** All that one pass looked at and found; made alike by the loop and by a dry run. */
type Look = {
  readonly kept: Kept;
  readonly sink: SinkState;
  readonly pass: Pass;
  readonly revision: Revision;
  readonly now: Instant;
  readonly planningMs: number;
};

export function createBridge(deps: BridgeDeps): Bridge {
  const { world, inventory, settings, sink } = deps;
  const { clock, log } = world;
  const time = createTimekeeper(clock);
  const keeper = createRecordKeeper(world.store, deps.fence);
  const acknowledged = new Map<RefusalKind, number>();
  const listeners = new Set<(view: PlanView) => void>();
  let view: PlanView = emptyView;
  let kept: Kept | undefined;
  let started = 0;
  let unsubscribe: (() => void) | undefined;

  const waker = createWaker(clock, settings.debounceMs, async () => {
    const run = started;
    const nextMs = await runOnce(() => started === run && run > 0);
    if (started === run && run > 0) waker.at(nextMs);
  });

  function count(name: keyof PlanView['counters'], by = 1): void {
    view = { ...view, counters: { ...view.counters, [name]: view.counters[name] + by } };
  }

  async function look(known: Kept | undefined): Promise<Result<Look, Refusal>> {
    const loaded = known === undefined ? await keeper.load() : ok(known);
    if (!loaded.ok) return loaded;
    const text = await sink.read();
    // Everything from here to the end of the pass is of one moment.
    const now = clock.now();
    const revision = inventory.revision();
    const freshness = inventory.freshness();
    const { lastCluster, memory } = loaded.value.record;
    const state = checkSink(sink.name, text, lastCluster, revision, freshness);
    const startedMs = clock.monotonicMs();
    const taints = deps.nodeTaints?.();
    const pass = runPass({
      template: deps.template(),
      constraints: deps.constraints,
      settings,
      machines: inventory.machines(),
      unreadable: unreadableSerials(inventory.broken()),
      freshness,
      revision,
      lastCluster,
      memory,
      clockJumpMs: time.jumpMs(),
      acknowledged: stillAcknowledged(),
      stopped: deps.stopped?.(),
      now,
      ...(taints === undefined ? {} : { nodeTaints: taints }),
    });
    const planningMs = clock.monotonicMs() - startedMs;
    return ok({ kept: loaded.value, sink: state, pass, revision, now, planningMs });
  }

  function stillAcknowledged(): ReadonlySet<RefusalKind> {
    for (const [kind, untilMs] of acknowledged) {
      if (untilMs <= clock.monotonicMs()) acknowledged.delete(kind);
    }
    return new Set(acknowledged.keys());
  }

  function viewOf(found: Look): PlanView {
    const { pass, sink: state, kept: of } = found;
    const refusals =
      state.refusal === undefined ? pass.refusals : [state.refusal, ...pass.refusals];
    return {
      ...view,
      ...viewOfPass(pass),
      refusals,
      madeAt: found.now,
      inventoryRevision: found.revision,
      generation: of.record.lastCluster?.generation ?? 0,
      // The file of a server that does not lead is not the cluster's.
      pending: view.leading
        ? state.refusal === undefined &&
          pass.fingerprint !== undefined &&
          pass.fingerprint !== state.fingerprint
        : pass.changed,
    };
  }

  /** One pass of the loop. Returns after how many milliseconds to look again. */
  async function runOnce(mayGoOn: () => boolean): Promise<number> {
    const intervalMs = settings.intervalSeconds * 1000;
    if (deps.fence !== undefined && deps.fence() === undefined) {
      view = { ...view, leading: false };
      return intervalMs;
    }
    const looked = await look(kept);
    if (!mayGoOn()) return intervalMs;
    count('passes');
    if (!looked.ok) {
      view = { ...view, leading: true, refusals: [looked.error] };
      count('storeProblems');
      log.warn('cluster not planned', { why: looked.error.text });
      tell();
      return Math.min(intervalMs, retryMs);
    }
    const found = looked.value;
    kept = found.kept;
    report(found);
    const done = found.sink.refusal === undefined && (await apply(found, mayGoOn));
    tell();
    if (!done && found.sink.refusal === undefined) return Math.min(intervalMs, retryMs);
    const lookAgainAt = found.pass.plan?.lookAgainAt;
    const waitMs = lookAgainAt === undefined ? intervalMs : lookAgainAt - clock.now();
    return Math.min(intervalMs, Math.max(waitMs, 1));
  }

  function report(found: Look): void {
    const before = new Set(view.refusals.map((refusal) => refusal.kind));
    view = { ...view, leading: true };
    view = { ...viewOf(found), counters: { ...view.counters, planningMs: found.planningMs } };
    for (const refusal of view.refusals) {
      if (before.has(refusal.kind)) continue;
      log.warn('cluster held', { why: refusal.text, kind: refusal.kind, release: refusal.release });
    }
    if (view.refusals.length > 0) count('held');
    else if (!view.pending) count('quiet');
  }

  /** Commits the record, then writes the sink. False when something failed and is to be tried again soon. */
  async function apply(found: Look, mayGoOn: () => boolean): Promise<boolean> {
    const { pass, kept: of } = found;
    const { plan, body } = pass;
    if (plan === undefined) return true;
    const input = { ...of.record, revision: found.revision, now: found.now };
    if (needsRecord({ ...pass, plan }, input)) {
      const lastCluster = lastClusterAfter({ ...pass, plan }, input);
      if (!(await keep({ lastCluster, memory: pass.memory }, of.modRevision))) return false;
    }
    const last = kept?.record.lastCluster;
    if (body === undefined || last === undefined) return true;
    if (found.sink.fingerprint === last.fingerprint) return true;
    // The claim may have run out while the store answered; whoever leads now writes.
    if (!mayGoOn() || (deps.fence !== undefined && deps.fence() === undefined)) return false;
    const text = formatClusterFile(body, last.generation, last.inventoryRevision);
    const written = await sink.write(text);
    if (!written.ok) {
      count('sinkProblems');
      view = { ...view, problem: `${sink.name} cannot be written: ${written.error.text}` };
      log.error('cluster not written', { sink: sink.name, why: written.error.text });
      return false;
    }
    remember(found, last.generation, last.inventoryRevision);
    return true;
  }

  async function keep(record: BridgeRecord, modRevision: Revision): Promise<boolean> {
    const result = await keeper.keep(record, modRevision);
    if (result.ok) {
      kept = result.value;
      return true;
    }
    const { kind, text } = result.error;
    if (kind === 'not-leading') return false;
    const isOurs = kind === 'too-large';
    // Read it anew before the next attempt: it may be another's, or ours that came through unseen.
    if (!isOurs) kept = undefined;
    if (!isOurs) count(kind === 'conflict' ? 'conflicts' : 'storeProblems');
    const problem = isOurs ? text : `the cluster could not be kept in the store: ${text}`;
    view = { ...view, problem };
    (isOurs ? log.error : log.warn)('cluster not kept', { why: text });
    return false;
  }

  function remember(found: Look, generation: number, inventoryRevision: Revision): void {
    const texts = view.changes.map((change) => change.text);
    const why = found.pass.changed ? 'the template changed' : `${sink.name} was missing or old`;
    const changes = texts.length > 0 ? texts : [why];
    const write: ClusterWrite = { at: found.now, generation, inventoryRevision, changes };
    const writes = [...view.writes, write].slice(-writesKeptMax);
    view = { ...view, writes, generation, pending: false, problem: undefined };
    count('writes');
    log.info('cluster written', { sink: sink.name, generation, changes: changes.slice(0, 20) });
    // What was just written may let the next step begin.
    waker.wake();
  }

  function tell(): void {
    for (const listener of listeners) listener(view);
  }

  return {
    start: () => {
      if (unsubscribe !== undefined) return;
      started += 1;
      kept = undefined;
      unsubscribe = inventory.subscribe(() => waker.wake());
      waker.start();
    },
    stop: () => {
      started += 1;
      unsubscribe?.();
      unsubscribe = undefined;
      waker.stop();
      view = { ...view, leading: false };
    },
    wake: waker.wake,
    clusterName: () => deps.template()?.name,
    plan: () => view,
    dryRun: async () => {
      const found = await look(undefined);
      return found.ok ? viewOf(found.value) : { ...view, refusals: [found.error] };
    },
    acknowledge: (kind, seconds) => {
      if (!acknowledgeable.includes(kind)) return false;
      acknowledged.set(kind, clock.monotonicMs() + seconds * 1000);
      const said = seconds > 0 ? 'refusal acknowledged' : 'refusal holds again';
      log.warn(said, { kind, seconds });
      waker.wake();
      return true;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** After a failure; the interval is usually longer. */
const retryMs = 2000;
