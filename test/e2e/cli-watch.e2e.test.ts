import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { ipamG } from '../support/machines.ts';
import {
  prepareTetsuServer,
  runTetsu,
  type TetsuServer,
  type TetsuSite,
} from '../support/tetsu.ts';

describe('tetsu watch and wait', () => {
  let site: TetsuSite;
  let server: TetsuServer;
  const on = () => ({ TETSU_SERVER: site.url });
  const send = async (method: 'PUT' | 'POST', path: string, body: unknown): Promise<void> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await request(`${site.url}${path}`, { method, body: text });
    await answer.body.dump();
    expect(answer.statusCode).toBeLessThan(300);
  };
  const register = (serial: string) =>
    send('POST', '/api/v2/machines', {
      serial,
      spec: { rack: 1, role: 'cs', bmc: { type: 'none' } },
    });

  beforeAll(async () => {
    site = await prepareTetsuServer({ etcd: undefined });
    server = await site.launch();
    await send('PUT', '/api/v1/config/ipam', ipamConfigToJson(ipamG));
    await register('w-1');
  });
  afterAll(async () => {
    server.signal('SIGTERM');
    await server.ended;
    await site.remove();
  });

  it('shows changes as they come, across a restart of the server, until it is interrupted', async () => {
    const child = spawn(resolve('bin/tetsu'), ['get', 'machines', '-w', '-o', 'name'], {
      env: { ...process.env, ...on() },
    });
    let out = '';
    let err = '';
    const woken: (() => void)[] = [];
    const heard = (): void => {
      for (const wake of woken.splice(0)) wake();
    };
    child.stdout.on('data', (piece) => {
      out += piece;
      heard();
    });
    child.stderr.on('data', (piece) => {
      err += piece;
      heard();
    });
    const ended = new Promise((go) => child.on('exit', (code, signal) => go(code ?? signal)));
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise<void>((go) => woken.push(go));
    };
    await until(() => out === 'listed w-1\n');
    await register('w-2');
    await until(() => out.endsWith('added w-2\n'));
    server.signal('SIGTERM');
    await server.ended;
    await until(() => /lost the watch|ended the watch/.test(err));
    server = await site.launch();
    await register('w-3');
    await until(() => out.endsWith('added w-3\n'));
    expect(out).toBe('listed w-1\nadded w-2\nadded w-3\n');
    child.kill('SIGINT');
    expect(await ended).toBe('SIGINT');
  });

  it('waits for a state, and ends with 7 when it does not come', async () => {
    const waiting = runTetsu(['wait', 'machines', 'w-[1-2]', '--for', 'state=healthy'], on());
    for (const serial of ['w-1', 'w-2']) await send('PUT', `/api/v1/state/${serial}`, 'healthy');
    expect(await waiting).toEqual({ code: 0, out: 'state=healthy: 2 machines\n', err: '' });
    const args = ['wait', 'machine', 'w-1', '--for', 'state=retired', '--timeout', '3s'];
    expect(await runTetsu(args, on())).toMatchObject({
      code: 7,
      err: expect.stringContaining('after 3 seconds it is not so of 1 of 1: w-1'),
    });
  });

  it.each([
    [['wait', 'machine', 'nobody', '--for', 'state=healthy'], 3, 'there is no machine "nobody"'],
    [['wait', 'machine', 'w-1', '--for', 'state=hungry'], 2, 'there is no state "hungry"'],
    [['wait', 'machines', '--for', 'state=healthy'], 2, 'no machine is named'],
  ])('%j ends with %i', async (args, code, text) => {
    const ended = await runTetsu(args, on());
    expect(ended).toMatchObject({ code, err: expect.stringContaining(text) });
  });
});
