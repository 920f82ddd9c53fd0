/** Plays a story on a simulated fleet. */

import { assert } from '../base/assert.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type MachineState, machineStates, type Serial } from '../inventory/machine.ts';
import { noEtcdFaults } from './etcd-faults.ts';
import { createSimFleet, type SimFleet } from './fleet.ts';
import type { Fault } from './machine.ts';
import type { Step, Story } from './story.ts';

export type Played = {
  readonly lines: readonly string[];
  readonly traceHash: string;
  readonly broken: readonly string[];
  readonly fleet: SimFleet;
};

type Verb = (fleet: SimFleet, words: readonly string[]) => void | Promise<void>;

/** A fault on each machine that is named. */
function faulty(fault: Fault | undefined): Verb {
  return (fleet, serials) => {
    for (const machine of machinesOf(fleet, serials)) machine.setFault(fault);
  };
}

const verbs: Readonly<Record<string, Verb>> = {
  /** Power on, by name or `all`; `rack-1` for a whole rack. */
  boot: (fleet, words) => {
    for (const machine of machinesOf(fleet, words)) machine.powerOn();
  },
  kill: (fleet, words) => {
    for (const machine of machinesOf(fleet, words)) machine.powerOff();
  },
  cycle: (fleet, words) => {
    for (const machine of machinesOf(fleet, words)) {
      machine.powerOff();
      machine.powerOn();
    }
  },
  unplug: (fleet, words) => {
    for (const { serial } of machinesOf(fleet, words)) fleet.site.setPlug(serial, false);
  },
  plug: (fleet, words) => {
    for (const { serial } of machinesOf(fleet, words)) fleet.site.setPlug(serial, true);
  },
  hang: faulty({ kind: 'hang' }),
  sick: faulty({ kind: 'sick' }),
  heal: faulty(undefined),
  /** A minute up, a minute down. */
  flap: faulty({ kind: 'flapping', upMs: 60_000, downMs: 60_000 }),
  'rack-off': (fleet, words) => fleet.site.setRackPower(numberOf(words), false),
  'rack-on': (fleet, words) => fleet.site.setRackPower(numberOf(words), true),
  'switch-off': (fleet, words) => fleet.site.racks[numberOf(words)]?.setSwitch(false),
  'switch-on': (fleet, words) => fleet.site.racks[numberOf(words)]?.setSwitch(true),
  /** `state s-001 retiring`: an operator's order. */
  state: async (fleet, [serial = '', to = '']) => {
    const state = machineStates.find((known) => known === to);
    assert(state !== undefined, `no state "${to}"`);
    await order(fleet, serial as Serial, state);
  },
  /** The process of a server, or of whoever leads, ends without a word. */
  'server-kill': (fleet, [which = '']) => serverOf(fleet, which).kill(),
  'server-start': (fleet, [which = '']) => serverOf(fleet, which).start(),
  'etcd-cut': (fleet, [which = '']) => serverOf(fleet, which).etcd().sever(),
  'etcd-mend': (fleet, [which = '']) => serverOf(fleet, which).etcd().mend({ historyLost: true }),
  /** Slow, refusing now and then, and unsure of what it has written. */
  'etcd-trouble': (fleet, [which = '']) =>
    serverOf(fleet, which).etcd().set({ delayMs: 150, refused: 0.1, unknown: 0.1 }),
  'etcd-calm': (fleet, [which = '']) => serverOf(fleet, which).etcd().set(noEtcdFaults),
  /** Somebody writes nonsense over a machine's record. */
  damage: async (fleet, [serial = '']) => {
    const key = `machines/${serial}`;
    const kept = await fleet.sim.store.get([key]);
    const [entry] = kept.ok ? kept.value.entries : [];
    if (entry !== undefined) fleet.damaged.set(key, entry.value);
    const value = new TextEncoder().encode('{"spec":');
    await fleet.sim.store.commit([], [{ kind: 'put', key, value }]);
  },
  repair: async (fleet, [serial = '']) => {
    const key = `machines/${serial}`;
    const value = fleet.damaged.get(key);
    if (value !== undefined) await fleet.sim.store.commit([], [{ kind: 'put', key, value }]);
  },
};

export const storyVerbs: ReadonlySet<string> = new Set(Object.keys(verbs));

/** After each of these the invariants are looked at; a broken one ends the story there. */
export async function playStory(
  story: Story,
  options: { readonly seed: string; readonly turn: () => Promise<void>; readonly loss?: number },
): Promise<Result<Played, string>> {
  const fleet = createSimFleet({
    shape: story.fleet,
    seed: options.seed,
    turn: options.turn,
    loss: options.loss ?? 0,
  });
  await fleet.start();
  const problems: string[] = [];
  for (const step of story.steps) schedule(fleet, step, problems);
  fleet.sim.clock.after(story.showFromMs - fleet.sim.clock.elapsedMs(), fleet.summarise);
  await fleet.sim.clock.runUntil(story.untilMs, () => {
    const [broken] = fleet.invariants.broken();
    assert(broken === undefined, `${broken} (seed ${options.seed})`);
  });
  if (problems.length > 0) return fail(problems.join('\n'));
  return ok({
    lines: fleet.lines(),
    traceHash: fleet.sim.trace.hash(),
    broken: fleet.invariants.broken(),
    fleet,
  });
}

function schedule(fleet: SimFleet, step: Step, problems: string[]): void {
  const { clock, trace } = fleet.sim;
  clock.after(step.atMs - clock.elapsedMs(), () => {
    trace.add('story', `${step.verb} ${step.words.join(' ')}`);
    const done = async () => verbs[step.verb]?.(fleet, step.words);
    done().catch((problem: unknown) => problems.push(`${step.verb}: ${String(problem)}`));
  });
}

function machinesOf(fleet: SimFleet, words: readonly string[]) {
  return words.flatMap((word) => {
    if (word === 'all') return [...fleet.site.machines];
    const rack = /^rack-(\d+)$/.exec(word)?.[1];
    if (rack !== undefined) {
      return fleet.site.machines.filter((machine) => machine.rack === Number(rack));
    }
    const machine = fleet.site.find(word);
    assert(machine !== undefined, `no machine "${word}"`);
    return [machine];
  });
}

function serverOf(fleet: SimFleet, which: string) {
  const server =
    which === 'leader'
      ? fleet.servers.find((each) => each.isLeader())
      : fleet.servers[Number(which) - 1];
  assert(server !== undefined, `no server "${which}"`);
  return server;
}

function numberOf([word = '']: readonly string[]): number {
  assert(/^\d+$/.test(word), `"${word}" is not a rack's number`);
  return Number(word);
}

async function order(fleet: SimFleet, serial: Serial, to: MachineState): Promise<void> {
  const why = { by: fleet.operator.user, text: 'ordered by the operator', evidence: [] };
  const done = await fleet.inventory.setState({ serial, to, why }, fleet.operator);
  assert(done.ok, `${serial} to ${to}: ${JSON.stringify(done)}`);
}
