/** Times as Go writes them: existing Sabakan servers and templates read what we store. */

import type { Rfc3339 } from '../base/time.ts';

const pattern = /^(.{10})T(.{8})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Capital letters (Go's parser takes no others), no trailing zeros in the fraction, `Z` for an offset of zero. Any
 * other offset, and every nanosecond, is kept.
 */
export function goRfc3339(text: Rfc3339): Rfc3339 {
  const parts = pattern.exec(text.toUpperCase());
  if (parts === null) return text;
  const [, date, time, fraction = '', offset = 'Z'] = parts;
  return `${date}T${time}${fractionOf(fraction)}${isZero(offset) ? 'Z' : offset}` as Rfc3339;
}

/** What Go prints for a time without a format, as Sabakan's audit log does: `2026-11-21 06:00:00 +0000 UTC`. */
export function goTimeText(text: Rfc3339): string {
  const parts = pattern.exec(text.toUpperCase());
  if (parts === null) return text;
  const [, date, time, fraction = '', offset = 'Z'] = parts;
  const zone = offset.replace(':', '');
  return `${date} ${time}${fractionOf(fraction)} ${isZero(offset) ? '+0000 UTC' : `${zone} ${zone}`}`;
}

function fractionOf(digits: string): string {
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '' : `.${kept}`;
}

function isZero(offset: string): boolean {
  return offset === 'Z' || offset.endsWith('00:00');
}
