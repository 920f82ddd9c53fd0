import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/base/store.ts';
import { settled } from '../../support/clock.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

describe('GET /api/v2/subnets', () => {
  it('has the networks of every rack of the pool, and what is used, lent and free', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a'), aSpec('b')] });
    const lease = (index: number) => ({ index, lease: '2031-04-01T00:00:00Z' });
    const table = {
      '52:54:00:00:00:01': lease(0),
      'ff:00:00:00:00:01': lease(1),
      '52:54:00:00:00:03': { index: 2, lease: '2020-04-01T00:00:00Z' },
    };
    const value = new TextEncoder().encode(JSON.stringify(table));
    await face.store.commit([], [{ kind: 'put', key: 'lease-usages/10.69.0.32', value }]);
    await settled();
    const { items, total } = (await face.must('GET /api/v2/subnets')).json();
    // 4,096 addresses in blocks of 64, three for each rack.
    expect(total).toBe(21 * 4);
    expect(items.slice(0, 4).map(({ name }: { name: string }) => name)).toEqual([
      'node-0-0',
      'node-0-1',
      'node-0-2',
      'bmc-0',
    ]);
    const { revision: _, ...node } = items[0];
    expect(node).toEqual({
      name: 'node-0-0',
      kind: 'node',
      rack: 0,
      network: '10.69.0.0/26',
      gateway: '10.69.0.1',
      machines: { used: 2, room: 28 },
      leases: { first: '10.69.0.32', count: 31, leased: 1, declined: 1, free: 29 },
    });
    expect(items[3]).toMatchObject({ network: '10.72.16.0/20', leases: null });
    expect((await face.must('GET /api/v2/subnets/node-1-0')).json().network).toBe('10.69.0.192/26');
    const racks = (await face.must('GET /api/v2/subnets?fieldSelector=kind=bmc,rack=2')).json();
    expect(racks.total).toBe(1);
  });

  it('leaves out the one whose lease table is broken where a part is asked for', async () => {
    const face = await aFace();
    const value = new TextEncoder().encode('no table');
    await face.store.commit([], [{ kind: 'put', key: 'lease-usages/10.69.0.96', value }]);
    await settled();
    expect((await face.ask('GET /api/v2/subnets')).statusCode).toBe(500);
    const { total, items, missing } = (
      await face.must('GET /api/v2/subnets?partial=true&limit=3')
    ).json();
    expect(total).toBe(21 * 4 - 1);
    expect(items.map(({ name }: { name: string }) => name)).toEqual([
      'node-0-0',
      'node-0-2',
      'bmc-0',
    ]);
    expect(missing).toMatchObject([{ key: 'lease-usages/10.69.0.96' }]);
    expect((await face.ask('GET /api/v2/subnets/node-0-1')).statusCode).toBe(500);
    await face.must('GET /api/v2/subnets/node-0-0');
  });

  it('is empty without an IPAM configuration', async () => {
    const face = await aFace({ ipam: 'unset' });
    expect((await face.must('GET /api/v2/subnets')).json().items).toEqual([]);
  });
});

const lend = (face: TestFace, first: string, macs: readonly string[]) => {
  const rows = macs.map((mac, index) => [mac, { index, lease: '2031-04-01T00:00:00Z' }]);
  const value = new TextEncoder().encode(JSON.stringify(Object.fromEntries(rows)));
  return face.store.commit([], [{ kind: 'put', key: `lease-usages/${first}`, value }]);
};

/** Short texts of what a watch from there tells: `~node-0-0 2 machines, 1 leased`, or `!410`. */
async function told(face: TestFace, from: string): Promise<readonly string[]> {
  await settled();
  const watch = face.ask(`GET /api/v2/watch/subnets?from=${from}`);
  await settled();
  face.endWatches();
  const answer = await watch;
  if (answer.statusCode !== 200) return [`!${answer.statusCode}`];
  const events = [...answer.body.matchAll(/^data: (.*"changes".*)$/gm)];
  const signs: Readonly<Record<string, string>> = { added: '+', modified: '~', deleted: '-' };
  return events.flatMap(([, data]) =>
    JSON.parse(data ?? '').changes.map(
      // biome-ignore lint/suspicious/noExplicitAny: an event of the API.
      ({ kind, name, object: { machines, leases } }: any) =>
        `${signs[kind]}${name} ${machines.used} machines, ${leases?.leased ?? 'none'} leased`,
    ),
  );
}

const here = async (face: TestFace): Promise<string> => {
  await settled();
  return (await face.must('GET /api/v2/subnets?limit=1')).json().revision;
};

describe('GET /api/v2/watch/subnets', () => {
  it('tells the networks of the racks that machines come to', async () => {
    const face = await aFace();
    const from = await here(face);
    await face.must('POST /api/v1/machines', { body: [aSpec('a'), aSpec('b')] });
    expect(await told(face, from)).toEqual([
      '~node-0-0 2 machines, 0 leased',
      '~node-0-1 2 machines, 0 leased',
      '~node-0-2 2 machines, 0 leased',
      '~bmc-0 2 machines, none leased',
    ]);
  });

  it('tells the one network whose range lends an address', async () => {
    const face = await aFace();
    const from = await here(face);
    await lend(face, '10.69.0.224', ['52:54:00:00:00:01']);
    expect(await told(face, from)).toEqual(['~node-1-0 0 machines, 1 leased']);
  });

  it('tells of many ranges at once, though they are counted a few in each turn', async () => {
    const face = await aFace();
    const from = await here(face);
    const watch = face.ask(`GET /api/v2/watch/subnets?from=${from}`);
    await settled();
    const firsts = Array.from({ length: 60 }, (_, at) => `10.69.${at >> 2}.${(at & 3) * 64 + 32}`);
    for (const first of firsts) await lend(face, first, ['52:54:00:00:00:01']);
    await face.clock.run(1_000);
    face.endWatches();
    const events = [...(await watch).body.matchAll(/^data: (.*"changes".*)$/gm)];
    expect(events.map(([, data]) => JSON.parse(data ?? '').changes.length)).toEqual([60]);
  });

  it('tells nothing where no figure changes', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    await lend(face, '10.69.0.32', ['52:54:00:00:00:01']);
    const from = await here(face);
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    await lend(face, '10.69.0.32', ['52:54:00:00:00:02']);
    expect(await told(face, from)).toEqual([]);
  });

  it('tells of every network when the address plan changes, and when it comes', async () => {
    const face = await aFace();
    const from = await here(face);
    const { spec } = (await face.must('GET /api/v2/config/ipam')).json();
    const body = { spec: { ...spec, 'max-nodes-in-rack': 20 } };
    await face.must('PUT /api/v2/config/ipam', { body, headers: { 'if-match': '*' } });
    expect((await told(face, from)).length).toBe(21 * 4);
    const bare = await aFace({ ipam: 'unset' });
    const before = await here(bare);
    await bare.must('PUT /api/v2/config/ipam', {
      body: { spec },
      headers: { 'if-none-match': '*' },
    });
    const added = await told(bare, before);
    expect([added.length, added[0]]).toEqual([21 * 4, '+node-0-0 0 machines, 0 leased']);
  });

  it('sends readers back to the list when news of leases comes after later news of machines', async () => {
    let release = (): void => {};
    let isHeld = false;
    const face = await aFace({
      store: (store): Store => ({
        ...store,
        watch: (prefix, after, onNews) =>
          store.watch(prefix, after, (news) => {
            if (!isHeld || prefix !== 'lease-usages/') return onNews(news);
            const go = release;
            release = () => {
              go();
              onNews(news);
            };
          }),
      }),
    });
    const from = await here(face);
    isHeld = true;
    await lend(face, '10.69.0.32', ['52:54:00:00:00:01']);
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    expect(await told(face, from)).toHaveLength(4);
    release();
    expect(await told(face, from)).toEqual(['!410']);
    const again = await here(face);
    const [node] = (await face.must('GET /api/v2/subnets?limit=1')).json().items;
    expect([node.machines.used, node.leases.leased]).toEqual([1, 1]);
    expect(await told(face, again)).toEqual([]);
  });
});
