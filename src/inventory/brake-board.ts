/** The brakes of the fleet as every server sees them, and what people do to them. */

import { createMirror, type Freshness, ownWriteTimeoutMs } from '../base/mirror.ts';
import { receipted } from '../base/receipt.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { absent, compareRevisions, type Revision, type StoreProblem } from '../base/store.ts';
import { addMs, formatInstant, type Instant } from '../base/time.ts';
import type { Transact, TransactProblem } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import { type Actor, type AuditValues, auditWrite } from './audit.ts';
import {
  type Brake,
  type Braked,
  type BrakeRecord,
  brakeKeys,
  brakePrefix,
  decodeBrakeRecord,
  encodeBrake,
  encodeLift,
  isOver,
  type Lift,
  manualBrake,
} from './brakes.ts';

export type StandingBrake = {
  readonly brake: Brake;
  readonly lift: Lift | undefined;
  /** Of the last change of either. */
  readonly revision: Revision;
};

export type BrakeChange = {
  readonly name: string;
  readonly before: StandingBrake | undefined;
  readonly after: StandingBrake | undefined;
};

export type BrakeNews =
  | {
      readonly kind: 'changed';
      readonly revision: Revision;
      readonly changes: readonly BrakeChange[];
    }
  | { readonly kind: 'listed' };

export type BrakeProblem =
  | { readonly kind: 'brake-unknown'; readonly text: string }
  | { readonly kind: 'brake-fixed'; readonly text: string };

type Terms = { readonly dryRun?: boolean };
type Outcome = Promise<Result<StandingBrake, BrakeProblem | TransactProblem>>;

export type BrakeBoard = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  readonly broken: () => ReadonlyMap<string, string>;
  /** Of the last change of any brake or lift. */
  readonly changed: () => Revision;
  /** No change up to here is missing. */
  readonly completeTo: () => Revision;
  /** Waits until a revision that changed a brake is in; false when it took too long. */
  readonly reached: (revision: Revision) => Promise<boolean>;
  /** Ascending by name; the same array while nothing changes. */
  readonly brakes: () => readonly StandingBrake[];
  readonly find: (name: string) => StandingBrake | undefined;
  readonly subscribe: (listener: (news: BrakeNews) => void) => () => void;
  /** Why an operator has this part stopped, as a sentence; undefined: they have not. */
  readonly stopped: (part: Exclude<Braked, 'everything'>) => string | undefined;
  /** Puts the manual brake on, or gives the one that is on another reason, end or extent. */
  readonly put: (
    wish: { readonly holds: Braked; readonly reason: string; readonly seconds?: number },
    terms: Terms,
    actor: Actor,
  ) => Outcome;
  /** Takes the manual brake off. */
  readonly release: (terms: Terms, actor: Actor) => Outcome;
  /** Has a brake of automation passed over for so many seconds, by whichever server leads. */
  readonly lift: (
    name: string,
    wish: { readonly reason: string; readonly seconds: number },
    terms: Terms,
    actor: Actor,
  ) => Outcome;
};

const lane = 'brakes';

export function createBrakeBoard(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly transact: Transact;
}): BrakeBoard {
  const { transact } = deps;
  const { clock, chance, log, store } = deps.world;
  const mirror = createMirror<BrakeRecord>({
    store,
    prefix: brakePrefix,
    decode: decodeBrakeRecord,
    clock,
    log,
  });
  const known = new Map<string, Known>();
  const listeners = new Set<(news: BrakeNews) => void>();
  let sorted: readonly StandingBrake[] | undefined;

  mirror.subscribe((changes, how) => {
    sorted = undefined;
    const news: BrakeNews[] = [];
    for (const [revision, together] of Map.groupBy(changes, (change) => change.revision)) {
      const names = [...new Set(together.map(({ key }) => nameIn(key)))].sort();
      const before = new Map(names.map((name) => [name, standing(known.get(name))]));
      for (const { key, value } of together) take(known, key, value, revision);
      const told = names.flatMap((name): readonly BrakeChange[] => {
        const [was, is] = [before.get(name), standing(known.get(name))];
        return was === undefined && is === undefined ? [] : [{ name, before: was, after: is }];
      });
      if (told.length > 0) news.push({ kind: 'changed', revision, changes: told });
    }
    const all: readonly BrakeNews[] = how === 'listed' ? [{ kind: 'listed' }] : news;
    for (const one of all) for (const listener of [...listeners]) listener(one);
  });

  const brakes = (): readonly StandingBrake[] => {
    sorted ??= [...known.keys()].sort().flatMap((name) => standing(known.get(name)) ?? []);
    return sorted;
  };

  const manual = (now: Instant): Brake | undefined => {
    const brake = known.get(manualBrake)?.brake;
    return brake === undefined || isOver(brake.expires, now) ? undefined : brake;
  };

  const audited = (
    actor: Actor,
    now: Instant,
    name: string,
    action: string,
    detail: string,
    values: AuditValues,
  ) =>
    auditWrite(actor, now, chance, {
      category: 'brakes',
      instance: name,
      action,
      detail,
      ...values,
    });

  const shown = async (
    settled: Result<
      { readonly value: Omit<StandingBrake, 'revision'>; readonly revision: Revision },
      BrakeProblem | TransactProblem
    >,
    dryRun: boolean | undefined,
  ): Outcome => {
    if (!settled.ok) return settled;
    const { value, revision } = settled.value;
    if (dryRun !== true) await mirror.reached(revision, ownWriteTimeoutMs);
    return ok({ ...value, revision });
  };

  return {
    start: () => mirror.start(),
    stop: () => mirror.stop(),
    freshness: () => mirror.freshness(),
    broken: () => new Map([...mirror.broken()].map(([key, why]) => [brakePrefix + key, why])),
    changed: () => mirror.changed(),
    completeTo: () => mirror.revision(),
    reached: (revision) => mirror.reached(revision, ownWriteTimeoutMs),
    brakes,
    find: (name) => standing(known.get(name)),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stopped: (part) => {
      // A brake that somebody put on and nobody can read is on.
      const broken = mirror.broken().get(manualBrake);
      if (broken !== undefined)
        return `the brake ${manualBrake} is on but cannot be read: ${broken}`;
      const brake = manual(clock.now());
      if (brake === undefined || (brake.holds !== part && brake.holds !== 'everything')) {
        return undefined;
      }
      const until = brake.expires === undefined ? '' : `, until ${brake.expires}`;
      return `stopped by ${brake.user ?? 'an operator'} since ${brake.since}${until}: ${brake.text}`;
    },
    put: async ({ holds, reason, seconds }, { dryRun }, actor) => {
      const key = brakeKeys.brake(manualBrake);
      const now = clock.now();
      const done = await receipted(transact, actor.receipt)<
        Omit<StandingBrake, 'revision'>,
        BrakeProblem
      >(lane, { keys: [key] }, (view) => {
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
        const value = { brake, lift: undefined };
        if (dryRun === true) return { ok: true, value, writes: [] };
        const record = audited(actor, now, manualBrake, 'put', reason, {
          ...(before === undefined ? {} : { before }),
          after: brake,
        });
        const write = { kind: 'put', key, value: encodeBrake(brake) } as const;
        const { condition } = record;
        return { ok: true, value, writes: [write, record.write], conditions: [condition] };
      });
      return shown(done, dryRun);
    },
    release: async ({ dryRun }, actor) => {
      const key = brakeKeys.brake(manualBrake);
      const now = clock.now();
      const done = await receipted(transact, actor.receipt)<
        Omit<StandingBrake, 'revision'>,
        BrakeProblem
      >(lane, { keys: [key] }, (view) => {
        const entry = view.get(key);
        if (entry === undefined) return fail(unknownBrake(manualBrake));
        // One that cannot be read is taken off like any other: it would stand for ever.
        const before = brakeIn(entry) ?? unreadable(now);
        const value = { brake: before, lift: undefined };
        if (dryRun === true) return { ok: true, value, writes: [] };
        const record = audited(actor, now, manualBrake, 'remove', before.text, { before });
        const { condition } = record;
        const writes = [{ kind: 'delete', key } as const, record.write];
        return { ok: true, value, writes, conditions: [condition] };
      });
      return shown(done, dryRun);
    },
    lift: async (name, { reason, seconds }, { dryRun }, actor) => {
      const [key, liftKey] = [brakeKeys.brake(name), brakeKeys.lift(name)];
      const now = clock.now();
      const done = await receipted(transact, actor.receipt)<
        Omit<StandingBrake, 'revision'>,
        BrakeProblem
      >(lane, { keys: [key, liftKey] }, (view) => {
        const brake = brakeIn(view.get(key), name);
        if (brake === undefined) return fail(unknownBrake(name));
        if (!brake.liftable) return fail(fixedBrake(brake));
        const at = formatInstant(now);
        const expires = formatInstant(addMs(now, seconds * 1000));
        const lift: Lift = { user: whoIs(actor), reason, at, expires };
        const value = { brake, lift };
        if (dryRun === true) return { ok: true, value, writes: [] };
        const record = audited(actor, now, name, 'lift', `${reason} (until ${expires})`, {
          before: brake,
        });
        const write = { kind: 'put', key: liftKey, value: encodeLift(lift) } as const;
        const { condition } = record;
        return { ok: true, value, writes: [write, record.write], conditions: [condition] };
      });
      return shown(done, dryRun);
    },
  };
}

type Known = {
  readonly brake?: Brake | undefined;
  readonly lift?: Lift | undefined;
  readonly revision: Revision;
};

function nameIn(key: string): string {
  return key.split('/')[0] ?? '';
}

function take(
  known: Map<string, Known>,
  key: string,
  value: BrakeRecord | undefined,
  at: Revision,
): void {
  const name = nameIn(key);
  const before = known.get(name);
  const revision = compareRevisions(before?.revision ?? absent, at) > 0 ? before?.revision : at;
  const isLift = key.endsWith('/lift');
  const after: Known = {
    brake: isLift ? before?.brake : value?.kind === 'brake' ? value.brake : undefined,
    lift: isLift ? (value?.kind === 'lift' ? value.lift : undefined) : before?.lift,
    revision: revision ?? at,
  };
  if (after.brake === undefined && after.lift === undefined) known.delete(name);
  else known.set(name, after);
}

/** A lift of a brake that has fallen is nothing. */
function standing(known: Known | undefined): StandingBrake | undefined {
  if (known?.brake === undefined) return undefined;
  return { brake: known.brake, lift: known.lift, revision: known.revision };
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
