/** What people do to brakes, as decisions of one transaction each. No effects. */

import type { Decision, View } from '../../base/decision.ts';
import { fail } from '../../base/result.ts';
import type { Write } from '../../base/store.ts';
import { addMs, formatInstant, type Instant } from '../../base/time.ts';
import { type Actor, type Audit, committed } from '../audit.ts';
import {
  type Brake,
  type Braked,
  type BrakeProblem,
  brakeKeys,
  decodeBrakeRecord,
  encodeBrake,
  encodeLift,
  isOver,
  type Lift,
  manualBrake,
} from '../brakes.ts';

export type BrakeAndLift = { readonly brake: Brake; readonly lift: Lift | undefined };

type Change = {
  readonly keys: readonly string[];
  readonly decide: (view: View) => Decision<BrakeAndLift, BrakeProblem>;
};

/** Who asks, when, and whether anything is to be written. */
export type BrakeAsker = {
  readonly actor: Actor;
  readonly now: Instant;
  readonly audit: Audit;
  readonly dryRun: boolean;
};

/** Puts the manual brake on, or gives the one that is on another reason, end or extent. */
export function putManual(
  wish: { readonly holds: Braked; readonly reason: string; readonly seconds?: number },
  asker: BrakeAsker,
): Change {
  const { holds, reason, seconds } = wish;
  const { actor, now, audit } = asker;
  const key = brakeKeys.brake(manualBrake);
  return {
    keys: [key],
    decide: (view) => {
      const before = brakeIn(view.get(key));
      const isOn = before !== undefined && !isOver(before.expires, now);
      const brake: Brake = {
        name: manualBrake,
        by: 'operator',
        holds,
        text: reason,
        since: isOn ? before.since : formatInstant(now),
        release: 'tetsu brake off',
        liftable: false,
        user: whoIs(actor),
        ...(seconds === undefined ? {} : { expires: formatInstant(addMs(now, seconds * 1000)) }),
      };
      return decided(asker, { brake, lift: undefined }, () => {
        const was = before === undefined ? {} : { before };
        const record = audit(manualBrake, 'put', reason, { ...was, after: brake });
        return [{ kind: 'put', key, value: encodeBrake(brake) }, record];
      });
    },
  };
}

/** Takes the manual brake off. */
export function releaseManual(asker: BrakeAsker): Change {
  const { now, audit } = asker;
  const key = brakeKeys.brake(manualBrake);
  return {
    keys: [key],
    decide: (view) => {
      const entry = view.get(key);
      if (entry === undefined) return fail(unknownBrake(manualBrake));
      // One that cannot be read is taken off like any other: it would stand for ever.
      const before = brakeIn(entry) ?? unreadable(now);
      return decided(asker, { brake: before, lift: undefined }, () => [
        { kind: 'delete', key },
        audit(manualBrake, 'remove', before.text, { before }),
      ]);
    },
  };
}

/** Has a brake of automation passed over for so many seconds. */
export function liftBrake(
  name: string,
  { reason, seconds }: { readonly reason: string; readonly seconds: number },
  asker: BrakeAsker,
): Change {
  const { actor, now, audit } = asker;
  const [key, liftKey] = [brakeKeys.brake(name), brakeKeys.lift(name)];
  return {
    keys: [key, liftKey],
    decide: (view) => {
      const brake = brakeIn(view.get(key), name);
      if (brake === undefined) return fail(unknownBrake(name));
      if (!brake.liftable) return fail(fixedBrake(brake));
      const at = formatInstant(now);
      const expires = formatInstant(addMs(now, seconds * 1000));
      const lift: Lift = { user: whoIs(actor), reason, at, expires };
      return decided(asker, { brake, lift }, () => [
        { kind: 'put', key: liftKey, value: encodeLift(lift) },
        audit(name, 'lift', `${reason} (until ${expires})`, { before: brake }),
      ]);
    },
  };
}

function decided(
  { dryRun }: BrakeAsker,
  value: BrakeAndLift,
  change: () => readonly [Write, ReturnType<Audit>],
): Decision<BrakeAndLift, BrakeProblem> {
  if (dryRun) return { ok: true, value, writes: [] };
  const [write, record] = change();
  return committed(value, [write], record);
}

function brakeIn(
  entry: { readonly value: Uint8Array } | undefined,
  name = manualBrake,
): Brake | undefined {
  if (entry === undefined) return undefined;
  const record = decodeBrakeRecord(name, entry.value);
  return record.ok && record.value.kind === 'brake' ? record.value.brake : undefined;
}

function whoIs({ user, ip }: Actor): string {
  return user === '' ? ip : user;
}

function unreadable(now: Instant): Brake {
  return {
    name: manualBrake,
    by: 'operator',
    holds: 'everything',
    text: 'its record could not be read',
    since: formatInstant(now),
    release: 'tetsu brake off',
    liftable: false,
  };
}

function unknownBrake(name: string): BrakeProblem {
  const text =
    name === manualBrake
      ? 'the manual brake is not on'
      : `no brake ${JSON.stringify(name.slice(0, 100))} stands now; it may have fallen already`;
  return { kind: 'brake-unknown', text };
}

function fixedBrake({ name, release }: Brake): BrakeProblem {
  return { kind: 'brake-fixed', text: `the brake ${name} cannot be lifted: ${release}` };
}
