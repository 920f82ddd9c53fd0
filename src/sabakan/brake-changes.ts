/** What the leader writes so that the brakes in the store are those that stand. No effects. */

import type { Condition, Revision, Write } from '../base/store.ts';
import { addMs, type Instant, instantOf } from '../base/time.ts';
import type { StandingBrake } from '../inventory/brake-board.ts';
import { type Brake, brakeKeys, encodeBrake, isOver, manualBrake } from '../inventory/brakes.ts';

export type BrakesNow = ReadonlyMap<string, { readonly brake: Brake }>;

/** Figures and times in a text move on all the time; people read them, nothing acts on them. */
const textStaleMs = 60_000;
/** More do not stand at once for different reasons; the fleet's own hold is among the first by name. */
export const brakesMax = 500;

export type BrakeChanges = {
  readonly conditions: readonly Condition[];
  readonly writes: readonly Write[];
  /** The manual brake that comes off by itself: whoever writes this adds its audit record. */
  readonly ended: Brake | undefined;
  /** More stand than are kept. */
  readonly left: number;
};

/**
 * @param unsure parts that do not know yet what they hold back: a new leader has not looked. What they held is left.
 * @param writtenAt when the text of a brake was written last by this server.
 */
export function brakeChanges(
  stored: readonly StandingBrake[],
  standing: BrakesNow,
  unsure: ReadonlySet<Brake['by']>,
  writtenAt: (name: string) => Instant | undefined,
  now: Instant,
): BrakeChanges {
  const conditions: Condition[] = [];
  const writes: Write[] = [];
  let ended: Brake | undefined;
  const known = new Map(stored.map((one) => [one.brake.name, one]));
  const wanted = [...standing.values()].sort((a, b) => (a.brake.name < b.brake.name ? -1 : 1));
  for (const { brake } of wanted.slice(0, brakesMax)) {
    const before = known.get(brake.name)?.brake;
    // A new leader has it begin when it has seen it; it began when the old one had.
    const kept = before === undefined ? brake : { ...brake, since: before.since };
    if (before !== undefined && !differs(before, kept, writtenAt(brake.name), now)) continue;
    writes.push({ kind: 'put', key: brakeKeys.brake(brake.name), value: encodeBrake(kept) });
  }
  for (const { brake, lift, revision } of stored) {
    const { name } = brake;
    if (name === manualBrake) {
      if (!isOver(brake.expires, now)) continue;
      // An operator who has just prolonged it is not overruled.
      ended = brake;
      conditions.push(unmoved(brakeKeys.brake(name), revision));
      writes.push({ kind: 'delete', key: brakeKeys.brake(name) });
      continue;
    }
    const hasFallen = !standing.has(name) && !unsure.has(brake.by);
    if (hasFallen) writes.push({ kind: 'delete', key: brakeKeys.brake(name) });
    if (lift !== undefined && (hasFallen || isOver(lift.expires, now))) {
      writes.push({ kind: 'delete', key: brakeKeys.lift(name) });
    }
  }
  return { conditions, writes, ended, left: Math.max(wanted.length - brakesMax, 0) };
}

function differs(
  before: Brake,
  after: Brake,
  writtenAt: Instant | undefined,
  now: Instant,
): boolean {
  if (before.text !== after.text) {
    return writtenAt === undefined || addMs(writtenAt, textStaleMs) <= now || writtenAt > now;
  }
  return JSON.stringify(before) !== JSON.stringify(after);
}

function unmoved(key: string, modRevision: Revision): Condition {
  return { kind: 'unmoved', key, modRevision };
}

/** How long a lift may still be obeyed, in milliseconds of a clock that nobody sets; at most what was asked for. */
export function liftLastsMs(
  lift: { readonly at: Brake['since']; readonly expires: Brake['since'] },
  now: Instant,
): number {
  const askedMs = instantOf(lift.expires) - instantOf(lift.at);
  return Math.min(Math.max(instantOf(lift.expires) - now, 0), askedMs);
}
