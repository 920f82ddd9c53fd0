/** The person at the terminal: questions, and what stands on standard input. */

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { text as textOf } from 'node:stream/consumers';
import { exitCodes, Failure } from '../failure.ts';
import { type NodeRange, parseRanges, rangeSources } from '../ranges.ts';

export async function readRange(args: readonly string[]): Promise<NodeRange> {
  const texts = new Map<string, string>();
  for (const source of new Set(rangeSources(args))) {
    if (source === '-' && process.stdin.isTTY) {
      throw new Failure('- reads names from standard input, which is a terminal', 'pipe them in');
    }
    texts.set(source, source === '-' ? await textOf(process.stdin) : await fileText(source));
  }
  const range = parseRanges(args, { textOf: (source) => texts.get(source) });
  if (range.ok) return range.value;
  const [only, ...more] = range.error;
  const text = more.length === 0 ? (only ?? '') : `names:\n  ${range.error.join('\n  ')}`;
  throw new Failure(
    text,
    'as in: rack3, rack[1-4], ABC123, ABC[001-020], @file, -, ^ABC007',
    exitCodes.usage,
  );
}

async function fileText(name: string): Promise<string> {
  try {
    return await readFile(name, 'utf8');
  } catch (problem) {
    const code = (problem as NodeJS.ErrnoException).code ?? String(problem);
    const why = { ENOENT: 'there is no such file', EACCES: 'it may not be read' }[code] ?? code;
    throw new Failure(`@${name}: ${why}`, '', exitCodes.usage);
  }
}

export async function confirm(
  question: string,
  count: number,
  yes: boolean | undefined,
): Promise<void> {
  if (yes === true) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new Failure(
      `nobody is there to confirm: ${question}`,
      'give --yes when that is what is meant; --dry-run shows what would be',
      exitCodes.usage,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const typed = await terminal.question(`${question}\nType their number (${count}) to go on: `);
    if (typed.trim() === String(count)) return;
  } finally {
    terminal.close();
  }
  throw new Failure('not confirmed; nothing was changed', '', exitCodes.usage);
}
