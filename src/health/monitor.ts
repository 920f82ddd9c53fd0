/**
 * The loop: ask a machine, remember, judge, tell the inventory. Runs on the elected leader only.
 *
 * due → all probes of one machine → `fold` → `judge` → crowd and gate → `inventory.setState` with reason and fence.
 */

import { assert } from '../base/assert.ts';
import type { Condition } from '../base/store.ts';
import { addMs } from '../base/time.ts';
import type { World } from '../base/world.ts';
import type { Actor } from '../inventory/audit.ts';
import { holdOn, holdText } from '../inventory/hold.ts';
import type { Change, Inventory } from '../inventory/inventory.ts';
import type { Machine, Serial } from '../inventory/machine.ts';
import type { Scope, Trouble } from './crowd.ts';
import { createCrowdWatch } from './crowd-watch.ts';
import {
  afterMove,
  type Evidence,
  fold,
  forgetTrouble,
  forStay,
  noEvidence,
  pruneDepartures,
} from './evidence.ts';
import { createEvidenceShelf } from './evidence-shelf.ts';
import { createGate, type GateReason } from './gate.ts';
import { createInheritance } from './inheritance.ts';
import { countPass, type HealthOverview, noCounts, overviewOf } from './overview.ts';
import { intervalMs, nextPassMs } from './pace.ts';
import { askAll } from './pass.ts';
import type { HealthPolicy } from './policy.ts';
import type { Prober } from './probe.ts';
import { keptOf, recall } from './record.ts';
import { createSchedule } from './schedule.ts';
import {
  type HealthStatus,
  type HoldStatus,
  holdStatus,
  notAskedYet,
  statusOf,
  type Watched,
} from './status.ts';
import { createSteadyTime } from './steady-time.ts';
import { isJudged, judge, type Move } from './verdict.ts';

export type Monitor = {
  /** Reads what earlier leaders kept (again until it can), then begins. Resolves after the first try. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
  readonly status: (serial: Serial) => HealthStatus | undefined;
  readonly overview: () => HealthOverview;
  /** What holds back all moves, and the holds of crowds; without the counting that `overview` does. */
  readonly brakes: () => {
    readonly gate: readonly GateReason[];
    readonly holds: readonly HoldStatus[];
  };
  /**
   * An operator's word that this trouble is real: its hold lets go until it falls, or until the word is taken back
   * (`lifted` false). False: no hold stands there.
   *
   * @param trouble absent: of either kind.
   */
  readonly lift: (scope: Scope, trouble?: Trouble, lifted?: boolean) => boolean;
  /** Another policy from now on; where the probes differ, counting begins anew. */
  readonly usePolicy: (policy: HealthPolicy) => void;
};

export type MonitorDeps = {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly inventory: Inventory;
  readonly prober: Prober;
  readonly policy: HealthPolicy;
  /** Of the leader's claim: goes with every write. */
  readonly fence?: Condition;
  /** Who the audit log says it was. */
  readonly actor?: Actor;
  /** Why nobody is to be moved, though machines go on being asked and judged: an operator's brake. Undefined: go on. */
  readonly stopped?: () => string | undefined;
};

const moverActor: Actor = { user: 'health', ip: '127.0.0.1', host: 'localhost' };

export function createMonitor(deps: MonitorDeps): Monitor {
  const { world, inventory, prober, fence } = deps;
  const { clock, chance, log } = world;
  const time = createSteadyTime(clock);
  const shelf = createEvidenceShelf(world, time, fence);
  const crowds = createCrowdWatch({ now: time.now, policy: () => policy, log });
  const watched = new Map<Serial, Watched>();
  const counters = noCounts();
  let policy = deps.policy;
  const interval = () => intervalMs(policy, chance);
  let life: 'new' | 'running' | 'stopped' = 'new';
  let unsubscribe = () => {};
  const inheritance = createInheritance({ world, shelf, onLoaded: () => beginAll() });

  const gate = createGate({
    inventory,
    time,
    policy: () => policy,
    notLoaded: () => {
      const missing = inheritance.missing();
      return missing && `waits for the evidence of earlier leaders: ${missing}`;
    },
    onClose: (reasons, clockJumped) => {
      if (clockJumped) counters.clockJumps += 1;
      if (inheritance.missing() === undefined) log.warn('moves are held', { reasons });
      beginAnew();
    },
  });
  const schedule = createSchedule({
    clock,
    underWayMax: () => Math.max(1, Math.floor(policy.probesInFlightMax / policy.probes.length)),
    work: (serial) => pass(serial as Serial),
  });

  /** Asks, folds, judges, acts; answers in how many milliseconds to do so again. */
  async function pass(serial: Serial): Promise<number> {
    const askedAt = time.now();
    const before = inventory.find(serial);
    const mine = watched.get(serial);
    if (before === undefined || mine === undefined) return interval();
    if (!isJudged(before.status.state)) {
      const evidence = forStay(mine.evidence, before.status.since);
      crowds.see(before, evidence);
      note(before, { ...judged(before, evidence), held: false, refused: undefined });
      return interval();
    }
    const wasOpen = gate.reasons().length === 0;
    const closings = gate.closings();
    const results = await askAll(clock, prober, before, policy, () => {
      counters.probesLost += 1;
    });
    countPass(counters, results);
    const machine = inventory.find(serial);
    const latest = watched.get(serial);
    if (life !== 'running' || machine === undefined || latest === undefined) return interval();
    // Somebody moved or replaced the machine meanwhile: these answers are about what it was before.
    if (stayOf(machine) !== stayOf(before)) return interval();
    const reasons = gate.reasons();
    const trusted = wasOpen && reasons.length === 0 && closings === gate.closings();
    // Read again, since a gate that closed has just made all evidence forget its troubles.
    const known = forStay(watched.get(serial)?.evidence ?? noEvidence, machine.status.since);
    const folded = fold(known, { at: askedAt, results, trusted }, policy.probes);
    const evidence = pruneDepartures(folded, policy.flap.windowSeconds, time.now());
    crowds.see(machine, evidence);
    const { verdict, at } = judged(machine, evidence);
    const restrained = crowds.restrain(machine, verdict);
    const held = verdict.kind === 'move' && restrained.kind === 'wait';
    if (held && !latest.held) counters.held += 1;
    note(machine, { evidence, verdict: restrained, at, held, refused: undefined });
    const isFree = reasons.length === 0 && stopReasons(machine).length === 0;
    if (restrained.kind === 'move' && isFree) await move(machine, restrained);
    return nextPassMs(restrained, askedAt, time.now(), policy, chance);
  }

  function judged(machine: Machine, evidence: Evidence) {
    const at = time.now();
    return { evidence, verdict: judge(machine, evidence, policy, at), at };
  }

  async function move(machine: Machine, verdict: Move): Promise<void> {
    const { serial } = machine.spec;
    const from = machine.status.state;
    const why = { by: 'health', text: verdict.text, evidence: verdict.evidence };
    const moved = await inventory.setState(
      { serial, from, to: verdict.to, why, ...(fence === undefined ? {} : { fence }) },
      deps.actor ?? moverActor,
    );
    const latest = watched.get(serial);
    if (latest === undefined || life !== 'running') return;
    if (!moved.ok) {
      counters.movesRefused += 1;
      const reason = `the inventory did not take it: ${moved.error.text}`;
      log.warn('move refused', { serial, from, to: verdict.to, kind: moved.error.kind, reason });
      note(machine, { ...latest, refused: reason });
      return;
    }
    counters.moves += 1;
    log.info('machine moved', { serial, from, to: verdict.to, reason: verdict.text });
    const now = moved.value.machine;
    const departed = from === 'healthy';
    const evidence = afterMove(latest.evidence, {
      stay: now.status.since,
      at: time.now(),
      departed,
    });
    crowds.see(now, evidence);
    note(now, { ...latest, evidence });
  }

  function note(machine: Machine, news: Watched): void {
    const { serial } = machine.spec;
    watched.set(serial, news);
    shelf.put(serial, keptOf(news.evidence, machine.status.state));
  }

  /** Apart from the gate: what machines answer meanwhile is as true as ever. */
  function stopReasons(machine?: Machine): readonly string[] {
    const reason = deps.stopped?.();
    const hold = machine && holdOn(machine, clock.now());
    return [...(reason === undefined ? [] : [reason]), ...(hold ? [holdText(hold)] : [])];
  }

  function holds(): readonly HoldStatus[] {
    return [...crowds.crowd().values()].map((hold) => holdStatus(hold, time.toWall));
  }

  function beginAnew(): void {
    for (const [serial, one] of watched) {
      watched.set(serial, { ...one, evidence: forgetTrouble(one.evidence) });
    }
    crowds.clear();
  }

  function begin(machine: Machine): void {
    const { serial } = machine.spec;
    if (watched.has(serial) || inheritance.missing() !== undefined) return;
    const record = inheritance.take(serial);
    const now = time.now();
    const evidence = record === undefined ? noEvidence : recall(record, policy, now);
    watched.set(serial, notAskedYet(machine, evidence, time.now()));
    schedule.plan(serial, chance.next() * policy.intervalSeconds * 1000);
  }

  function onChanges(changes: readonly Change[]): void {
    crowds.change(changes);
    for (const { serial, after } of changes) {
      if (after !== undefined) {
        begin(after);
        continue;
      }
      watched.delete(serial);
      schedule.drop(serial);
      shelf.put(serial, undefined);
    }
  }

  function beginAll(): void {
    for (const machine of inventory.machines()) begin(machine);
    // What is left belongs to machines that are gone, if the inventory is whole. One that is not says nothing.
    if (inventory.freshness().kind !== 'live' || inventory.broken().size > 0) return;
    for (const serial of inheritance.leave()) shelf.put(serial, undefined);
  }

  return {
    start: async () => {
      assert(life === 'new', 'a monitor starts once: each term of leadership has its own');
      life = 'running';
      crowds.begin(inventory.machines());
      unsubscribe = inventory.subscribe(onChanges);
      gate.reasons();
      await inheritance.load();
    },
    stop: () => {
      life = 'stopped';
      unsubscribe();
      inheritance.stop();
      schedule.stop();
      shelf.stop();
    },
    status: (serial) => {
      const machine = inventory.find(serial);
      const one = watched.get(serial);
      if (machine === undefined || one === undefined) return undefined;
      const dueMs = schedule.dueMs(serial);
      const nextAt =
        dueMs === undefined ? undefined : addMs(time.now(), dueMs - clock.monotonicMs());
      const { toWall } = time;
      const now = time.now();
      const gateReasons = [...gate.reasons(), ...stopReasons(machine)];
      const crowd = crowds.crowd();
      return statusOf(machine, one, { policy, crowd, gate: gateReasons, now, nextAt, toWall });
    },
    overview: () => {
      crowds.recount();
      const running = life === 'running';
      return overviewOf({
        ...{ running, watched, schedule, shelf, counters },
        waitingFor: running ? [...gate.reasons(), ...stopReasons()] : [],
        holds: holds(),
      });
    },
    brakes: () => {
      crowds.recount();
      return {
        gate: life === 'running' ? gate.closedBy() : [],
        holds: holds(),
      };
    },
    lift: (scope, trouble, lifted) => {
      const again = crowds.lift(scope, trouble, lifted);
      for (const serial of again ?? []) schedule.plan(serial, 0);
      return again !== undefined;
    },
    usePolicy: (next) => {
      const same = JSON.stringify(next.probes) === JSON.stringify(policy.probes);
      policy = next;
      if (!same) beginAnew();
    },
  };
}

/** Equal as long as it is the same machine in the same stay of a state. */
function stayOf(machine: Machine): string {
  return `${machine.spec.registerDate} ${machine.status.since}`;
}
