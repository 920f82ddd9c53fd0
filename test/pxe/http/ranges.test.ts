import { describe, expect, it } from 'vitest';
import { readRange } from '../../../src/pxe/http/ranges.ts';

const size = 10_000;

function answerTo(header: string | undefined, bytes = size): string {
  const range = readRange(header, bytes);
  return range.kind === 'part' ? `${range.start}-${range.end - 1}` : range.kind;
}

describe('RFC 9110 section 14: Range', () => {
  const check = (title: string, rows: readonly (readonly [string | undefined, string])[]) =>
    it.each(rows)(`${title}: %s → %s`, (header, answer) => expect(answerTo(header)).toBe(answer));

  check('one range is a part', [
    ['bytes=0-0', '0-0'],
    ['bytes=0-499', '0-499'],
    ['bytes=500-999', '500-999'],
    ['bytes=9999-9999', '9999-9999'],
    ['bytes=9999-', '9999-9999'],
    ['bytes=0-', '0-9999'],
    ['bytes=0-99999', '0-9999'],
    ['bytes=9000-9223372036854775808', '9000-9999'],
    ['bytes=-1', '9999-9999'],
    ['bytes=-500', '9500-9999'],
    ['bytes=-99999', '0-9999'],
    ['Bytes=1-2', '1-2'],
    ['bytes= 1-2 ', '1-2'],
    ['bytes=007-008', '7-8'],
  ]);
  check('a range beyond the end is unsatisfiable', [
    ['bytes=10000-', 'unsatisfiable'],
    ['bytes=10000-10001', 'unsatisfiable'],
    ['bytes=9223372036854775808-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
  ]);
  check('what is malformed is ignored', [
    [undefined, 'whole'],
    ['', 'whole'],
    ['bytes', 'whole'],
    ['bytes=', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=5-2', 'whole'],
    ['bytes=18446744073709551617-18446744073709551616', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=1.5-2', 'whole'],
    ['bytes=0x1-2', 'whole'],
    ['bytes=--1', 'whole'],
    ['lines=1-2', 'whole'],
    ['bytes:1-2', 'whole'],
  ]);
  check('several ranges get the whole', [
    ['bytes=0-0,-1', 'whole'],
    ['bytes=0-1, 4-5', 'whole'],
    [`bytes=${Array(1_000).fill('0-9999').join(',')}`, 'whole'],
  ]);

  it('of an empty file every range is unsatisfiable', () => {
    expect(['bytes=0-', 'bytes=0-0', 'bytes=-5'].map((header) => answerTo(header, 0))).toEqual(
      Array(3).fill('unsatisfiable'),
    );
  });
});
