import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../support/digest.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

let etcd: TestEtcd;
let server: TetsuServer;

const content = randomBytes(3_000_001);

beforeAll(async () => {
  etcd = await startTestEtcd();
  server = await startTetsuServer({ etcd: etcd.endpoints });
});

afterAll(async () => {
  server?.signal('SIGKILL');
  await server?.ended;
  await etcd?.stop();
});

const urlOf = (name: string, on = server) => `${on.url}/api/v1/assets/${name}`;
const filesOf = async (on = server) => (await readdir(join(on.directory, 'data/assets'))).sort();

async function put(name: string, body: Uint8Array | string, headers = {}) {
  const answer = await fetch(urlOf(name), {
    method: 'PUT',
    body: body as never,
    headers: { 'content-type': 'text/plain', ...headers },
  });
  return { status: answer.status, text: await answer.text() };
}

const names = async (on = server) => (await fetch(`${on.url}/api/v1/assets`)).json();

/** A client that says what it likes and waits for what it wants to hear. */
async function aSocket(): Promise<{
  readonly socket: Socket;
  readonly hears: (pattern: RegExp) => Promise<string>;
}> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let heard = '';
  let wake = () => {};
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => wake());
  await new Promise((done) => socket.once('connect', done));
  const hears = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(heard)) {
      if (socket.closed) throw new Error(`the connection ended after: ${heard}`);
      await new Promise<void>((next) => {
        wake = next;
      });
    }
    return heard;
  };
  return { socket, hears };
}

const head = (name: string, headers: string) =>
  `PUT /api/v1/assets/${name} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${headers}\r\n`;

describe('an asset', () => {
  it('goes up and comes down whole, in parts, by its size alone and not at all', async () => {
    expect(await put('foo.bin', content, { 'x-sabakan-asset-sha256': sha256Hex(content) })).toEqual(
      {
        status: 201,
        text: '{"status":201,"id":"1"}\n',
      },
    );
    const whole = await fetch(urlOf('foo.bin'));
    expect(sha256Hex(new Uint8Array(await whole.arrayBuffer()))).toBe(sha256Hex(content));
    expect(whole.headers.get('content-length')).toBe(String(content.length));
    expect(whole.headers.get('x-sabakan-asset-sha256')).toBe(sha256Hex(content));
    const part = await fetch(urlOf('foo.bin'), { headers: { range: 'bytes=2999999-' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 2999999-3000000/${content.length}`,
    ]);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(
      new Uint8Array(content.subarray(2_999_999)),
    );
    const size = await fetch(urlOf('foo.bin'), { method: 'HEAD' });
    expect([size.status, size.headers.get('content-length')]).toEqual([200, '3000001']);
    const etag = whole.headers.get('etag') ?? '';
    const same = await fetch(urlOf('foo.bin'), { headers: { 'if-none-match': etag } });
    expect([same.status, await same.text()]).toEqual([304, '']);
    expect(await filesOf()).toEqual(['1']);
  });

  it('may be empty', async () => {
    const { socket, hears } = await aSocket();
    socket.write(head('empty', 'Content-Length: 0\r\n'));
    await hears(/^HTTP\/1\.1 201 /);
    socket.destroy();
    const answer = await fetch(urlOf('empty'));
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '0']);
  });

  it('is asked for with 100 Continue where the client waits for it', async () => {
    const { socket, hears } = await aSocket();
    socket.write(head('waits', 'Content-Length: 3\r\nExpect: 100-continue\r\n'));
    await hears(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    socket.write('bar');
    await hears(/\r\n\r\nHTTP\/1\.1 201 [\s\S]*"status":201/);
    socket.destroy();
  });

  it.each([
    ['of unknown size', 'Transfer-Encoding: chunked\r\n', 411, 'content-length is required'],
    ['of 5 GiB', 'Content-Length: 5368709120\r\n', 413, 'too large asset'],
    [
      'of 5 GiB, politely',
      'Content-Length: 5368709120\r\nExpect: 100-continue\r\n',
      413,
      'too large asset',
    ],
  ])('%s is refused before any of it was sent', async (_, headers, status, text) => {
    const { socket, hears } = await aSocket();
    socket.write(head('huge', headers));
    const heard = await hears(/\{.*\}\n/);
    expect(heard).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(heard).toContain(`"error":"${text}"`);
    socket.destroy();
    expect(await names()).not.toContain('huge');
  });

  it('that is cut off in the middle leaves nothing behind', async () => {
    const before = await filesOf();
    const { socket } = await aSocket();
    socket.write(head('cut', 'Content-Length: 2000000\r\n'));
    socket.write(content.subarray(0, 1_000_000));
    const uploading = async () => (await filesOf()).some((file) => file.startsWith('.upload-'));
    await expect.poll(uploading).toBe(true);
    socket.destroy();
    await expect.poll(() => filesOf()).toEqual(before);
    expect(await names()).not.toContain('cut');
    expect((await fetch(urlOf('cut/meta'))).status).toBe(404);
  });

  it('has of a repeated option the first value', async () => {
    const { socket, hears } = await aSocket();
    const option = (value: string) => `X-Sabakan-Asset-Options-Version: ${value}\r\n`;
    socket.write(head('options', `Content-Length: 0\r\n${option('1.0')}${option('2.0')}`));
    await hears(/^HTTP\/1\.1 201 /);
    socket.destroy();
    const { options } = (await (await fetch(urlOf('options/meta'))).json()) as { options: object };
    expect(options).toEqual({ version: '1.0' });
  });

  it.each(['..', '%2e%2e', '.', '%00'])('cannot be called %s', async (name) => {
    const { socket, hears } = await aSocket();
    socket.write(head(name, 'Content-Length: 0\r\n'));
    await hears(/^HTTP\/1\.1 400 /);
    socket.destroy();
  });

  it('whose file is gone from this server is shown so, and not served', async () => {
    const id = JSON.parse((await put('gone', 'bar')).text).id;
    await rm(join(server.directory, 'data/assets', id));
    expect((await fetch(urlOf('gone'), { redirect: 'manual' })).status).toBe(503);
    const meta = (await (await fetch(urlOf('gone/meta'))).json()) as { exists: boolean };
    expect(meta.exists).toBe(false);
  });
});

describe('the metrics of assets', () => {
  it('are their number and bytes', async () => {
    const page = await (await fetch(`${server.metricsUrl}/metrics`)).text();
    const all = (await names()) as string[];
    expect(page).toContain(`sabakan_assets_items_total ${all.length}\n`);
    expect(page).toMatch(/sabakan_assets_bytes_total 30000\d\d\n/);
  });
});

describe('an asset on two servers', () => {
  it('is at the other one until this one has its own copy, and is offered by both', async () => {
    await put('gone', 'bar');
    const second = await startTetsuServer({ etcd: etcd.endpoints, name: 'boot-1' });
    const meta = async (name: string) => (await fetch(urlOf(`${name}/meta`, second))).json();
    try {
      const answer = await fetch(urlOf('foo.bin', second), { redirect: 'manual' });
      // It may have been fast.
      if (answer.status !== 200) {
        expect([answer.status, answer.headers.get('location')]).toEqual([302, urlOf('foo.bin')]);
      }
      await expect
        .poll(() => meta('foo.bin'))
        .toMatchObject({
          exists: true,
          urls: [urlOf('foo.bin'), urlOf('foo.bin', second)].sort(),
        });
      const own = await fetch(urlOf('foo.bin', second), { redirect: 'manual' });
      expect(own.status).toBe(200);
      expect(sha256Hex(new Uint8Array(await own.arrayBuffer()))).toBe(sha256Hex(content));
      const missing = async () => {
        const status = await (await fetch(`${second.url}/api/v2/status`)).json();
        return (status as { boot: { assets: unknown } }).boot.assets;
      };
      await expect.poll(missing).toEqual({ missing: {}, broken: {} });
      expect(await filesOf(second)).toHaveLength(((await names(second)) as string[]).length);
    } finally {
      second.signal('SIGTERM');
      expect((await second.ended).code).toBe(0);
    }
  });
});
