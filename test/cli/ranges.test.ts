import { describe, expect, it } from 'vitest';
import { parseRanges, rangeNamesMax, rangeSources } from '../../src/cli/ranges.ts';

const texts: Readonly<Record<string, string>> = {
  list: 'A1, A2 # the first two\n\nrack7\n  ^A2\n',
  '-': 'B[1-2]\n',
  empty: '# nobody\n',
  nested: '@list\n',
};
const parse = (...args: readonly string[]) =>
  parseRanges(args, { textOf: (source) => texts[source] });

describe('a node range', () => {
  const check = (args: readonly string[], names: string, racks = '', without = '') => {
    const range = parse(...args);
    if (!range.ok) throw new Error(range.error.join('\n'));
    const { value } = range;
    expect([value.names, value.racks, [...value.without.names, ...value.without.racks]]).toEqual([
      names === '' ? [] : names.split(' '),
      racks === '' ? [] : racks.split(' ').map(Number),
      without === ''
        ? []
        : without.split(' ').map((one) => (/^\d+$/.test(one) ? Number(one) : one)),
    ]);
  };

  it.each([
    [['ABC123'], 'ABC123'],
    [['ABC[001-003]'], 'ABC001 ABC002 ABC003'],
    [['ABC[8-11]'], 'ABC8 ABC9 ABC10 ABC11'],
    [['ABC[08-11]'], 'ABC08 ABC09 ABC10 ABC11'],
    [['ABC[1,3,7-8]x'], 'ABC1x ABC3x ABC7x ABC8x'],
    [['r[1-2]-n[01-02]'], 'r1-n01 r1-n02 r2-n01 r2-n02'],
    [['A,B', 'C', 'A'], 'A B C'],
    [[' A , B '], 'A B'],
    [['rack3'], '', '3'],
    [['r3,rack[5-6]', 'r[1,9]'], '', '3 5 6 1 9'],
    [['rack3x', 'serial:rack3', 'serial:a[1]'], 'rack3x rack3 a[1]'],
    [['rack[1-2]', '^rack2', '!A1'], '', '1 2', 'A1 2'],
    [['^A[1-2]'], '', '', 'A1 A2'],
    [['@list'], 'A1 A2', '7', 'A2'],
    [['A9', '^-'], 'A9', '', 'B1 B2'],
    [['-', 'B3'], 'B1 B2 B3'],
    [[], ''],
  ] as const)('%j', (args, names, racks: string = '', without: string = '') => {
    check(args, names, racks, without);
  });

  it.each([
    [['A[1-'], /"A\[1-": a bracket is not closed/],
    [['A1]'], /a bracket is not closed, not opened/],
    [['A[[1]]'], /inside another/],
    [['A[x]'], /\[x\] must hold numbers/],
    [['A[3-1]'], /counts down; write \[1-3\]/],
    [['A[]'], /must hold numbers/],
    [[`A[1-${rangeNamesMax + 1}]`], /at most 20000; select by --field-selector/],
    [['A[1-200][1-200]'], /at most 20000/],
    [['^'], /leaves out nothing/],
    [['^^A'], /leaves out what is left out/],
    [[''], /"" names nothing/],
    [['role=worker'], /--field-selector or -l/],
    [['@empty'], /empty names nothing/],
    [['@nested'], /nested: @list: a file of names cannot name another/],
    [['@absent'], /absent: cannot be read/],
    [['^@list'], /list: "\^\^A2" leaves out/],
  ] as const)('%j is refused with the reason', (args, why) => {
    const range = parse(...args);
    expect(range.ok ? range.value : range.error.join('\n')).toMatch(why);
  });

  it('names every mistake of all arguments', () => {
    const range = parse('A[1-', 'B', 'C[9-1]', 'x=y');
    expect(range.ok ? [] : range.error).toHaveLength(3);
  });

  it.each([
    [['A'], true],
    [['A', 'B'], false],
    [['A,B'], false],
    [['A[1]'], false],
    [['rack1'], false],
    [['@list'], false],
    [['serial:A'], true],
  ] as const)('%j is one object: %j', (args, expected) => {
    const range = parse(...args);
    expect(range.ok && range.value.isOne).toBe(expected);
  });

  it('says which files it needs before they are read', () => {
    expect(rangeSources(['A,@one', '^@two', '-', 'B-1'])).toEqual(['one', 'two', '-']);
  });
});
