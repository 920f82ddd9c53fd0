import { describe, expect, it } from 'vitest';
import { settled } from '../../support/clock.ts';
import { aFace, aSpec } from '../../support/face.ts';

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

  it('is empty without an IPAM configuration', async () => {
    const face = await aFace({ ipam: 'unset' });
    expect((await face.must('GET /api/v2/subnets')).json().items).toEqual([]);
  });
});
