import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { type Answer, emptyAnswer, type Handler } from '../../src/sabakan/exchange.ts';
import { createHttpApp } from '../../src/sabakan/io/http-app.ts';
import { listen } from '../../src/sabakan/io/listen.ts';
import { createRequestCounter } from '../../src/sabakan/request-count.ts';
import { seededChance } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';

let app: FastifyInstance | undefined;

afterEach(async () => {
  app?.server.closeAllConnections();
  await app?.close();
});

async function serve(handle: Handler): Promise<number> {
  const world = { clock: systemClock, chance: seededChance(), log: silentLog };
  app = createHttpApp(handle, world, createRequestCounter());
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as { port: number }).port;
}

/** Sends octets as they are; resolves with all that came back when the peer closed, or `quietMs` after `answers` have. */
function exchange(
  port: number,
  sent: string | Buffer,
  { answers = Number.POSITIVE_INFINITY, quietMs = 500 } = {},
): Promise<Raw> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const statuses = () => text.match(/^HTTP\/1\.1 \d{3}/gm)?.map((s) => +s.slice(9)) ?? [];
    const done = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({
        text,
        closed,
        statuses: statuses(),
      });
    };
    let timer = setTimeout(() => done(false), 120_000);
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (statuses().length < answers) return;
      clearTimeout(timer);
      timer = setTimeout(() => done(false), quietMs);
    });
    socket.on('close', () => done(true)).on('error', () => {});
    socket.write(sent);
  });
}
type Raw = {
  readonly text: string;
  readonly closed: boolean;
  readonly statuses: readonly number[];
};

/** Whether a connection to the port is taken. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}

const echoPath: Handler = async ({ path }) => ({
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body: { kind: 'bytes', bytes: new TextEncoder().encode(path) },
});
const readAll: Handler = async ({ body }): Promise<Answer> => {
  const read = await body.read(1000);
  return emptyAnswer(read.ok ? 200 : 413);
};

describe('HTTP on a real socket', () => {
  it('hands over the path as it stands in the request line', async () => {
    const port = await serve(echoPath);
    for (const [target, path] of [
      ['/a/./b/../c//d', '/a/./b/../c//d'],
      ['/%2e%2e/%252e', '/../%2e'],
      ['http://elsewhere/x/../y', '/x/../y'],
    ]) {
      const raw = await exchange(
        port,
        `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      );
      expect(raw.text.split('\r\n\r\n')[1]).toBe(path);
    }
  });

  it.each([
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
      400,
    ],
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n', 400],
    ['no HTTP', '\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n', 400],
    ['a header of 20 kB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a URL of 9 kB', `GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ])('%s: an answer, and the connection is closed', async (_, sent, status) => {
    const port = await serve(readAll);
    const raw = await exchange(port, sent);
    expect([raw.statuses, raw.closed]).toEqual([[status], true]);
  });

  it('a body over the limit is answered while the client still sends', async () => {
    const port = await serve(readAll);
    const megabytes = 20;
    const head = `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${megabytes * 1e6}\r\n\r\n`;
    const raw = await exchange(
      port,
      Buffer.concat([Buffer.from(head), Buffer.alloc(megabytes * 1e6)]),
    );
    expect([raw.statuses, raw.closed]).toEqual([[413], true]);
  });

  it('a body without end does not hold the connection', async () => {
    const port = await serve(readAll);
    const head = 'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `800\r\n${'x'.repeat(2048)}\r\n`;
    const raw = await exchange(port, head + chunk);
    expect([raw.statuses, raw.closed]).toEqual([[413], true]);
  });

  it('keeps the connection for the next request after a small body', async () => {
    const port = await serve(readAll);
    const one = 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab';
    const raw = await exchange(port, one + one, { answers: 2 });
    expect([raw.statuses, raw.closed]).toEqual([[200, 200], false]);
  });

  it('a reader who goes away ends the source', async () => {
    let [ended, sent] = [false, 0];
    const source = async function* () {
      try {
        for (;;) {
          sent += 1;
          yield new Uint8Array(1e6);
        }
      } finally {
        ended = true;
      }
    };
    const port = await serve(async () => ({
      status: 200,
      headers: {},
      body: { kind: 'stream', open: source },
    }));
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    socket.pause();
    await expect.poll(() => sent).toBeGreaterThan(0);
    // Back-pressure: once the buffers are full, nothing more is read while nothing is taken.
    let before = 0;
    const grown = () => {
      const more = sent - before;
      before = sent;
      return more;
    };
    await expect.poll(grown, { interval: 500 }).toBe(0);
    socket.destroy();
    await expect.poll(() => ended).toBe(true);
  });

  it.each([
    ['one piece', 1_000],
    ['many pieces', 3_000_000],
  ])('whoever watches a body of %s hears that all of it left', async (_, length) => {
    const told = Promise.withResolvers<number>();
    const port = await serve(async () => ({
      status: 200,
      headers: {},
      body: { kind: 'bytes', bytes: new Uint8Array(length) },
      watch: { moved: () => {}, ended: told.resolve },
    }));
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect((await answer.arrayBuffer()).byteLength).toBe(length);
    expect(await told.promise).toBe(length);
  });

  it('what is under way when the server stops ends whole, and nothing new begins', async () => {
    const half = new Uint8Array(200_000);
    const second = Promise.withResolvers<void>();
    let begun = 0;
    const source = async function* () {
      begun += 1;
      yield half;
      await second.promise;
      yield half;
    };
    const world = { clock: systemClock, chance: seededChance(), log: silentLog };
    const body = { kind: 'stream', open: source, length: 2 * half.length } as const;
    app = createHttpApp(
      async () => ({ status: 200, headers: {}, body }),
      world,
      createRequestCounter(),
    );
    const opened = await listen(app, { address: '127.0.0.1', port: 0 }, 'http');
    if (!opened.ok) throw new Error(opened.error);
    const url = `http://127.0.0.1:${opened.value.endpoint.port}/`;
    const downloads = Array.from({ length: 20 }, async () => (await fetch(url)).arrayBuffer());
    await expect.poll(() => begun).toBe(20);
    const closed = opened.value.close(60_000);
    await expect.poll(() => isTaken(opened.value.endpoint.port)).toBe(false);
    second.resolve();
    const lengths = (await Promise.all(downloads)).map(({ byteLength }) => byteLength);
    expect(lengths).toEqual(Array(20).fill(400_000));
    await closed;
  });

  it('whoever watches a body hears how much of it left when its reader goes away', async () => {
    const told = Promise.withResolvers<number>();
    const length = 64 * 1024 * 1024;
    const port = await serve(async () => ({
      status: 200,
      headers: {},
      body: { kind: 'bytes', bytes: new Uint8Array(length) },
      watch: { moved: () => {}, ended: told.resolve },
    }));
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    socket.once('data', () => socket.destroy());
    expect(await told.promise).toBeLessThan(length / 2);
  });
});
