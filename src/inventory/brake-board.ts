/** The brakes of the fleet as every server sees them, and what people do to them. */

import { brokenUnder, createMirror, type Freshness, ownWriteTimeoutMs } from '../base/mirror.ts';
import { receipted } from '../base/receipt.ts';
import { ok, type Result } from '../base/result.ts';
import { absent, compareRevisions, type Revision, type StoreProblem } from '../base/store.ts';
import type { Transact, TransactProblem } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import { type Actor, auditOf } from './audit.ts';
import {
  type Brake,
  type Braked,
  type BrakeProblem,
  type BrakeRecord,
  brakePrefix,
  decodeBrakeRecord,
  isOver,
  type Lift,
  manualBrake,
} from './brakes.ts';
import { type BrakeAsker, liftBrake, putManual, releaseManual } from './desk/brake-changes.ts';

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

  const change = async (
    actor: Actor,
    dryRun: boolean | undefined,
    made: (asker: BrakeAsker) => ReturnType<typeof putManual>,
  ): Outcome => {
    const now = clock.now();
    const audit = auditOf(actor, now, chance, 'brakes');
    const { keys, decide } = made({ actor, now, audit, dryRun: dryRun === true });
    const done = await receipted(transact, actor.receipt)(lane, { keys }, decide);
    if (!done.ok) return done;
    const { value, revision } = done.value;
    if (dryRun !== true) await mirror.reached(revision, ownWriteTimeoutMs);
    return ok({ ...value, revision });
  };

  return {
    start: () => mirror.start(),
    stop: () => mirror.stop(),
    freshness: () => mirror.freshness(),
    broken: () => brokenUnder(brakePrefix, mirror),
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
      const brake = known.get(manualBrake)?.brake;
      if (brake === undefined || isOver(brake.expires, clock.now())) return undefined;
      if (brake.holds !== part && brake.holds !== 'everything') return undefined;
      const until = brake.expires === undefined ? '' : `, until ${brake.expires}`;
      return `stopped by ${brake.user ?? 'an operator'} since ${brake.since}${until}: ${brake.text}`;
    },
    put: (wish, { dryRun }, actor) => change(actor, dryRun, (asker) => putManual(wish, asker)),
    release: ({ dryRun }, actor) => change(actor, dryRun, releaseManual),
    lift: (name, wish, { dryRun }, actor) =>
      change(actor, dryRun, (asker) => liftBrake(name, wish, asker)),
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
