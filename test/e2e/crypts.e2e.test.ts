/** Disk keys as machines and technicians move them: a real server, real TLS, curl. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { ipamG } from '../support/machines.ts';
import { freePorts } from '../support/ports.ts';
import { startTetsuServer, type TetsuServer, usualTimeout } from '../support/tetsu.ts';
import { selfSign } from '../support/tls.ts';

let etcd: TestEtcd;
let server: TetsuServer;
let folder: string;
let secure = '';
const key = randomBytes(64);

type Said = { readonly status: number; readonly head: string; readonly body: Buffer };

/** `curl`, trusting the server's certificate alone. */
async function curl(url: string, ...more: readonly string[]): Promise<Said> {
  const [head, body] = [join(folder, 'head'), join(folder, 'body')];
  await rm(body, { force: true });
  const files = ['-D', head, '-o', body, '-w', '%{http_code} %{http_version}'];
  const { stdout } = await promisify(execFile)('curl', [
    ...['-sS', '--path-as-is', '--cacert', join(folder, 'server.crt'), ...files],
    ...more,
    url,
  ]);
  const bytes = await readFile(body).catch(() => Buffer.alloc(0));
  return { status: Number(stdout.slice(0, 3)), head: await readFile(head, 'utf8'), body: bytes };
}

const put = async (path: string, bytes: Uint8Array) => {
  await writeFile(join(folder, 'key'), bytes);
  return curl(`${secure}/api/v1/crypts/${path}`, '-T', join(folder, 'key'));
};
const state = (to: string) => curl(`${server.url}/api/v1/state/abc`, '-X', 'PUT', '-d', to);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tetsukan-crypts-'));
  const [cert, own] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  await selfSign(cert, own);
  const [port = 0] = await freePorts(1);
  secure = `https://127.0.0.1:${port}`;
  etcd = await startTestEtcd();
  server = await startTetsuServer({
    etcd: etcd.endpoints,
    etcdMore: usualTimeout,
    environment: { SABAKAN_CRYPTSETUP: join(folder, 'cryptsetup') },
    more: `https: 127.0.0.1:${port}\nserver-cert: ${cert}\nserver-key: ${own}\nlog-level: debug\n`,
  });
  const post = (path: string, method: string, body: object) =>
    curl(`${server.url}/api/v1/${path}`, '-X', method, '-d', JSON.stringify(body));
  await post('config/ipam', 'PUT', ipamConfigToJson(ipamG));
  await post(
    'machines',
    'POST',
    ['abc', 'abcd'].map((serial) => ({ serial, rack: 0, role: 'cs', bmc: { type: 'iDRAC' } })),
  );
});

afterAll(async () => {
  server?.signal('SIGKILL');
  await server?.ended;
  await etcd?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('disk keys', () => {
  it('go up and come back byte by byte over TLS', async () => {
    const stored = await put('abc/0123', key);
    expect([stored.status, stored.body.toString()]).toEqual([
      201,
      '{"path":"0123","status":201}\n',
    ]);
    const got = await curl(`${secure}/api/v1/crypts/abc/0123`);
    expect(got.status).toBe(200);
    expect(got.body.equals(key)).toBe(true);
    expect(got.head).toMatch(/^content-type: application\/octet-stream\r$/im);
    expect(got.head).toMatch(/^content-length: 64\r$/im);
    expect((await put('abc/0123', key)).status).toBe(409);
    expect((await curl(`${secure}/api/v1/crypts/abc/4567`)).status).toBe(404);
  });

  it('are asked for over HTTP/1.1 also by clients that offer HTTP/2', async () => {
    const got = await curl(`${secure}/api/v1/crypts/abc/0123`, '--http2');
    expect(got.head).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('do not exist on the plain listener, and nothing else on the TLS listener', async () => {
    expect((await curl(`${server.url}/api/v1/crypts/abc/0123`)).status).toBe(404);
    for (const path of ['health', 'version', 'graphql', 'api/v1/machines', 'api/v2/status']) {
      expect([path, (await curl(`${secure}/${path}`)).status]).toEqual([path, 404]);
    }
    await expect(curl(secure.replace('https:', 'http:'))).rejects.toThrow();
    expect((await curl(`${secure}/api/v1/crypts/abc/0123`)).status).toBe(200);
  });

  it('are not found above their folder', async () => {
    for (const path of ['../ipam', '%2e%2e/ipam', '..%2fipam', 'abc/..', 'abc/%2e%2e']) {
      expect([path, (await curl(`${secure}/api/v1/crypts/${path}`)).status]).toEqual([path, 400]);
      expect([path, (await put(path, key)).status]).toEqual([path, 400]);
    }
  });

  it('of a store that stands still are 503 in bounded time, never 404', async () => {
    const [member] = etcd.members;
    member?.freeze();
    try {
      const began = performance.now();
      const paths = ['abc/0123', 'abc/never'];
      for (const path of paths) {
        expect((await curl(`${secure}/api/v1/crypts/${path}`, '-m', '120')).status).toBe(503);
      }
      expect(performance.now() - began).toBeLessThan(120_000);
    } finally {
      member?.thaw();
    }
    const again = async () => (await curl(`${secure}/api/v1/crypts/abc/0123`)).status;
    await expect.poll(again).toBe(200);
  });

  it('are deleted when the machine retires, and are nowhere in the log or the audit', async () => {
    expect((await put('abcd/0123', key)).status).toBe(201);
    const remove = () => curl(`${secure}/api/v1/crypts/abc`, '-X', 'DELETE');
    expect((await remove()).status).toBe(500);
    expect((await state('retiring')).status).toBe(200);
    expect((await state('retired')).status).toBe(400);
    expect((await remove()).body.toString()).toBe('["0123"]\n');
    expect((await state('retired')).status).toBe(200);
    expect((await curl(`${secure}/api/v1/crypts/abcd/0123`)).body.equals(key)).toBe(true);
    const audit = (await curl(`${server.url}/api/v1/logs`)).body;
    expect(audit.toString()).toContain('"category":"crypts","instance":"abc","action":"delete"');
    const said = Buffer.concat([Buffer.from(server.log()), audit]);
    await expect.poll(() => server.log()).toContain('/api/v1/crypts/{serial}/{path}');
    expect(said.includes(key.subarray(0, 8))).toBe(false);
    const text = said.toString().toLowerCase();
    expect(text).not.toContain(key.toString('hex').slice(0, 16));
    expect(text).not.toContain(key.toString('base64').slice(0, 16).toLowerCase());
    expect(text).not.toContain([...key.subarray(0, 8)].join(','));
  });
});

describe('the program that uses them', () => {
  it('is downloaded from where SABAKAN_CRYPTSETUP points; without it the answer says what to set', async () => {
    const url = `${server.url}/api/v1/cryptsetup`;
    const none = await curl(url);
    expect([none.status, none.body.toString()]).toEqual([
      404,
      expect.stringMatching(/there is no \/.*\/cryptsetup\): put .*SABAKAN_CRYPTSETUP/),
    ]);
    const program = randomBytes(2_500_000);
    await writeFile(join(folder, 'cryptsetup'), program);
    expect((await curl(url)).body.equals(program)).toBe(true);
    const part = await curl(url, '-r', '1000-1999');
    expect([part.status, part.body.equals(program.subarray(1000, 2000))]).toEqual([206, true]);
    const [, etag = ''] = /^etag: (.*)\r$/im.exec(part.head) ?? [];
    expect((await curl(url, '-H', `If-None-Match: ${etag}`)).status).toBe(304);
    expect((await curl(`${secure}/api/v1/cryptsetup`)).status).toBe(404);
  });
});

describe('the certificate', () => {
  it('is renewed while the server runs', async () => {
    const [cert, own] = [join(folder, 'server.crt'), join(folder, 'server.key')];
    await selfSign(join(folder, 'next.crt'), join(folder, 'next.key'), 'next');
    await writeFile(own, await readFile(join(folder, 'next.key')));
    await writeFile(cert, await readFile(join(folder, 'next.crt')));
    // curl trusts the new one alone by now.
    const status = async () =>
      (await curl(`${secure}/api/v1/crypts/abcd/0123`).catch(() => undefined))?.status;
    await expect.poll(status, { interval: 250 }).toBe(200);
    await expect.poll(() => server.log()).toContain('the certificate was renewed');
    const page = await (await fetch(`${server.metricsUrl}/metrics`)).text();
    const [, at = ''] = /^tetsukan_https_certificate_expires_seconds (\d+)$/m.exec(page) ?? [];
    const leftSeconds = Number(at) - Date.now() / 1000;
    expect(leftSeconds).toBeGreaterThan(86_400);
    expect(leftSeconds).toBeLessThan(3 * 86_400);
  });
});
