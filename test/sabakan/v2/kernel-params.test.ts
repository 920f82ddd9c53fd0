import { describe, expect, it } from 'vitest';
import { type Asked, aFace, type TestFace } from '../../support/face.ts';

const path = '/api/v2/kernel-params/coreos';
const asks = (face: TestFace, what: string, how: Asked = {}) => face.ask(what, how);
const params = (text: string, headers: Readonly<Record<string, string>> = {}): Asked => ({
  body: { params: text },
  headers,
});

describe('PUT /api/v2/kernel-params/{os}', () => {
  it('creates, and what version 1 and the list say of it is the same', async () => {
    const face = await aFace();
    const put = await face.must(`PUT ${path}`, params('console=ttyS0'));
    const expected = { os: 'coreos', params: 'console=ttyS0', revision: put.json().revision };
    expect(put.json()).toEqual(expected);
    expect((await face.must(`GET ${path}`)).headers['etag']).toBe(put.headers['etag']);
    expect((await face.must('GET /api/v2/kernel-params')).json().items).toEqual([expected]);
    expect((await face.must('GET /api/v1/kernel_params/coreos')).body).toBe('console=ttyS0');
  });

  it.each([
    ['without a condition', {}, 428, 'precondition-missing'],
    ['with If-None-Match', { 'if-none-match': '*' }, 412, 'precondition-failed'],
    ['with another ETag', { 'if-match': '"1"' }, 412, 'precondition-failed'],
    ['with both', { 'if-match': '*', 'if-none-match': '*' }, 400, 'bad-request'],
    ['with If-None-Match of a tag', { 'if-none-match': '"1"' }, 400, 'bad-request'],
  ])('replaces nothing %s', async (_, headers, status, kind) => {
    const face = await aFace();
    await face.must(`PUT ${path}`, params('old'));
    const answer = await asks(face, `PUT ${path}`, params('new', headers));
    expect([answer.statusCode, answer.json().type]).toEqual([
      status,
      `urn:tetsukan:problem:${kind}`,
    ]);
    expect((await face.must(`GET ${path}`)).json().params).toBe('old');
  });

  it('replaces with the ETag, or a star, and in a dry run not at all', async () => {
    const face = await aFace();
    const etag = String((await face.must(`PUT ${path}`, params('old'))).headers['etag']);
    await face.must(`PUT ${path}?dryRun=true`, params('tried', { 'if-match': etag }));
    expect((await face.must(`GET ${path}`)).json().params).toBe('old');
    await face.must(`PUT ${path}`, params('new', { 'if-match': etag }));
    await face.must(`PUT ${path}`, params('newest', { 'if-match': '*' }));
    expect((await face.must(`GET ${path}`)).json().params).toBe('newest');
    const late = await asks(face, `PUT ${path}`, params('late', { 'if-match': etag }));
    expect(late.statusCode).toBe(412);
    expect(late.json().currentRevision).toBe((await face.must(`GET ${path}`)).json().revision);
  });

  it('creates nothing where something must be replaced', async () => {
    const face = await aFace();
    const answer = await asks(face, `PUT ${path}`, params('x', { 'if-match': '*' }));
    expect([answer.statusCode, answer.json().currentRevision]).toEqual([412, '0']);
  });
});

describe('DELETE /api/v2/kernel-params/{os}', () => {
  it('takes them away with an audit record, once', async () => {
    const face = await aFace();
    await face.must(`PUT ${path}`, params('x'));
    expect((await asks(face, `DELETE ${path}`)).statusCode).toBe(428);
    const any = { headers: { 'if-match': '*' } };
    await face.must(`DELETE ${path}?dryRun=true`, any);
    expect((await face.must(`DELETE ${path}`, any)).statusCode).toBe(204);
    const again = await asks(face, `DELETE ${path}`, any);
    expect([again.statusCode, again.json().type]).toEqual([
      404,
      'urn:tetsukan:problem:kernel-params-unknown',
    ]);
    const log = (await face.must('GET /api/v1/logs')).body.trim().split('\n');
    expect(log.map((line) => JSON.parse(line).action)).toEqual(['put', 'put', 'delete']);
  });
});
