/**
 * Instants, durations, and RFC 3339 text.
 *
 * Rules compute with `Instant` (milliseconds since 1970, UTC). What is stored or published is text, because
 * Sabakan's records carry nanoseconds that must survive a round trip (spec/sabakan.md appendix C).
 */

import type { Brand } from './brand.ts';
import { fail, ok, type Result } from './result.ts';

/** Milliseconds since 1970-01-01T00:00:00Z, UTC. */
export type Instant = Brand<number, 'Instant'>;
/** RFC 3339 text with up to nine fractional digits, exactly as it was given to us. */
export type Rfc3339 = Brand<string, 'Rfc3339'>;

export function instant(milliseconds: number): Instant {
  return milliseconds as Instant;
}

export function addMs(at: Instant, milliseconds: number): Instant {
  return (at + milliseconds) as Instant;
}

/** From `from` to `to`, in milliseconds; negative when `to` lies before `from`. */
export function msBetween(from: Instant, to: Instant): number {
  return to - from;
}

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** Checks RFC 3339 text and keeps it as it is; the error says what would be right. */
export function parseRfc3339(text: string): Result<Rfc3339, string> {
  const parts = pattern.exec(text);
  const ms = parts === null ? Number.NaN : Date.parse(millisecondText(parts));
  // JavaScript reads 24:00 as the next day's midnight; neither RFC 3339 nor Go knows that hour.
  if (Number.isNaN(ms) || (parts !== null && (!dayExists(parts) || Number(parts[4]) > 23))) {
    return fail(`"${text}" is not an RFC 3339 time such as 2026-11-21T06:00:00Z`);
  }
  return ok(text as Rfc3339);
}

/** The instant of checked text, cut to milliseconds. */
export function instantOf(text: Rfc3339): Instant {
  const parts = pattern.exec(text);
  return instant(parts === null ? Number.NaN : Date.parse(millisecondText(parts)));
}

/** RFC 3339 text in UTC; trailing zeros of the fraction are dropped, as Go prints times. */
export function formatInstant(at: Instant): Rfc3339 {
  const iso = new Date(at).toISOString();
  return iso.replace(/(\.\d*?)0+Z$/, (_, kept: string) =>
    kept === '.' ? 'Z' : `${kept}Z`,
  ) as Rfc3339;
}

function millisecondText(parts: RegExpExecArray): string {
  const [, year, month, day, hour, minute, second, fraction = '0', offset = 'Z'] = parts;
  const milliseconds = `${fraction}00`.slice(0, 3);
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}${offset.toUpperCase()}`;
}

/** JavaScript rolls 31 February over into March; RFC 3339 does not know that day. */
function dayExists(parts: RegExpExecArray): boolean {
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day >= 1 && day <= (days[month - 1] ?? 0);
}
