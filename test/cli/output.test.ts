import { describe, expect, it } from 'vitest';
import { formatCsv } from '../../src/cli/csv.ts';
import { columnsOf } from '../../src/cli/nouns/noun.ts';
import { formatObjects, parseOutput, type Shown } from '../../src/cli/output.ts';

type Thing = { readonly name: string; readonly age: number; readonly note: string };
const view = {
  nameOf: (object: unknown) => (object as Thing).name,
  columns: columnsOf<Thing>([
    ['NAME', ({ name }) => name],
    ['MADE-AT', ({ age }) => `${age}s`, 'always', ({ age }) => `at ${age}`],
    ['NOTE', ({ note }) => note, 'wide'],
  ]),
};
const things: readonly Thing[] = [
  { name: 'a', age: 1, note: '' },
  { name: 'b', age: 22, note: 'x, "y"' },
];

const print = (as: string, more: Partial<Shown> = {}, isOne = false) => {
  const output = parseOutput(as);
  if (!output.ok) throw new Error(output.error);
  const objects = isOne ? things.slice(0, 1) : things;
  return formatObjects(view, objects, { output: output.value, headers: true, ...more }, isOne);
};

describe('output', () => {
  it.each([
    ['table', {}, 'NAME  MADE-AT\na     1s\nb     22s\n'],
    ['table', { headers: false }, 'a  1s\nb  22s\n'],
    ['wide', {}, 'NAME  MADE-AT  NOTE\na     1s\nb     22s      x, "y"\n'],
    ['csv', {}, 'name,made-at,note\r\na,at 1,\r\nb,at 22,"x, ""y"""\r\n'],
    ['csv', { headers: false, columns: ['note', 'madeAt'] }, ',at 1\r\n"x, ""y""",at 22\r\n'],
    ['table', { columns: ['note', '.age'] }, 'NOTE    .age\n        1\nx, "y"  22\n'],
    ['name', {}, 'a\nb\n'],
    ['=name', {}, 'a\nb\n'],
    ['jsonpath={.items[*].name}', {}, 'a b\n'],
    ['jsonpath={range .items[*]}{.name}{"\\n"}{end}', {}, 'a\nb\n'],
  ] as const)('%s %j', async (as, more, expected) => {
    expect(await print(as, more)).toBe(expected);
  });

  it('a list is an object with items, one that was named is itself', async () => {
    expect(JSON.parse(await print('json'))).toEqual({ items: things });
    expect(JSON.parse(await print('json', {}, true))).toEqual(things[0]);
    expect(await print('yaml', {}, true)).toBe('name: a\nage: 1\nnote: ""\n');
    expect(await print('jsonpath={.name}', {}, true)).toBe('a\n');
  });

  it.each([
    ['xml', /must be one of table, wide, json/],
    ['jsonpath={', /the template: after 1 characters/],
  ])('%s is refused', (as, why) => {
    const output = parseOutput(as);
    expect(output.ok ? '' : output.error).toMatch(why);
  });

  it('a column that is not there is refused with those that are', async () => {
    await expect(print('table', { columns: ['nam'] })).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining('name, made-at, note'),
    });
  });
});

describe('CSV', () => {
  it.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    [' edge', '" edge"'],
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+cmd|x', "'+cmd|x"],
    ['-3.5', '-3.5'],
    ['-x', "'-x"],
    ['\t=1', "'\t=1"],
  ])('%j is written %j', (cell, written) => {
    expect(formatCsv([[cell]])).toBe(`${written}\r\n`);
  });
});
