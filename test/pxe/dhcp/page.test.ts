import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const rows = readFileSync('docs/dhcp.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z0-9]/.test(line))
  .map((line) => line.split(' | '));

describe('docs/dhcp.md', () => {
  it('has a row for every rule, each once', () => {
    const ids = rows.flatMap(([id = '']) => id.slice(2).split(', '));
    const expected = [
      ...numbered('D', 13),
      ...numbered('A', 9).filter((id) => id !== 'A7'),
      ...numbered('R', 11),
      ...numbered('S', 8).filter((id) => id !== 'S4'),
      ...numbered('G', 7),
      'L5',
      ...numbered('P', 12).filter((id) => id !== 'P11'),
      '2.2',
    ];
    expect(ids).toEqual(expected);
  });

  it.each(rows.map((cells) => [cells[0]?.slice(2) ?? '', cells] as const))(
    '%s names tests that exist',
    (_, cells) => {
      const tests = [...(cells.at(-1) ?? '').matchAll(/`([\w./-]+): ([^`]+)`/g)];
      expect(tests.length).toBeGreaterThan(0);
      for (const [, file = '', title = ''] of tests) {
        const path = file.includes('/') ? `test/${file}` : `test/pxe/dhcp/${file}`;
        expect(existsSync(path), path).toBe(true);
        expect(readFileSync(path, 'utf8').includes(title), `${path}: ${title}`).toBe(true);
      }
    },
  );
});

function numbered(letter: string, last: number): readonly string[] {
  return Array.from({ length: last }, (_, at) => `${letter}${at + 1}`);
}
