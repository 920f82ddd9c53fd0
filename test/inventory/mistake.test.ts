import { expect, it } from 'vitest';
import { showValue } from '../../src/inventory/mistake.ts';

it.each<[unknown, string]>([
  [7, '7'],
  [-1.5, '-1.5'],
  [null, 'null'],
  [undefined, 'undefined'],
  ['a"b\n', '"a\\"b\\n"'],
  ['x'.repeat(101), `"${'x'.repeat(100)}"… (101 characters)`],
  [[1, 2], 'a list'],
  [{ toString: 1 }, 'an object'],
])('%j is shown as %s', (value, text) => {
  expect(showValue(value)).toBe(text);
});

it('a value nested deeper than the stack is shown all the same', () => {
  const deep: unknown = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000));
  expect(showValue(deep)).toBe('a list');
});
