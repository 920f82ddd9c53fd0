import { describe, expect, it } from 'vitest';
import {
  addMs,
  formatInstant,
  instant,
  instantOf,
  msBetween,
  parseRfc3339,
  type Rfc3339,
} from '../../src/base/time.ts';

describe('RFC 3339 times', () => {
  it.each([
    ['2026-11-21T06:00:00Z', Date.UTC(2026, 10, 21, 6)],
    ['2026-11-21t06:00:00z', Date.UTC(2026, 10, 21, 6)],
    ['2026-11-21T06:00:00.123456789Z', Date.UTC(2026, 10, 21, 6) + 123],
    ['2026-11-21T06:00:00.5+09:00', Date.UTC(2026, 10, 20, 21) + 500],
    ['2024-02-29T23:59:59-01:30', Date.UTC(2024, 2, 1, 1, 29, 59)],
  ])('%s is kept as it is and is the instant %i', (text, ms) => {
    expect(parseRfc3339(text)).toEqual({ ok: true, value: text });
    expect(instantOf(text as Rfc3339)).toBe(ms);
  });

  it.each([
    '',
    '2026-11-21',
    '2026-11-21 06:00:00Z',
    '2026-11-21T06:00:00',
    '2026-11-21T06:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-21T23:60:00Z',
    '2026-11-21T23:59:60Z',
    '2026-11-21T06:00:00.Z',
    '2026-11-21T06:00:00.1234567890Z',
    '2026-11-21T06:00:00+24:00',
    '2026-11-21T06:00:00Z\n',
    '12026-11-21T06:00:00Z',
  ])('%j is none', (text) => {
    expect(parseRfc3339(text)).toEqual({
      ok: false,
      error: `"${text}" is not an RFC 3339 time such as 2026-11-21T06:00:00Z`,
    });
  });

  it('instants are printed as Go prints them', () => {
    const at = instant(Date.UTC(2026, 10, 21, 6));
    expect([0, 120, 5].map((ms) => formatInstant(addMs(at, ms)))).toEqual([
      '2026-11-21T06:00:00Z',
      '2026-11-21T06:00:00.12Z',
      '2026-11-21T06:00:00.005Z',
    ]);
    expect(msBetween(at, addMs(at, -7))).toBe(-7);
  });
});
