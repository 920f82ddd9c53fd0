/** What `examples/` shows works: each in three languages, against a real server on a real etcd. */

import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { ipamG } from '../support/machines.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

let server: TetsuServer;
let proxy: TcpProxy;

beforeAll(async () => {
  server = await startTetsuServer({ etcd: undefined });
  proxy = await startTcpProxy(Number(new URL(server.url).port), 'http');
  const body = JSON.stringify(ipamConfigToJson(ipamG));
  const answer = await fetch(`${server.url}/api/v1/config/ipam`, { method: 'PUT', body });
  if (!answer.ok) throw new Error(await answer.text());
});

afterAll(async () => {
  await proxy?.close();
  server?.signal('SIGTERM');
  await server?.ended;
});

const languages = [
  ['TypeScript', 'T', ['node_modules/.bin/node', 'examples/client.ts']],
  ['Python', 'P', ['python3', 'examples/client.py']],
  ['curl', 'C', ['bash', 'examples/client.sh']],
] as const;

describe.each(languages)('the example in %s', (_name, letter, command) => {
  const rack = letter.charCodeAt(0) % 8;
  const serial = `${letter}-1`;
  const start = (args: readonly string[], url = server.url) => {
    const [program = '', ...first] = command;
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...first, ...args], {
      env: { ...process.env, TETSU_SERVER: url },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      err += text.toString();
    });
    const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, out, err })),
    );
    return { ended, out: () => out, kill: () => child.kill('SIGKILL') };
  };
  const run = async (...args: readonly string[]) => start(args).ended;
  const must = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(...args);
    expect(code, err).toBe(0);
    return out.trim();
  };

  it('shows what registering would give, registers, and may be repeated', async () => {
    const said = /^would get (10\.69\.\S+)\nregistered \S+ with \1$/;
    expect(await must('register', serial, String(rack))).toMatch(said);
    const again = await run('register', serial, String(rack));
    expect(again.code).toBe(1);
    expect(again.err).toMatch(/^machine-exists: /);
  });

  it('names the place of a mistake', async () => {
    const { code, err } = await run('register', serial, '70000000000');
    expect(code).toBe(1);
    expect(err).toMatch(/^(bad-request|invalid): .*\n {2}\/\S*rack /);
  });

  it('changes a state, lists who is unhealthy in a rack, and is refused what is forbidden', async () => {
    expect(await must('unhealthy', String(rack))).toBe('');
    expect(await must('state', serial, 'healthy')).toBe(`${serial} uninitialized -> healthy`);
    expect(await must('state', serial, 'unhealthy')).toBe(`${serial} healthy -> unhealthy`);
    expect(await must('unhealthy', String(rack))).toMatch(
      new RegExp(`^${serial} 10\\.69\\.\\S+ unhealthy: example$`),
    );
    const refused = await run('state', serial, 'retired');
    expect([refused.code, refused.err.split(':')[0]]).toEqual([1, 'transition-forbidden']);
  });

  it('watches changes, goes on where its connection broke, and resumes from an id', async () => {
    await expect.poll(watchers).toBe(0);
    const watching = start(['watch', '2'], proxy.url);
    await expect.poll(watchers).toBe(1);
    await must('state', serial, 'healthy');
    await expect.poll(() => watching.out().split('\n').length).toBe(2);
    proxy.cut();
    await must('state', serial, 'unhealthy');
    const { out, code } = await watching.ended;
    expect(code).toBe(0);
    const lines = out.trim().split('\n');
    expect(lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      `modified ${serial} healthy`,
      `modified ${serial} unhealthy`,
    ]);
    const [id = ''] = lines[0]?.split(' ') ?? [];
    expect(await must('watch', '1', id)).toBe(lines[1]);
  });
});

async function watchers(): Promise<number> {
  const answer = await fetch(`${server.url}/api/v2/status`);
  return ((await answer.json()) as { readonly watchers: number }).watchers;
}
