import { describe, expect, it } from 'vitest';
import { aFace, aSpec } from '../support/face.ts';

describe('errors on the wire', () => {
  const check = async (what: string, status: number, error: string, body?: string | object) => {
    const face = await aFace();
    const answer = await face.ask(what, body === undefined ? {} : { body });
    expect({ what, status: answer.statusCode, text: answer.body }).toEqual({
      what,
      status,
      text: `{"error":${JSON.stringify(error)},"request_id":"r-1","status":${status}}\n`,
    });
    expect(answer.headers['content-type']).toBe('application/json');
  };

  it('have three members in order, and a newline', async () => {
    await check('GET /api/v1/nothing', 404, 'requested resource is not found');
    await check('GET /nothing', 404, 'requested resource is not found');
    await check('GET /api/v1', 404, 'requested resource is not found');
    await check('GET /api/v1/crypts/a/b', 404, 'requested resource is not found');
    await check('GET /api/v1/assets/nope', 404, 'requested resource is not found');
    await check('GET /api/v1/machines', 404, 'requested resource is not found');
    await check('PATCH /api/v1/machines', 405, 'method not allowed');
    await check('GET /api/v1/state/', 400, 'invalid request: serial is missing');
  });

  it('escape what a browser would take for markup', async () => {
    const face = await aFace();
    const answer = await face.ask('PUT /api/v1/state/a', { body: '<&>\u2028' });
    expect(answer.body).toContain('\\u003c\\u0026\\u003e\\u2028');
  });

  it('name the request as its header does, or by an id of ours', async () => {
    const face = await aFace();
    const own = await face.ask('GET /x', { headers: { 'x-cybozu-request-id': '' } });
    expect(own.json().request_id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const given = await face.ask('GET /x', { headers: { 'x-cybozu-request-id': 'from-proxy' } });
    expect(given.json().request_id).toBe('from-proxy');
  });

  it('say which methods are allowed', async () => {
    const face = await aFace();
    for (const [what, allow] of [
      ['HEAD /api/v1/machines', 'DELETE, GET, POST'],
      ['POST /api/v1/config/ipam', 'GET, PUT'],
      ['GET /api/v1/labels/a/b', 'DELETE, PUT'],
      ['GET /api/v1/retire-date/a', 'PUT'],
      ['PUT /version', 'GET'],
      ['DELETE /health', 'GET'],
      ['POST /api/v1/logs', 'GET'],
      ['PURGE /api/v1/machines', 'DELETE, GET, POST'],
    ] as const) {
      const answer = await face.ask(what);
      expect([what, answer.statusCode, answer.headers['allow']]).toEqual([what, 405, allow]);
    }
  });
});

describe('paths', () => {
  it('are matched as text: nothing is normalised, redirected or decoded twice', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    for (const [url, status] of [
      ['/api/v1/state/a', 200],
      ['/api/v1/state/%61', 200],
      ['http://boot-0:10080/api/v1/state/a', 200],
      ['/api/v1/state/a?x=1', 200],
      ['/api/v1/state/%2561', 404],
      ['/api/v1//state/a', 404],
      ['/api/v1/state/a/', 404],
      ['/API/v1/state/a', 404],
      ['/api/v1/state/%ff', 400],
      ['/api/v1/state/%zz', 400],
      ['/api/v1/state/%', 400],
      ['/api/v1/state/%00', 400],
      [`/api/v1/state/${'a'.repeat(9000)}`, 414],
    ] as const) {
      expect([url.slice(0, 40), (await face.ask(`GET ${url}`)).statusCode]).toEqual([
        url.slice(0, 40),
        status,
      ]);
    }
  });

  it('below machines are ignored when reading, as Sabakan does', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a'), aSpec('b')] });
    expect((await face.ask('GET /api/v1/machines/a')).json()).toHaveLength(2);
    expect((await face.ask('GET /api/v1/machines-of-ours')).json()).toHaveLength(2);
  });
});

describe('what a server that does not see the store says', () => {
  it('is never "not found"', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const behind = { ...face.inventory, dhcp: () => undefined } as const;
    const cut = await aFace({
      ipam: 'unset',
      deps: {
        inventory: {
          ...behind,
          freshness: () => ({ kind: 'behind', silentMs: 12_000, text: 'no link' }),
        },
      },
    });
    for (const path of ['state/a', 'state/b', 'machines', 'machines?serial=b', 'config/dhcp']) {
      const answer = await cut.ask(`GET /api/v1/${path}`);
      expect([path, answer.statusCode, answer.headers['retry-after']]).toEqual([path, 503, '2']);
    }
    expect((await face.ask('GET /api/v1/config/dhcp')).statusCode).toBe(404);
  });

  it('of a configuration that cannot be read is 500', async () => {
    const face = await aFace();
    const value = new TextEncoder().encode('{');
    await face.store.commit([], [{ kind: 'put', key: 'dhcp', value }]);
    await face.clock.run(1);
    const answer = await face.ask('GET /api/v1/config/dhcp');
    expect([answer.statusCode, answer.json().error]).toEqual([
      500,
      expect.stringMatching(/^the record dhcp cannot be read/),
    ]);
  });
});

describe('who may', () => {
  const remote = '192.0.2.7';
  it.each([
    ['GET', 'config/ipam', remote, true],
    ['HEAD', 'config/ipam', remote, true],
    ['POST', 'config/ipam', remote, false],
    ['PUT', 'images/coreos/1', remote, false],
    ['PUT', 'crypts/a/b', remote, true],
    ['POST', 'crypts/a/b', remote, true],
    ['DELETE', 'crypts/a', remote, false],
    ['PUT', 'nothing', remote, false],
    ['POST', 'machines', '127.0.0.1', true],
    ['POST', 'machines', '::ffff:127.0.0.1', true],
    ['POST', 'machines', '::ffff:7f00:1', true],
    ['POST', 'machines', '127.0.0.2', false],
    ['POST', 'machines', '::1', true],
    ['POST', 'machines', '::2', false],
    ['POST', 'machines', '10.69.15.255', true],
    ['POST', 'machines', '10.69.16.0', false],
    ['POST', 'machines', 'nonsense', false],
  ])('%s %s from %s: %s', async (method, path, from, allowed) => {
    const face = await aFace();
    const answer = await face.ask(`${method} /api/v1/${path}`, {
      from,
      headers: { 'x-forwarded-for': '127.0.0.1' },
    });
    expect(answer.statusCode === 403).toBe(!allowed);
    if (!allowed) expect(answer.json().error).toBe('forbidden');
  });

  it('a refusal is counted under 403 and the route', async () => {
    const face = await aFace();
    await face.ask('POST /api/v1/config/ipam', { from: remote });
    expect(face.requests.all()).toContainEqual(
      expect.objectContaining({ code: 403, path: '/api/v1/config/ipam', verb: 'POST', count: 1 }),
    );
  });
});

describe('service', () => {
  it('says its version', async () => {
    const face = await aFace();
    expect((await face.ask('GET /version')).body).toBe('{"version":"3.1.9"}\n');
  });

  it('is healthy while the store answers', async () => {
    const face = await aFace();
    const answer = await face.ask('GET /health');
    expect([answer.statusCode, answer.body]).toEqual([200, '{"health":"healthy"}\n']);
  });

  it('is unhealthy when the store does not answer within five seconds', async () => {
    let deaf = false;
    const face = await aFace({
      store: (store) => ({
        ...store,
        get: (keys) => (deaf ? new Promise(() => {}) : store.get(keys)),
      }),
    });
    deaf = true;
    const asked = face.ask('GET /health');
    await face.clock.run(5000);
    const answer = await asked;
    expect([answer.statusCode, answer.body]).toEqual([500, '{"health":"unhealthy"}\n']);
  });

  it('shows version 2 as JSON, and what is not there as a problem document', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    expect((await face.ask('GET /api/v2/status')).json()).toEqual({ leader: true });
    const machine = (await face.ask('GET /api/v2/machines/a')).json();
    expect(machine.serial).toBe('a');
    for (const url of ['/api/v2/machines/b', '/api/v2/plan', '/api/v2/nothing']) {
      const answer = await face.ask(`GET ${url}`);
      expect([url, answer.statusCode]).toEqual([url, 404]);
      expect(answer.headers['content-type']).toBe('application/problem+json');
    }
  });

  it('has a playground only where it is asked for', async () => {
    const [off, on] = [await aFace(), await aFace({ deps: { playground: true } })];
    expect((await off.ask('GET /playground')).statusCode).toBe(404);
    expect((await on.ask('GET /playground')).headers['content-type']).toMatch(/^text\/html/);
  });
});
