/** How long a pass of the bridge takes: guards, plan and text, pure, without store and file. */

import type { Revision } from '../../src/base/store.ts';
import { addMs } from '../../src/base/time.ts';
import { emptyMemory } from '../../src/cke-bridge/cluster.ts';
import { lastClusterAfter, type PassInput, runPass } from '../../src/cke-bridge/pass.ts';
import { planNext } from '../../src/cke-bridge/plan.ts';
import { createFleet, start } from '../cke-bridge/fleet.ts';

export type Row = { readonly what: string; readonly figure: string; readonly target: string };

const rounds = 15;

/** Planning with failures under way: the first generation, then a pass with swaps, then a quiet one. */
export function run(): readonly Row[] {
  return [...rowsFor(1000, 36, 28, 50), ...rowsFor(10_000, 358, 28, 500)];
}

function rowsFor(count: number, racks: number, perRack: number, targetMs: number): readonly Row[] {
  const fleet = createFleet({
    racks,
    machines: perRack,
    settings: { nodesMax: 20_000, spares: new Map([['cs' as never, Math.floor(count / 50)]]) },
  });
  for (const serial of [...fleet.machines.keys()].slice(count)) fleet.machines.delete(serial);
  const first: PassInput = fleet.input();
  const founded = runPass(first);
  if (founded.plan === undefined) throw new Error('no plan');
  const lastCluster = lastClusterAfter({ ...founded, plan: founded.plan }, first);
  // One in a hundred has been down for long enough to be replaced.
  for (const [at, serial] of [...fleet.machines.keys()].entries()) {
    if (at % 100 === 50) fleet.set(serial, 'unreachable');
  }
  const machines = fleet.input().machines;
  const later = addMs(start, 700_000);
  const revision = '200' as Revision;
  const swaps: PassInput = {
    ...first,
    machines,
    lastCluster,
    memory: emptyMemory,
    now: later,
    revision,
  };
  const quiet: PassInput = { ...first, lastCluster, now: later, revision };
  const name = `${count.toLocaleString('en')} machines`;
  return [
    row(`plan, first generation, ${name}`, targetMs, () =>
      planNext({ ...first, template: templateIn(first), mode: 'full' }),
    ),
    row(`plan, 1 % failed, ${name}`, targetMs, () =>
      planNext({ ...swaps, template: templateIn(swaps), mode: 'full' }),
    ),
    row(`whole pass, 1 % failed, ${name}`, targetMs, () => runPass(swaps)),
    row(`whole pass, nothing to do, ${name}`, targetMs, () => runPass(quiet)),
  ];
}

function templateIn(input: PassInput): NonNullable<PassInput['template']> {
  if (input.template === undefined) throw new Error('no template');
  return input.template;
}

/** Median and worst of `rounds`, after two rounds to warm up. */
function row(what: string, targetMs: number, work: () => unknown): Row {
  const times: number[] = [];
  for (let round = 0; round < rounds + 2; round += 1) {
    const startedMs = performance.now();
    work();
    if (round >= 2) times.push(performance.now() - startedMs);
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const worst = times.at(-1) ?? 0;
  return {
    what,
    figure: `${median.toFixed(1)} ms (worst ${worst.toFixed(1)} ms)`,
    target: `≤ ${targetMs} ms`,
  };
}
