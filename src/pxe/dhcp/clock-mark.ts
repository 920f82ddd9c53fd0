/**
 * The last jump of this server's wall clock, kept in the store, so that a restart does not forget it: until a whole lease
 * has passed, what was lent before the jump must not be taken for ended. Written once for each jump, never for a lease.
 */

import { isJsonObject, parseJson } from '../../base/exact-json.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Store } from '../../base/store.ts';
import { formatInstant, readInstant } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import { type ClockWatch, resumeWatch, type SeenJump } from './reuse.ts';

export type ClockMark = {
  /**
   * What is known of an earlier run; undefined: no jump. The error says what is wrong with the record. One that is broken
   * or of a time to come counts as of now and is written so: else each restart would begin the time of a lease anew.
   */
  readonly recall: () => Promise<Result<ClockWatch | undefined, string>>;
  /** It jumped by so much just now. */
  readonly note: (byMs: number) => void;
  /** Writes what was noted, again until it is stored; call it every few seconds. */
  readonly keep: () => Promise<void>;
};

export const clockMarkPrefix = 'tetsukan/dhcp-clocks/';

/** @param name of this server: the host and port of its advertise URL. */
export function createClockMark(
  store: Pick<Store, 'get' | 'commit'>,
  clock: Pick<Clock, 'now' | 'monotonicMs'>,
  name: string,
): ClockMark {
  const key = clockMarkPrefix + name;
  let noted: SeenJump | undefined;
  return {
    recall: async () => {
      const found = await store.get([key]);
      if (!found.ok) return fail(found.error.text);
      const [entry] = found.value.entries;
      if (entry === undefined) return ok(undefined);
      const jump = decode(entry.value);
      const reading = { now: clock.now(), monotonicMs: clock.monotonicMs() };
      if (!jump.ok) noted = { at: reading.now, byMs: 0 };
      else if (jump.value.at > reading.now) noted = { at: reading.now, byMs: jump.value.byMs };
      return jump.ok ? ok(resumeWatch(jump.value, reading)) : fail(`${key}: ${jump.error}`);
    },
    note: (byMs) => {
      noted = { at: clock.now(), byMs };
    },
    keep: async () => {
      const jump = noted;
      if (jump === undefined) return;
      const text = JSON.stringify({ at: formatInstant(jump.at), byMs: Math.round(jump.byMs) });
      const value = new TextEncoder().encode(text);
      const done = await store.commit([], [{ kind: 'put', key, value }]);
      if (done.ok && noted === jump) noted = undefined;
    },
  };
}

function decode(value: Uint8Array): Result<SeenJump, string> {
  const json = parseJson(value);
  const { at, byMs } = isJsonObject(json) ? json : {};
  const read = typeof at === 'string' ? readInstant(at) : undefined;
  if (read === undefined || typeof byMs !== 'number') return fail('it has no time of a jump');
  return ok({ at: read, byMs });
}
