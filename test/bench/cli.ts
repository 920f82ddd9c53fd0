/**
 * How long a person waits for `tetsu`: from nothing to the last line, each time a new process. `first` is the very first
 * start for this user, which compiles; what it compiled is kept for the others.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { filledFolder } from './filled.ts';
import { ms, percentile, type Row } from './row.ts';
import { startBenchServer } from './server.ts';

const times = 20;
const machines = 1_000;

const commands: readonly (readonly [string, readonly string[], string])[] = [
  ['tetsu --version', ['--version'], '≤ 250 ms'],
  ['tetsu get machines, 1,000', ['get', 'machines'], '≤ 250 ms'],
  ['completion of a name, 1,000', ['__complete', 'describe', 'machine', 'bench-0001'], '≤ 300 ms'],
];

export async function run(): Promise<readonly Row[]> {
  const built = spawnSync(process.execPath, ['scripts/build.ts'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const server = await startBenchServer(await filledFolder(machines));
  const home = mkdtempSync(join(tmpdir(), 'tetsukan-bench-home-'));
  try {
    return [
      ...rowsOf('source', resolve('bin/tetsu'), [], server.url, home),
      ...rowsOf('one file', process.execPath, [resolve('dist/tetsu.mjs')], server.url, home),
    ];
  } finally {
    rmSync(home, { recursive: true });
    await server.stop();
  }
}

function rowsOf(
  form: string,
  program: string,
  before: readonly string[],
  url: string,
  home: string,
): readonly Row[] {
  return commands.map(([what, args, target]) => {
    const [first = 0, ...samples] = Array.from({ length: times + 1 }, () => {
      const begin = performance.now();
      const env = { ...process.env, TETSU_SERVER: url, HOME: home, XDG_CACHE_HOME: home };
      const ended = spawnSync(program, [...before, ...args], { env });
      if (ended.status !== 0) throw new Error(`${what}: ${ended.stderr}`);
      return performance.now() - begin;
    });
    const figure = `p50 ${ms(percentile(samples, 0.5))}, max ${ms(Math.max(...samples))}, first ${ms(first)}`;
    return { what: `${what} (${form})`, figure, target };
  });
}
