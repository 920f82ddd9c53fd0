/** The command on a real terminal: what it asks, how it looks, what an editor does. */

import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { ipamG } from '../support/machines.ts';
import { runTetsu, startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

let server: TetsuServer;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tetsukan-terminal-'));
  server = await startTetsuServer({ etcd: undefined });
  environment = {
    TETSU_SERVER: server.url,
    TETSU_CONFIG: join(folder, 'no-contexts.yml'),
    TERM: 'xterm-256color',
  };
  const ipam = JSON.stringify(ipamConfigToJson(ipamG));
  await fetch(`${server.url}/api/v1/config/ipam`, { method: 'PUT', body: ipam });
  const rows = ['A01', 'A02', 'A03'].map((serial) => `${serial},1,worker,none\n`).join('');
  const file = join(folder, 'machines.csv');
  await writeFile(file, `serial,rack,role,bmc-type\n${rows}`);
  const { code, err } = await runTetsu(['register', file, '--yes'], environment);
  expect([code, err]).toEqual([0, '']);
});
afterAll(async () => {
  server?.signal('SIGTERM');
  await server?.ended;
  await rm(folder, { recursive: true, force: true });
});

type Step = readonly [seen: string, typed: string];

/** What the terminal showed, and the exit code. */
function onTerminal(
  steps: readonly Step[],
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly shown: string; readonly code: number | null }> {
  // Node shows no colours where `CI` is set, whatever the terminal.
  const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...usual } = process.env;
  const env = { ...usual, ...environment, ...more };
  const program = resolve('test/support/terminal.py');
  const child = spawn('python3', [program, JSON.stringify(steps), resolve('bin/tetsu'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return new Promise((done) => child.once('close', (code) => done({ shown, code })));
}

const stateOf = async (serial: string): Promise<string> =>
  (
    await runTetsu(['get', 'machine', serial, '-o', 'jsonpath={.status.state}'], environment)
  ).out.trim();

const ask = 'to go on: ';

describe('a question', () => {
  const retire = ['retire', 'A01,A02', '--reason', 'test'];
  it.each([
    ['another number', '3\r', 2, 'not confirmed; nothing was changed'],
    ['yes', 'yes\r', 2, 'not confirmed; nothing was changed'],
    ['the end of the input', '\u0004', 2, 'not confirmed; nothing was changed'],
    ['Ctrl-C', '\u0003', 130, 'interrupted; nothing was changed'],
  ])('answered by %s changes nothing', async (_, typed, code, text) => {
    const ended = await onTerminal([[ask, typed]], retire);
    expect(ended.shown).toContain('Type their number (2)');
    expect(ended.shown).toContain(text);
    expect(ended.code).toBe(code);
    expect([await stateOf('A01'), await stateOf('A02')]).toEqual([
      'uninitialized',
      'uninitialized',
    ]);
  });

  it('answered by their number is done', async () => {
    const ended = await onTerminal([[ask, '2\r']], retire);
    expect([ended.code, await stateOf('A01')]).toEqual([0, 'retiring']);
  });
});

describe('colours', () => {
  const get = ['get', 'machines', 'A03', '--columns', 'serial,state'];
  const yellow = '\u001B[33muninitialized\u001B[39m';
  it('are there on a terminal', async () => {
    expect((await onTerminal([], get)).shown).toContain(`A03     ${yellow}`);
  });
  it.each([
    ['NO_COLOR', get, { NO_COLOR: '1' }],
    ['-o json', [...get.slice(0, 3), '-o', 'json'], {}],
  ])('are not with %s', async (_, args, more) => {
    const { shown } = await onTerminal([], args, more);
    expect(shown).toContain('uninitialized');
    expect(shown).not.toContain('\u001B');
  });
  it('are not in a pipe, unless FORCE_COLOR', async () => {
    const out = async (force: string) =>
      (await runTetsu(get, { ...environment, FORCE_COLOR: force })).out;
    expect(await out('0')).not.toContain('\u001B');
    expect(await out('1')).toContain(yellow);
  });
});

describe('an editor', () => {
  const editor = async (name: string, script: string): Promise<Record<string, string>> => {
    const file = join(folder, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return { VISUAL: '', EDITOR: file };
  };

  it('that changes nothing changes nothing', async () => {
    const { shown, code } = await onTerminal(
      [],
      ['edit', 'machine', 'A03'],
      await editor('none', ':'),
    );
    expect([shown.trim(), code]).toEqual(['nothing was changed', 0]);
  });

  it('is shown again what the server refuses, above the text', async () => {
    const script = `if grep -q '^#! ' "$1"; then cp "$1" ${folder}/again; sed -i 's/state: .*/state: healthy/' "$1"
else sed -i 's/state: .*/state: nonsense/' "$1"; fi`;
    const more = await editor('twice', script);
    const { shown, code } = await onTerminal([], ['edit', 'machine', 'A03'], more);
    expect([shown.trim(), code]).toEqual(['machine A03 changed', 0]);
    expect(await stateOf('A03')).toBe('healthy');
  });
});

describe('a wrong word', () => {
  it.each([
    [['get', 'machnes'], /Did you mean machines\?.*tetsu get takes: machines, racks/s],
    [['gt'], /Did you mean get\?/],
    [['get', 'machines', '--stat', 'x'], /Did you mean --state\?/],
  ])('%j is told with what was meant', async (args, text) => {
    const { code, out, err } = await runTetsu(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(text);
  });

  it('is JSON for who asked for JSON', async () => {
    const { code, out, err } = await runTetsu(['get', 'machines', '--stat', 'x', '-o', 'json']);
    expect([code, out]).toEqual([2, '']);
    expect(JSON.parse(err).error).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('--stat'),
    });
  });
});
