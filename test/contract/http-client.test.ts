import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../src/base/io/http-client.ts';
import { ok } from '../../src/base/result.ts';
import { freePorts } from '../support/ports.ts';

describe('the HTTP client', () => {
  const client = createHttpClient();
  const server = createServer((request, response) => {
    switch (request.url) {
      case '/moved':
        return response.writeHead(302, { location: '/' }).end();
      case '/large':
        return response.end(Buffer.alloc(100_000));
      case '/silent':
        return undefined;
      case '/slow':
        response.writeHead(200).write('a');
        return undefined;
      default:
        return void request.pipe(response);
    }
  });
  let base = '';
  const get = (path: string, url = base, timeoutMs = 60_000) =>
    client.request({ method: 'GET', url: url + path, timeoutMs, bodyBytesMax: 1_000 });

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });

  it('hands over status, headers and body', async () => {
    const body = new TextEncoder().encode('iron');
    const answer = await client.request({
      method: 'POST',
      url: `${base}/`,
      body,
      timeoutMs: 60_000,
      bodyBytesMax: 4,
    });
    expect(answer).toMatchObject({ ok: true, value: { status: 200 } });
    expect(answer.ok && new TextDecoder().decode(answer.value.body)).toBe('iron');
  });

  it('does not follow redirects', async () => {
    expect(await get('/moved')).toMatchObject(
      ok({ status: 302, headers: expect.objectContaining({ location: '/' }) }),
    );
  });

  it('bounds the size of an answer', async () => {
    expect(await get('/large')).toMatchObject({ error: { kind: 'too-large' } });
  });

  it('bounds the whole exchange in time, also in the middle of a body', async () => {
    for (const path of ['/silent', '/slow']) {
      expect(await get(path, base, 300)).toMatchObject({ error: { kind: 'timed-out' } });
    }
  });

  it('tells a refused connection', async () => {
    const [port] = await freePorts(1);
    expect(await get('/', `http://127.0.0.1:${port}`)).toMatchObject({
      error: { kind: 'refused' },
    });
  });
});
