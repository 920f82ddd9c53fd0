import { describe, expect, it } from 'vitest';
import { settled } from '../../support/clock.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

const place = '/api/v2/templates/cs';
const any = { 'if-match': '*' };
const good = { ignitionVersion: '2.3', template: { systemd: { units: [] } } };
const put = (face: TestFace, id: string, body: object = good, headers = {}) =>
  face.ask(`PUT ${place}/${id}`, { body, headers });

describe('PUT /api/v2/templates/{role}/{id}', () => {
  it('stores a version, which boots while it is the highest; version 1 has its source', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const answer = await put(face, '1.9');
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({
      name: 'cs/1.9',
      ignitionVersion: '2.3',
      boots: true,
      template: good.template,
      meta: null,
      renders: { tried: 1, problems: [] },
    });
    await put(face, '1.10');
    const { items } = (await face.must('GET /api/v2/templates')).json();
    expect(items.map(({ name, boots }: { name: string; boots: boolean }) => [name, boots])).toEqual(
      [
        ['cs/1.9', false],
        ['cs/1.10', true],
      ],
    );
    expect((await face.must('GET /api/v1/ignitions/cs/1.9')).json().template).toEqual(
      good.template,
    );
  });

  it('says which machine cannot boot with it', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const template = {
      storage: {
        files: [
          {
            path: '/x',
            filesystem: 'root',
            mode: 420,
            contents: { source: '{{ if .Spec.Labels }}{{ .Nothing }}{{ else }}data:,x{{ end }}' },
          },
        ],
      },
    };
    await face.must('PUT /api/v1/labels/a/x', { body: 'y' });
    const answer = await put(face, '1', { ...good, template });
    expect(answer.json().renders).toMatchObject({ tried: 1, problems: [{ serial: 'a' }] });
  });

  it('never changes a version, and tries in a dry run', async () => {
    const face = await aFace();
    await put(face, '1');
    for (const headers of [{}, any, { 'if-none-match': '*' }]) {
      expect((await put(face, '1', good, headers)).statusCode).toBe(409);
    }
    const tried = await face.ask(`PUT ${place}/2?dryRun=true`, { body: good });
    expect([tried.statusCode, tried.json().revision, tried.json().boots]).toEqual([201, '0', true]);
    expect((await face.ask(`GET ${place}/2`)).statusCode).toBe(404);
  });

  it.each([
    ['cs', 'not-a-version!', good, 400],
    ['c%2Fs', '1', good, 404],
    ['..', '1', good, 400],
    ['cs', '1', { ...good, ignitionVersion: '9.9' }, 400],
    ['cs', '1', { ...good, surplus: 1 }, 400],
  ])('%s/%s of %j is refused', async (role, id, body, status) => {
    const face = await aFace();
    const answer = await face.handle({
      method: 'PUT',
      path: decodeURIComponent(`/api/v2/templates/${role}/${id}`),
      query: new Map(),
      headers: new Map(),
      remoteAddress: '127.0.0.1',
      requestId: 'r-1',
      body: {
        read: async () => ({ ok: true, value: new TextEncoder().encode(JSON.stringify(body)) }),
        stream: async function* () {},
      },
    });
    expect(answer.status).toBe(status);
  });
});

describe('a watch of templates', () => {
  it('tells with a new version that the one before boots no more, at one revision', async () => {
    const face = await aFace();
    await put(face, '1');
    const watch = face.ask('GET /api/v2/watch/templates?fieldSelector=boots%3Dtrue');
    await settled();
    await put(face, '2');
    await face.must(`DELETE ${place}/2`, { headers: any });
    await settled();
    face.endWatches();
    const told = [...(await watch).body.matchAll(/^data: (\{"revision":"\d+","changes".*)$/gm)];
    const changes = told.map(([, data = '']) =>
      JSON.parse(data).changes.map(({ kind, name }: { kind: string; name: string }) =>
        [kind, name].join(' '),
      ),
    );
    expect(changes.map((some) => some.toSorted())).toEqual([
      ['added cs/2', 'deleted cs/1'],
      ['added cs/1', 'deleted cs/2'],
    ]);
  });
});
