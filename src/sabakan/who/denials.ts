/**
 * What was refused at the door goes into the audit log, too, but never so much that strangers could fill the store: a
 * few a minute and some hundred a day from each server; what is left out is counted, and the next record says how much.
 */

import type { World } from '../../base/world.ts';
import { type Actor, auditWrite } from '../../inventory/audit.ts';
import { createBuckets } from './buckets.ts';

export type Denial = {
  readonly actor: Actor;
  readonly status: number;
  readonly method: string;
  /** The route's name: bounded text. */
  readonly route: string;
  readonly why: string;
};

export type Denials = {
  readonly note: (denial: Denial) => void;
  /** By status. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** Not in the audit log: over the bounds, or the store did not take them. */
  readonly unrecorded: () => number;
};

export const denialsPerMinuteMax = 10;
/** Of 60 days that stay, at some 400 octets each: 12 MB for each server at worst. */
export const denialsPerDayMax = 500;
const secondsOfDay = 86_400;

export function createDenials(world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>): Denials {
  const { clock, chance, log, store } = world;
  const minute = createBuckets({
    ...{ perSecond: denialsPerMinuteMax / 60, burst: denialsPerMinuteMax, keysMax: 1 },
  });
  const day = createBuckets({
    ...{ perSecond: denialsPerDayMax / secondsOfDay, burst: denialsPerDayMax, keysMax: 1 },
  });
  const counts = new Map<string, number>();
  let unrecorded = 0;
  let untold = 0;

  const skip = (): void => {
    unrecorded += 1;
    untold += 1;
  };

  return {
    note: ({ actor, status, method, route, why }) => {
      counts.set(String(status), (counts.get(String(status)) ?? 0) + 1);
      const nowMs = clock.monotonicMs();
      if (minute.take('', nowMs) !== undefined || day.take('', nowMs) !== undefined) return skip();
      const before = untold === 0 ? '' : `; ${untold} before it are not recorded`;
      untold = 0;
      log.warn('refused at the door', {
        ...{ status, method, route, from: actor.ip, why },
        request: actor.request ?? '',
      });
      const { write, condition } = auditWrite(actor, clock.now(), chance, {
        category: 'denied',
        instance: route,
        action: String(status),
        detail: `${method}: ${why}${before}`,
      });
      void store.commit([condition], [write]).then((done) => {
        if (!done.ok || done.value.kind === 'moved') skip();
      });
    },
    counts: () => Object.fromEntries(counts),
    unrecorded: () => unrecorded,
  };
}
