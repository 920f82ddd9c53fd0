/**
 * A hold on one machine: automation keeps its hands off. Health goes on asking it but does not change its state, and no
 * cluster takes it in or swaps it out. Kept in the machine's own record, so that it changes, is watched and goes with it.
 */

import {
  formatInstant,
  type Instant,
  instantOf,
  parseRfc3339,
  type Rfc3339,
} from '../base/time.ts';
import type { Machine, MachineHold } from './machine.ts';

/** What is wished: the rest is known when it is written. */
export type HoldWish = Omit<MachineHold, 'since'>;

export const holdReasonCharactersMax = 1_000;

/** The hold that stands at this moment; one that has run out is none, whether or not it is still in the record. */
export function holdOn({ hold }: Pick<Machine, 'hold'>, now: Instant): MachineHold | undefined {
  if (hold?.until !== undefined && instantOf(hold.until) <= now) return undefined;
  return hold;
}

/** As a sentence. */
export function holdText({ by, reason, until }: MachineHold): string {
  return `held by ${by}${until === undefined ? '' : ` until ${until}`}: ${reason}`;
}

/** The machine with this hold, or without one; the same machine when nothing changes. */
export function withHold(machine: Machine, wish: HoldWish | null, now: Instant): Machine {
  const { hold: before, ...rest } = machine;
  if (wish === null) return before === undefined ? machine : rest;
  const isSame =
    before?.by === wish.by && before.reason === wish.reason && before.until === wish.until;
  return isSame ? machine : { ...rest, hold: { ...wish, since: formatInstant(now) } };
}

/** Undefined when there is none. One that cannot be read in part still holds: releasing it is what is unsafe. */
export function holdFromJson(json: unknown): MachineHold | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { by, reason, since, until } = json as Readonly<Record<string, unknown>>;
  const time = (value: unknown) => (typeof value === 'string' ? parseRfc3339(value) : undefined);
  const [from, end] = [time(since), time(until)];
  return {
    by: typeof by === 'string' ? by : '',
    reason: typeof reason === 'string' ? reason.slice(0, holdReasonCharactersMax) : '',
    since: from?.ok === true ? from.value : ('1970-01-01T00:00:00Z' as Rfc3339),
    ...(end?.ok === true ? { until: end.value } : {}),
  };
}
