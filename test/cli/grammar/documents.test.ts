import { describe, expect, it } from 'vitest';
import { documentText } from '../../../src/cli/grammar/shared-options.ts';
import { terminalTools } from '../../../src/cli/io/tools.ts';
import { leafCommands } from '../../../src/cli/leaf-commands.ts';
import { createProgram } from '../../../src/cli/program.ts';

const shown = { boot: 'a', steps: [{ step: 'script' }] };

describe('what shows one document', () => {
  it.each([
    ['text', 'boot a'],
    ['json', '{\n  "boot": "a",\n  "steps": [\n    {\n      "step": "script"\n    }\n  ]\n}'],
    ['yaml', 'boot: a\nsteps:\n  - step: script'],
  ] as const)('has it as %s', async (output, text) => {
    expect(await documentText(output, shown, ({ boot }) => `boot ${boot}`)).toBe(text);
  });

  it('takes -o: describe of every noun, explain, status and plan', () => {
    const commands = leafCommands(createProgram(terminalTools, '')).filter(({ usage }) =>
      /^tetsu (describe .*|explain (machine|boot) .*|status|plan)$/.test(usage),
    );
    expect(commands.length).toBeGreaterThan(20);
    for (const { command, usage } of commands) {
      const output = command.options.find(({ long }) => long === '--output');
      expect([usage, output?.argChoices]).toEqual([usage, ['text', 'json', 'yaml']]);
    }
  });
});
