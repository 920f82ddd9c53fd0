import { describe, expect, it } from 'vitest';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

async function fleet(): Promise<TestFace> {
  const face = await aFace();
  await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
  return face;
}

const headers = { 'if-match': '*', 'x-sabakan-user': 'ai' };
const patch = (face: TestFace, hold: unknown, query = '') =>
  face.ask(`PATCH /api/v2/machines/a${query}`, { headers, body: { spec: { hold } } });
const holdOf = async (face: TestFace) =>
  (await face.must('GET /api/v2/machines/a')).json().spec.hold;
const wish = { reason: 'fan 3', until: '2026-11-21T08:00:00Z' };

describe('a hold in version 2', () => {
  it('stands with who, why, since and until, and survives changes of state', async () => {
    const face = await fleet();
    const answer = await patch(face, wish);
    const hold = { by: 'ai', ...wish, since: '2026-11-21T06:00:00Z' };
    expect(answer.json().spec.hold).toEqual(hold);
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    await face.must('PUT /api/v1/labels/a/x', { body: 'y' });
    expect(await holdOf(face)).toEqual(hold);
    const { items } = (await face.must('GET /api/v2/machines?fieldSelector=held=true')).json();
    expect(items).toHaveLength(1);
  });

  it('is over at its end, and when it is released', async () => {
    const face = await fleet();
    await patch(face, wish);
    await face.must('GET /api/v2/machines?fieldSelector=held=true');
    face.clock.advance(2 * 3_600_000);
    expect(await holdOf(face)).toBeNull();
    for (const [held, count] of [
      ['true', 0],
      ['false', 1],
    ]) {
      const list = `GET /api/v2/machines?fieldSelector=held=${held}`;
      expect((await face.must(list)).json().items).toHaveLength(Number(count));
    }
    await patch(face, { reason: 'for ever' });
    expect(await holdOf(face)).toMatchObject({ reason: 'for ever', until: null });
    await patch(face, null);
    expect(await holdOf(face)).toBeNull();
  });

  it('has an audit record for each change, and none where nothing changes', async () => {
    const face = await fleet();
    for (const hold of [wish, wish, null, null]) await patch(face, hold);
    const log = (await face.must('GET /api/v1/logs')).body.trim().split('\n').slice(-2);
    expect(
      log.map((line) => JSON.parse(line)).map(({ action, detail }) => [action, detail]),
    ).toEqual([
      ['hold', 'held by ai until 2026-11-21T08:00:00Z: fan 3'],
      ['release', 'fan 3'],
    ]);
  });

  it.each([
    [{ reason: '' }, '/spec/hold'],
    [{ until: '2026-11-21T08:00:00Z' }, '/spec/hold'],
    [{ reason: 'x', until: 'tomorrow' }, '/spec/hold/until'],
    [{ reason: 'x', until: '2001-01-01T00:00:00Z' }, '/spec/hold/until'],
  ])('%o is refused with its place', async (hold, pointer) => {
    const answer = await patch(await fleet(), hold);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors[0].pointer).toContain(pointer);
  });

  it('changes nothing in a dry run', async () => {
    const face = await fleet();
    expect((await patch(face, wish, '?dryRun=true')).json().spec.hold).toMatchObject(wish);
    expect(await holdOf(face)).toBeNull();
  });
});
