import { globSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { terminalTools } from '../../src/cli/io/tools.ts';
import { leafCommands } from '../../src/cli/leaf-commands.ts';
import { createProgram } from '../../src/cli/program.ts';

const program = createProgram(terminalTools, '', true);

/** Undefined: a person can type it. */
function whyNone(line: string): string | undefined {
  const words = line.split(/\s+/).filter((word) => word !== '');
  let command: Command = program;
  for (const word of words) {
    if (command.commands.length === 0) break;
    // `tetsu get NOUN`, `tetsu describe …`, `tetsu …`: any of them.
    if (!/^[a-z][a-z|-]*$/.test(word)) return undefined;
    for (const one of word.split('|')) {
      const next = command.commands.find((c) => c.name() === one || c.aliases().includes(one));
      if (next === undefined) return `${command.name()} has no ${one}`;
      if (one === word.split('|').at(-1)) command = next;
    }
  }
  const flags = words.flatMap((word) => /^--[a-z-]+/.exec(word)?.[0] ?? []);
  const unknown = flags.find((flag) => !command.options.some(({ long }) => long === flag));
  return unknown === undefined || unknown === '--help' || command.commands.length > 0
    ? undefined
    : `${command.name()} has no ${unknown}`;
}

function told(pattern: RegExp, files: readonly string[]): readonly string[] {
  return files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(pattern)].map((found) => `${file}: ${found[1]}`),
  );
}

function wrong(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const why = whyNone(line.replace(/^\S+: tetsu /, ''));
    return why === undefined ? [] : [`${line} (${why})`];
  });
}

it.each([
  ['get events --category dhcp', 'get has no events'],
  ['get leases --colour red', 'leases has no --colour'],
  ['get boots|machine', undefined],
  ['describe NOUN', undefined],
])('%s: %s', (line, why) => {
  expect(whyNone(line)).toBe(why);
});

describe('the help of every command', () => {
  it.each(leafCommands(program))(
    '$usage has an example that can be typed',
    ({ command, usage }) => {
      let text = '';
      command.configureOutput({
        writeOut: (piece) => {
          text += piece;
        },
      });
      command.outputHelp();
      const after = text.split('display help for command\n').at(-1) ?? '';
      const path = usage
        .split(' ')
        .slice(1, command.parent === program ? 2 : 3)
        .join(' ');
      const own = [command.name(), ...command.aliases()].map((name) =>
        command.parent === program ? `tetsu ${name}` : `tetsu ${command.parent?.name()} ${name}`,
      );
      expect(
        own.some((words) => after.includes(words)),
        `${path}:${after}`,
      ).toBe(true);
      const lines = after.split('\n').flatMap((line) => /^ {2}(tetsu .*)$/.exec(line)?.[1] ?? []);
      expect(wrong(lines.map((line) => `help: ${line.replace(/ \|.*$/, '')}`))).toEqual([]);
    },
  );
});

describe('a command that is told to people can be typed', () => {
  it('in the pages', () => {
    const files = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md')];
    const lines = told(/`(tetsu [^`\n]+)`/g, files);
    expect(lines.length).toBeGreaterThan(50);
    expect(wrong(lines)).toEqual([]);
  });

  it('in what the server, the command and the screens say', () => {
    const lines = told(/\b(tetsu [a-z-]+(?: [a-z|-]+)*(?: --[a-z-]+)?)/g, globSync('src/**/*.ts'));
    const verbs = new Set(program.commands.map((command) => command.name()));
    const meant = lines.filter((line) => verbs.has(line.split(' ')[2] ?? ''));
    expect(meant.length).toBeGreaterThan(100);
    expect(wrong(meant)).toEqual([]);
  });
});
