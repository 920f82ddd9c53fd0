import { describe, expect, it } from 'vitest';
import { complete } from '../../../src/cli/completion/complete.ts';
import { terminalTools } from '../../../src/cli/io/tools.ts';
import { leafCommands } from '../../../src/cli/leaf-commands.ts';
import { nouns } from '../../../src/cli/nouns.ts';
import { createProgram } from '../../../src/cli/program.ts';

/** The server of this test has one thing of each noun, called by its noun. */
function candidates(...words: readonly string[]): Promise<readonly string[]> {
  const program = createProgram(terminalTools, '', true);
  return complete(program, words, async (_, { names }) => [`one-of-${names[0]}`]);
}

const named: readonly (readonly [line: string, noun: string])[] = [
  ['get machines', 'machines'],
  ['describe boot', 'boots'],
  ['explain boot', 'machines'],
  ['explain boot', 'discoveries'],
  ['explain machine', 'machines'],
  ['capture', 'machines'],
  ['ignition preview', 'machines'],
  ['approve', 'discoveries'],
  ['reject', 'discoveries'],
  ['retire', 'machines'],
  ['hold machine', 'machines'],
  ['delete lease', 'leases'],
  ['network set', 'networks'],
  ['channel set', 'channels'],
  ['channel set stable --image', 'images'],
  ['boot-rule set', 'boot-rules'],
  ['boot-rule set x --channel', 'channels'],
  ['boot-rule set x --serial', 'machines'],
  ['discovery-rule set', 'discovery-rules'],
  ['approve ABC --rack', 'racks'],
  ['brake lift', 'brakes'],
  ['token revoke', 'tokens'],
];

describe('names that live on the server', () => {
  it.each(named)('tetsu %s: one of %s', async (line, noun) => {
    expect(await candidates(...line.split(' '), '')).toContain(`one-of-${noun}`);
  });

  it('are none of another noun: explain boot takes no ids of boots', async () => {
    expect(await candidates('explain', 'boot', '')).not.toContain('one-of-boots');
    expect(await candidates('token', 'create', '')).toEqual([]);
    expect(await candidates('explain', 'config', '')).toEqual([]);
  });

  it('go on after a comma, and after a caret', async () => {
    expect(await candidates('boot-rule', 'set', 'x', '--serial', 'A,')).toEqual([
      'A,one-of-machines',
    ]);
    expect(await candidates('get', 'racks', '^')).toEqual(['^one-of-racks']);
  });
});

describe('values of an option', () => {
  it.each([
    ['get leases --state', ['leased', 'ended', 'declined']],
    ['get boots --state', ['running', 'stuck', 'up', 'healthy', 'failed']],
    ['get discoveries --state', ['waiting', 'approved', 'rejected']],
    ['get networks --mode', ['server', 'proxy', 'off']],
    ['network set lab --mode', ['server', 'proxy', 'off']],
    ['get brakes --state', ['holding', 'lifted']],
    ['get subnets --kind', ['node', 'bmc']],
  ])('tetsu %s: those of its noun', async (line, values) => {
    expect([...(await candidates(...line.split(' '), ''))].sort()).toEqual([...values].sort());
  });

  it('are what can be waited for, of each noun its own', async () => {
    expect(await candidates('wait', 'boots', '--for', 'state=h')).toEqual(['state=healthy']);
    expect(await candidates('wait', 'machines', '--for', 'state=retire')).toEqual([
      'state=retired',
    ]);
    expect(await candidates('wait', 'tokens', '--for', 'state=a')).toEqual(['state=active']);
  });
});

it('every command that names one thing of a noun completes by its names', async () => {
  const program = createProgram(terminalTools, '', true);
  const withNames = leafCommands(program).filter(({ command }) =>
    nouns.some(({ names }) => names.includes(command.name())),
  );
  expect(withNames.length).toBeGreaterThan(60);
  for (const { usage } of withNames) {
    const words = usage.split(' ').slice(1, 3);
    const found = await candidates(...words, '');
    // `explain config MEMBER` asks no server, `upload` names what is not there yet.
    const isNew = words[0] === 'upload' || usage.startsWith('tetsu explain config');
    if (!isNew && usage.includes('name')) expect([usage, found.length > 0]).toEqual([usage, true]);
  }
});
