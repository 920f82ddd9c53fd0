import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const rows = readFileSync('docs/http-boot.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| H\d/.test(line))
  .map((line) => line.split(' | '));
/** Those that an ADR leaves out. */
const leftOut = new Set(['H10']);

describe('docs/http-boot.md', () => {
  it('has a row for every rule, each once', () => {
    const ids = rows.map(([id = '']) => id.slice(2));
    expect(ids).toEqual(Array.from({ length: 10 }, (_, at) => `H${at + 1}`));
  });

  it.each(rows.map((cells) => [cells[0]?.slice(2) ?? '', cells] as const))(
    '%s names tests that exist, or the decision against it',
    (id, cells) => {
      const tests = [...(cells.at(-1) ?? '').matchAll(/`([\w./-]+\.ts): ([^`]+)`/g)];
      const decision = /\((adr\/[\w-]+\.md)\)/.exec(cells.join())?.[1];
      if (leftOut.has(id)) expect(existsSync(`docs/${decision}`)).toBe(true);
      else expect(tests.length).toBeGreaterThan(0);
      for (const [, file = '', title = ''] of tests) {
        const path = file.includes('/') ? `test/${file}` : `test/pxe/http/${file}`;
        expect(existsSync(path), path).toBe(true);
        expect(readFileSync(path, 'utf8').includes(title), `${path}: ${title}`).toBe(true);
      }
    },
  );
});
