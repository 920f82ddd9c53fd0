import { describe, expect, it } from 'vitest';
import { settled } from '../../support/clock.ts';
import { sha256Hex } from '../../support/digest.ts';
import { aFace, type TestFace } from '../../support/face.ts';
import { anImage } from '../../support/noun-samples.ts';

const place = '/api/v2/images/coreos';
const any = { 'if-match': '*' };

const put = (face: TestFace, id: string, body = anImage(), headers: Record<string, string> = {}) =>
  face.ask(`PUT ${place}/${id}`, { body, headers });

async function ids(face: TestFace): Promise<readonly string[]> {
  const { items } = (await face.must('GET /api/v2/images')).json();
  return items.map(({ id }: { id: string }) => id);
}

describe('PUT /api/v2/images/{os}/{id}', () => {
  it('stores an image, whose SHA-256s, sizes and servers are shown', async () => {
    const face = await aFace();
    const answer = await put(face, '3975.2.1', anImage('k', 'in'));
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({
      name: 'coreos/3975.2.1',
      sizeBytes: 3,
      sha256: { kernel: sha256Hex(Buffer.from('k')), 'initrd.gz': sha256Hex(Buffer.from('in')) },
      newest: true,
      servers: ['http://10.69.0.3:10080'],
      here: { state: 'present' },
    });
    const got = await face.must(`GET ${place}/3975.2.1`);
    expect(got.json()).toEqual(answer.json());
    expect(got.headers['etag']).toBe(answer.headers['etag']);
    const [v1] = (await face.must('GET /api/v1/images/coreos')).json();
    expect(v1).toMatchObject({ id: '3975.2.1', size: 3, exists: true, date: got.json().date });
  });

  it('is 200 for the same content once more and 409 for another, which changes nothing', async () => {
    const face = await aFace();
    await put(face, '1');
    expect((await put(face, '1')).statusCode).toBe(200);
    const other = await put(face, '1', anImage('other'));
    expect([other.statusCode, other.json().type]).toEqual([
      409,
      'urn:tetsukan:problem:image-differs',
    ]);
    expect((await put(face, '1', anImage(), { 'if-none-match': '*' })).statusCode).toBe(412);
  });

  it.each([
    [
      'Content-Digest',
      (hex: string) => ({
        'content-digest': `sha-256=:${Buffer.from(hex, 'hex').toString('base64')}:`,
      }),
    ],
    ['X-Sha256', (hex: string) => ({ 'x-sha256': hex.toUpperCase() })],
  ])('holds the tar against %s before it is stored', async (_, headers) => {
    const face = await aFace();
    const wrong = await put(face, '1', anImage(), headers('0'.repeat(64)));
    expect([wrong.statusCode, wrong.json().type]).toEqual([
      400,
      'urn:tetsukan:problem:upload-broken',
    ]);
    expect(await ids(face)).toEqual([]);
    expect((await put(face, '1', anImage(), headers(sha256Hex(anImage())))).statusCode).toBe(201);
  });

  it.each([
    { 'content-digest': 'sha-256=abc' },
    { 'content-digest': 'sha-256=:YWJj:' },
    { 'x-sha256': 'abc' },
    {
      'x-sha256': '0'.repeat(64),
      'content-digest': `sha-256=:${'A'.repeat(43)}=:`.replace('AA', 'BA'),
    },
  ])('refuses digests that are none: %j', async (headers) => {
    const face = await aFace();
    expect((await put(face, '1', anImage(), headers)).statusCode).toBe(400);
  });

  it('tries without a body in a dry run', async () => {
    const face = await aFace();
    const tried = await face.ask(`PUT ${place}/1?dryRun=true`);
    expect(tried.statusCode).toBe(201);
    expect(await ids(face)).toEqual([]);
    await put(face, '1');
    await face.must(`DELETE ${place}/1`, { headers: any });
    const lately = await face.ask(`PUT ${place}/1?dryRun=true`);
    expect(lately.json().type).toBe('urn:tetsukan:problem:image-deleted-lately');
  });

  it.each(['..', '.', 'a%2F..', '%2e%2e', 'a%00b', 'ü', 'a%20b', 'x'.repeat(201)])(
    'refuses the id %s and stores nothing',
    async (id) => {
      const face = await aFace();
      const answer = await face.handle({
        method: 'PUT',
        path: decodeURIComponent(`${place}/${id}`),
        query: new Map(),
        headers: new Map(),
        remoteAddress: '127.0.0.1',
        requestId: 'r-1',
        body: {
          read: async () => ({ ok: true, value: anImage() }),
          stream: async function* () {
            yield anImage();
          },
        },
      });
      expect([400, 404]).toContain(answer.status);
      expect(await ids(face)).toEqual([]);
    },
  );

  it('of another operating system is 404', async () => {
    const face = await aFace();
    expect((await face.ask('PUT /api/v2/images/debian/1', { body: anImage() })).statusCode).toBe(
      404,
    );
    expect((await face.ask('GET /api/v2/images/debian/1')).statusCode).toBe(404);
  });

  it('that is cut in the middle stores nothing', async () => {
    const face = await aFace();
    const cut = await put(face, '1', anImage().subarray(0, 700));
    expect(cut.json().type).toBe('urn:tetsukan:problem:upload-broken');
    expect(await ids(face)).toEqual([]);
  });
});

describe('DELETE /api/v2/images/{os}/{id}', () => {
  it('needs the ETag, which changes with every image', async () => {
    const face = await aFace();
    const etag = String((await put(face, '1')).headers['etag']);
    await put(face, '2');
    expect((await face.ask(`DELETE ${place}/1`)).statusCode).toBe(428);
    const late = await face.ask(`DELETE ${place}/1`, { headers: { 'if-match': etag } });
    expect(late.statusCode).toBe(412);
    const now = (await face.must(`GET ${place}/1`)).headers['etag'];
    expect(late.json().currentRevision).toBe(String(now).slice(1, -1));
    await face.must(`DELETE ${place}/1?dryRun=true`, { headers: any });
    await face.must(`DELETE ${place}/1`, { headers: { 'if-match': String(now) } });
    expect(await ids(face)).toEqual(['2']);
    expect((await face.ask(`DELETE ${place}/1`, { headers: any })).statusCode).toBe(404);
  });
});

describe('an image index', () => {
  const index = (face: TestFace, text: string) =>
    face.store.commit(
      [],
      [{ kind: 'put', key: 'images/coreos', value: new TextEncoder().encode(text) }],
    );

  it('that cannot be read is never "no images", not in a list, not by name, not to a watch', async () => {
    const face = await aFace();
    await put(face, '1');
    const { revision } = (await face.must('GET /api/v2/images')).json();
    const watch = face.ask(`GET /api/v2/watch/images?from=${revision}`);
    await settled();
    await index(face, '{"no": "list"}');
    await settled();
    for (const path of ['/images', '/images/coreos/1', '/images/coreos/2', '/watch/images']) {
      const answer = await face.ask(`GET /api/v2${path}`);
      expect([path, answer.statusCode]).toEqual([path, 500]);
    }
    face.endWatches();
    const told = (await watch).body;
    expect(told).toContain('"status":410');
    expect(told).not.toContain('deleted');
    const refused = await put(face, '2');
    expect(refused.json().type).toBe('urn:tetsukan:problem:record-broken');
  });

  it('that is deleted is told as images that went, at that revision', async () => {
    const face = await aFace();
    await put(face, '1');
    const { revision } = (await face.must('GET /api/v2/images')).json();
    const watch = face.ask(`GET /api/v2/watch/images?from=${revision}`);
    await settled();
    const done = await face.store.commit([], [{ kind: 'delete', key: 'images/coreos' }]);
    await settled();
    face.endWatches();
    const told = (await watch).body;
    const at = done.ok && done.value.kind === 'committed' ? done.value.revision : '';
    expect(told).toContain(`id: ${at}\nevent: changes`);
    expect(told).toContain('"kind":"deleted","name":"coreos/1"');
    expect(await ids(face)).toEqual([]);
  });

  it('of Sabakan has no hashes, and they are told once a server records them', async () => {
    const face = await aFace();
    const image = { id: '9', date: '2026-01-01T00:00:00Z', size: 12, urls: [], exists: false };
    await index(face, JSON.stringify([image]));
    await settled();
    const [shown] = (await face.must('GET /api/v2/images')).json().items;
    expect(shown).toMatchObject({ id: '9', sha256: null, servers: [], here: { state: 'missing' } });
    await put(face, '9');
    const [known] = (await face.must('GET /api/v2/images')).json().items;
    expect(known).toMatchObject({ id: '9', here: { state: 'present' }, date: image.date });
    expect(known.sha256.kernel).toBe(sha256Hex(Buffer.from('kernel')));
  });
});

describe('a watch of images', () => {
  it('ends with what the list says, object for object', async () => {
    const face = await aFace();
    const watch = face.ask('GET /api/v2/watch/images');
    await settled();
    for (const id of ['1', '2', '3', '4', '5', '6']) await put(face, id, anImage(id));
    await face.must(`DELETE ${place}/3`, { headers: any });
    await settled();
    face.endWatches();
    const objects = new Map<string, unknown>();
    const revisions: number[] = [];
    for (const block of (await watch).body.trim().split('\n\n')) {
      const data = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}');
      if (!block.includes('event: changes')) continue;
      revisions.push(Number(data.revision));
      for (const { kind, name, object } of data.changes) {
        if (kind === 'deleted') objects.delete(name);
        else objects.set(name, object);
      }
    }
    const { items } = (await face.must('GET /api/v2/images')).json();
    expect([...objects.values()]).toEqual(items);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(revisions).toHaveLength(7);
  });
});
