import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/cli/duration.ts';

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
