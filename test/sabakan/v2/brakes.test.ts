import { describe, expect, it } from 'vitest';
import type { Rfc3339 } from '../../../src/base/time.ts';
import { brakeNoun } from '../../../src/cli/nouns/brake.ts';
import { formatTable } from '../../../src/cli/table.ts';
import { type Brake, brakeKeys, encodeBrake } from '../../../src/inventory/brakes.ts';
import { settled } from '../../support/clock.ts';
import { aFace, type TestFace } from '../../support/face.ts';

const crowd: Brake = {
  name: 'health-rack-3-silent',
  by: 'health',
  holds: 'health',
  text: '28 of 28 machines of rack 3 are silent together',
  since: '2026-11-21T05:59:00Z' as Rfc3339,
  release: 'falls by itself',
  liftable: true,
};

async function braked(...brakes: readonly Partial<Brake>[]): Promise<TestFace> {
  const face = await aFace();
  for (const more of brakes) {
    const brake = { ...crowd, ...more };
    const key = brakeKeys.brake(brake.name);
    await face.store.commit([], [{ kind: 'put', key, value: encodeBrake(brake) }]);
  }
  await settled();
  return face;
}

const logged = async (face: TestFace) =>
  JSON.parse((await face.must('GET /api/v1/logs')).body.trim().split('\n').at(-1) ?? '{}');

const wish = { reason: 'rack 3 is being moved', seconds: 600 };

describe('/api/v2/brakes', () => {
  it('lists what holds, by name, and selects', async () => {
    const clock = { name: 'health-clock-jumped', liftable: false };
    const face = await braked({}, clock);
    const names = async (query: string) =>
      (await face.must(`GET /api/v2/brakes${query}`))
        .json()
        .items.map(({ name }: { name: string }) => name);
    expect(await names('')).toEqual(['health-clock-jumped', 'health-rack-3-silent']);
    expect(await names('?fieldSelector=liftable=true')).toEqual(['health-rack-3-silent']);
  });

  it('is put on and off by an operator, audited with the reason', async () => {
    const face = await aFace();
    const headers = { 'x-sabakan-user': 'ai' };
    const body = { reason: 'switch work', seconds: 3600 };
    const on = await face.must('PUT /api/v2/brakes/manual', { body, headers });
    expect(on.json()).toMatchObject({
      name: 'manual',
      holds: 'everything',
      state: 'holding',
      text: 'switch work',
      user: 'ai',
      expires: '2026-11-21T07:00:00Z',
      liftable: false,
    });
    expect(on.headers['etag']).toBe(`"${on.json().revision}"`);
    face.clock.advance(60_000);
    const again = { reason: 'still', holds: 'cluster' };
    const second = await face.must('PUT /api/v2/brakes/manual', { body: again, headers });
    expect(second.json()).toMatchObject({ since: on.json().since, expires: null, text: 'still' });
    await face.must('DELETE /api/v2/brakes/manual', { headers });
    expect(await logged(face)).toMatchObject({
      user: 'ai',
      category: 'brakes',
      instance: 'manual',
      action: 'remove',
      detail: 'still',
    });
    expect((await face.ask('DELETE /api/v2/brakes/manual')).statusCode).toBe(404);
  });

  it('is lifted for a while, and holds again at the end of it', async () => {
    const face = await braked({});
    const state = async () => (await face.must(`GET /api/v2/brakes/${crowd.name}`)).json().state;
    const lifted = await face.must(`POST /api/v2/brakes/${crowd.name}/lift`, { body: wish });
    expect(lifted.json()).toMatchObject({
      state: 'lifted',
      lift: { reason: wish.reason, expires: '2026-11-21T06:10:00Z' },
    });
    expect(await logged(face)).toMatchObject({ category: 'brakes', action: 'lift' });
    expect(await state()).toBe('lifted');
    face.clock.advance(600_000);
    expect(await state()).toBe('holding');
  });

  it.each([
    ['POST', 'nothing/lift', wish, 404, 'brake-unknown'],
    ['POST', 'health-clock-jumped/lift', wish, 409, 'brake-fixed'],
    ['POST', 'manual/lift', wish, 404, 'brake-unknown'],
    ['POST', 'health-rack-3-silent/lift', { seconds: 5 }, 400, 'bad-request'],
    ['POST', 'health-rack-3-silent/lift', { ...wish, seconds: 86_401 }, 400, 'bad-request'],
    ['PUT', 'health-rack-3-silent', { reason: 'x' }, 409, 'brake-fixed'],
    ['PUT', 'manual', { reason: '' }, 400, 'bad-request'],
    ['DELETE', 'health-rack-3-silent', undefined, 409, 'brake-fixed'],
    ['DELETE', 'manual', undefined, 404, 'brake-unknown'],
  ])('refuses %s of %s with %o: %i %s', async (method, what, body, status, kind) => {
    const face = await braked({}, { name: 'health-clock-jumped', liftable: false });
    const how = body === undefined ? {} : { body };
    const answer = await face.ask(`${method} /api/v2/brakes/${what}`, how);
    expect([answer.statusCode, answer.json().type]).toEqual([
      status,
      `urn:tetsukan:problem:${kind}`,
    ]);
  });

  it('changes nothing in a dry run', async () => {
    const face = await braked({});
    const before = (await face.must('GET /api/v2/brakes')).body;
    const body = { reason: 'to see' };
    await face.must('PUT /api/v2/brakes/manual?dryRun=true', { body });
    await face.must(`POST /api/v2/brakes/${crowd.name}/lift?dryRun=true`, { body: wish });
    expect((await face.must('GET /api/v2/brakes')).body).toBe(before);
  });

  it('goes with its lift when it falls, as one change', async () => {
    const face = await braked({});
    await face.must(`POST /api/v2/brakes/${crowd.name}/lift`, { body: wish });
    const watch = face.ask('GET /api/v2/watch/brakes');
    await settled();
    await face.store.commit(
      [],
      [
        { kind: 'delete', key: brakeKeys.brake(crowd.name) },
        { kind: 'delete', key: brakeKeys.lift(crowd.name) },
      ],
    );
    await settled();
    face.endWatches();
    const told = [...(await watch).body.matchAll(/^data: (.*"changes".*)$/gm)];
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0]?.[1] ?? '').changes).toMatchObject([
      { kind: 'deleted', name: crowd.name, object: { lift: { reason: wish.reason } } },
    ]);
  });

  it('is what the command prints', async () => {
    const face = await braked({});
    const brake = (await face.must(`GET /api/v2/brakes/${crowd.name}`)).json();
    const columns = brakeNoun.columns.filter(({ wide }) => !wide);
    expect(formatTable(columns, [brake]).split('\n')[1]?.split(/ {2,}/)).toEqual([
      crowd.name,
      'health',
      'holding',
      crowd.since,
      'may',
      crowd.text,
    ]);
  });
});
