import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/sabakan/contract/operations.ts';
import { problemSchema } from '../../../src/sabakan/contract/problem.ts';
import { settled } from '../../support/clock.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';
import { filledPath, sampleOf } from '../../support/noun-samples.ts';

async function fleet(): Promise<TestFace> {
  const face = await aFace();
  await face.must('POST /api/v1/machines', {
    body: [
      aSpec('a', { labels: { product: 'R650' } }),
      aSpec('b', { labels: { product: 'R750', broken: '' } }),
      aSpec('c', { rack: 1, role: 'boot' }),
      aSpec('d', { rack: 2 }),
    ],
  });
  await face.must('PUT /api/v1/state/d', { body: 'healthy' });
  return face;
}

const serials = (page: { readonly items: readonly { readonly serial: string }[] }): string =>
  page.items.map(({ serial }) => serial).join(' ');

type Event = {
  readonly name: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
  readonly data: any;
};

function eventsOf(body: string): readonly Event[] {
  return body
    .trim()
    .split('\n\n')
    .map((block) => {
      const lines = new Map(
        block.split('\n').map((line) => line.split(/: (.*)/, 2) as [string, string]),
      );
      const data = JSON.parse(lines.get('data') ?? 'null');
      return { name: lines.get('event') ?? '', id: lines.get('id'), data };
    });
}

describe('GET /api/v2/machines', () => {
  it.each([
    ['', 'a b c d'],
    ['?fieldSelector=state=healthy', 'd'],
    ['?fieldSelector=rack in (0,2),role!=boot', 'a b d'],
    ['?labelSelector=product', 'a b'],
    ['?labelSelector=product,!broken', 'a'],
    ['?labelSelector=product=R750&fieldSelector=rack=0', 'b'],
    ['?sort=-rack,serial', 'd c a b'],
    ['?sort=-serial', 'd c b a'],
    ['?fieldSelector=ipv4=10.69.0.4', 'a'],
    ['?fieldSelector=state=nothing', ''],
  ])('%s lists %s', async (query, expected) => {
    const face = await fleet();
    const page = (await face.must(`GET /api/v2/machines${query.replaceAll(' ', '%20')}`)).json();
    expect([serials(page), page.total]).toEqual([
      expected,
      expected === '' ? 0 : expected.split(' ').length,
    ]);
  });

  it('goes on page by page to the end, of one moment', async () => {
    const face = await fleet();
    const first = (await face.must('GET /api/v2/machines?limit=3&sort=serial')).json();
    await face.must('PUT /api/v1/labels/d/late', { body: 'yes' });
    const url = `/api/v2/machines?limit=3&sort=serial&cursor=${first.next}`;
    const last = (await face.must(`GET ${url}`)).json();
    expect([serials(first), serials(last), last.next]).toEqual(['a b c', 'd', null]);
    expect(last.revision).toBe(first.revision);
    expect(last.items[0].spec.labels).toEqual({});
    expect((await face.must('GET /api/v2/machines')).json().revision).not.toBe(first.revision);
  });

  it('names every mistake of a request, with the parameter it is in', async () => {
    const face = await fleet();
    const url = '/api/v2/machines?limit=9999&sort=size&fieldSelector=colour=red&cursor=x';
    const answer = await face.ask(`GET ${url}`);
    expect(answer.statusCode).toBe(400);
    const { errors } = answer.json();
    expect(errors.map(({ parameter }: { parameter: string }) => parameter)).toEqual([
      'fieldSelector',
      'sort',
      'limit',
      'cursor',
    ]);
    expect(errors[1].detail).toMatch(/^size is no column; columns are serial, rack/);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=many', 'limit'],
    ['colour=red', 'colour'],
    ['fieldSelector=rack%20is%201', 'fieldSelector'],
    ['labelSelector=%21', 'labelSelector'],
  ])('refuses ?%s with the parameter %s', async (query, parameter) => {
    const answer = await (await fleet()).ask(`GET /api/v2/machines?${query}`);
    expect([answer.statusCode, answer.json().errors[0].parameter]).toEqual([400, parameter]);
  });
});

describe('GET /api/v2/machines/{serial}', () => {
  it('answers 304 while nothing has changed, and a new ETag afterwards', async () => {
    const face = await fleet();
    const before = String((await face.must('GET /api/v2/machines/a')).headers['etag']);
    const headers = { 'if-none-match': before };
    expect((await face.ask('GET /api/v2/machines/a', { headers })).statusCode).toBe(304);
    await face.must('PUT /api/v1/labels/a/x', { body: 'y' });
    const after = await face.ask('GET /api/v2/machines/a', { headers });
    expect([after.statusCode, after.json().spec.labels]).toEqual([
      200,
      { product: 'R650', x: 'y' },
    ]);
    expect(after.headers['etag']).toBe(`"${after.json().revision}"`);
  });

  it('tells why a machine is in its state', async () => {
    const machine = (await (await fleet()).must('GET /api/v2/machines/d')).json();
    expect(machine.status).toMatchObject({ state: 'healthy', reason: { by: '127.0.0.1' } });
  });

  it.each([
    ['GET', '/api/v2/machines/nobody', 404],
    ['HEAD', '/api/v2/machines/a', 200],
    ['POST', '/api/v2/machines/a', 405],
    ['GET', '/api/v2/machines/a?x=1', 400],
    ['GET', '/api/v2/machines/', 404],
    ['GET', '/api/v2/machines/a/b', 404],
  ])('%s %s is answered %i', async (method, url, status) => {
    const answer = await (await fleet()).ask(`${method} ${url}`);
    expect(answer.statusCode).toBe(status);
    if (status >= 400) expect(Compile(problemSchema).Check(answer.json())).toBe(true);
  });
});

describe('GET /api/v2/racks', () => {
  it('counts the machines of each rack, by state and role', async () => {
    const face = await fleet();
    const { items } = (await face.must('GET /api/v2/racks')).json();
    expect(items.map(({ rack }: { rack: number }) => rack)).toEqual([0, 1, 2]);
    expect(items[1]).toMatchObject({
      machines: 1,
      workers: { registered: 0, room: 28 },
      boot: 'c',
      roles: { boot: 1 },
    });
    expect(items[2].states).toMatchObject({ healthy: 1, retired: 0 });
  });

  it.each([
    ['?fieldSelector=boot', [1]],
    ['?fieldSelector=!boot', [0, 2]],
    ['?sort=-machines', [0, 1, 2]],
    ['?fieldSelector=healthy!=0', [2]],
  ])('%s lists %j', async (query, expected) => {
    const { items } = (await (await fleet()).must(`GET /api/v2/racks${query}`)).json();
    expect(items.map(({ rack }: { rack: number }) => rack)).toEqual(expected);
  });

  it('has no rack that nobody is in', async () => {
    expect((await (await fleet()).ask('GET /api/v2/racks/9')).statusCode).toBe(404);
  });
});

describe('GET /api/v2/watch/machines', () => {
  const watched = async (face: TestFace, query: string, then: () => Promise<unknown>) => {
    const asked = face.ask(`GET /api/v2/watch/machines${query}`);
    await settled();
    await then();
    await settled();
    face.endWatches();
    return asked;
  };

  it('goes on from the list, with the state that changed and why', async () => {
    const face = await fleet();
    const { revision } = (await face.must('GET /api/v2/machines')).json();
    await face.must('PUT /api/v1/labels/b/late', { body: 'yes' });
    const answer = await watched(face, `?from=${revision}`, () =>
      face.must('PUT /api/v1/state/a', { body: 'healthy' }),
    );
    expect(answer.headers['content-type']).toBe('text/event-stream');
    const [, label, state] = eventsOf(answer.body);
    expect(label?.data.changes[0]).toMatchObject({
      kind: 'modified',
      name: 'b',
      object: { spec: { labels: { late: 'yes' } } },
    });
    expect(state?.data.changes[0].object.status).toMatchObject({
      state: 'healthy',
      reason: { by: '127.0.0.1' },
    });
    expect(state?.id).toBe(state?.data.changes[0].object.revision);
  });

  it('goes on from the header that a browser sends by itself', async () => {
    const face = await fleet();
    const { revision } = (await face.must('GET /api/v2/machines')).json();
    const asked = face.ask('GET /api/v2/watch/machines?from=1', {
      headers: { 'last-event-id': revision },
    });
    await settled();
    face.endWatches();
    expect(eventsOf((await asked).body).map(({ id }) => id)).toEqual([revision, revision]);
  });

  it.each([
    ['?from=x', 400, 'from'],
    ['?fieldSelector=colour=red', 400, 'fieldSelector'],
    ['?limit=3', 400, 'limit'],
  ])('%s is refused with %i', async (query, status, parameter) => {
    const answer = await (await fleet()).ask(`GET /api/v2/watch/machines${query}`);
    expect([answer.statusCode, answer.json().errors[0].parameter]).toEqual([status, parameter]);
  });

  it('is 410 when the changes since then are not kept', async () => {
    const answer = await (await fleet()).ask('GET /api/v2/watch/machines?from=0');
    expect([answer.statusCode, answer.json().type]).toEqual([
      410,
      'urn:tetsukan:problem:history-gone',
    ]);
  });

  it('is 410 for a revision that is none of this store', async () => {
    const answer = await (await fleet()).ask('GET /api/v2/watch/machines?from=999');
    expect([answer.statusCode, answer.json().detail]).toEqual([
      410,
      expect.stringMatching(/^revision 999 is none of this store, which is at \d+/),
    ]);
  });

  it('sends only the fields that are asked for', async () => {
    const face = await fleet();
    const asked = face.ask('GET /api/v2/watch/machines?fields=state');
    await settled();
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    await settled();
    face.endWatches();
    const [change] = eventsOf((await asked).body).filter(({ name }) => name === 'changes');
    expect(change?.data.changes[0].object).toEqual({ serial: 'a', status: { state: 'healthy' } });
    const list = (await face.must('GET /api/v2/machines?fields=spec.rack&limit=1')).json();
    expect(list.items).toEqual([{ serial: 'a', spec: { rack: 0 } }]);
    const wrong = await face.ask('GET /api/v2/watch/machines?fields=colour');
    expect(wrong.json().errors[0].parameter).toBe('fields');
  });

  it('tells of racks what changed in their counts', async () => {
    const face = await fleet();
    const asked = face.ask('GET /api/v2/watch/racks');
    await settled();
    await face.must('PUT /api/v1/labels/a/no', { body: 'count' });
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    await settled();
    face.endWatches();
    const changes = eventsOf((await asked).body).filter(({ name }) => name === 'changes');
    expect(changes).toHaveLength(1);
    expect(changes[0]?.data.changes[0]).toMatchObject({
      kind: 'modified',
      name: '0',
      object: { states: { healthy: 1, uninitialized: 1 } },
    });
  });
});

describe('the contract', () => {
  it.each(operations.map((operation) => [operation.id, operation] as const))(
    '%s answers what it says it answers',
    async (id, { method, path, answer, example, isBodyRaw, bodyTypes }) => {
      const sample = sampleOf(path);
      const face = await aFace({
        deps: { status: () => ({ leader: true }) },
        ...(sample?.cluster === undefined ? {} : { cluster: sample.cluster }),
      });
      await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
      const template = { version: '2.3', template: {} };
      await face.must('PUT /api/v1/ignitions/cs/1', { body: template });
      /** Where the example of the contract does not suit this fleet. */
      const bodies: Readonly<Record<string, object>> = {
        tryIgnition: template,
        patchMachine: {},
        bulkMachines: { select: { all: true }, expect: 1, patch: {} },
      };
      const body = bodies[id] ?? (example as object | undefined);
      const own = sample?.asked?.[id];
      const type = isBodyRaw ? { 'content-type': bodyTypes?.[0] ?? '' } : {};
      const headers = own?.headers ?? { 'if-match': '*', ...type };
      if (method === 'DELETE') {
        for (const state of ['retiring', 'retired'])
          await face.must('PUT /api/v1/state/a', { body: state });
      }
      await sample?.arrange(face);
      await settled();
      const how = { headers, ...(body === undefined ? {} : { body }), ...own };
      const place = filledPath(path, { serial: 'a', rack: '0', ...sample?.names, ...own?.names });
      const asked = face.ask(`${method} /api/v2${place}`, how);
      if (answer.mediaType === 'text/event-stream') {
        await settled();
        await face.must('PUT /api/v1/state/a', { body: 'healthy' });
        await sample?.change(face);
        await settled();
        face.endWatches();
      }
      const answered = await asked;
      // A test's face keeps no cluster, so it has no plan.
      if (path === '/plan') return expect(answered.statusCode).toBe(404);
      expect(answered.statusCode).toBe(answer.status);
      if (answer.schema === undefined) return expect(answered.body).toBe('');
      const json =
        answer.mediaType === undefined
          ? answered.json()
          : eventsOf(answered.body).find(({ name }) => name === 'changes')?.data;
      const errors = answer.schema && Compile(answer.schema).Errors(json);
      expect(errors ?? []).toEqual([]);
    },
  );

  it('is described as OpenAPI 3.1, each operation once, each with its problems', async () => {
    const document = (await (await fleet()).must('GET /api/v2/openapi.json')).json();
    expect(document.openapi).toBe('3.1.1');
    const ids = Object.values<Record<string, { operationId: string; responses: object }>>(
      document.paths,
    ).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    expect(ids.toSorted()).toEqual(operations.map(({ id }) => id).toSorted());
    const list = document.paths['/machines'].get;
    expect(Object.keys(list.responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '405',
      '410',
      '429',
      '500',
      '503',
    ]);
    expect(list.parameters.map(({ name }: { name: string }) => name)).toEqual([
      'limit',
      'cursor',
      'fields',
      'sort',
      'fieldSelector',
      'labelSelector',
    ]);
  });
});
