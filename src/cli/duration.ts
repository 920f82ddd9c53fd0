/** `90s`, `15m`, `2h`, `1d12h` as people type it. */

import { fail, ok, type Result } from '../base/result.ts';
import { exitCodes, Failure } from './failure.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** In seconds; undefined when it is none, nothing at all, or a part of a second. */
export function parseDuration(text: string): number | undefined {
  const ms = durationMs(text);
  return ms !== undefined && ms > 0 && ms % 1_000 === 0 ? ms / 1_000 : undefined;
}

/** How long to wait, in milliseconds: also `250ms`, not at all (`0s`), and a bare number of seconds. */
export function parsePatience(text: string): Result<number, string> {
  const ms = durationMs(/^\d{1,9}$/.test(text) ? `${text}s` : text);
  return ms === undefined ? fail('must be a duration such as 90s, 10m or 1h30m') : ok(ms);
}

function durationMs(text: string): number | undefined {
  if (!/^(\d{1,9}(ms|[smhd]))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(ms|[smhd])/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
}

export const durationForm = 'a duration such as 90s, 15m, 2h or 1d12h';

/** Of an option that takes either. */
export function noTime(option: string, given: string): Failure {
  return new Failure(
    `${option} must be ${durationForm}, or a time such as 2026-11-21T06:00:00Z, not ${JSON.stringify(given)}`,
    '',
    exitCodes.usage,
  );
}
