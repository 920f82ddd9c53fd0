/** Go's `time.Time`: an instant to the nanosecond, seen from a zone of fixed offset. */

import type { Rfc3339 } from '../../base/time.ts';
import { saturate } from './duration.ts';
import type { Moment } from './go-value.ts';
import { quote } from './quote.ts';

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
export const dayNames = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const;

const second = 1_000_000_000n;
/** Go's zero time, the first of January of the year 1. */
const zeroSeconds = -62_135_596_800n;

export function parseMoment(text: Rfc3339): Moment {
  const found =
    /^(\d+)-(\d+)-(\d+)[Tt ](\d+):(\d+):(\d+)(?:[.,](\d+))?(?:[Zz]|([+-])(\d+):(\d+))?$/.exec(
      text,
    ) ?? [];
  const [year = 1, month = 1, day = 1, hour = 0, minute = 0, seconds = 0] = found
    .slice(1, 7)
    .map(Number);
  const minutes = Number(found[9] ?? 0) * 60 + Number(found[10] ?? 0);
  const offset = minutes * 60 * (found[8] === '-' ? -1 : 1);
  const days = daysFromCivil(year, month, day);
  return {
    seconds: BigInt(days * 86_400 + hour * 3600 + minute * 60 + seconds - offset),
    nanoseconds: Number((found[7] ?? '').padEnd(9, '0').slice(0, 9)),
    offset,
  };
}

export type Civil = {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 1 is the first of January. */
  readonly yearDay: number;
};

/** What a calendar and a clock in the moment's zone show. */
export function civil(moment: Moment): Civil {
  const local = Number(moment.seconds) + moment.offset;
  const days = Math.floor(local / 86_400);
  const rest = local - days * 86_400;
  const { year, month, day } = civilFromDays(days);
  return {
    year,
    month,
    day,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - daysFromCivil(year, 1, 1) + 1,
  };
}

/** Days since 1970; months and days beyond their range carry over, as in Go. */
function daysFromCivil(year: number, month: number, day: number): number {
  const carried = year + Math.floor((month - 1) / 12);
  const inYear = (((month - 1) % 12) + 12) % 12;
  // Years that begin in March have the leap day at their end.
  const y = inYear < 2 ? carried - 1 : carried;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const shifted = (inYear + 10) % 12;
  const dayOfYear = Math.floor((153 * shifted + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * m + 2) / 5) + 1 };
}

export function nanosecondsOf(moment: Moment): bigint {
  return moment.seconds * second + BigInt(moment.nanoseconds);
}

function momentAt(nanoseconds: bigint, offset: number): Moment {
  const fraction = ((nanoseconds % second) + second) % second;
  return { seconds: (nanoseconds - fraction) / second, nanoseconds: Number(fraction), offset };
}

export function addDuration(moment: Moment, nanoseconds: bigint): Moment {
  return momentAt(nanosecondsOf(moment) + nanoseconds, moment.offset);
}

export function addDate(moment: Moment, years: bigint, months: bigint, days: bigint): Moment {
  const { year, month, day, hour, minute, second: seconds } = civil(moment);
  const date = daysFromCivil(year + Number(years), month + Number(months), day + Number(days));
  return {
    ...moment,
    seconds: BigInt(date * 86_400 + hour * 3600 + minute * 60 + seconds - moment.offset),
  };
}

export function compareMoments(a: Moment, b: Moment): number {
  const difference = nanosecondsOf(a) - nanosecondsOf(b);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

export function subtract(a: Moment, b: Moment): bigint {
  return saturate(nanosecondsOf(a) - nanosecondsOf(b));
}

/** Go counts from its own zero time. */
function sinceZero(moment: Moment): bigint {
  return nanosecondsOf(moment) - zeroSeconds * second;
}

export function truncateMoment(moment: Moment, unit: bigint): Moment {
  if (unit <= 0n) return moment;
  return addDuration(moment, -remainder(moment, unit));
}

export function roundMoment(moment: Moment, unit: bigint): Moment {
  if (unit <= 0n) return moment;
  const rest = remainder(moment, unit);
  return addDuration(moment, rest * 2n < unit ? -rest : unit - rest);
}

function remainder(moment: Moment, unit: bigint): bigint {
  return ((sinceZero(moment) % unit) + unit) % unit;
}

export function isZero(moment: Moment): boolean {
  return sinceZero(moment) === 0n;
}

/** Offsets other than UTC have no name in RFC 3339. */
export function locationName(offset: number): string {
  return offset === 0 ? 'UTC' : '';
}

/** `+0900`, or with a colon. */
export function offsetText(offset: number, colon: string): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${colon}${two(minutes % 60)}`;
}

/** `2026-11-21 06:00:00.5 +0000 UTC`; a zone without a name stands for its own name. */
export function textOfMoment(moment: Moment): string {
  const { day, clock, fraction } = pieces(moment);
  const zone = offsetText(moment.offset, '');
  const shown = moment.offset === 0 ? 'UTC' : zone;
  return `${day} ${clock}${fraction} ${zone} ${shown}`;
}

export function rfc3339(moment: Moment): string {
  const { day, clock, fraction } = pieces(moment);
  return `${day}T${clock}${fraction}${moment.offset === 0 ? 'Z' : offsetText(moment.offset, ':')}`;
}

function pieces(moment: Moment): { day: string; clock: string; fraction: string } {
  const { year, month, day, hour, minute, second: seconds } = civil(moment);
  const two = (value: number): string => String(value).padStart(2, '0');
  const digits = String(moment.nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return {
    day: `${yearText(year)}-${two(month)}-${two(day)}`,
    clock: `${two(hour)}:${two(minute)}:${two(seconds)}`,
    fraction: digits === '' ? '' : `.${digits}`,
  };
}

export function yearText(year: number): string {
  return `${year < 0 ? '-' : ''}${String(Math.abs(year)).padStart(4, '0')}`;
}

/** What `%#v` prints. */
export function goStringOfMoment(moment: Moment): string {
  const { year, month, day, hour, minute, second: seconds } = civil(moment);
  const zone = moment.offset === 0 ? 'time.UTC' : `time.Location(${quote('')})`;
  const name = monthNames[month - 1] ?? '';
  return `time.Date(${year}, time.${name}, ${day}, ${hour}, ${minute}, ${seconds}, ${moment.nanoseconds}, ${zone})`;
}
