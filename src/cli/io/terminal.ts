/** The person at the terminal: questions, and what stands on standard input. */

import { readFile, stat, writeFile } from 'node:fs/promises';
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

/** Far above what any server takes of a file. */
const inputBytesMax = 64 * 1024 * 1024;

/** @throws Failure where the file is not there, may not be read, or is larger than anybody takes. */
export async function readInput(name: string): Promise<Uint8Array> {
  const tooLarge = new Failure(
    `${name}: more than ${inputBytesMax} bytes`,
    'split the file',
    exitCodes.usage,
  );
  if (name !== '-') {
    return readable(name, name, async (path) => {
      if ((await stat(path)).size > inputBytesMax) throw tooLarge;
      return readFile(path);
    });
  }
  if (process.stdin.isTTY) {
    throw new Failure('- reads standard input, which is a terminal', 'pipe a file in');
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > inputBytesMax) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws Failure where it cannot be written. */
export async function saveFile(name: string, octets: Uint8Array): Promise<void> {
  if (name === '-') {
    if (process.stdout.isTTY) {
      throw new Failure('- writes octets to standard output, which is a terminal', 'name a file');
    }
    process.stdout.write(octets);
    return;
  }
  try {
    await writeFile(name, octets);
  } catch (problem) {
    const text = problem instanceof Error ? problem.message : String(problem);
    throw new Failure(`${name} cannot be written: ${text}`, 'name another file');
  }
}

function fileText(name: string): Promise<string> {
  return readable(name, `@${name}`, (path) => readFile(path, 'utf8'));
}

async function readable<T>(
  path: string,
  shown: string,
  read: (path: string) => Promise<T>,
): Promise<T> {
  try {
    return await read(path);
  } catch (problem) {
    if (problem instanceof Failure) throw problem;
    const code = (problem as NodeJS.ErrnoException).code ?? String(problem);
    const known: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EACCES: 'it may not be read',
      EISDIR: 'it is a directory',
    };
    throw new Failure(`${shown}: ${known[code] ?? code}`, '', exitCodes.usage);
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
  } catch (problem) {
    // Ctrl-C or the end of the input, at the question.
    if (!(problem instanceof Error) || problem.name !== 'AbortError') throw problem;
    process.stderr.write('\n');
    if (problem.message.includes('Ctrl+C')) {
      throw new Failure('interrupted; nothing was changed', '', exitCodes.interrupted);
    }
  } finally {
    terminal.close();
  }
  throw new Failure('not confirmed; nothing was changed', '', exitCodes.usage);
}
