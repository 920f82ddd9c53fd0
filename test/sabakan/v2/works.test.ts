import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { workSchema } from '../../../src/sabakan/contract/work.ts';
import { waitMsOf } from '../../../src/sabakan/v2/prefer.ts';
import { encodeWork, type Work, workKey } from '../../../src/sabakan/works/work.ts';
import { settled } from '../../support/clock.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

const path = 'POST /api/v2/bulk/machines';
const body = (count: number) => ({
  select: { all: true },
  expect: count,
  patch: { status: { state: 'retiring' } },
});

async function fleet(count: number): Promise<TestFace> {
  const face = await aFace();
  const specs = Array.from({ length: count }, (_, at) =>
    aSpec(`m${at}`, { rack: Math.floor(at / 28) }),
  );
  for (let at = 0; at < count; at += 100) {
    await face.must('POST /api/v1/machines', { body: specs.slice(at, at + 100) });
  }
  return face;
}

async function until(face: TestFace, where: string, isSo: (work: Work) => boolean): Promise<Work> {
  for (let tries = 0; tries < 200; tries += 1) {
    const work = (await face.must(`GET ${where}`)).json();
    if (isSo(work)) return work;
    await face.clock.run(500);
    await settled();
  }
  throw new Error(`${where} never became so`);
}

/** As another server left it. */
function foreign(more: Partial<Work>): Work {
  return {
    id: '0193500000000abc1',
    kind: 'bulkMachines',
    by: 'hanako',
    server: 'boot-9',
    startedAt: '2026-11-21T05:00:00Z',
    updatedAt: '2026-11-21T05:00:00Z',
    endedAt: null,
    state: 'running',
    isCancelAsked: false,
    progress: { done: 512, total: 1_000, unit: 'machines' },
    result: null,
    ...more,
  };
}

function put(face: TestFace, work: Work) {
  const key = workKey(work.id);
  return face.store.commit([], [{ kind: 'put', key, value: encodeWork(work) }]);
}

describe('a long request', () => {
  it('is answered at once where the client prefers it, and says how it ended', async () => {
    const face = await fleet(30);
    const headers = { prefer: 'respond-async' };
    const answer = await face.ask(path, { body: body(30), headers });
    expect(answer.statusCode).toBe(202);
    expect(answer.headers['preference-applied']).toBe('respond-async');
    const location = String(answer.headers['location']);
    const work = await until(face, location, ({ state }) => state !== 'running');
    expect(work).toMatchObject({
      kind: 'bulkMachines',
      server: 'boot-0',
      state: 'succeeded',
      progress: { done: 30, total: 30, unit: 'machines' },
      result: { selected: 30, changed: 30, failed: 0 },
    });
    expect([...Compile(workSchema).Errors(work)]).toEqual([]);
    const { items } = (
      await face.must('GET /api/v2/operations?fieldSelector=state=succeeded')
    ).json();
    expect(items).toHaveLength(1);
  });

  it('is answered as usual when it is done in the time that the client waits', async () => {
    const face = await fleet(3);
    const answer = await face.must(path, { body: body(3), headers: { prefer: 'wait=10' } });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().changed).toBe(3);
    const work = (await face.must(`GET ${String(answer.headers['location'])}`)).json();
    expect(work.state).toBe('succeeded');
  });

  it('that is refused as a whole fails with the problem', async () => {
    const face = await fleet(3);
    const retired = { ...body(3), atomic: true, patch: { status: { state: 'retired' } } };
    const answer = await face.ask(path, { body: retired, headers: { prefer: 'respond-async' } });
    const location = String(answer.headers['location']);
    const work = await until(face, location, ({ state }) => state !== 'running');
    expect(work).toMatchObject({
      state: 'failed',
      result: { type: 'urn:tetsukan:problem:bulk-refused', status: 409 },
    });
  });

  it('keeps what is done when it is cancelled', async () => {
    const face = await fleet(560);
    const headers = { prefer: 'respond-async' };
    const answer = await face.ask(path, { body: body(560), headers });
    const location = String(answer.headers['location']);
    const asked = await face.ask(`POST ${location}/cancel`);
    // It may have come too late, which is said, too.
    expect([200, 409]).toContain(asked.statusCode);
    const work = await until(face, location, ({ state }) => state !== 'running');
    expect(work.state).toBe(asked.statusCode === 200 ? 'cancelled' : 'succeeded');
    const { changed, skipped } = work.result as { changed: number; skipped: number };
    expect(changed + skipped).toBe(560);
    const page = await face.must('GET /api/v2/machines?fieldSelector=state=retiring&limit=1');
    expect(page.json().total).toBe(changed);
  });

  it('with an Idempotency-Key names the same operation when it is sent again', async () => {
    const face = await fleet(3);
    const headers = { prefer: 'respond-async', 'idempotency-key': 'k' };
    const how = { body: { ...body(3), atomic: true }, headers };
    const first = await face.ask(path, how);
    const again = await face.ask(path, how);
    expect(again.statusCode).toBe(202);
    const location = String(first.headers['location']);
    expect(again.headers['location']).toBe(location);
    const work = await until(face, location, ({ state }) => state !== 'running');
    expect(work.state).toBe('succeeded');
  });
});

describe('an operation', () => {
  it('of a server that is gone becomes interrupted, not before half a minute without a word', async () => {
    const face = await aFace();
    await put(face, foreign({}));
    await settled();
    const where = `/api/v2/operations/${foreign({}).id}`;
    await face.clock.run(20_000);
    await put(face, foreign({ updatedAt: '2026-11-21T05:00:20Z' }));
    await settled();
    await face.clock.run(20_000);
    expect((await face.must(`GET ${where}`)).json().state).toBe('running');
    await face.clock.run(11_000);
    const work = (await face.must(`GET ${where}`)).json();
    expect(work).toMatchObject({ state: 'interrupted', progress: { done: 512 } });
    expect(work.endedAt).not.toBeNull();
  });

  it('is cancelled on whichever server, once, and not when it has ended', async () => {
    const face = await aFace();
    await put(face, foreign({}));
    await settled();
    const cancel = `POST /api/v2/operations/${foreign({}).id}/cancel`;
    expect((await face.must(`${cancel}?dryRun=true`)).json().isCancelAsked).toBe(true);
    expect((await face.must('GET /api/v2/operations')).json().items[0].isCancelAsked).toBe(false);
    expect((await face.must(cancel)).json().isCancelAsked).toBe(true);
    await put(face, foreign({ state: 'succeeded' }));
    await settled();
    expect((await face.ask(cancel)).json().type).toBe('urn:tetsukan:problem:operation-ended');
    const unknown = await face.ask('POST /api/v2/operations/x/cancel');
    expect(unknown.json().type).toBe('urn:tetsukan:problem:operation-unknown');
  });

  it('makes room for the next: of a thousand the oldest that has ended goes', async () => {
    const face = await fleet(1);
    const all = Array.from({ length: 1_000 }, (_, at) =>
      foreign({ id: `0${1_000 + at}`, state: at === 0 ? 'running' : 'succeeded' }),
    );
    for (const work of all) await put(face, work);
    await settled();
    await face.must(path, { body: body(1), headers: { prefer: 'wait=10' } });
    await settled();
    const { items, total } = (await face.must('GET /api/v2/operations?fields=id&limit=5')).json();
    expect(total).toBe(1_000);
    expect(items.map(({ id }: Work) => id).slice(0, 2)).toEqual(['01000', '01002']);
  });
});

describe('Prefer', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['handling=strict', undefined],
    ['respond-async', 0],
    ['Respond-Async, wait=10', 10_000],
    ['wait = "7"', 7_000],
    ['wait=99999', 300_000],
    ['wait=-1', undefined],
  ])('%s', (header, waitMs) => {
    expect(waitMsOf(header)).toBe(waitMs);
  });
});
