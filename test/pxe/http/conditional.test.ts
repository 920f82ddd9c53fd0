import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/time.ts';
import {
  formatHttpDate,
  judgeConditions,
  rangeStillMeant,
} from '../../../src/pxe/http/conditional.ts';

const modifiedMs = Date.UTC(2026, 10, 21, 6, 0, 0, 345);
const current = { etag: '"abc"', modifiedAt: instant(modifiedMs) };
const same = 'Sat, 21 Nov 2026 06:00:00 GMT';
const before = 'Sat, 21 Nov 2026 05:59:59 GMT';
const after = 'Sat, 21 Nov 2026 06:00:01 GMT';

describe('RFC 9110 section 13: conditions', () => {
  const check = (
    title: string,
    rows: readonly (readonly [headers: Readonly<Record<string, string>>, verdict: string])[],
  ) =>
    it.each(rows)(`${title}: %j → %s`, (headers, verdict) =>
      expect(judgeConditions(new Map(Object.entries(headers)), current)).toBe(verdict),
    );

  check('If-None-Match compares weakly', [
    [{}, 'pass'],
    [{ 'if-none-match': '"abc"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"x", "abc"' }, 'not-modified'],
    [{ 'if-none-match': '"x"' }, 'pass'],
    [{ 'if-none-match': 'abc' }, 'pass'],
    [{ 'if-none-match': '' }, 'pass'],
  ]);
  check('If-Match compares strongly', [
    [{ 'if-match': '"abc"' }, 'pass'],
    [{ 'if-match': '*' }, 'pass'],
    [{ 'if-match': 'W/"abc"' }, 'precondition-failed'],
    [{ 'if-match': '"x"' }, 'precondition-failed'],
    [{ 'if-match': '"abc"', 'if-none-match': '"abc"' }, 'not-modified'],
  ]);
  check('If-Modified-Since counts only without If-None-Match', [
    [{ 'if-modified-since': same }, 'not-modified'],
    [{ 'if-modified-since': after }, 'not-modified'],
    [{ 'if-modified-since': before }, 'pass'],
    [{ 'if-modified-since': 'yesterday' }, 'pass'],
    [{ 'if-modified-since': same, 'if-none-match': '"x"' }, 'pass'],
  ]);
  check('If-Unmodified-Since counts only without If-Match', [
    [{ 'if-unmodified-since': same }, 'pass'],
    [{ 'if-unmodified-since': before }, 'precondition-failed'],
    [{ 'if-unmodified-since': before, 'if-match': '"abc"' }, 'pass'],
    [{ 'if-unmodified-since': 'never' }, 'pass'],
  ]);

  it.each([
    [undefined, true],
    ['"abc"', true],
    ['W/"abc"', false],
    ['"x"', false],
    [same, true],
    [before, false],
    [after, false],
    ['nonsense', false],
  ] as const)('If-Range honours strong matches only: %s → %s', (value, meant) => {
    const headers = new Map(value === undefined ? [] : [['if-range', value]]);
    expect(rangeStillMeant(headers, current)).toBe(meant);
  });

  it('dates are written as HTTP wants them', () => {
    expect(formatHttpDate(current.modifiedAt)).toBe(same);
  });
});
