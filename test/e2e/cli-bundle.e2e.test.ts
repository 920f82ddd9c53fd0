import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, utimes } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const node = resolve('node_modules/.bin/node');
const serials = ['rack-a-1', 'rack-a-2', 'rack-b-1'];

describe('the command as one file', () => {
  let folder: string;
  let built: string;
  let file: string;
  let environment: NodeJS.ProcessEnv;
  let listed = 0;
  const server = http.createServer((_, answer) => {
    listed += 1;
    const items = serials.map((serial) => ({ serial, spec: { rack: 1 } }));
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ items, next: null, revision: '1' }));
  });

  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'tetsukan-built-'));
    await run(node, ['scripts/build.ts', built]);
    // Nothing but the file: no packages, no sources.
    folder = await mkdtemp(join(tmpdir(), 'tetsukan-bundle-'));
    file = join(folder, 'tetsu.mjs');
    await copyFile(join(built, 'tetsu.mjs'), file);
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await symlink(file, join(bin, 'tetsu'));
    await symlink(node, join(bin, 'node'));
    await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
    const { port } = server.address() as AddressInfo;
    environment = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      TETSU_SERVER: `http://127.0.0.1:${port}`,
      XDG_CACHE_HOME: folder,
      XDG_CONFIG_HOME: folder,
      HOME: folder,
    };
  });
  afterAll(async () => {
    server.close();
    for (const one of [folder, built]) await rm(one, { recursive: true, force: true });
  });

  const tetsu = (...args: readonly string[]) =>
    run(node, [file, ...args], { cwd: folder, env: environment });

  it('asks a server from an empty folder', async () => {
    const { stdout, stderr } = await tetsu('get', 'machines', '-o', 'name');
    expect([stdout, stderr]).toEqual([serials.map((one) => `${one}\n`).join(''), '']);
    const { stdout: yaml } = await tetsu('get', 'machines', '-o', 'yaml');
    expect(yaml).toMatch(/^items:\n {2}- serial: rack-a-1/);
  });

  it('has a manual page without a mistake that names every command', async () => {
    const page = join(built, 'tetsu.1');
    const { stdout, stderr } = await run('man', ['--warnings', '-l', page], {
      env: { ...environment, MANWIDTH: '100', LC_ALL: 'C.UTF-8' },
    });
    expect(stderr).toBe('');
    for (const text of [
      'tetsu get machines [names...]',
      'tetsu retire',
      'EXIT STATUS',
      '--dry-run',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  it('completes commands, options, their values and live names, which are asked for once', async () => {
    const candidates = async (...words: readonly string[]): Promise<readonly string[]> =>
      (await tetsu('__complete', ...words)).stdout.split('\n').filter((one) => one !== '');
    /** Names are there in time or not at all: on a slow machine Tab is pressed again. */
    const live = (...words: readonly string[]) => expect.poll(() => candidates(...words));
    expect(await candidates('g')).toEqual(['get']);
    expect(await candidates('get', 'mach')).toEqual(['machines']);
    expect(await candidates('get', 'machines', '--sta')).toEqual(['--state']);
    expect(await candidates('get', 'machines', '--state', 'un')).toEqual([
      'uninitialized',
      'unhealthy',
      'unreachable',
    ]);
    await live('describe', 'machine', 'rack-b').toEqual(['rack-b-1']);
    await keepNames();
    listed = 0;
    await live('get', 'machines', 'rack-a-1,^rack-a').toEqual([
      'rack-a-1,^rack-a-1',
      'rack-a-1,^rack-a-2',
    ]);
    expect(listed).toBe(0);
    expect(await candidates('get', 'machines', '--server', 'http://127.0.0.1:1', 'r')).toEqual([]);
  });

  /** What was listed is taken for ten seconds, which pass quickly on a slow machine. */
  const keepNames = async (): Promise<void> => {
    const soon = Date.now() / 1_000 + 3_600;
    const cache = join(folder, 'tetsu');
    for (const file of await readdir(cache)) await utimes(join(cache, file), soon, soon);
  };
  const shows = (shell: string, args: readonly string[], names: readonly string[]) =>
    expect
      .poll(async () => (await run(shell, args, { env: environment })).stdout.trim().split('\n'))
      .toEqual(names);

  it.each([
    ['tetsu get mach', ['machines']],
    ['tetsu get machines rack-a', ['rack-a-1', 'rack-a-2']],
    ['tetsu get machines -o j', ['json', 'jsonpath=']],
    ['tetsu get machines --field-selector ro', ['role=']],
  ])('bash: %s', async (line, expected) => {
    // What readline does: the words and the cursor, then the function.
    const script = `source <(tetsu completion bash)
compopt() { :; }
COMP_LINE=$1 COMP_POINT=\${#1}
read -ra COMP_WORDS <<<"$1"; COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_tetsu; printf '%s\\n' "\${COMPREPLY[@]}"`;
    await shows('bash', ['-euc', script, 'bash', line], expected);
  });

  it('fish', async () => {
    const script = 'tetsu completion fish | source; complete -C "tetsu get machines rack-a"';
    await shows('fish', ['-c', script], ['rack-a-1', 'rack-a-2']);
  });

  it('zsh', async () => {
    // compadd works only inside of the line editor, so it is replaced by what prints its arguments.
    const script = `compdef() { :; }; compadd() { shift; print -l -- "$@"; }
source <(tetsu completion zsh)
words=(tetsu get machines rack-a) CURRENT=4
_tetsu`;
    await shows('zsh', ['-fc', script], ['rack-a-1', 'rack-a-2']);
  });
});
