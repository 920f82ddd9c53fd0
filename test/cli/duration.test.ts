import { describe, expect, it } from 'vitest';
import { parseDuration, parsePatience } from '../../src/cli/duration.ts';

describe('durations as people type them', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['2h', 7200],
    ['1d12h', 129_600],
  ])('%s is %i seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });
  it.each(['', '0s', '10', 'h', '1.5h', '-1h', '2 h', '1w'])('%s is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('how long to wait', () => {
  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['250ms', 250],
    ['5', 5_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parsePatience(text)).toEqual({ ok: true, value: ms });
  });
  it.each(['', 'm', '1w', '-5s', '1 m'])('%j is none', (text) => {
    expect(parsePatience(text).ok).toBe(false);
  });
});
