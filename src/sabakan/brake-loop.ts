/**
 * Brakes on the leader: what stands is put into the store, where every server and the next leader see it, and what
 * people say of it is obeyed. One term of leadership has one loop; every write goes under its claim.
 */

import type { Condition } from '../base/store.ts';
import type { Instant } from '../base/time.ts';
import type { World } from '../base/world.ts';
import type { Bridge } from '../cke-bridge/bridge.ts';
import type { RefusalKind } from '../cke-bridge/refusal.ts';
import type { Monitor } from '../health/monitor.ts';
import { auditWrite } from '../inventory/audit.ts';
import type { BrakeBoard, BrakeChange, StandingBrake } from '../inventory/brake-board.ts';
import { type Brake, manualBrake } from '../inventory/brakes.ts';
import { brakeChanges, liftLastsMs } from './brake-changes.ts';
import {
  clusterBrakes,
  healthBrakes,
  type LiftTarget,
  type StandingNow,
} from './standing-brakes.ts';

export type BrakeLoop = { readonly stop: () => void };

/** A word of an operator is obeyed within this time even if the watch is slow to bring it. */
const lookEveryMs = 1_000;

export function startBrakeLoop(deps: {
  readonly world: Pick<World, 'chance' | 'clock' | 'log' | 'store'>;
  readonly serverName: string;
  readonly board: BrakeBoard;
  readonly fence: Condition;
  /** Undefined: nothing is probed here. */
  readonly monitor: Monitor | undefined;
  /** What an old leader held for health stands so long: machines must have been asked before anybody knows better. */
  readonly healthSettlesMs: number;
  readonly bridge: Bridge | undefined;
}): BrakeLoop {
  const { board, fence, monitor, bridge } = deps;
  const { chance, clock, log, store } = deps.world;
  const beganMs = clock.monotonicMs();
  const writtenAt = new Map<string, Instant>();
  /** By brake: which word, and until when on this server's own count. */
  const lifts = new Map<string, { readonly at: string; readonly untilMs: number }>();
  const acknowledged = new Set<RefusalKind>();
  let stopped = false;
  let working = false;
  let again = false;
  let leftBefore = 0;
  let cancel = () => {};
  /** The bridge's view of the term before says nothing of this one. */
  let bridgeLooked = false;

  const unsure = (): ReadonlySet<Brake['by']> => {
    const parts = new Set<Brake['by']>();
    const sinceMs = clock.monotonicMs() - beganMs;
    if (monitor !== undefined && sinceMs < deps.healthSettlesMs) parts.add('health');
    if (bridge !== undefined && !bridgeLooked) parts.add('cluster');
    return parts;
  };

  const standing = (): ReadonlyMap<string, StandingNow> => {
    const now = clock.now();
    const view = bridgeLooked ? bridge?.plan() : undefined;
    return new Map([
      ...(monitor === undefined ? [] : healthBrakes(monitor.brakes(), now)),
      ...(view === undefined ? [] : clusterBrakes(view, now)),
    ]);
  };

  /** A wall clock that is set back does not prolong what an operator said. */
  const isLifted = ({ brake: { name }, lift }: StandingBrake): boolean => {
    if (lift === undefined) {
      lifts.delete(name);
      return false;
    }
    const nowMs = clock.monotonicMs();
    const lastsMs = liftLastsMs(lift, clock.now());
    const known = lifts.get(name);
    const untilMs =
      known?.at === lift.at ? Math.min(known.untilMs, nowMs + lastsMs) : nowMs + lastsMs;
    lifts.set(name, { at: lift.at, untilMs });
    return untilMs > nowMs;
  };

  const obey = (all: ReadonlyMap<string, StandingNow>): void => {
    const lifted = new Map(board.brakes().map((one) => [one.brake.name, isLifted(one)]));
    for (const [name, { target }] of all) {
      if (target !== undefined) obeyOne(target, lifted.get(name) ?? false, lifts.get(name));
    }
    // A brake that fell takes its lift with it: when it stands up again, it holds.
    for (const kind of acknowledged) {
      if (!all.has(`cluster-${kind}`) && bridgeLooked) retract(kind);
    }
  };

  const obeyOne = (
    target: LiftTarget,
    isLiftedNow: boolean,
    lift: { readonly untilMs: number } | undefined,
  ): void => {
    if (target.of === 'health') {
      const { scope, trouble, lifted } = target.hold;
      if (lifted !== isLiftedNow) {
        monitor?.lift(scope as Parameters<Monitor['lift']>[0], trouble, isLiftedNow);
      }
      return;
    }
    const { kind } = target;
    if (!isLiftedNow) retract(kind);
    if (!isLiftedNow || acknowledged.has(kind)) return;
    acknowledged.add(kind);
    bridge?.acknowledge(kind, Math.max((lift?.untilMs ?? 0) - clock.monotonicMs(), 0) / 1000);
  };

  const retract = (kind: RefusalKind): void => {
    if (acknowledged.delete(kind)) bridge?.acknowledge(kind, 0);
  };

  const write = async (all: ReadonlyMap<string, StandingNow>): Promise<void> => {
    // What this server does not see it must not take for fallen.
    if (board.freshness().kind !== 'live') return;
    const now = clock.now();
    const at = (name: string) => writtenAt.get(name);
    const changes = brakeChanges(board.brakes(), all, unsure(), at, now);
    if (changes.left !== leftBefore && changes.left > 0) {
      log.warn('more brakes stand than are shown', { left: changes.left });
    }
    leftBefore = changes.left;
    if (changes.writes.length === 0) return;
    const records = (changes.ended === undefined ? [] : [changes.ended]).map((before) => {
      const actor = { user: 'brakes', ip: '', host: deps.serverName };
      const facts = { instance: before.name, action: 'expire', detail: before.text, before };
      return auditWrite(actor, now, chance, { category: 'brakes', ...facts });
    });
    const done = await store.commit(
      [fence, ...changes.conditions, ...records.map(({ condition }) => condition)],
      [...changes.writes, ...records.map(({ write }) => write)],
    );
    if (!done.ok) return log.warn('brakes not written', { why: done.error.text });
    if (done.value.kind === 'moved') return;
    for (const { brake } of all.values()) writtenAt.set(brake.name, now);
    for (const name of writtenAt.keys()) if (!all.has(name)) writtenAt.delete(name);
    await board.reached(done.value.revision);
  };

  const look = async (): Promise<void> => {
    if (stopped) return;
    if (working) {
      again = true;
      return;
    }
    working = true;
    again = false;
    cancel();
    const all = standing();
    obey(all);
    await write(all);
    working = false;
    if (stopped) return;
    if (again) return look();
    cancel = clock.after(lookEveryMs, () => void look());
  };

  const unsubscribe = [
    board.subscribe((news) => {
      // Our own writes come back here, too.
      if (news.kind !== 'listed' && !news.changes.some(isWord)) return;
      bridge?.wake();
      void look();
    }),
    bridge?.subscribe((view) => {
      const isNews = !bridgeLooked;
      if (view.leading) bridgeLooked = true;
      if (isNews) void look();
    }),
  ];
  void look();

  return {
    stop: () => {
      stopped = true;
      cancel();
      for (const end of unsubscribe) end?.();
      for (const kind of [...acknowledged]) retract(kind);
    },
  };
}

/** Whether a person said something. */
function isWord({ name, before, after }: BrakeChange): boolean {
  return name === manualBrake || before?.lift?.at !== after?.lift?.at;
}
