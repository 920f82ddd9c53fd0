import { describe, expect, it } from 'vitest';
import { goMembers } from '../../src/sabakan/go-json.ts';
import { parseJson, parseJsonOfCounts } from '../../src/sabakan/json-text.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('the first JSON value of a body', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    [' [1, 2] trailing', [1, 2]],
    ['{"a":"}]\\"{"}{', { a: '}]"{' }],
    ['[[[]]]]]]', [[[]]]],
    ['null', null],
    ['"text"', 'text'],
  ])('%s is read', (text, value) => {
    expect(parseJson(bytes(text))).toEqual({ ok: true, value });
  });

  it.each(['', '{', ']', '{"a":1', '\ufeff{}', '"open', `${'['.repeat(101)}${']'.repeat(101)}`])(
    '%j is refused without being repeated',
    (text) => {
      const read = parseJson(bytes(text));
      expect(read).toEqual({ ok: false, error: expect.stringMatching(/^the body is /) });
    },
  );

  it('has unsigned numbers where Go would take them', () => {
    expect(parseJsonOfCounts(bytes('[0, 10, 1.0, 1e2, -0, -1, 1.5, "1.0", "a: -0"]'))).toEqual({
      ok: true,
      value: [0, 10, Number.NaN, Number.NaN, Number.NaN, -1, Number.NaN, '1.0', 'a: -0'],
    });
  });
});

describe('members as Go finds them', () => {
  it('are found in any case, the last one of a name counting', () => {
    expect(goMembers({ SERIAL: 'a', x: 1, Serial: 'b' }, ['serial', 'rack'])).toEqual({
      serial: 'b',
    });
  });

  it('are none in null, and anything but an object is left to its parser', () => {
    expect(goMembers(null, ['a'])).toEqual({});
    for (const other of [undefined, 1, 'x', [1]]) expect(goMembers(other, ['a'])).toBe(other);
  });
});
