import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../src/base/result.ts';
import type { StoreProblem } from '../../src/base/store.ts';
import { cryptsNoun } from '../../src/sabakan/rest/crypts.ts';
import { aFace, aSpec, type TestFace } from '../support/face.ts';

const key = Uint8Array.from({ length: 64 }, (_, at) => (at * 67) % 256);
const away = '192.0.2.9';

async function faceWith(...serials: readonly string[]): Promise<TestFace> {
  const face = await aFace();
  await face.must('POST /api/v1/machines', { body: serials.map((serial) => aSpec(serial)) });
  return face;
}

async function stateIs(face: TestFace, serial: string, ...states: readonly string[]) {
  for (const body of states) await face.must(`PUT /api/v1/state/${serial}`, { body });
}

const at = async (face: TestFace, what: string, body?: Uint8Array | string) => {
  const answer = await face.askTls(what, body === undefined ? {} : { body });
  return [answer.statusCode, answer.body];
};
const error = (status: number, text: string) => [
  status,
  `${JSON.stringify({ error: text, request_id: 'r-1', status })}\n`,
];
const notFound = 'requested resource is not found';

describe('disk keys over TLS', () => {
  it('are put by any machine and read back byte by byte', async () => {
    const face = await faceWith('s');
    const put = await face.askTls('PUT /api/v1/crypts/s/0123abc', { body: key, from: away });
    expect([put.statusCode, put.body]).toEqual([201, '{"path":"0123abc","status":201}\n']);
    expect(put.headers['content-type']).toBe('application/json');
    const got = await face.askTls('GET /api/v1/crypts/s/0123abc', { from: away });
    expect(got.statusCode).toBe(200);
    expect(new Uint8Array(got.rawPayload)).toEqual(key);
    expect(got.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '64',
      'cache-control': 'no-store',
    });
  });

  it('are refused with Sabakan’s statuses and texts', async () => {
    const face = await faceWith('s', 't');
    const put = (path: string, body: Uint8Array | string = key) =>
      at(face, `PUT /api/v1/crypts/${path}`, body);
    expect(await put('s/d', new Uint8Array(4096).fill(7))).toMatchObject([201, {}]);
    expect(await put('s/d')).toEqual(error(409, 'conflicted'));
    expect(await put('s/d', new Uint8Array(4096).fill(7))).toEqual(error(409, 'conflicted'));
    expect(await put('s/e', new Uint8Array(4097))).toEqual(
      error(500, 'the key is longer than 4096 bytes: Internal Server Error'),
    );
    expect((await put('s/e', ''))[0]).toBe(400);
    expect(await put('nobody/d')).toEqual(error(500, 'not found: Internal Server Error'));
    expect(await at(face, 'GET /api/v1/crypts/s/e')).toEqual(error(404, notFound));
    expect(await at(face, 'GET /api/v1/crypts/nobody/e')).toEqual(error(404, notFound));
    const remove = () => at(face, 'DELETE /api/v1/crypts/s');
    expect(await remove()).toEqual(error(500, 'machine is not retiring: Internal Server Error'));
    expect(await at(face, 'DELETE /api/v1/crypts/nobody')).toEqual(error(404, notFound));
    await stateIs(face, 's', 'retiring');
    await stateIs(face, 't', 'retiring', 'retired');
    const late = error(500, 'machine was retiring or retired: Internal Server Error');
    expect(await put('s/e')).toEqual(late);
    expect(await put('t/e')).toEqual(late);
    const retired = await face.ask('PUT /api/v1/state/s', { body: 'retired' });
    expect([retired.statusCode, retired.json().error]).toEqual([400, 'invalid request']);
  });

  it('are deleted together, by an allowed address, those of this serial alone', async () => {
    const face = await faceWith('abc', 'abcd');
    for (const path of ['abc/2', 'abc/1', 'abcd/1']) {
      expect((await at(face, `PUT /api/v1/crypts/${path}`, key))[0]).toBe(201);
    }
    await stateIs(face, 'abc', 'retiring');
    const far = await face.askTls('DELETE /api/v1/crypts/abc', { from: away });
    expect([far.statusCode, far.json().error]).toEqual([403, 'forbidden']);
    expect((await at(face, 'DELETE /api/v1/crypts/abc/1'))[0]).toBe(400);
    expect(await at(face, 'DELETE /api/v1/crypts/abc')).toEqual([200, '["1","2"]\n']);
    expect(await at(face, 'DELETE /api/v1/crypts/abc')).toEqual([200, '[]\n']);
    expect((await at(face, 'GET /api/v1/crypts/abc/1'))[0]).toBe(404);
    expect((await at(face, 'GET /api/v1/crypts/abcd/1'))[0]).toBe(200);
    await stateIs(face, 'abc', 'retired');
    const actions = (await face.ask('GET /api/v1/logs')).body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ category }) => category === 'crypts')
      .map(({ instance, action, detail, ip }) => [instance, action, detail, ip]);
    expect(actions).toEqual([
      ['abc', 'put', '2', '127.0.0.1'],
      ['abc', 'put', '1', '127.0.0.1'],
      ['abcd', 'put', '1', '127.0.0.1'],
      ['abc', 'delete', '', '127.0.0.1'],
      ['abc', 'delete', '', '127.0.0.1'],
    ]);
  });

  it.each(['HEAD', 'POST', 'PATCH', 'OPTIONS'])('know no %s', async (method) => {
    const face = await faceWith('s');
    for (const path of ['s/d', 's', '']) {
      const answer = await face.askTls(`${method} /api/v1/crypts/${path}`);
      expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'DELETE, GET, PUT']);
    }
  });

  it.each(['s/..', './d', 's/.', 's/', '/d', '', 's', 's/d/e', 's%2Fd/e', 's/d%2Fe'])(
    'have no address %j, whatever is asked',
    async (path) => {
      const face = await faceWith('s');
      expect((await at(face, `PUT /api/v1/crypts/${path}`, key))[0]).toBe(400);
      expect((await at(face, `GET /api/v1/crypts/${path}`))[0]).toBe(400);
      expect(Object.keys(await under(face, 'crypts'))).toEqual([]);
    },
  );

  it('are not looked for above their folder', async () => {
    // Below `inject`, which would tidy such a path up before anybody sees it.
    const face = await faceWith('s');
    const noun = cryptsNoun({ inventory: face.inventory, serverName: 'boot-0' });
    const statuses = ['GET ../ipam', 'PUT ../ipam', 'DELETE ..', 'GET s/..', 'PUT ./s'].map(
      async (what) => {
        const [method = '', rest = ''] = what.split(' ');
        const route = noun(`crypts/${rest}`);
        const answer = await route?.handle({
          ...{ method, path: `/api/v1/crypts/${rest}`, query: new Map(), headers: new Map() },
          ...{ remoteAddress: '127.0.0.1', requestId: 'r-1' },
          body: { read: async () => ok(key), stream: async function* () {} },
        });
        return answer?.status;
      },
    );
    expect(await Promise.all(statuses)).toEqual([400, 400, 400, 400, 400]);
  });

  it.each(['s/a%0Ab', 's/%1b[0m', 's/a%5Cb', 's/a%E2%80%AEb', 's%07/d', `s/${'x'.repeat(256)}`])(
    'are not put at %j; one that an old database has there can be read',
    async (path) => {
      const face = await faceWith('s');
      expect((await at(face, `PUT /api/v1/crypts/${path}`, key))[0]).toBe(400);
      const value = key;
      const name = `crypts/${decodeURIComponent(path)}`;
      await face.store.commit([], [{ kind: 'put', key: name, value }]);
      expect((await at(face, `GET /api/v1/crypts/${path}`))[0]).toBe(200);
    },
  );

  it('can go with a machine whose serial would not be taken today', async () => {
    const face = await faceWith('s');
    expect((await at(face, 'DELETE /api/v1/crypts/a%0Ab'))[0]).toBe(404);
    const found = await face.store.get(['machines/s']);
    const record = found.ok ? new TextDecoder().decode(found.value.entries[0]?.value) : '';
    const moved = record.replace('"s"', '"a\\nb"').replace('"uninitialized"', '"retiring"');
    const put = (name: string, value: Uint8Array) => ({ kind: 'put', key: name, value }) as const;
    await face.store.commit(
      [],
      [put('machines/a\nb', new TextEncoder().encode(moved)), put('crypts/a\nb/1', key)],
    );
    await face.clock.run(1);
    expect(await at(face, 'DELETE /api/v1/crypts/a%0Ab')).toEqual([200, '["1"]\n']);
  });

  it.each(['.', '', 's/', 'a%2Fb'])('are not deleted under %j', async (serial) => {
    const face = await faceWith('s');
    expect((await at(face, `DELETE /api/v1/crypts/${serial}`))[0]).toBe(400);
  });

  it.each<[StoreProblem['kind'], number]>([
    ['store-unavailable', 503],
    ['store-refused', 500],
    ['outcome-unknown', 503],
  ])('are never called unknown while the store says %s', async (kind, status) => {
    let problem: StoreProblem | undefined;
    const face = await aFace({
      store: (store) => ({
        ...store,
        get: async (keys) => (problem === undefined ? store.get(keys) : fail(problem)),
      }),
    });
    await face.must('POST /api/v1/machines', { body: [aSpec('s')] });
    problem = { kind, text: 'permission denied' } as StoreProblem;
    for (const path of ['s/d', 'nobody/d']) {
      expect((await at(face, `GET /api/v1/crypts/${path}`))[0]).toBe(status);
    }
  });

  it('leave no trace of their bytes in the log, the answers, the audit or the metrics', async () => {
    const face = await faceWith('s');
    const secret = 'correct-horse-battery-staple';
    await at(face, 'PUT /api/v1/crypts/s/d', secret);
    await at(face, 'PUT /api/v1/crypts/s/d', secret);
    await at(face, 'PUT /api/v1/crypts/nobody/d', secret);
    await at(face, 'GET /api/v1/crypts/s/d');
    await at(face, `PUT /api/v1/crypts/s/e`, secret.repeat(200));
    const seen = [
      JSON.stringify(face.log),
      JSON.stringify(face.requests.all()),
      (await face.ask('GET /api/v1/logs')).body,
      (await face.ask('GET /api/v2/status')).body,
      JSON.stringify(await at(face, 'PUT /api/v1/crypts/s/d', secret)),
    ].join('\n');
    for (const form of ['utf8', 'hex', 'base64', 'base64url'] as const) {
      expect(seen).not.toContain(Buffer.from(secret).toString(form).slice(0, 16));
    }
    expect(seen).not.toContain([...Buffer.from(secret)].slice(0, 6).join(','));
  });
});

describe('the two listeners', () => {
  it('keep apart: keys over TLS alone, everything else over HTTP alone', async () => {
    const face = await faceWith('s');
    await at(face, 'PUT /api/v1/crypts/s/d', key);
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD', 'POST']) {
      const answer = await face.ask(`${method} /api/v1/crypts/s/d`, { body: key });
      expect([method, answer.statusCode]).toEqual([method, 404]);
    }
    for (const path of [
      '/health',
      '/version',
      '/graphql',
      '/',
      '/playground',
      '/metrics',
      '/api/v1/machines',
      '/api/v1/crypts',
      '/api/v1/cryptsetup',
      '/api/v2/status',
    ]) {
      expect([path, ...(await at(face, `GET ${path}`))]).toEqual([path, ...error(404, notFound)]);
    }
  });

  it('ask who may enter before anything else', async () => {
    const face = await faceWith('s');
    const statuses = async (listener: TestFace['ask']) => [
      (await listener('DELETE /api/v1/crypts/s', { from: away })).statusCode,
      (await listener('POST /api/v1/machines', { from: away, body: [] })).statusCode,
    ];
    expect(await statuses(face.ask)).toEqual([403, 403]);
    expect(await statuses(face.askTls)).toEqual([403, 403]);
    expect((await face.ask('PUT /api/v1/crypts/s/d', { from: away, body: key })).statusCode).toBe(
      404,
    );
  });

  it('are counted together, keys under one bounded name', async () => {
    const face = await faceWith('s');
    for (const path of ['s/d', 's/e']) await at(face, `PUT /api/v1/crypts/${path}`, key);
    await at(face, 'GET /health');
    expect(face.requests.all()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          ...{ code: 201, path: '/api/v1/crypts/{serial}/{path}', verb: 'PUT', count: 2 },
        }),
        expect.objectContaining({ code: 404, path: '{unknown}', verb: 'GET', count: 1 }),
      ]),
    );
  });
});

async function under(face: TestFace, prefix: string): Promise<Record<string, Uint8Array>> {
  const listing = await face.store.list(prefix);
  if (!listing.ok) throw new Error(listing.error.text);
  return Object.fromEntries(listing.value.entries.map(({ key: name, value }) => [name, value]));
}
