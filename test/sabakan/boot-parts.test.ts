import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { aFace, aSpec, type TestFace } from '../support/face.ts';

async function tarOf(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const image = (kernel: string) => tarOf({ kernel, 'initrd.gz': 'initrd' });

const put = async (face: TestFace, id: string, body: Uint8Array | string) =>
  (await face.ask(`PUT /api/v1/images/coreos/${id}`, { body })).statusCode;

describe('images', () => {
  it('are listed oldest first, in the published form', async () => {
    const face = await aFace();
    expect((await face.ask('GET /api/v1/images/coreos')).body).toBe('[]\n');
    const answer = await face.ask('PUT /api/v1/images/coreos/1.2-a', { body: await image('one') });
    expect([answer.statusCode, answer.body]).toEqual([201, '']);
    expect((await face.ask('GET /api/v1/images/coreos')).json()).toEqual([
      {
        id: '1.2-a',
        date: '2026-11-21T06:00:00Z',
        size: 9,
        urls: ['http://10.69.0.3:10080/api/v1/images/coreos/1.2-a'],
        exists: true,
      },
    ]);
  });

  it('come back as the tar of both files, with its length', async () => {
    const face = await aFace();
    await put(face, '1', await image('one'));
    const answer = await face.ask('GET /api/v1/images/coreos/1');
    expect(answer.headers['content-type']).toBe('application/tar');
    expect(answer.headers['content-length']).toBe(String(answer.rawPayload.length));
    expect(answer.rawPayload.subarray(0, 9).toString()).toBe('initrd.gz');
  });

  it('can be asked for in parts, by size alone and only if changed', async () => {
    const face = await aFace();
    await put(face, '1', await image('one'));
    const ask = (method: string, headers = {}) =>
      face.ask(`${method} /api/v1/images/coreos/1`, { headers });
    const whole = await ask('GET');
    const bytes = whole.rawPayload.length;
    const etag = String(whole.headers['etag']);
    expect(etag).toMatch(/^"[0-9a-f-]{130,}"$/);
    const size = await ask('HEAD');
    expect([size.statusCode, size.headers['content-length'], size.body]).toEqual([
      200,
      String(bytes),
      '',
    ]);
    expect((await ask('GET', { 'if-none-match': etag })).statusCode).toBe(304);
    const rest = { range: 'bytes=600-' };
    const part = await ask('GET', { ...rest, 'if-range': etag });
    expect([part.statusCode, part.headers['content-range']]).toEqual([
      206,
      `bytes 600-${bytes - 1}/${bytes}`,
    ]);
    expect(part.rawPayload).toEqual(whole.rawPayload.subarray(600));
    const other = await ask('GET', { ...rest, 'if-range': '"other"' });
    expect([other.statusCode, other.rawPayload]).toEqual([200, whole.rawPayload]);
    const beyond = await ask('GET', { range: `bytes=${bytes}-` });
    expect([beyond.statusCode, beyond.headers['content-range']]).toEqual([416, `bytes */${bytes}`]);
  });

  it.each<[string, () => Promise<Uint8Array | string>, number]>([
    ['another member', () => tarOf({ kernel: '', 'initrd.gz': '', more: '' }), 400],
    ['a path', () => tarOf({ '../kernel': '', 'initrd.gz': '' }), 400],
    ['a member with ./', () => tarOf({ './kernel': '', './initrd.gz': '' }), 400],
    ['a missing member', () => tarOf({ kernel: 'k' }), 400],
    ['no tar', async () => 'x'.repeat(2000), 400],
    ['a cut tar', async () => (await image('one')).subarray(0, 700), 400],
    ['nothing', async () => '', 400],
  ])('with %s are refused and leave nothing', async (_, body, status) => {
    const face = await aFace();
    expect(await put(face, '1', await body())).toBe(status);
    expect((await face.ask('GET /api/v1/images/coreos')).body).toBe('[]\n');
    expect((await face.ask('GET /api/v1/images/coreos/1')).statusCode).toBe(404);
  });

  it('never change: the same again is fine, other content under the id is not', async () => {
    const face = await aFace();
    expect(await put(face, '1', await image('one'))).toBe(201);
    expect(await put(face, '1', await image('one'))).toBe(201);
    const other = await face.ask('PUT /api/v1/images/coreos/1', { body: await image('two') });
    expect([other.statusCode, other.json().error]).toEqual([
      500,
      expect.stringMatching(/^different content/),
    ]);
  });

  it('are deleted once, and a deleted id does not come back', async () => {
    const face = await aFace();
    await put(face, '1', await image('one'));
    expect((await face.ask('DELETE /api/v1/images/coreos/1')).statusCode).toBe(200);
    expect((await face.ask('DELETE /api/v1/images/coreos/1')).statusCode).toBe(404);
    expect(await put(face, '1', await image('one'))).toBe(409);
  });

  it.each([
    ['GET /api/v1/images/coreos/a_b', 400],
    ['PUT /api/v1/images/coreos/..%2f..%2fetc', 400],
    ['GET /api/v1/images/coreos/1/2', 400],
    ['PUT /api/v1/images/coreos', 400],
    ['POST /api/v1/images/coreos', 400],
    ['HEAD /api/v1/images/coreos', 400],
    ['DELETE /api/v1/images/coreos/', 400],
    ['POST /api/v1/images/coreos/1', 405],
    ['GET /api/v1/images/windows', 404],
    ['GET /api/v1/images/coreos/1', 404],
  ])('%s is %s', async (what, status) => {
    const face = await aFace();
    expect((await face.ask(what)).statusCode).toBe(status);
  });
});

describe('Ignition templates', () => {
  const template = { version: '2.3', template: { systemd: {} }, meta: { a: 1 } };
  const path = '/api/v1/ignitions/cs';

  it('are put once, listed by version, shown and deleted', async () => {
    const face = await aFace();
    expect((await face.ask(`GET ${path}`)).body).toBe('null\n');
    for (const id of ['1.10.0', '1.2.0', '1.2.0-rc1']) {
      const answer = await face.ask(`PUT ${path}/${id}`, { body: template });
      expect([answer.statusCode, answer.body]).toEqual([201, '']);
    }
    expect((await face.ask(`GET ${path}`)).body).toBe('["1.2.0-rc1","1.2.0","1.10.0"]\n');
    expect((await face.ask(`GET ${path}/1.2.0`)).json()).toEqual(template);
    expect((await face.ask(`PUT ${path}/1.2.0`, { body: template })).statusCode).toBe(409);
    expect((await face.ask(`DELETE ${path}/1.2.0`)).statusCode).toBe(200);
    expect((await face.ask(`DELETE ${path}/1.2.0`)).statusCode).toBe(404);
    expect((await face.ask(`GET ${path}/1.2.0`)).statusCode).toBe(404);
  });

  it('templates are read as Go reads them: names in any case, more after the first value', async () => {
    const face = await aFace();
    const body = `{"Version":"2.3","TEMPLATE":{},"meta":null,"more":1} and more`;
    await face.must(`PUT ${path}/1`, { body });
    expect((await face.ask(`GET ${path}/1`)).json()).toEqual({
      ...{ version: '2.3', template: {}, meta: null },
    });
  });

  it('of a version below ten others go at once, and the others are read as before', async () => {
    const face = await aFace();
    for (let id = 11; id <= 20; id += 1) await face.must(`PUT ${path}/${id}`, { body: template });
    const before = (await face.must(`GET ${path}`)).body;
    expect((await face.ask(`PUT ${path}/1`, { body: template })).statusCode).toBe(201);
    expect((await face.must(`GET ${path}`)).body).toBe(before);
  });

  const deep = `{"version":"2.3","template":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`;
  it.each<[string, string, string | object, string]>([
    ['a bad role', 'PUT /api/v1/ignitions/a!/1', template, 'invalid role name'],
    ['no id', 'GET /api/v1/ignitions/cs/', '', 'invalid ignition id'],
    ['a bad id', `PUT ${path}/one`, template, 'invalid ignition id'],
    ['too many segments', `PUT ${path}/1/2`, template, 'invalid request'],
    ['no id', `PUT ${path}`, template, 'invalid request'],
    ['another method', `PATCH ${path}/1`, template, 'invalid request'],
    ['no JSON', `PUT ${path}/1`, '{', 'invalid request body'],
    ['a version we do not know', `PUT ${path}/1`, { ...template, version: '3.6' }, 'version'],
    ['a template that is text', `PUT ${path}/1`, { ...template, template: '{}' }, 'template'],
    ['thousands of levels', `PUT ${path}/1`, deep, 'invalid request body'],
    ['over 2 MiB', `PUT ${path}/1`, 'x'.repeat(2097153), 'invalid request body'],
    [
      'an expression that fails',
      `PUT ${path}/1`,
      { ...template, template: { passwd: { groups: [{ name: '{{ .Nope }}' }] } } },
      'invalid template',
    ],
  ])('%s is 400', async (_, what, body, text) => {
    const face = await aFace();
    const answer = await face.ask(what, { body });
    expect([answer.statusCode, answer.json().error]).toEqual([400, expect.stringContaining(text)]);
  });

  it('need the IPAM configuration', async () => {
    const face = await aFace({ ipam: 'unset' });
    const answer = await face.ask(`PUT ${path}/1`, { body: template });
    expect([answer.statusCode, answer.json().error]).toEqual([
      400,
      expect.stringMatching(/^invalid request: invalid template: IPAMConfig/),
    ]);
  });
});

describe('kernel parameters', () => {
  it.each([
    ['console=ttyS0 a,b:c/d@e[f]', 200],
    ['', 200],
    ['a\n', 400],
    ['a"b', 400],
    ['サ', 400],
    ['x'.repeat(4096), 200],
    ['x'.repeat(4097), 400],
  ])('%j is %s', async (body, status) => {
    const face = await aFace();
    const url = '/api/v1/kernel_params/coreos';
    expect((await face.ask(`GET ${url}`)).statusCode).toBe(404);
    const answer = await face.ask(`PUT ${url}`, { body });
    expect(answer.statusCode).toBe(status);
    if (status !== 200) return;
    expect(answer.body).toBe('null\n');
    const shown = await face.ask(`GET ${url}`);
    expect([shown.headers['content-type'], shown.body]).toEqual(['text/plain', body]);
  });

  it('are for an operating system with a plain name', async () => {
    const face = await aFace();
    expect((await face.ask('PUT /api/v1/kernel_params/Core_OS', { body: '' })).statusCode).toBe(
      400,
    );
    expect((await face.ask('DELETE /api/v1/kernel_params/coreos')).statusCode).toBe(405);
  });
});

describe('booting', () => {
  const ready = async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    await face.must('PUT /api/v1/images/coreos/1', { body: await image('one') });
    return face;
  };

  it('goes from the chain script to kernel, initrd and Ignition', async () => {
    const face = await ready();
    const chain = await face.ask('GET /api/v1/boot/coreos/ipxe');
    expect(chain.body).toContain('http://10.69.0.3:10080/api/v1/boot');
    expect(chain.body).toMatch(/^chain \S*\/coreos\/ipxe\/\$\{serial/m);
    expect((await face.ask('GET /api/v1/boot/coreos/ipxe/a')).statusCode).toBe(404);
    const template = {
      version: '2.3',
      template: { passwd: { groups: [{ name: '{{ .Spec.Serial }}' }] } },
    };
    await face.must('PUT /api/v1/ignitions/cs/1.0', { body: template });
    await face.must('PUT /api/v1/kernel_params/coreos', { body: 'console=ttyS1' });
    const script = (await face.ask('GET /api/v1/boot/coreos/ipxe/a')).body;
    expect(script).toMatch(/^#!ipxe/);
    expect(script).toContain('console=ttyS1');
    expect((await face.ask('GET /api/v1/boot/coreos/kernel')).body).toBe('one');
    const ignition = (await face.ask('GET /api/v1/boot/ignitions/a/1.0')).json();
    expect(ignition.passwd.groups).toEqual([{ name: 'a' }]);
  });

  it('serves ranges, and HEAD with the length that firmware asks for', async () => {
    const face = await ready();
    const head = await face.ask('HEAD /api/v1/boot/coreos/kernel');
    expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([200, '3', '']);
    const part = await face.ask('GET /api/v1/boot/coreos/kernel', {
      headers: { range: 'bytes=1-' },
    });
    expect([part.statusCode, part.headers['content-range'], part.body]).toEqual([
      206,
      'bytes 1-2/3',
      'ne',
    ]);
    const etag = String(head.headers['etag']);
    const known = await face.ask('GET /api/v1/boot/coreos/kernel', {
      headers: { 'if-none-match': etag },
    });
    expect([known.statusCode, known.body]).toEqual([304, '']);
  });

  it.each([
    ['GET /api/v1/boot/coreos/ipxe/x', 404],
    ['GET /api/v1/boot/coreos/nothing', 404],
    ['GET /api/v1/boot/nothing', 404],
    ['PUT /api/v1/boot/coreos/kernel', 405],
    ['HEAD /api/v1/boot/ignitions/a/1', 405],
    ['GET /api/v1/boot/ignitions/a', 400],
    ['GET /api/v1/boot/ignitions/x/1', 404],
    ['GET /api/v1/boot/coreos/..%2f..%2fetc%2fpasswd', 404],
  ])('%s is %s', async (what, status) => {
    const face = await ready();
    expect((await face.ask(what)).statusCode).toBe(status);
  });
});
