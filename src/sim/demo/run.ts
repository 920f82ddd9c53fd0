/**
 * The demo, step by step: what an operator does, then what the fleet does by itself. Written as a client of the
 * server's own interfaces; nothing here reaches into it.
 */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Chance, Clock } from '../../base/world.ts';
import type { Api } from '../api.ts';
import { roleOf } from '../documents.ts';
import type { Site } from '../site.ts';
import { sendAll, uploadsFor } from '../uploads.ts';
import type { DemoOptions } from './options.ts';
import type { Progress } from './progress.ts';
import type { FleetWatch } from './watch.ts';

export type DemoDeps = {
  readonly options: DemoOptions;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly api: Api;
  readonly site: Site;
  readonly progress: Progress;
  readonly watch: FleetWatch;
};

/** Which step failed, why, and where to look. */
export type DemoFailure = { readonly step: string; readonly text: string; readonly look: string };

const kernelBytes = 256 * 1024;
const initrdBytes = 1024 * 1024;
/** Between two power buttons: a technician's finger, in a hurry. */
const powerGapMs = 50;
const pollMs = 250;
/** How long all is well before a machine fails. */
const calmOnceMs = 1_000;
const calmShownMs = 10_000;

/** One spare for each fourteen machines. */
export function sparesOf(machines: number): number {
  return Math.max(1, Math.round(machines / 14));
}

/** @returns the machine that was made to fail, when its swap is done. */
export async function runDemo(
  deps: DemoDeps,
): Promise<Result<{ readonly failed: string }, DemoFailure>> {
  const { options, progress, watch, site } = deps;
  const configured = await configure(deps);
  if (!configured.ok) return configured;
  const booted = await bootAll(deps);
  if (!booted.ok) return booted;

  const spares = sparesOf(options.machines);
  const wanted = options.machines - spares;
  const clustered = await until(deps, 'cluster', clusterLimitMs(options), () => {
    const plan = watch.plan();
    const members = (plan?.controlPlanes.length ?? 0) + (plan?.workers.length ?? 0);
    return members >= wanted && plan?.pending === false
      ? undefined
      : `${members} of ${wanted} machines are in the cluster`;
  });
  if (!clustered.ok) return clustered;
  const before = watch.plan();
  progress.say(
    'cluster',
    `${before?.controlPlanes.length} control planes, ${before?.workers.length} workers, ${spares} spares`,
    'good',
  );

  const { workers = [] } = before ?? {};
  const candidates = workers.filter((serial) => watch.machine(serial)?.spec.role === 'cs');
  const victim = candidates[Math.floor(deps.chance.next() * candidates.length)];
  const machine = victim === undefined ? undefined : site.find(victim);
  if (victim === undefined || machine === undefined) {
    return fail({ step: 'failure', text: 'no worker to fail', look: 'tetsu plan' });
  }
  const calmMs = options.once ? calmOnceMs : calmShownMs;
  await new Promise<void>((resolve) => deps.clock.after(calmMs, resolve));
  progress.say('failure', `${victim} loses its power`, 'bad');
  machine.powerOff();

  const noticed = await until(deps, 'unreachable', 60_000, () => {
    const state = watch.machine(victim)?.status.state;
    return state === 'unreachable' ? undefined : `${victim} is ${state}`;
  });
  if (!noticed.ok) return noticed;
  const known = new Set([...workers, ...(before?.controlPlanes ?? [])]);
  let newcomer: string | undefined;
  const joined = await until(deps, 'newcomer', 60_000, () => {
    newcomer = watch.plan()?.workers.find((serial) => !known.has(serial));
    return newcomer !== undefined ? undefined : `no spare has joined for ${victim}`;
  });
  if (!joined.ok) return joined;
  const left = await until(deps, 'swap', 60_000, () => {
    const plan = watch.plan();
    return plan !== undefined && !plan.workers.includes(victim) && !plan.pending
      ? undefined
      : `${victim} is still in the cluster`;
  });
  if (!left.ok) return left;
  progress.say('swap', `${victim} is out, ${newcomer} is in`, 'good');
  return ok({ failed: victim });
}

async function configure(deps: DemoDeps): Promise<Result<void, DemoFailure>> {
  const { api, site, progress, watch } = deps;
  const role = (at: number) => roleOf(Math.floor(at / site.racks.length));
  const sent = await sendAll(
    api,
    uploadsFor(site, '127', role, { kernelBytes, initrdBytes }),
    ({ method, path, what }) => progress.say('configure', `${method} ${path}  (${what})`),
  );
  if (!sent.ok) return fail({ step: 'configure', text: sent.error, look: 'the log' });
  await watch.look();
  return ok(undefined);
}

async function bootAll(deps: DemoDeps): Promise<Result<void, DemoFailure>> {
  const { options, site, progress, watch, clock } = deps;
  const started = await site.start();
  if (!started.ok) {
    return fail({ step: 'relays', text: started.error.text, look: 'ss -lun' });
  }
  progress.say('boot', `${site.machines.length} machines in ${site.racks.length} racks power on`);
  for (const [at, machine] of site.machines.entries()) {
    clock.after(at * powerGapMs, machine.powerOn);
  }
  const limitMs = bootLimitMs(options);
  const healthy = await until(deps, 'boot', limitMs, () => {
    const waiting = [...watch.machines()].filter(({ status }) => status.state !== 'healthy');
    if (waiting.length === 0 && watch.machines().length > 0) return undefined;
    const [first] = waiting;
    const stage = first === undefined ? 'unknown' : site.find(first.spec.serial)?.stage();
    return `${waiting.length} machines are not healthy; ${first?.spec.serial} is at "${stage}"`;
  });
  if (!healthy.ok) return healthy;
  progress.say('healthy', `all ${site.machines.length} machines boot and answer`, 'good');
  return ok(undefined);
}

/** Firmware's slowest road takes 40 s of its own; 56 machines share this host's processors. */
function bootLimitMs({ machines, hurry }: DemoOptions): number {
  return 60_000 + 120_000 / hurry + machines * 500;
}

function clusterLimitMs({ machines }: DemoOptions): number {
  return 60_000 + machines * 100;
}

/** Looks until `missing` has nothing left to say. */
async function until(
  { clock, watch }: DemoDeps,
  step: string,
  limitMs: number,
  missing: () => string | undefined,
): Promise<Result<void, DemoFailure>> {
  const untilMs = clock.monotonicMs() + limitMs;
  for (;;) {
    const looked = await watch.look();
    const text = looked.ok ? missing() : looked.error;
    if (text === undefined) return ok(undefined);
    if (clock.monotonicMs() > untilMs) {
      const seconds = Math.round(limitMs / 1000);
      return fail({ step, text: `after ${seconds} s: ${text}`, look: 'the log; tetsu plan' });
    }
    await new Promise<void>((resolve) => clock.after(pollMs, resolve));
  }
}
