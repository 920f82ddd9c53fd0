import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../src/base/result.ts';
import type { ProgramFile } from '../../src/pxe/cryptsetup.ts';
import { aFace } from '../support/face.ts';
import { testStart } from '../support/machines.ts';

const bytes = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);
const program: ProgramFile = {
  content: async () =>
    ok({
      ...{ sizeBytes: bytes.length, sha256: 'ab'.repeat(32), modifiedAt: testStart },
      open: async () => ok({ kind: 'bytes', bytes }),
    }),
};

describe('the program for encrypted disks', () => {
  it('is a download for every machine, in parts, too', async () => {
    const face = await aFace({ deps: { cryptsetup: program } });
    const from = '192.0.2.9';
    const whole = await face.ask('GET /api/v1/cryptsetup', { from });
    expect(new Uint8Array(whole.rawPayload)).toEqual(bytes);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      etag: `"${'ab'.repeat(32)}"`,
      'last-modified': 'Sat, 21 Nov 2026 06:00:00 GMT',
    });
    const part = await face.ask('GET /api/v1/cryptsetup', { headers: { range: 'bytes=990-' } });
    expect([part.statusCode, part.headers['content-range']]).toEqual([206, 'bytes 990-999/1000']);
    expect(new Uint8Array(part.rawPayload)).toEqual(bytes.slice(990));
    const head = await face.ask('HEAD /api/v1/cryptsetup');
    expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([200, '1000', '']);
  });

  it.each([
    ['if-none-match', `"${'ab'.repeat(32)}"`],
    ['if-modified-since', 'Sat, 21 Nov 2026 06:00:00 GMT'],
  ])('is not sent again to who has it already (%s)', async (name, value) => {
    const face = await aFace({ deps: { cryptsetup: program } });
    const answer = await face.ask('GET /api/v1/cryptsetup', { headers: { [name]: value } });
    expect([answer.statusCode, answer.body]).toEqual([304, '']);
  });

  it('asks for any allowed method, as Sabakan does, and for an allowed address', async () => {
    const face = await aFace({ deps: { cryptsetup: program } });
    expect((await face.ask('POST /api/v1/cryptsetup')).rawPayload).toHaveLength(1000);
    const far = await face.ask('POST /api/v1/cryptsetup', { from: '192.0.2.9' });
    expect(far.statusCode).toBe(403);
  });

  it.each<[string, ProgramFile | undefined, number, string]>([
    ['was named', undefined, 404, 'no file was named'],
    ['is there', missing('there is no /x', true), 404, 'there is no /x'],
    ['can be read', missing('/x: EACCES', false), 500, '/x: EACCES'],
  ])('is plain text that tells what to set when no file %s', async (_, file, status, why) => {
    const face = await aFace({ deps: { cryptsetup: file } });
    const answer = await face.ask('GET /api/v1/cryptsetup');
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    for (const part of [why, '`cryptsetup`', '-cryptsetup', 'SABAKAN_CRYPTSETUP']) {
      expect(answer.body).toContain(part);
    }
  });

  it('has no paths below it', async () => {
    const face = await aFace({ deps: { cryptsetup: program } });
    for (const path of ['cryptsetup/', 'cryptsetup/x', 'cryptsetups']) {
      expect((await face.ask(`GET /api/v1/${path}`)).statusCode).toBe(404);
    }
  });
});

function missing(text: string, isMissing: boolean): ProgramFile {
  return { content: async () => fail({ text, missing: isMissing }) };
}
