/** A fleet to watch: machines in racks, a prober that says what a test tells it to, a clock that a test moves. */

import { formatIpv4, type Ipv4 } from '../../src/base/addresses.ts';
import { createMemoryStore, type MemoryStore } from '../../src/base/memory-store.ts';
import type { Freshness } from '../../src/base/mirror.ts';
import { fail, ok } from '../../src/base/result.ts';
import { absent, type Condition, type Revision } from '../../src/base/store.ts';
import { addMs, formatInstant, instant } from '../../src/base/time.ts';
import { createMonitor, type Monitor } from '../../src/health/monitor.ts';
import { defaultHealthPolicy, type HealthPolicy } from '../../src/health/policy.ts';
import type { ProbeResult, ProbeResultKind, Prober } from '../../src/health/probe.ts';
import type { ChangeListener, Inventory, StateChange } from '../../src/inventory/inventory.ts';
import { allowedTransitions } from '../../src/inventory/lifecycle.ts';
import type { Machine, MachineState, Serial } from '../../src/inventory/machine.ts';
import { type ManualClock, manualClock, seededChance } from '../support/clock.ts';
import { aMachine } from '../support/machines.ts';
import { type LogLine, rememberingLog } from '../support/silent-log.ts';

export const startMs = Date.UTC(2026, 10, 21, 6);

/** Two probes, ten seconds apart, half a minute of patience. */
export const testPolicy: HealthPolicy = {
  ...defaultHealthPolicy,
  probes: [
    { name: 'ssh', kind: 'tcp', port: 22 },
    { name: 'metrics', kind: 'http', port: 9105, path: '/metrics', expectStatus: 200 },
  ],
};

export function machineOf(
  serial: string,
  options: Omit<Parameters<typeof aMachine>[0], 'serial'> = {},
): Machine {
  return aMachine({ serial, ...options });
}

export type Behaviour = ProbeResultKind | 'hangs';

/** Answers per machine (by address) and probe; silence takes its time, as real silence does. */
export function scriptedProber(clock: ManualClock) {
  const script = new Map<string, Behaviour>();
  const asked: string[] = [];
  let underWay = 0;
  let underWayMost = 0;
  const prober: Prober = {
    ask: ({ address, probe, timeoutMs }) => {
      const host = formatIpv4(address);
      asked.push(`${clock.monotonicMs()} ${host} ${probe.name}`);
      const kind = script.get(`${host} ${probe.name}`) ?? script.get(host) ?? 'answered';
      underWay += 1;
      underWayMost = Math.max(underWayMost, underWay);
      return new Promise((resolve) => {
        if (kind === 'hangs') return;
        const latencyMs = kind === 'silent' ? timeoutMs : 1;
        const text = kind === 'silent' ? `nothing within ${timeoutMs} ms` : textOf[kind];
        clock.after(latencyMs, () => {
          underWay -= 1;
          const result: ProbeResult = { kind, latencyMs, text };
          resolve(result);
        });
      });
    },
  };
  return {
    prober,
    asked,
    underWayMost: () => underWayMost,
    set: (machine: Machine, behaviour: Behaviour, probe?: string) => {
      const host = formatIpv4(machine.spec.ipv4[0] ?? (0 as Ipv4));
      script.set(probe === undefined ? host : `${host} ${probe}`, behaviour);
    },
  };
}

const textOf: Record<ProbeResultKind, string> = {
  answered: 'connected',
  refused: 'connection refused',
  silent: '',
  wrong: 'status 503 instead of 200',
  unasked: 'could not be asked: EMFILE',
};

export type Moved = {
  readonly atMs: number;
  readonly serial: string;
  readonly from: MachineState;
  readonly to: MachineState;
  readonly text: string;
  readonly fence: Condition | undefined;
};

/** The part of the desk that health uses, in a Map; it records every move and throws at an illegal one. */
function deskOf(machines: readonly Machine[], clock: ManualClock) {
  const all = new Map(machines.map((machine) => [machine.spec.serial, machine]));
  const listeners = new Set<ChangeListener>();
  const moved: Moved[] = [];
  let freshness: Freshness = { kind: 'live' };
  let refusal: string | undefined;
  const replace = (serial: Serial, after: Machine | undefined) => {
    const before = all.get(serial);
    if (after === undefined) all.delete(serial);
    else all.set(serial, after);
    for (const listener of listeners) {
      listener([{ serial, before, after, revision: absent }], 'watched');
    }
  };
  const put = (machine: Machine, to: MachineState): Machine => {
    const after = { ...machine, status: { state: to, since: formatInstant(clock.now()) } };
    replace(machine.spec.serial, after);
    return after;
  };
  const desk: Pick<
    Inventory,
    'find' | 'machines' | 'freshness' | 'subscribe' | 'broken' | 'setState'
  > = {
    find: (serial) => all.get(serial),
    machines: () => [...all.values()],
    freshness: () => freshness,
    broken: () => new Map(),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    setState: async ({ serial, from, to, why, fence }: StateChange) => {
      const machine = all.get(serial);
      if (machine === undefined || machine.status.state !== from || refusal !== undefined) {
        const text = refusal ?? 'somebody moved it meanwhile';
        return fail({ kind: 'store-unavailable' as const, text });
      }
      if (!allowedTransitions[from].includes(to))
        throw new Error(`illegal move ${serial} ${from} -> ${to}`);
      moved.push({ atMs: clock.monotonicMs(), serial, from, to, text: why.text, fence });
      return ok({ revision: '2' as Revision, machine: put(machine, to) });
    },
  };
  return {
    inventory: desk as Inventory,
    moved,
    setFreshness: (next: Freshness) => {
      freshness = next;
    },
    refuseMoves: (text: string | undefined) => {
      refusal = text;
    },
    /** Somebody else moves a machine. */
    byHand: (machine: Machine, to: MachineState) =>
      put(all.get(machine.spec.serial) ?? machine, to),
    add: (machine: Machine) => replace(machine.spec.serial, machine),
    remove: (machine: Machine) => replace(machine.spec.serial, undefined),
  };
}

export type Watch = ReturnType<typeof watchOver>;

/** A monitor over these machines, started. */
export function watchOver(
  machines: readonly Machine[],
  options: {
    policy?: HealthPolicy;
    seed?: number;
    store?: MemoryStore;
    clock?: ManualClock;
    fence?: Condition;
  } = {},
) {
  const clock = options.clock ?? manualClock(startMs);
  const store = options.store ?? createMemoryStore({ clock });
  const lines: LogLine[] = [];
  const world = { clock, store, chance: seededChance(options.seed), log: rememberingLog(lines) };
  const desk = deskOf(machines, clock);
  const script = scriptedProber(clock);
  const monitorOn = (inventory: Inventory): Monitor =>
    createMonitor({
      world,
      inventory,
      prober: script.prober,
      policy: options.policy ?? testPolicy,
      ...(options.fence === undefined ? {} : { fence: options.fence }),
    });
  const monitor = monitorOn(desk.inventory);
  void monitor.start();
  return {
    clock,
    store,
    lines,
    desk,
    script,
    monitor,
    world,
    another: () => monitorOn(desk.inventory),
  };
}

/** `amount` healthy machines of one rack. */
export function rackOf(rack: number, amount: number, state: MachineState = 'healthy'): Machine[] {
  return Array.from({ length: amount }, (_, at) =>
    machineOf(`r${rack}-${String(at).padStart(2, '0')}`, { rack, index: at + 4, state }),
  );
}

export function later(ms: number) {
  return addMs(instant(startMs), ms);
}
