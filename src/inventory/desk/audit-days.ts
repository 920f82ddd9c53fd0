/**
 * The log's days as prefixes of keys, in order and without overlap: every day of late by itself, what lies before and
 * after in larger pieces, which are nearly always empty. So a log of any length is read piece by piece.
 */

import { addMs, type Instant, instant } from '../../base/time.ts';
import { dayOf } from '../audit.ts';
import { keys } from '../keys.ts';

export const dayMs = 86_400_000;
/** A little more than records are kept for. */
const daysOfLate = 62;
/** A clock that runs ahead of ours may have written tomorrow's day already. */
const daysAhead = 2;

/** `since` inclusive, `until` exclusive, as YYYYMMDD; compared as text, as keys are. */
export function daysToRead(
  since: string | undefined,
  until: string | undefined,
  now: Instant,
): readonly string[] {
  const first = addMs(now, -daysOfLate * dayMs);
  const end = addMs(now, daysAhead * dayMs);
  const days: string[] = [];
  for (let at = first - (first % dayMs); at <= end; at += dayMs) days.push(dayOf(instant(at)));
  return [...daysBefore(dayOf(first)), ...days, ...daysAfter(dayOf(end))]
    .filter((piece) => since === undefined || piece.padEnd(8, '9') >= since)
    .filter((piece) => until === undefined || piece.padEnd(8, '0') < until)
    .map((piece) => keys.audit + piece);
}

/** All that lies before a day: `20250303` is covered by `0`, `1`, `200`, `201`, `2020` … `20250302`. */
export function prefixesBefore(day: string): readonly string[] {
  return daysBefore(day).map((piece) => keys.audit + piece);
}

function daysBefore(day: string): readonly string[] {
  return [...day].flatMap((digit, at) => pieces(day.slice(0, at), 0, Number(digit)));
}

function daysAfter(day: string): readonly string[] {
  return [...day]
    .map((digit, at) => pieces(day.slice(0, at), Number(digit) + 1, 10))
    .toReversed()
    .flat();
}

function pieces(start: string, first: number, end: number): readonly string[] {
  return Array.from({ length: Math.max(end - first, 0) }, (_, at) => `${start}${first + at}`);
}
