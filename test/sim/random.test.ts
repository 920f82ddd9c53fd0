import { describe, expect, it } from 'vitest';
import { createSeededChance } from '../../src/sim/chance.ts';
import { nextTurn } from '../../src/sim/io/turn.ts';
import { playStory } from '../../src/sim/player.ts';
import type { Step, Story } from '../../src/sim/story.ts';

/**
 * Random fleets under random faults: whatever happens, the invariants hold, and once everything is mended the fleet
 * heals. A failure prints its seed; `SIM_SEED=… npx vitest run --project unit test/sim/random` replays it, and
 * `SIM_RUNS=1000` runs that many.
 */
const runs = Number(process.env['SIM_RUNS'] ?? 12);
const only = process.env['SIM_SEED'];
const seeds = only === undefined ? Array.from({ length: runs }, (_, at) => `random-${at}`) : [only];

const minute = 60_000;
const faultsFromMs = 5 * minute;
const mendedMs = 40 * minute;
/** Flap holds last longest: half an hour of good health. */
const untilMs = 100 * minute;

function randomStory(seed: string): { readonly story: Story; readonly loss: number } {
  const chance = createSeededChance(`${seed}/story`);
  const upTo = (most: number) => Math.floor(chance.next() * most);
  const racks = 1 + upTo(3);
  const machines = 6 + upTo(14);
  const servers = 1 + upTo(2);
  const serial = () => `s-${String(1 + upTo(machines)).padStart(3, '0')}`;
  const steps: Step[] = [{ atMs: 0, verb: 'boot', words: ['all'] }];
  const add = (atMs: number, verb: string, ...words: string[]) => steps.push({ atMs, verb, words });
  const faults: readonly ((atMs: number) => void)[] = [
    (atMs) => add(atMs, 'kill', serial()),
    (atMs) => add(atMs, 'cycle', serial()),
    (atMs) => add(atMs, 'unplug', serial()),
    (atMs) => add(atMs, 'plug', serial()),
    (atMs) => add(atMs, 'hang', serial()),
    (atMs) => add(atMs, 'flap', serial()),
    (atMs) => {
      const rack = String(upTo(racks));
      add(atMs, 'rack-off', rack);
      add(atMs + 1 + upTo(10 * minute), 'rack-on', rack);
    },
    (atMs) => {
      const rack = String(upTo(racks));
      add(atMs, 'switch-off', rack);
      add(atMs + 1 + upTo(5 * minute), 'switch-on', rack);
    },
    (atMs) => {
      const server = String(1 + upTo(servers));
      add(atMs, 'etcd-cut', server);
      add(atMs + 1 + upTo(3 * minute), 'etcd-mend', server);
    },
    (atMs) => {
      const server = String(1 + upTo(servers));
      add(atMs, 'etcd-trouble', server);
      add(atMs + 1 + upTo(5 * minute), 'etcd-calm', server);
    },
    (atMs) => {
      const damaged = serial();
      add(atMs, 'damage', damaged);
      add(atMs + 1 + upTo(5 * minute), 'repair', damaged);
    },
  ];
  for (let fault = 0; fault < 8; fault += 1) {
    const at = faultsFromMs + upTo(mendedMs - faultsFromMs - 11 * minute);
    faults[upTo(faults.length)]?.(at);
  }
  for (let rack = 0; rack < racks; rack += 1) {
    add(mendedMs, 'rack-on', String(rack));
    add(mendedMs, 'switch-on', String(rack));
  }
  add(mendedMs, 'heal', 'all');
  add(mendedMs, 'plug', 'all');
  add(mendedMs + 1, 'cycle', 'all');
  const fleet = { racks, machines, servers, spares: upTo(3), controlPlanes: 3 };
  const story = {
    title: seed,
    fleet,
    steps: steps.toSorted((a, b) => a.atMs - b.atMs),
    showFromMs: 0,
    untilMs,
    expected: [],
  };
  return { story, loss: upTo(3) * 0.01 };
}

describe('random fleets under random faults', () => {
  it.each(seeds)('seed %s keeps every invariant and heals', async (seed) => {
    const { story, loss } = randomStory(seed);
    const played = await playStory(story, { seed, turn: nextTurn, loss });
    if (!played.ok) throw new Error(`seed ${seed}: ${played.error}`);
    const { fleet, broken, lines } = played.value;
    const told = () => `seed ${seed}\n${lines.slice(-30).join('\n')}`;
    expect(broken, told()).toEqual([]);
    const sick = fleet.inventory
      .machines()
      .filter((machine) => machine.status.state !== 'healthy')
      .map((machine) => `${machine.spec.serial} ${machine.status.state}`);
    expect(sick, told()).toEqual([]);
  });
});
