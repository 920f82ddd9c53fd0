/**
 * The audit log read from its newest record back, as little of it as a page needs. Keys begin with the time in
 * milliseconds, so a day falls into pieces of a quarter of an hour by the first six of eleven digits; what Sabakan wrote
 * (keys are revisions, which begin with 0) is one more piece, the oldest of its day.
 */

import { addMs, type Instant, instant } from '../../base/time.ts';
import { dayOf } from '../audit.ts';
import { keys } from '../keys.ts';
import { dayMs } from './audit-days.ts';

/** Digits of time in a key, and how many of them make a piece: 2^20 ms are 17 minutes and a half. */
const timeDigits = 11;
const pieceDigits = 6;
const pieceMs = 16 ** (timeDigits - pieceDigits);
/** Records are kept for 60 days and the rest of their own. */
const daysKept = 61;
/** Another server's clock may run ahead of ours. */
const aheadMs = 600_000;

export type Piece = { readonly day: string; readonly prefix: string };

/** Between two times, both inclusive, newest first. */
export function* piecesBack(
  from: Instant | undefined,
  until: Instant | undefined,
  now: Instant,
): Generator<Piece> {
  const newest = Math.min(until ?? Number.POSITIVE_INFINITY, addMs(now, aheadMs));
  const oldest = Math.max(from ?? 0, addMs(now, -daysKept * dayMs));
  for (let dayAt = startOf(newest, dayMs); dayAt + dayMs > oldest; dayAt -= dayMs) {
    const day = dayOf(instant(dayAt));
    const last = Math.min(newest, dayAt + dayMs - 1);
    const first = Math.max(oldest, dayAt);
    for (let at = startOf(last, pieceMs); at + pieceMs > first; at -= pieceMs) {
      yield { day, prefix: `${keys.auditDay(day)}${timeText(at)}` };
    }
    yield { day, prefix: `${keys.auditDay(day)}0` };
  }
}

function startOf(at: number, unitMs: number): number {
  return Math.floor(at / unitMs) * unitMs;
}

function timeText(at: number): string {
  return at.toString(16).padStart(timeDigits, '0').slice(0, pieceDigits);
}
