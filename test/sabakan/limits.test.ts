import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/sabakan/exchange.ts';
import { createHttpApp } from '../../src/sabakan/io/http-app.ts';
import { createRequestBody } from '../../src/sabakan/io/http-body.ts';
import { v1Error } from '../../src/sabakan/problem-answers.ts';
import { problemTable } from '../../src/sabakan/problems.ts';
import { createRequestCounter } from '../../src/sabakan/request-count.ts';
import { manualClock, seededChance, settled } from '../support/clock.ts';
import { aFace } from '../support/face.ts';
import { silentLog } from '../support/silent-log.ts';

describe('hostile bodies', () => {
  const routes = [
    'POST /api/v1/machines',
    'PUT /api/v1/config/ipam',
    'PUT /api/v1/config/dhcp',
    'PUT /api/v1/ignitions/cs/1',
    'POST /graphql',
  ];
  const bodies: readonly (readonly [string, string | Uint8Array])[] = [
    ['nothing', ''],
    ['half an object', '{"a":'],
    ['brackets', '['.repeat(200_000)],
    ['closed brackets', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['objects in objects', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
    ['__proto__', '{"__proto__":{"serial":"a"},"constructor":{"prototype":{}}}'],
    ['a list of __proto__', '[{"__proto__":{"serial":"a","role":"cs"}}]'],
    ['a number of a thousand digits', '9'.repeat(1000)],
    ['numbers as big as they come', '{"max-nodes-in-rack":1e400,"lease-minutes":-1e400}'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['a lone surrogate', '[{"serial":"\\ud800"}]'],
    ['a NUL', '[{"serial":"\\u0000","role":"cs","bmc":{"type":"a"}}]'],
    ['a string', '"x"'],
    ['a bracket within a long string', `"${'[\\"'.repeat(200_000)}"`],
  ];

  it.each(routes)('%s answers each of them as the client’s error', async (route) => {
    const face = await aFace();
    for (const [name, body] of bodies) {
      const headers = { 'content-type': 'application/json' };
      const { statusCode } = await face.ask(route, { body, headers });
      // To the DHCP configuration, which has no mandatory member, `__proto__` is just one it does not know.
      const isHarmless = route.endsWith('dhcp') && name === '__proto__';
      const isRefused = statusCode >= 400 && statusCode < 500;
      expect([name, statusCode, isRefused]).toEqual([name, statusCode, !isHarmless]);
    }
    expect(face.inventory.machines()).toEqual([]);
    expect(Object.hasOwn(Object.prototype, 'serial')).toBe(false);
    expect(face.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it.each([
    ['PUT /api/v1/config/ipam', 1024 * 1024, 413],
    ['PUT /api/v1/state/a', 128, 500],
    ['PUT /api/v1/labels/a/b', 1024, 500],
    ['PUT /api/v1/retire-date/a', 1024, 400],
    ['PUT /api/v1/kernel_params/coreos', 4096, 400],
    ['POST /graphql', 256 * 1024, 413],
  ])('%s takes %s bytes and no more', async (route, bytes, status) => {
    const face = await aFace();
    const headers = { 'content-type': 'application/json' };
    const over = await face.ask(route, { body: ' '.repeat(bytes + 1), headers });
    expect([over.statusCode, over.headers['connection']]).toEqual([status, 'close']);
    const within = await face.ask(route, { body: ' '.repeat(bytes), headers });
    expect(within.statusCode).not.toBe(413);
  });

  it('odd content types do not matter, as with Sabakan', async () => {
    const face = await aFace();
    for (const type of ['nonsense', 'text/html', 'application/x-www-form-urlencoded']) {
      const answer = await face.ask('PUT /api/v1/config/dhcp', {
        body: {},
        headers: { 'content-type': type },
      });
      expect([type, answer.statusCode, answer.body]).toEqual([type, 200, 'null\n']);
    }
  });
});

describe('a slow body', () => {
  const slow = () => {
    const clock = manualClock();
    const raw = new Readable({ read: () => {} });
    const body = createRequestBody(
      Object.assign(raw, { headers: {} }) as unknown as Parameters<typeof createRequestBody>[0],
      clock,
    );
    return { clock, raw, body };
  };

  it('that is wanted whole has 30 seconds, however it trickles', async () => {
    const { clock, raw, body } = slow();
    const read = body.read(100);
    for (let second = 0; second < 29; second += 1) {
      raw.push('x');
      await clock.run(1000);
    }
    await clock.run(1000);
    expect(await read).toMatchObject({ ok: false, error: { kind: 'body-cut' } });
    expect(clock.timers()).toBe(0);
  });

  it('that is streamed may take hours, but not a minute without an octet', async () => {
    const { clock, raw, body } = slow();
    let octets = 0;
    let problem = '';
    const reading = (async () => {
      for await (const chunk of body.stream()) octets += chunk.length;
    })().catch((error: Error) => {
      problem = error.message;
    });
    for (let minute = 0; minute < 120; minute += 1) {
      raw.push('x');
      await clock.run(59_000);
    }
    expect([octets, problem]).toEqual([120, '']);
    await clock.run(60_000);
    await reading;
    expect(problem).toBe('the body did not arrive in time');
  });

  it('that breaks off is an error, not a shorter body', async () => {
    const { raw, body } = slow();
    const read = body.read(100);
    raw.push('{}');
    await settled();
    raw.destroy(new Error('aborted'));
    expect(await read).toMatchObject({ ok: false, error: { kind: 'body-cut' } });
  });
});

describe('streamed answers', () => {
  const appFor = (answer: Answer) => {
    const world = { clock: manualClock(), chance: seededChance(), log: silentLog };
    return createHttpApp(async () => answer, world, createRequestCounter());
  };

  it('end their source when they are done, and do not open it for HEAD', async () => {
    let [opened, ended] = [0, 0];
    const source = async function* () {
      opened += 1;
      try {
        yield new Uint8Array([0x61]);
        yield new Uint8Array([0x62]);
      } finally {
        ended += 1;
      }
    };
    const app = appFor({
      status: 200,
      headers: {},
      body: { kind: 'stream', length: 2, open: source },
    });
    expect((await app.inject({ method: 'GET', url: '/' })).body).toBe('ab');
    const head = await app.inject({ method: 'HEAD', url: '/' });
    expect([head.headers['content-length'], head.body]).toEqual(['2', '']);
    expect([opened, ended]).toEqual([1, 1]);
  });

  it('that fail in the middle cut the connection instead of looking whole', async () => {
    const source = async function* () {
      yield new Uint8Array([0x61]);
      throw new Error('the disk is gone');
    };
    const app = appFor({ status: 200, headers: {}, body: { kind: 'stream', open: source } });
    await expect(app.inject({ method: 'GET', url: '/' })).rejects.toThrow();
  });
});

describe('every kind of problem', () => {
  it.each(Object.entries(problemTable))('%s has a status and a text', (kind, row) => {
    const problem = { kind, text: 'why', allow: 'GET', mistakes: [] } as never;
    const answer = v1Error({ requestId: 'r' }, problem);
    expect(answer.status).toBe(row.status);
    const body = JSON.parse(
      new TextDecoder().decode(answer.body.kind === 'bytes' ? answer.body.bytes : undefined),
    );
    expect(Object.keys(body)).toEqual(['error', 'request_id', 'status']);
    expect(body.error).not.toBe('');
  });

  it('says to try again exactly where nothing was done and it may work', () => {
    const retryable = Object.entries(problemTable)
      .filter(([, row]) => 'retryable' in row)
      .map(([kind]) => kind);
    expect(retryable).toEqual(
      expect.arrayContaining(['store-unavailable', 'contended', 'not-live', 'uploads-busy']),
    );
    expect(retryable).not.toContain('outcome-unknown');
  });
});
