/**
 * Boots that may still go on, looked at once a second: what no packet shows of them (that a machine answers probes, that
 * it is healthy), and that a step did not come in its time.
 */

import { addMs, type Instant, instant, instantOf, type Rfc3339 } from '../../base/time.ts';
import type { World } from '../../base/world.ts';
import type { Machine, Serial } from '../../inventory/machine.ts';
import type { Boot, BootStepName } from '../boot.ts';
import { createAlarms, isNobodys } from './alarms.ts';
import { diagnose } from './diagnose.ts';
import type { LiveBoots } from './live.ts';
import type { Note } from './note.ts';
import type { BootShelf } from './shelf.ts';
import type { Surroundings } from './suspicion.ts';

export type Vigil = {
  readonly heard: (last: Boot) => void;
  readonly has: (subject: string) => boolean;
  readonly look: () => void;
  /** How many wait in vain now, by the step they wait for; without strangers that no server answers. */
  readonly stuck: () => ReadonlyMap<BootStepName, number>;
};

/** Boots that nothing was heard of for so long are looked at no more. */
const openForMs = 60 * 60_000;
/** One that waits for nothing but time is looked at when that is over, and this often should the clock be set. */
const lookAgainMs = 30_000;

export function createVigil(deps: {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly shelf: Pick<BootShelf, 'boots'>;
  readonly live: Pick<LiveBoots, 'of'>;
  readonly around: Surroundings;
  readonly machineOf: (serial: string | undefined) => Machine | undefined;
  readonly answeredAt: (serial: Serial) => Rfc3339 | undefined;
  readonly take: (note: Note) => void;
}): Vigil {
  const { shelf, live, around, machineOf, take } = deps;
  const { clock } = deps.world;
  const alarms = createAlarms(deps.world);
  /** By subject: when the machine's last boot was heard of last, and when there may be something to see. */
  const open = new Map<string, { readonly lastAt: Instant; lookAt: Instant }>();

  /** What no packet shows: that it answers probes, that it is healthy, that it waits in vain. */
  const look = (): void => {
    alarms.look();
    const now = clock.now();
    for (const [subject, entry] of open) {
      const isOld = now - entry.lastAt > openForMs;
      if (!isOld && now < entry.lookAt && entry.lookAt - now <= lookAgainMs) continue;
      const boot = isOld ? undefined : shelf.boots(subject).at(-1);
      if (boot === undefined) {
        open.delete(subject);
        continue;
      }
      lookAtHealth(boot, now);
      const mine = live.of(subject);
      const { state, awaited, cause } = diagnose(boot, around, now);
      if (state === 'healthy') open.delete(subject);
      const later = addMs(now, lookAgainMs);
      const deadline = state === 'running' ? awaited?.deadline : undefined;
      const isAfterIgnition = boot.steps.some(isIgnited);
      entry.lookAt = isAfterIgnition
        ? now
        : deadline === undefined || deadline > later
          ? later
          : deadline;
      // Whoever heard it last says so for all.
      if (mine === undefined || mine.lastAt < boot.lastAt) continue;
      const stuckAt = state === 'stuck' ? awaited?.step : undefined;
      if (stuckAt === mine.stuckAt) continue;
      mine.stuckAt = stuckAt;
      mine.isDirty = true;
      if (stuckAt === undefined || isStrange(boot)) continue;
      alarms.stuck(boot, stuckAt, cause, machineOf(boot.serial) !== undefined);
    }
  };

  const isStrange = (boot: Boot) => isNobodys(boot) && machineOf(boot.serial) === undefined;

  const lookAtHealth = (boot: Boot, now: Instant): void => {
    const ignited = boot.steps.findLast(isIgnited);
    const machine = machineOf(boot.serial);
    if (ignited === undefined || machine === undefined) return;
    const { serial } = machine.spec;
    const has = (name: BootStepName) => boot.steps.some((step) => step.name === name);
    const told = deps.answeredAt(serial);
    const answeredAt = told === undefined ? undefined : instantOf(told);
    const answered = answeredAt !== undefined && answeredAt > ignited.lastAt;
    const mine = live.of(boot.subject);
    if (answered && !has('probe')) {
      const text = 'it answers its probes';
      add(boot, {
        name: 'probe',
        at: answeredAt,
        lastAt: answeredAt,
        result: 'done',
        text,
        facts: {},
      });
    }
    const since = instantOf(machine.status.since);
    // Healthy all along: the first answer after its Ignition says that it is so again.
    const healthyAt = since > ignited.lastAt ? since : answered ? answeredAt : undefined;
    const isTeller = answered || mine?.steps.some(({ name }) => name === 'ignition') === true;
    if (machine.status.state !== 'healthy' || healthyAt === undefined || !isTeller) return;
    if (has('healthy')) return;
    const at = healthyAt > now ? now : healthyAt;
    add(boot, { name: 'healthy', at, lastAt: at, result: 'done', text: '', facts: {} });
  };

  const add = (boot: Boot, step: Note['step']): void => {
    const known = live.of(boot.subject);
    if (known?.steps.some(({ name }) => name === step.name) === true) return;
    take({
      ...(boot.mac === undefined ? {} : { mac: boot.mac }),
      ...(boot.serial === undefined ? {} : { serial: boot.serial }),
      step,
      isBeginning: false,
    });
  };

  return {
    look,
    has: (subject) => open.has(subject),
    heard: (last) => {
      if (clock.now() - last.lastAt >= openForMs) return;
      open.set(last.subject, { lastAt: last.lastAt, lookAt: instant(0) });
    },
    stuck: () => {
      const now = clock.now();
      const counts = new Map<BootStepName, number>();
      for (const subject of open.keys()) {
        const boot = shelf.boots(subject).at(-1);
        if (boot === undefined || isStrange(boot)) continue;
        const { state, awaited } = diagnose(boot, around, now);
        if (state !== 'stuck' || awaited === undefined) continue;
        counts.set(awaited.step, (counts.get(awaited.step) ?? 0) + 1);
      }
      return counts;
    },
  };
}

function isIgnited({ name, result }: Boot['steps'][number]): boolean {
  return name === 'ignition' && result === 'done';
}
