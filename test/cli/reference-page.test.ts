import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { terminalTools } from '../../src/cli/io/tools.ts';
import { leafCommands } from '../../src/cli/leaf-commands.ts';
import { createProgram } from '../../src/cli/program.ts';
import { referencePage } from '../../src/cli/reference-page.ts';

const program = createProgram(terminalTools, '');
const page = readFileSync('docs/cli-reference.md', 'utf8');

describe('the reference of the commands', () => {
  it('is what docs/cli-reference.md says (npm run docs writes it)', () => {
    expect(page).toBe(referencePage(program));
  });

  it('has every command that can be run', () => {
    const usages = leafCommands(program).map(({ usage }) => usage);
    expect(usages.length).toBeGreaterThan(40);
    expect(usages).toContain('tetsu get machines [names...]');
    expect(
      usages.filter((usage) => !page.includes(`## ${usage.replaceAll('[', '\\[')}\n`)),
    ).toEqual([]);
  });

  it('tells what an option may be, and the options of all commands once', () => {
    expect(page).toContain('(csv, json, yaml)');
    expect(page.match(/`--server <url>`/g)).toHaveLength(1);
  });
});
