import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Pages with a row for each rule of a protocol, and the tests of it; `folder` is where a bare file name lies. */
const pages: readonly {
  readonly page: string;
  readonly folder: string;
  readonly rules: readonly string[];
}[] = [
  {
    page: 'docs/dhcp.md',
    folder: 'test/pxe/dhcp',
    rules: [
      ...numbered('D', 13),
      ...numbered('A', 9),
      ...numbered('R', 11),
      // What is not done, S4 and P11: ADR 7.
      ...numbered('S', 8).filter((id) => id !== 'S4'),
      ...numbered('G', 7),
      ...numbered('L', 5),
      ...numbered('P', 12).filter((id) => id !== 'P11'),
      '2.2',
    ],
  },
  { page: 'docs/tftp.md', folder: 'test/pxe/tftp', rules: numbered('T', 22) },
  { page: 'docs/http-boot.md', folder: 'test/pxe/http', rules: numbered('H', 10) },
  { page: 'docs/ignition.md', folder: 'test/pxe/ignition', rules: numbered('I', 7) },
];

describe.each(pages)('$page', ({ page, folder, rules }) => {
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => /^\| [A-Z0-9]/.test(line))
    .map((line) => line.split(' | '));

  it('has a row for every rule, each once', () => {
    expect(rows.flatMap(([id = '']) => id.slice(2).split(', '))).toEqual(rules);
  });

  it.each(rows.map((cells) => [cells[0]?.slice(2) ?? '', cells] as const))(
    '%s names tests that exist',
    (_, cells) => {
      const tests = [...(cells.at(-1) ?? '').matchAll(/`([\w./-]+): ([^`]+)`/g)];
      // A rule that is left out has its reason in place of a test.
      const isLeftOut = /Not done: .*\]\(adr\//.test(cells[2] ?? '');
      expect(tests.length > 0 || isLeftOut).toBe(true);
      for (const [, file = '', title = ''] of tests) {
        const path = file.includes('/') ? `test/${file}` : `${folder}/${file}`;
        expect(existsSync(path), path).toBe(true);
        expect(readFileSync(path, 'utf8').includes(title), `${path}: ${title}`).toBe(true);
      }
    },
  );
});

function numbered(letter: string, last: number): readonly string[] {
  return Array.from({ length: last }, (_, at) => `${letter}${at + 1}`);
}
