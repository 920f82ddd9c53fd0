import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Ipv4, parseIpv4 } from '../../src/base/addresses.ts';
import { bodyBytesMax } from '../../src/health/io/http-probe.ts';
import { createProber } from '../../src/health/io/probes.ts';
import { probeTcp } from '../../src/health/io/tcp-probe.ts';
import type { ProbeResult } from '../../src/health/probe.ts';
import { freePorts } from '../support/ports.ts';

const open: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(open.splice(0).map((server) => new Promise((done) => server.close(done))));
});

function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  open.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((done) =>
    server.listen(0, host, () => done((server.address() as AddressInfo).port)),
  );
}

function ip(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const prober = createProber({ allowLoopback: true });

/** Far more than an answer takes; where silence is meant, `shortMs`. */
const longMs = 60_000;
const shortMs = 500;

async function askHttp(listener: RequestListener, timeoutMs = longMs): Promise<ProbeResult> {
  const port = await listen(createHttpServer(listener));
  const probe = { name: 'web', kind: 'http', port, path: '/healthz', expectStatus: 200 } as const;
  return prober.ask({ address: ip('127.0.0.1'), probe, timeoutMs });
}

describe('TCP probe', () => {
  it('a port that listens answers', async () => {
    const port = await listen(createServer());
    const probe = { name: 'ssh', kind: 'tcp', port } as const;
    const result = await prober.ask({ address: ip('127.0.0.1'), probe, timeoutMs: longMs });
    expect(result).toMatchObject({ kind: 'answered', text: 'connected' });
    expect(result.latencyMs).toBeGreaterThan(0);
    expect(result.latencyMs).toBeLessThan(longMs);
  });

  it('a port that nobody listens on refuses; on loopback that is an absent machine', async () => {
    const [port = 0] = await freePorts(1);
    expect(await probeTcp('127.0.0.1', port, longMs)).toMatchObject({ kind: 'refused' });
    const probe = { name: 'ssh', kind: 'tcp', port } as const;
    expect(await prober.ask({ address: ip('127.0.0.1'), probe, timeoutMs: longMs })).toMatchObject({
      kind: 'silent',
    });
  });

  it('a machine on its own loopback address is asked there and nowhere else', async () => {
    const port = await listen(createServer(), '127.7.0.4');
    const probe = { name: 'ssh', kind: 'tcp', port } as const;
    const at = (address: string) => prober.ask({ address: ip(address), probe, timeoutMs: longMs });
    expect((await at('127.7.0.4')).kind).toBe('answered');
    expect((await at('127.7.0.5')).kind).toBe('silent');
  });

  it('addresses that are no machine are not even tried', async () => {
    const port = await listen(createServer());
    const probe = { name: 'ssh', kind: 'tcp', port } as const;
    const strict = createProber({ allowLoopback: false });
    const own = createProber({ allowLoopback: true, forbidden: new Set([`127.0.0.1:${port}`]) });
    const ask = (from: typeof prober, address: string) =>
      from.ask({ address: ip(address), probe, timeoutMs: longMs });
    expect((await ask(strict, '127.0.0.1')).kind).toBe('unasked');
    expect((await ask(strict, '169.254.169.254')).kind).toBe('unasked');
    expect((await ask(prober, '255.255.255.255')).kind).toBe('unasked');
    expect((await ask(own, '127.0.0.1')).text).toContain('a listener of this server');
  });

  it('after a pause of the whole process those that answered meanwhile are not silent', async () => {
    const port = await listen(createServer());
    const asked = probeTcp('127.0.0.1', port, 50);
    const until = performance.now() + 200;
    while (performance.now() < until);
    expect((await asked).kind).toBe('answered');
  });
});

describe('HTTP probe', () => {
  it('the expected status answers', async () => {
    const result = await askHttp((_, response) => response.end('ok'));
    expect(result).toMatchObject({ kind: 'answered', status: 200, text: 'status 200' });
  });

  it('another status is wrong, with the first line of what it said', async () => {
    const result = await askHttp((_, response) => {
      response.writeHead(503).end('disk \u001b[31mfull\nsecond line');
    });
    expect(result).toMatchObject({
      kind: 'wrong',
      status: 503,
      text: 'status 503 instead of 200: disk .[31mfull',
    });
  });

  it('a redirect is an answer and is not followed', async () => {
    let asked = 0;
    const result = await askHttp((_, response) => {
      asked += 1;
      response.writeHead(302, { location: 'http://127.0.0.1:2379/' }).end();
    });
    expect(result).toMatchObject({ kind: 'wrong', status: 302 });
    expect(asked).toBe(1);
  });

  it('a body without end is cut', async () => {
    let sent = 0;
    const result = await askHttp((_, response) => {
      const more = () => {
        if (response.destroyed) return;
        sent += 8192;
        response.write('x'.repeat(8192), more);
      };
      more();
    });
    expect(result).toMatchObject({ kind: 'wrong', text: 'more than 65536 bytes in its answer' });
    expect(sent).toBeLessThan(bodyBytesMax * 100);
  });

  it('one that accepts and says nothing is there, but wrong', async () => {
    const result = await askHttp(() => {}, shortMs);
    expect(result).toMatchObject({
      kind: 'wrong',
      text: 'connected, but no whole answer within 500 ms',
    });
  });

  it.each<[string, string]>([
    ['SSH-2.0-OpenSSH_9.2\r\n', 'it answers, but not in HTTP'],
    ['', 'it closed the connection without an answer'],
  ])('a port that speaks %j is wrong', async (greeting, text) => {
    const port = await listen(createServer((socket) => socket.end(greeting)));
    const probe = { name: 'web', kind: 'http', port, path: '/', expectStatus: 200 } as const;
    const result = await prober.ask({ address: ip('127.0.0.1'), probe, timeoutMs: longMs });
    expect(result).toMatchObject({ kind: 'wrong', text });
  });

  it('no connection is kept for later', async () => {
    const seen = new Set<Socket>();
    const server = createHttpServer((_, response) => response.end('ok'));
    server.on('connection', (socket) => seen.add(socket));
    const port = await listen(server);
    const probe = { name: 'web', kind: 'http', port, path: '/', expectStatus: 200 } as const;
    for (let time = 0; time < 5; time++) {
      await prober.ask({ address: ip('127.0.0.1'), probe, timeoutMs: longMs });
    }
    expect(seen.size).toBe(5);
  });
});
