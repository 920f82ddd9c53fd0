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

/**
 * The instant of text that need not be RFC 3339; undefined when it is not. Times as `formatInstant` writes them are read
 * without a pattern: a lease table has one in each row, and is read at each change that another server makes.
 */
export function readInstant(text: string): Instant | undefined {
  const ms = plainMilliseconds(text);
  if (ms !== undefined) return instant(ms);
  const checked = parseRfc3339(text);
  return checked.ok ? instantOf(checked.value) : undefined;
}

/** Of `2026-11-21T06:00:00.12Z` with up to three digits of a fraction, on a day that the month has every year. */
function plainMilliseconds(text: string): number | undefined {
  const fractionDigits = Math.max(text.length - plainLength - 1, 0);
  if (
    fractionDigits > 3 ||
    text.length === plainLength + 1 ||
    text[4] !== '-' ||
    text[7] !== '-' ||
    text[10] !== 'T' ||
    text[13] !== ':' ||
    text[16] !== ':' ||
    (fractionDigits > 0 && text[19] !== '.') ||
    text[text.length - 1] !== 'Z'
  ) {
    return undefined;
  }
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  const fraction = fractionDigits === 0 ? 0 : digits(text, 20, fractionDigits);
  const isPlain =
    year >= 1970 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= (daysOfMonths[month - 1] ?? 0) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59;
  // NaN, where something was no digit, is not plain either.
  if (!isPlain || Number.isNaN(fraction)) return undefined;
  return Date.UTC(
    year,
    month - 1,
    day,
    hour,
    minute,
    second,
    fraction * 10 ** (3 - fractionDigits),
  );
}

const daysOfMonths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** `2026-11-21T06:00:00Z`. */
const plainLength = 20;

function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let place = at; place < at + count; place += 1) {
    const digit = text.charCodeAt(place) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** RFC 3339 text in UTC; trailing zeros of the fraction are dropped, as Go prints times. */
export function formatInstant(at: Instant): Rfc3339 {
  const iso = new Date(at).toISOString();
  // It ends in `.mmmZ`. A pattern would cost more than the rest of a lease's row.
  let end = iso.length - 1;
  while (iso[end - 1] === '0') end -= 1;
  if (iso[end - 1] === '.') end -= 1;
  else if (end === iso.length - 1) return iso as Rfc3339;
  return `${iso.slice(0, end)}Z` as Rfc3339;
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
