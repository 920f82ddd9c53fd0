import { describe, expect, it } from 'vitest';
import { terminalTools } from '../../../src/cli/io/tools.ts';
import { createProgram } from '../../../src/cli/program.ts';

/** Nothing may be asked: what is mistyped is told before. */
const tools = {
  ...terminalTools,
  getterOf: () => () => Promise.reject(new Error('asked')),
  senderOf: () => () => Promise.reject(new Error('asked')),
};

describe('a time on the command line', () => {
  it.each([
    [['events', '--since', 'yesterday'], '--since must be a duration', 'not "yesterday"'],
    [['events', '--until', '1 hour'], '--until must be a duration', 'not "1 hour"'],
    [
      ['hold', 'machine', 'ABC', '--reason', 'x', '--until', '-2h'],
      '--until must be a duration such as 90s',
      'or a time such as 2026-11-21T06:00:00Z, not "-2h"',
    ],
  ])('%j is told to be none, with both forms', async (words, ...texts) => {
    const run = createProgram(tools, '', true).parseAsync(words, { from: 'user' });
    const message = await run.then(
      () => 'nothing',
      ({ message }: Error) => message,
    );
    for (const text of texts) expect(message).toContain(text);
  });
});
