import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const rows = readFileSync('docs/tftp.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| T\d/.test(line))
  .map((line) => line.split(' | '));

describe('docs/tftp.md', () => {
  it('has a row for every rule, each once', () => {
    const ids = rows.map(([id = '']) => id.slice(2));
    expect(ids).toEqual(Array.from({ length: 22 }, (_, at) => `T${at + 1}`));
  });

  it.each(rows.map((cells) => [cells[0]?.slice(2) ?? '', cells] as const))(
    '%s names tests that exist',
    (_, cells) => {
      const tests = [...(cells.at(-1) ?? '').matchAll(/`([\w./-]+): ([^`]+)`/g)];
      expect(tests.length).toBeGreaterThan(0);
      for (const [, file = '', title = ''] of tests) {
        const path = file.includes('/') ? `test/${file}` : `test/pxe/tftp/${file}`;
        expect(existsSync(path), path).toBe(true);
        expect(readFileSync(path, 'utf8').includes(title), `${path}: ${title}`).toBe(true);
      }
    },
  );
});
