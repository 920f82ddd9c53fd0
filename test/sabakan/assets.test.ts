import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../support/digest.ts';
import { type Asked, aFace, type TestFace } from '../support/face.ts';

const type = { 'content-type': 'text/plain' };

async function put(face: TestFace, name: string, body: string, headers: Asked['headers'] = {}) {
  return face.ask(`PUT /api/v1/assets/${name}`, { body, headers: { ...type, ...headers } });
}

async function putAt(face: TestFace, key: string, value: unknown) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  await face.store.commit([], [{ kind: 'put', key, value: new TextEncoder().encode(text) }]);
}

const record = {
  name: 'foo',
  id: '7',
  'content-type': 'text/plain',
  date: '2026-01-02T03:04:05.123456789Z',
  size: 3,
  sha256: sha256Hex('bar'),
  urls: ['http://10.69.0.4:10080/api/v1/assets/foo'],
  exists: false,
  options: { version: '1' },
};

describe('assets', () => {
  it('are created with 201 and replaced with 200, each time under a new id', async () => {
    const face = await aFace();
    expect((await face.ask('GET /api/v1/assets')).body).toBe('[]\n');
    const first = await put(face, 'foo', 'bar');
    expect([first.statusCode, first.body]).toEqual([201, '{"status":201,"id":"1"}\n']);
    const second = await put(face, 'foo', 'baz');
    expect([second.statusCode, second.body]).toEqual([200, '{"status":200,"id":"2"}\n']);
    expect((await put(face, 'a', '')).json().id).toBe('3');
    expect((await face.ask('GET /api/v1/assets')).body).toBe('["a","foo"]\n');
    expect((await face.ask('POST /api/v1/assets')).body).toBe('["a","foo"]\n');
  });

  it('are described in the published form', async () => {
    const face = await aFace();
    await put(face, 'foo', 'bar', { 'x-sabakan-asset-options-Version': '1.0' });
    const meta = await face.ask('GET /api/v1/assets/foo/meta');
    expect(meta.body).toBe(
      `{"name":"foo","id":"1","content-type":"text/plain","date":"2026-11-21T06:00:00Z","size":3,` +
        `"sha256":"fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",` +
        `"urls":["http://10.69.0.3:10080/api/v1/assets/foo"],"exists":true,"options":{"version":"1.0"}}\n`,
    );
    expect((await face.ask('HEAD /api/v1/assets/foo/meta')).statusCode).toBe(200);
    expect((await face.ask('GET /api/v1/assets/bar/meta')).statusCode).toBe(404);
  });

  it('come back with their type, id and checksum', async () => {
    const face = await aFace();
    await put(face, 'foo', 'bar');
    const answer = await face.ask('GET /api/v1/assets/foo');
    expect([answer.statusCode, answer.body]).toEqual([200, 'bar']);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain',
      'content-length': '3',
      'x-sabakan-asset-id': '1',
      'x-sabakan-asset-sha256': sha256Hex('bar'),
      'last-modified': 'Sat, 21 Nov 2026 06:00:00 GMT',
      'accept-ranges': 'bytes',
      etag: `"${sha256Hex('bar')}"`,
    });
    const head = await face.ask('HEAD /api/v1/assets/foo');
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', '3']);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['a part', { range: 'bytes=1-' }, 206, 'ar'],
    ['the end', { range: 'bytes=-1' }, 206, 'r'],
    ['a part beyond the end', { range: 'bytes=9-' }, 416, ''],
    ['what I have', { 'if-none-match': `"${sha256Hex('bar')}"` }, 304, ''],
    ['what changed', { 'if-modified-since': 'Sat, 21 Nov 2026 06:00:00 GMT' }, 304, ''],
    ['another version', { 'if-match': '"x"' }, 412, ''],
    ['a part of this', { range: 'bytes=1-', 'if-range': `"${sha256Hex('bar')}"` }, 206, 'ar'],
    ['a part of another', { range: 'bytes=1-', 'if-range': '"x"' }, 200, 'bar'],
  ])('asked for %s (%j), give %i', async (_, headers, status, body) => {
    const face = await aFace();
    await put(face, 'foo', 'bar');
    const answer = await face.ask('GET /api/v1/assets/foo', { headers });
    expect([answer.statusCode, answer.body]).toEqual([status, body]);
    expect(answer.headers['x-sabakan-asset-id']).toBe('1');
  });

  it('are deleted once; the name can be used again', async () => {
    const face = await aFace();
    expect((await face.ask('DELETE /api/v1/assets/foo')).statusCode).toBe(404);
    await put(face, 'foo', 'bar');
    const answer = await face.ask('DELETE /api/v1/assets/foo');
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
    expect((await face.ask('GET /api/v1/assets/foo')).statusCode).toBe(404);
    expect((await put(face, 'foo', 'bar')).json()).toEqual({ status: 201, id: '2' });
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['without a type', { 'content-type': '' }, 400, 'invalid request: the header Content-Type'],
    ['in chunks', { 'transfer-encoding': 'chunked' }, 411, 'content-length is required'],
    ['of 5 GiB', { 'content-length': String(5 * 1024 ** 3) }, 413, 'too large asset'],
    ['of 4 GiB and a byte', { 'content-length': '4294967297' }, 413, 'too large asset'],
    [
      'with a bad checksum',
      { 'x-sabakan-asset-sha256': 'xyz' },
      400,
      'invalid request: bad checksum: ',
    ],
    [
      'with half a checksum',
      { 'x-sabakan-asset-sha256': 'abc' },
      400,
      'invalid request: bad checksum: ',
    ],
    [
      'with a wrong checksum',
      { 'x-sabakan-asset-sha256': sha256Hex('x') },
      500,
      'checksum mismatch for id 1',
    ],
    [
      'with a short checksum',
      { 'x-sabakan-asset-sha256': 'abcd' },
      500,
      'checksum mismatch for id 1',
    ],
    ['with a bad option', { 'x-sabakan-asset-options-a!': '1' }, 400, 'invalid request: '],
    ['with a bad option value', { 'x-sabakan-asset-options-a': 'a b' }, 400, 'invalid request: '],
  ])('%s are refused and leave nothing', async (_, headers, status, text) => {
    const face = await aFace();
    const answer = await put(face, 'foo', 'bar', headers);
    expect([answer.statusCode, answer.json().error]).toEqual([
      status,
      expect.stringContaining(text),
    ]);
    expect((await face.ask('GET /api/v1/assets')).body).toBe('[]\n');
    expect((await face.ask('GET /api/v1/assets/foo')).statusCode).toBe(404);
  });

  it('take checksums in upper case, and options without a name as nothing', async () => {
    const face = await aFace();
    const answer = await put(face, 'foo', 'bar', {
      'x-sabakan-asset-sha256': sha256Hex('bar').toUpperCase(),
      'x-sabakan-asset-options-': 'x',
    });
    expect(answer.statusCode).toBe(201);
    expect((await face.ask('GET /api/v1/assets/foo/meta')).json().options).toEqual({});
  });

  it('use up an id with each try that was let in', async () => {
    const face = await aFace();
    await put(face, 'foo', 'bar', { 'x-sabakan-asset-sha256': sha256Hex('x') });
    await put(face, 'foo', 'bar', { 'content-type': '' });
    expect((await put(face, 'foo', 'bar')).json().id).toBe('2');
  });

  it.each([
    ['GET /api/v1/assets/foo/other', 400],
    ['GET /api/v1/assets/foo/meta/more', 400],
    ['POST /api/v1/assets/foo', 405],
    ['PATCH /api/v1/assets/foo/meta', 405],
    ['GET /api/v1/assetsfoo', 404],
    ['GET /api/v1/assets/nope', 404],
    ['GET /api/v1/assets/', 404],
    ['PUT /api/v1/assets/', 400],
    ['PUT /api/v1/assets/a%0ab', 400],
    [`PUT /api/v1/assets/${'x'.repeat(256)}`, 400],
    ['PUT /api/v1/assets/foo/more', 201],
  ])('%s is %i', async (what, status) => {
    const face = await aFace();
    expect((await face.ask(what, { body: 'bar', headers: type })).statusCode).toBe(status);
  });

  it('that are not here are at a server that has them, never at ourselves', async () => {
    const face = await aFace();
    const own = 'http://10.69.0.3:10080/api/v1/assets/foo';
    await putAt(face, 'assets/foo', { ...record, urls: [own, '', record.urls[0], 'file:///etc'] });
    const answer = await face.ask('GET /api/v1/assets/foo');
    expect([answer.statusCode, answer.headers.location]).toEqual([302, record.urls[0]]);
    expect((await face.ask('HEAD /api/v1/assets/foo')).statusCode).toBe(302);
    expect((await face.ask('GET /api/v1/assets/foo/meta')).json().exists).toBe(false);
    await putAt(face, 'assets/foo', { ...record, urls: [own] });
    expect((await face.ask('GET /api/v1/assets/foo')).statusCode).toBe(503);
  });

  it('of Sabakan are shown as it stored them, members of old versions included', async () => {
    const face = await aFace();
    await putAt(face, 'assets/foo', record);
    expect((await face.ask('GET /api/v1/assets/foo/meta')).json()).toEqual(record);
    const { size, options, ...old } = record;
    await putAt(face, 'assets/old', { ...old, name: 'old', urls: null });
    expect((await face.ask('GET /api/v1/assets/old/meta')).json()).toEqual({
      ...old,
      ...{ name: 'old', size: 0, options: null, urls: null },
    });
    await putAt(face, 'assets/a\tb', { ...record, name: 'a\tb' });
    expect((await face.ask('GET /api/v1/assets/a%09b/meta')).json().name).toBe('a\tb');
    expect((await face.ask('DELETE /api/v1/assets/a%09b')).statusCode).toBe(200);
  });

  it('whose record cannot be read are errors, never absent; they can be deleted', async () => {
    const face = await aFace();
    await putAt(face, 'assets/foo', '{');
    await put(face, 'zoo', 'z');
    expect((await face.ask('GET /api/v1/assets')).body).toBe('["foo","zoo"]\n');
    expect((await face.ask('GET /api/v1/assets/foo')).statusCode).toBe(500);
    expect((await face.ask('GET /api/v1/assets/foo/meta')).statusCode).toBe(500);
    expect((await put(face, 'foo', 'bar')).statusCode).toBe(500);
    expect((await face.ask('DELETE /api/v1/assets/foo')).statusCode).toBe(200);
    expect((await put(face, 'foo', 'bar')).statusCode).toBe(201);
  });

  it('are changed only from the networks that may', async () => {
    const face = await aFace();
    await put(face, 'foo', 'bar');
    const from = '192.0.2.1';
    expect((await face.ask('GET /api/v1/assets/foo', { from })).statusCode).toBe(200);
    expect((await face.ask('DELETE /api/v1/assets/foo', { from })).statusCode).toBe(403);
    expect(
      (await face.ask('PUT /api/v1/assets/foo', { from, body: 'x', headers: type })).statusCode,
    ).toBe(403);
  });

  it('leave records of who put and deleted them', async () => {
    const face = await aFace();
    await put(face, 'foo', 'bar', { 'x-sabakan-user': 'ops' });
    face.clock.advance(1);
    await face.ask('DELETE /api/v1/assets/foo');
    const lines = (await face.ask('GET /api/v1/logs')).body.trim().split('\n');
    expect(
      lines
        .map((line) => JSON.parse(line))
        .filter(({ category }) => category === 'assets')
        .map(({ user, instance, action, detail }) => [user, instance, action, detail]),
    ).toEqual([
      ['ops', 'foo', 'put', `new checksum: ${sha256Hex('bar')}`],
      ['', 'foo', 'delete', ''],
    ]);
  });
});
