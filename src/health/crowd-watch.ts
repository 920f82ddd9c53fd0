/** Who is in trouble now, how many that is of how many, and the holds that follow. */

import { type Instant, msBetween } from '../base/time.ts';
import type { Log } from '../base/world.ts';
import type { Change } from '../inventory/inventory.ts';
import type { Machine, Serial } from '../inventory/machine.ts';
import { takeCensus } from './census.ts';
import {
  type Crowd,
  holdsOn,
  lift,
  noCrowd,
  restrain,
  type Scope,
  type Suspect,
  suspicion,
  type Trouble,
  watchCrowd,
} from './crowd.ts';
import type { Evidence } from './evidence.ts';
import type { HealthPolicy } from './policy.ts';
import type { Verdict } from './verdict.ts';

export type CrowdWatch = {
  readonly crowd: () => Crowd;
  /** Takes the census; changes of the inventory go to `change` from then on. */
  readonly begin: (machines: readonly Machine[]) => void;
  readonly change: (changes: readonly Pick<Change, 'serial' | 'before' | 'after'>[]) => void;
  readonly see: (machine: Machine, evidence: Evidence) => void;
  /** The verdict under the holds as they stand. */
  readonly restrain: (machine: Machine, verdict: Verdict) => Verdict;
  readonly recount: () => void;
  /** Serials to look at again; undefined when no hold stands there. */
  readonly lift: (
    scope: Scope,
    trouble?: Trouble,
    lifted?: boolean,
  ) => readonly Serial[] | undefined;
  /** Nobody is suspected of anything any more. */
  readonly clear: () => void;
};

/** While many verdicts come in, the crowd is counted again after this time, and before every move out of service. */
const countAgainMs = 1000;

export function createCrowdWatch(options: {
  readonly now: () => Instant;
  readonly policy: () => HealthPolicy;
  readonly log: Log;
}): CrowdWatch {
  const { log } = options;
  const suspects = new Map<Serial, Suspect>();
  let census = takeCensus([]);
  let crowd: Crowd = noCrowd;
  let countedAt: Instant | undefined;

  const count = (exactly: boolean) => {
    const now = options.now();
    if (!exactly && countedAt !== undefined && msBetween(countedAt, now) < countAgainMs) return;
    if (suspects.size === 0 && crowd.size === 0) return;
    const next = watchCrowd(crowd, suspects.values(), census.now(), options.policy(), now);
    for (const [key, hold] of next) {
      if (!crowd.has(key)) log.warn('many machines in trouble at once', { reason: hold.text });
    }
    for (const key of crowd.keys()) if (!next.has(key)) log.info('hold falls', { hold: key });
    crowd = next;
    countedAt = now;
  };

  return {
    crowd: () => crowd,
    begin: (machines) => {
      census = takeCensus(machines);
    },
    change: (changes) => {
      census.change(changes);
      for (const { serial, after } of changes) if (after === undefined) suspects.delete(serial);
    },
    see: (machine, evidence) => {
      const suspect = suspicion(machine, evidence);
      if (suspect === undefined) suspects.delete(machine.spec.serial);
      else suspects.set(machine.spec.serial, suspect);
    },
    restrain: (machine, verdict) => {
      count(verdict.kind === 'move' && holdsOn(crowd, machine, verdict).length === 0);
      return restrain(verdict, crowd, machine);
    },
    recount: () => count(false),
    lift: (scope, trouble, lifted = true) => {
      const next = lift(crowd, scope, trouble, lifted);
      if (next === undefined) return undefined;
      crowd = next;
      const hold = trouble === undefined ? scope : `${scope} ${trouble}`;
      log.warn(lifted ? 'hold lifted by an operator' : 'the lift of a hold is over', { hold });
      return [...suspects].flatMap(([serial, { rack }]) =>
        scope === 'fleet' || scope === `rack/${rack}` ? [serial] : [],
      );
    },
    clear: () => {
      suspects.clear();
      crowd = noCrowd;
    },
  };
}
