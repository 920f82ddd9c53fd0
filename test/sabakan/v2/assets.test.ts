import { describe, expect, it } from 'vitest';
import { settled } from '../../support/clock.ts';
import { sha256Hex } from '../../support/digest.ts';
import { aFace, type TestFace } from '../../support/face.ts';
import { anAsset } from '../../support/noun-samples.ts';

const place = '/api/v2/assets';
const any = { 'if-match': '*' };
const put = (face: TestFace, name: string, text: string, headers: Record<string, string> = {}) =>
  face.ask(`PUT ${place}/${name}`, anAsset(text, headers));

describe('PUT /api/v2/assets/{name}', () => {
  it('stores a file with its type and options, and what version 1 says is the same', async () => {
    const face = await aFace();
    const answer = await put(face, 'tool', 'hello', { 'x-sabakan-asset-options-os': 'linux' });
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({
      name: 'tool',
      contentType: 'text/plain',
      sizeBytes: 5,
      sha256: sha256Hex(Buffer.from('hello')),
      options: { os: 'linux' },
      servers: ['http://10.69.0.3:10080'],
      here: { state: 'present' },
    });
    expect((await face.must(`GET ${place}/tool`)).json()).toEqual(answer.json());
    const meta = (await face.must('GET /api/v1/assets/tool/meta')).json();
    expect([meta.id, meta.sha256, meta.size]).toEqual([
      answer.json().id,
      answer.json().sha256,
      answer.json().sizeBytes,
    ]);
  });

  it('replaces only what the caller knows', async () => {
    const face = await aFace();
    const etag = String((await put(face, 'a', 'one')).headers['etag']);
    expect((await put(face, 'a', 'two')).statusCode).toBe(428);
    expect((await put(face, 'a', 'two', { 'if-none-match': '*' })).statusCode).toBe(412);
    expect((await put(face, 'a', 'two', { 'if-match': etag })).statusCode).toBe(200);
    expect((await put(face, 'a', 'three', { 'if-match': etag })).statusCode).toBe(412);
    expect((await put(face, 'new', 'x', any)).statusCode).toBe(412);
    expect((await face.must('GET /api/v1/assets/a')).body).toBe('two');
  });

  it('holds it against its digest', async () => {
    const face = await aFace();
    const wrong = await put(face, 'a', 'one', { 'x-sha256': '0'.repeat(64) });
    expect([wrong.statusCode, wrong.json().type]).toEqual([
      400,
      'urn:tetsukan:problem:asset-differs',
    ]);
    expect((await face.ask(`GET ${place}/a`)).statusCode).toBe(404);
  });

  it('consumes no id and stores nothing in a dry run', async () => {
    const face = await aFace();
    const tried = await face.ask(`PUT ${place}/a?dryRun=true`, anAsset('one'));
    expect(tried.statusCode).toBe(201);
    expect((await face.ask(`GET ${place}/a`)).statusCode).toBe(404);
    expect((await put(face, 'a', 'one')).json().id).toBe('1');
    const again = await face.ask(`PUT ${place}/a?dryRun=true`, anAsset('two'));
    expect(again.statusCode).toBe(428);
  });

  it.each(['日本語', 'with space', '100%', 'a+b', "it's", 'ünï'])(
    'takes the name %s',
    async (name) => {
      const face = await aFace();
      const path = encodeURIComponent(name);
      await face.must(`PUT ${place}/${path}`, anAsset('x'));
      expect((await face.must(`GET ${place}/${path}`)).json().name).toBe(name);
      expect((await face.must(`GET ${place}`)).json().items[0].name).toBe(name);
      await face.must(`DELETE ${place}/${path}`, { headers: any });
      expect((await face.must('GET /api/v1/assets')).json()).toEqual([]);
    },
  );

  it.each(['a%2Fb', '..', '%2e%2e', '%00', 'a%0Ab', 'x'.repeat(256)])(
    'refuses the name %s',
    async (name) => {
      const face = await aFace();
      const answer = await put(face, name, 'x');
      expect([400, 404, 405]).toContain(answer.statusCode);
      expect((await face.must('GET /api/v1/assets')).json()).toEqual([]);
    },
  );
});

describe('a record of assets', () => {
  it('that cannot be read fails the list, names itself, and can be deleted', async () => {
    const face = await aFace();
    await put(face, 'good', 'x');
    const value = new TextEncoder().encode('[]');
    await face.store.commit([], [{ kind: 'put', key: 'assets/bad', value }]);
    await settled();
    const list = await face.ask(`GET ${place}`);
    expect([list.statusCode, list.json().detail]).toEqual([
      500,
      expect.stringContaining('assets/bad'),
    ]);
    expect((await face.ask(`GET ${place}/good`)).statusCode).toBe(200);
    expect((await face.ask(`GET ${place}/bad`)).statusCode).toBe(500);
    await face.must(`DELETE ${place}/bad`, { headers: any });
    expect((await face.must(`GET ${place}`)).json().total).toBe(1);
  });
});
