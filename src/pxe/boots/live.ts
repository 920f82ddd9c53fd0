/**
 * The boots that this server sees happen: what it has seen of each, ready to be written. Bounded in machines and in
 * steps; whoever nobody knows is let in last and pushed out first.
 */

import { type Instant, instant } from '../../base/time.ts';
import type { BootStep, BootStepName } from '../boot.ts';
import type { DhcpSighting } from '../sightings.ts';
import { isSame, type Note } from './note.ts';
import { beginsBoot, phaseOf } from './phase.ts';

type LiveStep = { -readonly [K in keyof BootStep]: BootStep[K] } & {
  transfer: string | undefined;
};

export type LiveBoot = {
  readonly subject: string;
  /** In the order they came. */
  readonly steps: readonly LiveStep[];
  /** Its record's place: of one machine's boots no two have the same, whatever the clock does. */
  readonly beganAt: Instant;
  lastAt: Instant;
  /** When it went to the end of the row of boots. */
  movedAt: Instant;
  mac: string | undefined;
  serial: string | undefined;
  uuid: string | undefined;
  registered: boolean;
  stuckAt: BootStepName | undefined;
  /** Something of it is not stored yet. */
  isDirty: boolean;
};

/** All machines of a large site powered on together. */
export const liveMax = 8_192;
/** Of those, machines that nobody registered: a flood of invented ones stays below the others. */
export const strangersMax = 4_096;
/** A boot has 15; a machine that goes round in iPXE's loop has its repetitions counted, not listed. */
export const stepsMax = 48;
/** A stranger that only asked DHCP and was silent since makes room. */
const strangerIdleMs = 60_000;
/** At the bound so many go at once: an eighth. */
const evictedShare = 8;
/** Nothing more will be told of a boot after this. */
const liveForMs = 30 * 60_000;
/** Repetitions this near count as one step. */
const nearSteps = 5;
/** Who was heard of last is known to this time: moving a boot in the row costs more than all else of a repetition. */
const moveEveryMs = 1_000;

export type LiveCounters = {
  strangersUntold: number;
  stepsUntold: number;
  /** Went to make room before they were stored. */
  bootsUnstored: number;
};

export type LiveBoots = {
  /** @returns false when there was no room for it. */
  readonly take: (subject: string, note: Note, server: string, isKnown: boolean) => boolean;
  /** The same DHCP message as one of its last steps is counted there, and costs nothing. @returns false: it is not. */
  readonly again: (boot: LiveBoot, told: DhcpSighting) => boolean;
  readonly of: (subject: string) => LiveBoot | undefined;
  readonly all: () => Iterable<LiveBoot>;
  readonly forgetOld: (now: Instant) => void;
  /** No stranger who only asks DHCP is let in at this time. */
  readonly isFull: (now: Instant) => boolean;
  readonly size: () => number;
  readonly counters: LiveCounters;
};

export function createLiveBoots(): LiveBoots {
  /** Least recently heard of first. */
  const boots = new Map<string, LiveBoot>();
  /** Replaced by a newer boot of the same machine before they were stored. */
  const replaced = new Map<string, LiveBoot>();
  const counters: LiveCounters = { strangersUntold: 0, stepsUntold: 0, bootsUnstored: 0 };
  let strangers = 0;

  const drop = (boot: LiveBoot): void => {
    boots.delete(boot.subject);
    if (!boot.registered) strangers -= 1;
  };

  const evict = (boot: LiveBoot): void => {
    if (boot.isDirty) counters.bootsUnstored += 1;
    drop(boot);
  };

  const replace = (boot: LiveBoot): void => {
    drop(boot);
    if (!boot.isDirty) return;
    if (replaced.size < liveMax) replaced.set(placeOf(boot.subject, boot.beganAt), boot);
    else counters.bootsUnstored += 1;
  };

  /** Not before the one it replaces: two records of one place would be one. */
  const freePlace = (subject: string, at: Instant, before: LiveBoot | undefined): Instant => {
    let place = Math.floor(at);
    if (before !== undefined && place <= before.beganAt) place = before.beganAt + 1;
    while (replaced.has(placeOf(subject, instant(place)))) place += 1;
    return instant(place);
  };

  /** No stranger will have been silent for long enough before this. */
  let strangersFullUntil = Number.NEGATIVE_INFINITY;

  /** In whole batches: what looks for the oldest one by one is slow when a flood comes. */
  const makeRoom = (now: Instant, isKnown: boolean, isFar: boolean): boolean => {
    if (boots.size >= liveMax) {
      let left = liveMax / evictedShare;
      for (const boot of boots.values()) {
        if (left === 0) break;
        left -= 1;
        evict(boot);
      }
    }
    if (isKnown || strangers < strangersMax) return true;
    if (now < strangersFullUntil && !isFar) return false;
    let dropped = 0;
    let oldestAt = now;
    for (const boot of boots.values()) {
      if (boot.registered || boot.steps.some(isFarStep)) continue;
      if (boot.lastAt < oldestAt) oldestAt = boot.lastAt;
      if (now - boot.lastAt < strangerIdleMs && !(isFar && dropped === 0)) continue;
      evict(boot);
      dropped += 1;
    }
    if (dropped === 0) strangersFullUntil = oldestAt + strangerIdleMs;
    return dropped > 0;
  };

  return {
    counters,
    size: () => boots.size,
    isFull: (now) => strangers >= strangersMax && now < strangersFullUntil,
    of: (subject) => boots.get(subject),
    all: function* () {
      yield* replaced.values();
      yield* boots.values();
    },
    forgetOld: (now) => {
      for (const [place, boot] of replaced) if (!boot.isDirty) replaced.delete(place);
      for (const boot of boots.values()) {
        if (now - boot.lastAt < liveForMs) break;
        if (!boot.isDirty) drop(boot);
      }
    },
    again: (boot, told) => {
      const { steps } = boot;
      for (let at = steps.length - 1; at >= Math.max(steps.length - nearSteps, 0); at -= 1) {
        const known = steps[at];
        if (known === undefined || !isSame(known, told)) continue;
        if (beginsBoot(steps, { name: known.name, at: told.at, facts: known.facts })) return false;
        known.times += 1;
        known.lastAt = told.at;
        touch(boots, boot, told.at);
        return true;
      }
      return false;
    },
    take: (subject, note, server, isKnown) => {
      const { step, transfer } = note;
      let boot = boots.get(subject);
      if (boot !== undefined && isKnown && !boot.registered) {
        boot.registered = true;
        strangers -= 1;
      }
      if (boot !== undefined && continues(boot, note)) {
        touch(boots, boot, step.lastAt);
        return true;
      }
      const next: LiveStep = { ...step, server, times: 1, transfer };
      if (boot === undefined || beginsBoot(boot.steps, next)) {
        const before = boot;
        if (before !== undefined) replace(before);
        if (!makeRoom(step.at, isKnown, isFarStep(next))) {
          counters.strangersUntold += 1;
          return false;
        }
        boot = newBoot(subject, freePlace(subject, step.at, before), isKnown);
        if (!isKnown) strangers += 1;
      }
      if (!repeats(boot, next)) {
        if (boot.steps.length >= stepsMax) counters.stepsUntold += 1;
        else (boot.steps as LiveStep[]).push(next);
      }
      touch(boots, boot, step.lastAt);
      return true;
    },
  };
}

function placeOf(subject: string, beganAt: Instant): string {
  return `${subject} ${beganAt}`;
}

function isFarStep({ name }: LiveStep): boolean {
  return phaseOf(name) > phaseOf('ipxe-ack');
}

function newBoot(subject: string, beganAt: Instant, registered: boolean): LiveBoot {
  return {
    subject,
    steps: [],
    beganAt,
    lastAt: beganAt,
    movedAt: beganAt,
    mac: undefined,
    serial: undefined,
    uuid: undefined,
    registered,
    stuckAt: undefined,
    isDirty: true,
  };
}

function touch(boots: Map<string, LiveBoot>, boot: LiveBoot, at: Instant): void {
  boot.lastAt = at;
  boot.isDirty = true;
  if (Math.abs(at - boot.movedAt) < moveEveryMs && boots.get(boot.subject) === boot) return;
  boot.movedAt = at;
  boots.delete(boot.subject);
  boots.set(boot.subject, boot);
}

/** The next word on a transfer that is among its steps. */
function continues(boot: LiveBoot, { step, transfer }: Note): boolean {
  if (transfer === undefined) return false;
  const known = boot.steps.findLast((one) => one.transfer === transfer && one.result === 'running');
  if (known === undefined) return false;
  const { name, lastAt, result, text, facts } = step;
  Object.assign(known, { name, lastAt, result, text, facts });
  return true;
}

/** The same once more: a DISCOVER without an answer, a script that is refused again. */
function repeats(boot: LiveBoot, next: LiveStep): boolean {
  if (next.result === 'running') return false;
  const known = boot.steps
    .slice(-nearSteps)
    .findLast(
      ({ name, result, text }) =>
        name === next.name && result === next.result && text === next.text,
    );
  if (known === undefined || known.facts.path !== next.facts.path) return false;
  known.times += 1;
  known.lastAt = next.lastAt;
  known.facts = next.facts;
  return true;
}
