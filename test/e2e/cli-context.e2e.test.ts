import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/ports.ts';
import { runTetsu } from '../support/tetsu.ts';

/** Answers lists of racks, and remembers who asked for what. */
async function recordingServer() {
  const asked: string[] = [];
  const server = http.createServer((request, answer) => {
    asked.push(`${request.method} ${request.headers.authorization ?? 'nobody'}`);
    answer.setHeader('content-type', 'application/json');
    answer.end('{"items":[],"next":null,"revision":"1"}');
  });
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe('contexts of tetsu', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof recordingServer>>;
  let other: Awaited<ReturnType<typeof recordingServer>>;
  let deadUrl: string;
  const tetsu = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runTetsu(args, { XDG_CONFIG_HOME: folder, ...more });
  const racks = ['get', 'racks', '-o', 'name'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tetsukan-context-'));
    [server, other] = [await recordingServer(), await recordingServer()];
    const [port] = await freePorts(1);
    deadUrl = `http://127.0.0.1:${port}`;
    await writeFile(join(folder, 'token'), 'secret-of-prod\n', { mode: 0o600 });
    const file = join(folder, 'token');
    const set = ['context', 'set', 'prod', '--server', deadUrl, server.url, '--token-file', file];
    expect(await tetsu(set)).toMatchObject({ code: 0, out: 'context prod is set\n' });
  });
  afterAll(async () => {
    server.close();
    other.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('are written for their owner alone', async () => {
    const file = join(folder, 'tetsu', 'config.yml');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain('current: prod');
    const { out } = await tetsu(['context', 'list']);
    expect(out).toMatch(/^\*\s+prod\s+http:/m);
  });

  it('ask the next server where one does not answer, with the token', async () => {
    server.asked.length = 0;
    expect(await tetsu(racks)).toEqual({ code: 0, out: '', err: '' });
    expect(server.asked).toEqual(['GET Bearer secret-of-prod']);
  });

  it('keep their token from every other server', async () => {
    await tetsu([...racks, '--server', other.url]);
    await tetsu(racks, { TETSU_SERVER: other.url });
    expect(other.asked).toEqual(['GET nobody', 'GET nobody']);
    await tetsu([...racks, '--context', 'prod'], { TETSU_SERVER: other.url });
    expect(other.asked).toHaveLength(2);
  });

  it('of a token that is given count before the one they have', async () => {
    server.asked.length = 0;
    await tetsu(racks, { TETSU_TOKEN: 'mine' });
    expect(server.asked).toEqual(['GET Bearer mine']);
  });

  it('refuse a token that others can read', async () => {
    await chmod(join(folder, 'token'), 0o644);
    const ended = await tetsu(racks);
    await chmod(join(folder, 'token'), 0o600);
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('hint: chmod 600') });
  });

  it.each([
    [['context', 'use', 'lab'], 3, 'there is no context "lab"'],
    [[...racks, '--context', 'prd'], 2, 'did you mean prod?'],
    [['context', 'set', 'new'], 2, 'needs a server'],
    [[...racks, '--server', 'nonsense'], 2, 'is no http:// or https:// URL'],
  ])('%j ends with %i', async (args, code, text) => {
    expect(await tetsu(args)).toMatchObject({ code, err: expect.stringContaining(text) });
  });
});
