import { describe, expect, it } from 'vitest';
import { ok } from '../../../src/base/result.ts';
import type { Revision } from '../../../src/base/store.ts';
import { defaultBridgeSettings } from '../../../src/cke-bridge/settings.ts';
import { plainTemplate } from '../../cke-bridge/fleet.ts';
import { settled } from '../../support/clock.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

const fleet = async (): Promise<TestFace> => {
  const face = await aFace({ cluster: plainTemplate });
  await face.must('POST /api/v1/machines', { body: ['a', 'b'].map((serial) => aSpec(serial)) });
  return face;
};

/** What a watch from there tells after something was done: revisions, and the decision on machine a. */
async function told(face: TestFace, from: string, act: () => Promise<unknown>) {
  const watch = face.ask(`GET /api/v2/watch/plans?from=${from}`);
  await settled();
  await act();
  await face.clock.run(3_000);
  face.endWatches();
  const answer = await watch;
  expect(answer.statusCode).toBe(200);
  return [...answer.body.matchAll(/^data: (.*"changes".*)$/gm)].map(([, data]) => {
    const { revision, changes } = JSON.parse(data ?? '');
    const [{ kind, name, object }] = changes;
    return { revision: BigInt(revision), kind, name, text: object.decisions[0]?.text };
  });
}

describe('GET /api/v2/plans', () => {
  it('has one plan, that of the cluster, as /plan says it', async () => {
    const face = await fleet();
    const { items, total } = (await face.must('GET /api/v2/plans')).json();
    expect([total, items[0].name, items[0].leading]).toEqual([1, 'tokyo', false]);
    const { name: _, revision: __, ...plan } = items[0];
    expect((await face.must('GET /api/v2/plan')).json()).toMatchObject(plan);
  });

  it('is empty on a server that keeps no cluster', async () => {
    const face = await aFace();
    expect((await face.must('GET /api/v2/plans')).json().items).toEqual([]);
    expect((await face.ask('GET /api/v2/plans/cluster')).statusCode).toBe(404);
  });

  it('has an ETag that stays while the plan says the same, whatever else is written', async () => {
    const face = await fleet();
    const etag = async () => {
      await face.clock.run(1_100);
      return (await face.must('GET /api/v2/plans/tokyo')).headers['etag'];
    };
    const first = await etag();
    await face.must('PUT /api/v2/config/dhcp', {
      body: { spec: { 'lease-minutes': 30 } },
      headers: { 'if-none-match': '*' },
    });
    expect(await etag()).toBe(first);
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    expect(await etag()).not.toBe(first);
  });
});

describe('GET /api/v2/watch/plans', () => {
  it('tells each difference once, under growing revisions', async () => {
    const face = await fleet();
    const { revision } = (await face.must('GET /api/v2/plans')).json();
    const news = await told(face, revision, async () => {
      await face.must('PUT /api/v1/state/a', { body: 'healthy' });
      await face.clock.run(2_000);
      await face.must('PUT /api/v1/state/b', { body: 'healthy' });
    });
    expect(news.length).toBeGreaterThanOrEqual(2);
    const revisions = [BigInt(revision), ...news.map((one) => one.revision)];
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => Number(a - b)));
    expect(new Set(news.map(({ kind, name }) => `${kind} ${name}`))).toEqual(
      new Set(['modified tokyo']),
    );
  });

  it('tells nothing while the plan stays, and what happened while nobody looked', async () => {
    const face = await fleet();
    const { revision } = (await face.must('GET /api/v2/plans')).json();
    expect(await told(face, revision, async () => {})).toEqual([]);
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    await face.clock.run(2_000);
    expect((await told(face, revision, async () => {})).length).toBe(1);
  });

  it('tells what time alone changes under a revision beyond the store’s', async () => {
    let still: Revision | undefined;
    const face = await aFace({
      cluster: plainTemplate,
      // Of what is written elsewhere meanwhile, this server has not heard.
      store: (store) => ({
        ...store,
        get: async (keys) => {
          const read = await store.get(keys);
          return read.ok ? ok({ ...read.value, revision: still ?? read.value.revision }) : read;
        },
      }),
    });
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    const { revision } = (await face.must('GET /api/v2/plans')).json();
    still = revision;
    const wait = () => face.clock.run((defaultBridgeSettings.minHealthySeconds + 5) * 1_000);
    const [news] = await told(face, revision, wait);
    expect(news?.revision).toBe(BigInt(revision) + 1n);
  });

  it('stops looking when nobody watches', async () => {
    const face = await fleet();
    const { revision } = (await face.must('GET /api/v2/plans')).json();
    const before = face.clock.timers();
    await told(face, revision, async () => {});
    await face.clock.run(30_000);
    expect(face.clock.timers()).toBeLessThanOrEqual(before);
  });
});
