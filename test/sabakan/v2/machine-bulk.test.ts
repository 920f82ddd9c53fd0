import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../../src/inventory/ipam-config.ts';
import { bulkMachines } from '../../../src/sabakan/contract/machine-bulk.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';
import { ipamWide } from '../../support/machines.ts';

const path = 'POST /api/v2/bulk/machines';

async function fleet(): Promise<TestFace> {
  const face = await aFace();
  const body = Array.from({ length: 12 }, (_, at) =>
    aSpec(`m${at}`, { rack: at % 3, labels: { half: at < 6 ? 'low' : 'high' } }),
  );
  await face.must('POST /api/v1/machines', { body });
  return face;
}

async function statesOf(face: TestFace): Promise<Readonly<Record<string, number>>> {
  const { items } = (await face.must('GET /api/v2/machines')).json();
  const states: Record<string, number> = {};
  for (const { status } of items) states[status.state] = (states[status.state] ?? 0) + 1;
  return states;
}

const retiring = { patch: { status: { state: 'retiring', reason: { text: 'end of lease' } } } };

describe('POST /api/v2/bulk/machines', () => {
  it('changes those that selectors select, each with its audit record', async () => {
    const face = await fleet();
    const select = { labelSelector: 'half=low', fieldSelector: 'rack in (0,1)' };
    const answer = await face.must(path, { body: { select, expect: 4, ...retiring } });
    expect(answer.json()).toMatchObject({ selected: 4, changed: 4, unchanged: 0, failed: 0 });
    expect(await statesOf(face)).toEqual({ uninitialized: 8, retiring: 4 });
    const log = (await face.must('GET /api/v1/logs')).body;
    expect(log.split('\n').filter((line) => line.includes('end of lease'))).toHaveLength(4);
    const valid = Compile(bulkMachines.answer.schema as NonNullable<unknown>);
    expect([...valid.Errors(answer.json())]).toEqual([]);
  });

  it('does nothing when another number is selected than the caller saw', async () => {
    const face = await fleet();
    const select = { labelSelector: 'half=low' };
    const answer = await face.ask(path, { body: { select, expect: 5, ...retiring } });
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({
      type: 'urn:tetsukan:problem:count-differs',
      selected: 6,
    });
    expect(answer.json().detail).toMatch(/^6 machines are selected, not 5 \(m0, m1, m2/);
    expect(await statesOf(face)).toEqual({ uninitialized: 12 });
  });

  it('says which names are not registered', async () => {
    const face = await fleet();
    const select = { names: ['m1', 'nobody', 'm2'] };
    const answer = await face.ask(path, { body: { select, expect: 3, ...retiring } });
    expect(answer.json().detail).toContain(
      '2 machines are selected, not 3 (not registered: nobody)',
    );
  });

  it.each([
    [{}, '/select'],
    [{ labelSelector: ' ' }, '/select'],
    [{ names: ['m1'], all: true }, '/select'],
    [{ names: ['m1'], labelSelector: 'half=low' }, '/select'],
    [{ fieldSelector: 'colour=red' }, '/select/fieldSelector'],
    [{ all: false }, '/select/all'],
  ])('an empty or doubtful selection is refused: %j', async (select, pointer) => {
    const face = await fleet();
    const answer = await face.ask(path, { body: { select, expect: 12, ...retiring } });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors[0].pointer).toBe(pointer);
    expect(await statesOf(face)).toEqual({ uninitialized: 12 });
  });

  it('means all only when it says so', async () => {
    const face = await fleet();
    const body = { select: { all: true }, expect: 12, ...retiring };
    expect((await face.must(path, { body })).json().changed).toBe(12);
  });

  it('tells what became of each where some refuse', async () => {
    const face = await fleet();
    const names = ['m0', 'm1'];
    await face.must(path, { body: { select: { names }, expect: 2, ...retiring } });
    const body = { select: { all: true }, expect: 12, patch: { status: { state: 'retired' } } };
    const { changed, failed, items } = (await face.must(path, { body })).json();
    expect([changed, failed]).toEqual([2, 10]);
    expect(items[0]).toMatchObject({ name: 'm0', outcome: 'changed' });
    expect(items.find(({ name }: { name: string }) => name === 'm5')).toMatchObject({
      outcome: 'failed',
      problem: { type: 'urn:tetsukan:problem:transition-forbidden', status: 409 },
    });
  });

  it('changes all or none when it is atomic', async () => {
    const face = await fleet();
    await face.must(path, { body: { select: { names: ['m0'] }, expect: 1, ...retiring } });
    const retired = { select: { all: true }, expect: 12, patch: { status: { state: 'retired' } } };
    const answer = await face.ask(path, { body: { ...retired, atomic: true } });
    expect(answer.statusCode).toBe(409);
    expect(answer.json().errors).toHaveLength(11);
    expect(await statesOf(face)).toEqual({ uninitialized: 11, retiring: 1 });
    const revisions = async (): Promise<Set<string>> => {
      const { items } = (await face.must('GET /api/v2/machines')).json();
      return new Set(items.map(({ revision }: { revision: string }) => revision));
    };
    const label = { patch: { spec: { labels: { checked: 'yes' } } }, atomic: true };
    await face.must(path, { body: { select: { all: true }, expect: 12, ...label } });
    expect((await revisions()).size).toBe(1);
  });

  it.each([
    ['changes 1,000 machines of 40 racks', 1_000],
    ['changes 70 of them', 70],
  ])('%s in one commit, with one audit record each', async (_, count) => {
    const face = await aFace();
    await face.must('PUT /api/v1/config/ipam', { body: ipamConfigToJson(ipamWide) });
    const body = Array.from({ length: 1_000 }, (_, at) => aSpec(`m${at}`, { rack: at % 40 }));
    await face.must('POST /api/v1/machines', { body });
    const names = body.slice(0, count).map(({ serial }) => serial);
    const change = { select: { names }, expect: count, ...retiring, atomic: true };
    const answer = await face.must(path, { body: change });
    expect(answer.json()).toMatchObject({ changed: count, failed: 0 });
    const { items } = (
      await face.must('GET /api/v2/machines?fieldSelector=state=retiring&limit=1000')
    ).json();
    expect(items).toHaveLength(count);
    expect(new Set(items.map(({ revision }: { revision: string }) => revision)).size).toBe(1);
    const log = (await face.must('GET /api/v1/logs')).body;
    expect(log.split('\n').filter((line) => line.includes('end of lease'))).toHaveLength(count);
  });

  it('does not bring back a machine that was removed while 100 are changed together', async () => {
    let isRemoved = false;
    const face: TestFace = await aFace({
      store: (memory) => ({
        ...memory,
        commit: async (conditions, writes) => {
          if (!isRemoved && writes.length > 150) {
            isRemoved = true;
            // Otherwise its audit record would be what stands in the way.
            await face.clock.advance(10);
            await face.must('DELETE /api/v2/machines/m5', { headers: { 'if-match': '*' } });
          }
          return memory.commit(conditions, writes);
        },
      }),
    });
    const body = Array.from({ length: 100 }, (_, at) => aSpec(`m${at}`, { rack: at % 8 }));
    await face.must('POST /api/v1/machines', { body });
    for (const state of ['retiring', 'retired']) {
      await face.must('PUT /api/v1/state/m5', { body: state });
    }
    const label = { patch: { spec: { labels: { checked: 'yes' } } }, atomic: true };
    const answer = await face.ask(path, { body: { select: { all: true }, expect: 100, ...label } });
    expect([isRemoved, answer.statusCode]).toEqual([true, 409]);
    expect((await face.must('GET /api/v2/machines')).json().total).toBe(99);
  });

  it('removes retired machines of one rack together, and their indices', async () => {
    const face = await fleet();
    for (const state of ['retiring', 'retired']) {
      const patch = { status: { state } };
      await face.must(path, { body: { select: { fieldSelector: 'rack=1' }, expect: 4, patch } });
    }
    const select = { fieldSelector: 'rack=1' };
    const gone = await face.must(path, {
      body: { select, expect: 4, delete: true, atomic: true },
    });
    expect(gone.json().changed).toBe(4);
    expect((await face.must('GET /api/v2/machines')).json().total).toBe(8);
    const indices = await face.store.get(['node-indices/1']);
    expect(indices.ok && new TextDecoder().decode(indices.value.entries[0]?.value)).toBe('[]');
  });

  it('shows in a dry run what would become of each, and does nothing', async () => {
    const face = await fleet();
    const body = { select: { all: true }, expect: 12, patch: { status: { state: 'healthy' } } };
    const answer = await face.must(`${path}?dryRun=true`, { body });
    expect(answer.json().changed).toBe(12);
    const gone = { select: { all: true }, expect: 12, delete: true };
    expect((await face.must(`${path}?dryRun=true`, { body: gone })).json().failed).toBe(12);
    expect(await statesOf(face)).toEqual({ uninitialized: 12 });
  });

  it('needs exactly one of patch and delete, and names mistakes in the patch', async () => {
    const face = await fleet();
    const all = { select: { all: true }, expect: 12 };
    expect((await face.ask(path, { body: all })).statusCode).toBe(400);
    expect((await face.ask(path, { body: { ...all, ...retiring, delete: true } })).statusCode).toBe(
      400,
    );
    const patch = { spec: { labels: { '-': 'x' } } };
    const answer = await face.ask(path, { body: { ...all, patch } });
    expect(answer.json().errors[0].pointer).toBe('/patch/spec/labels/-');
  });

  it('is answered as at first when it is sent again with its Idempotency-Key', async () => {
    const face = await fleet();
    const how = {
      body: { select: { fieldSelector: 'state=uninitialized' }, expect: 12, ...retiring },
      headers: { 'idempotency-key': 'once' },
    };
    const first = await face.must(path, how);
    expect(first.json().changed).toBe(12);
    const again = await face.must(path, how);
    expect(again.body).toBe(first.body);
    expect(again.headers['idempotent-replayed']).toBe('true');
  });
});
