import { describe, expect, it } from 'vitest';
import { addMs, formatInstant } from '../../../src/base/time.ts';
import { leaseNoun, leasePage } from '../../../src/cli/nouns/lease.ts';
import { formatTable } from '../../../src/cli/table.ts';
import type { DhcpSighting } from '../../../src/pxe/sightings.ts';
import { settled } from '../../support/clock.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';
import { testStart } from '../../support/machines.ts';

const hour = 3_600_000;
const at = (ms: number) => formatInstant(addMs(testStart, ms));
const put = (key: string, value: unknown) =>
  ({
    kind: 'put',
    key: `lease-usages/${key}`,
    value: new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)),
  }) as const;

const rack0 = {
  '52:54:00:00:00:01': { index: 0, lease: at(hour) },
  '52:54:00:00:00:02': { index: 3, lease: at(-hour) },
  'ff:00:00:00:00:01': { index: 1, lease: at(hour), usedBy: '02:00:00:00:00:09' },
  '52:54:00:00:00:04': { index: 4, lease: 'someday' },
};

async function lent(): Promise<TestFace> {
  const face = await aFace();
  await face.must('PUT /api/v1/config/dhcp', { body: { 'lease-minutes': 60 } });
  await face.store.commit(
    [],
    [
      put('10.69.0.32', rack0),
      put('10.69.0.224', { '52:54:00:00:00:09': { index: 0, lease: at(hour) } }),
    ],
  );
  await settled();
  return face;
}

type Shown = { readonly address: string; readonly state: string };

async function list(face: TestFace, query = ''): Promise<string> {
  const page = (await face.must(`GET /api/v2/leases${query}`)).json();
  return page.items.map(({ address, state }: Shown) => `${address} ${state}`).join(', ');
}

describe('GET /api/v2/leases', () => {
  it.each([
    [
      '',
      '10.69.0.32 leased, 10.69.0.33 declined, 10.69.0.35 ended, 10.69.0.36 leased, 10.69.0.224 leased',
    ],
    ['?fieldSelector=state=declined', '10.69.0.33 declined'],
    ['?fieldSelector=rack=1', '10.69.0.224 leased'],
    ['?fieldSelector=mac=52:54:00:00:00:02', '10.69.0.35 ended'],
    ['?fieldSelector=state=leased&sort=-address&limit=1', '10.69.0.224 leased'],
  ])('%s lists %s', async (query, expected) => {
    expect(await list(await lent(), query)).toBe(expected);
  });

  it('lists a lease as ended once its time has passed, though nothing was stored', async () => {
    const face = await lent();
    const held = '?fieldSelector=state=leased';
    expect(await list(face, held)).toBe('10.69.0.32 leased, 10.69.0.36 leased, 10.69.0.224 leased');
    face.clock.advance(hour);
    expect(await list(face, held)).toBe('10.69.0.36 leased');
  });

  it('shows one by its address, with range, rack and end', async () => {
    const face = await lent();
    const { revision, ...lease } = (await face.must('GET /api/v2/leases/10.69.0.224')).json();
    expect(lease).toEqual({
      address: '10.69.0.224',
      mac: '52:54:00:00:00:09',
      serial: null,
      usedBy: null,
      state: 'leased',
      expires: at(hour),
      released: null,
      range: '10.69.0.224',
      rack: 1,
      network: 'node-pool',
      others: {
        may: false,
        text: `it is lent; from ${at(hour + 120_000)} on, unless it is renewed or released`,
      },
    });
    const never = (await face.must('GET /api/v2/leases/10.69.0.36')).json();
    expect([never.expires, never.state]).toEqual([null, 'leased']);
    expect((await face.ask('GET /api/v2/leases/10.69.0.40')).statusCode).toBe(404);
  });

  it('names the machine of the client, and why nobody else may have the address', async () => {
    const face = await lent();
    const known = { serial: 's-1', at: at(0) };
    const key = 'tetsukan/known-macs/52-54-00-00-00-01';
    const value = new TextEncoder().encode(JSON.stringify(known));
    await face.must('POST /api/v1/machines', { body: [aSpec('s-1')] });
    await face.store.commit([], [{ kind: 'put', key, value }]);
    await settled();
    expect(await list(face, '?fieldSelector=serial=s-1')).toBe('10.69.0.32 leased');
    const aside = (await face.must('GET /api/v2/leases/10.69.0.33')).json();
    expect([aside.serial, aside.others.may]).toEqual([null, false]);
    expect(leasePage(aside)).toBe(
      [
        'lease of 10.69.0.33',
        'client:  nobody: it is set aside (02:00:00:00:00:09 answered for it)',
        'state:   declined',
        `ends:    ${at(hour)}`,
        'network: node-pool, rack 0; range of 10.69.0.32',
        `others:  may not have the address: it is set aside, since 02:00:00:00:00:09 answered for it; from ${at(hour + 120_000)} on, or once it is given back`,
      ].join('\n'),
    );
    const network = { cidr: '10.69.0.0/20', mode: 'off', discovery: 'off' };
    await face.must('PUT /api/v2/networks/racks', { body: network });
    const off = (await face.must('GET /api/v2/leases/10.69.0.35')).json();
    expect(off).toMatchObject({
      ...{ network: 'racks', others: { may: false, text: 'the network racks has mode off' } },
    });
  });

  describe('while the table of one range cannot be read', () => {
    async function broken(): Promise<TestFace> {
      const face = await lent();
      await face.store.commit([], [put('10.69.0.96', 'no table')]);
      await settled();
      return face;
    }

    it('is no list for programs, and says how to ask for the rest', async () => {
      const answer = await (await broken()).ask('GET /api/v2/leases');
      expect([answer.statusCode, answer.json().detail]).toEqual([
        500,
        'the record lease-usages/10.69.0.96 cannot be read, so no list is complete (partial=true lists the rest): the lease table is not JSON',
      ]);
    });

    it('lists the other ranges to who asks for a part, and names what it lacks', async () => {
      const face = await broken();
      const first = (await face.must('GET /api/v2/leases?partial=true&limit=2')).json();
      expect(first.items.map(({ address }: Shown) => address)).toEqual([
        '10.69.0.32',
        '10.69.0.33',
      ]);
      expect(first.missing).toEqual([
        {
          key: 'lease-usages/10.69.0.96',
          text: 'the leases of the range from 10.69.0.96 (rack 0) are not all listed: the record lease-usages/10.69.0.96 is broken: the lease table is not JSON',
          todo: 'keep a copy of lease-usages/10.69.0.96 (etcdctl get), then mend it, or delete it once its range has lent nothing for the time of a lease',
        },
      ]);
      // The next page is of the same moment, and so is what it lacks.
      await face.store.commit([], [{ kind: 'delete', key: 'lease-usages/10.69.0.96' }]);
      await settled();
      const query = `partial=true&limit=2&cursor=${first.next}`;
      const second = (await face.must(`GET /api/v2/leases?${query}`)).json();
      expect([second.items.length, second.missing]).toEqual([2, first.missing]);
      const whole = (await face.must('GET /api/v2/leases?partial=true')).json();
      expect([whole.total, whole.missing]).toEqual([5, []]);
      expect((await face.must('GET /api/v2/leases')).json().missing).toBeUndefined();
    });

    it.each([
      ['GET', '10.69.0.33', 200],
      ['GET', '10.69.0.97', 500],
      ['GET', '10.69.0.224', 200],
      ['GET', '10.69.0.230', 404],
      ['DELETE', '10.69.0.224', 204],
      ['DELETE', '10.69.0.97', 500],
    ])('%s of %s is %i: only the broken range has no answer', async (method, address, status) => {
      const answer = await (await broken()).ask(`${method} /api/v2/leases/${address}`);
      expect(answer.statusCode).toBe(status);
      if (status === 500) expect(answer.json().detail).toContain('lease-usages/10.69.0.96');
    });

    it('counts a lease without an index as missing from its range, until it ends', async () => {
      const face = await lent();
      const stray = { '52:54:00:00:00:07': { lease: at(hour) } };
      await face.store.commit([], [put('10.69.0.32', { ...rack0, ...stray })]);
      await settled();
      expect((await face.ask('GET /api/v2/leases')).statusCode).toBe(500);
      const { total, missing } = (await face.must('GET /api/v2/leases?partial=true')).json();
      expect(total).toBe(5);
      expect(missing[0].text).toContain('the lease of "52:54:00:00:00:07" has no index');
      face.clock.advance(hour + 120_000);
      expect((await face.must('GET /api/v2/leases')).json().total).toBe(5);
    });

    it('is among the broken records of the server', async () => {
      const face = await broken();
      expect([...face.pxe.broken()]).toEqual([
        ['lease-usages/10.69.0.96', 'the lease table is not JSON'],
      ]);
    });
  });

  it('is what the command prints', async () => {
    const face = await lent();
    const lease = (await face.must('GET /api/v2/leases/10.69.0.33')).json();
    const columns = leaseNoun.columns.filter(({ wide }) => !wide);
    const text = formatTable(columns, [lease]);
    expect(text.split('\n')[1]).toBe(`10.69.0.33  -    -       declined  ${at(hour)}  0`);
    const wide = formatTable(leaseNoun.columns, [lease]);
    expect(wide.split('\n')[1]).toMatch(/ 02:00:00:00:00:09$/);
  });
});

describe('GET /api/v2/watch/leases', () => {
  it('tells which leases of a table changed, and no other', async () => {
    const face = await lent();
    const { revision } = (await face.must('GET /api/v2/leases')).json();
    const { '52:54:00:00:00:02': gone, ...rest } = rack0;
    const after = { ...rest, '52:54:00:00:00:05': { index: 3, lease: at(2 * hour) } };
    await face.store.commit([], [put('10.69.0.32', after)]);
    await settled();
    const watch = face.ask(`GET /api/v2/watch/leases?from=${revision}`);
    await settled();
    face.endWatches();
    const told = [...(await watch).body.matchAll(/^data: (.*"changes".*)$/gm)].map(([, data]) =>
      JSON.parse(data ?? ''),
    );
    expect(told).toHaveLength(1);
    expect(told[0].changes).toMatchObject([
      { kind: 'modified', name: '10.69.0.35', object: { mac: '52:54:00:00:00:05' } },
    ]);
    expect(gone).toBeDefined();
  });

  it('ends when a table breaks, and does not say that its leases ended', async () => {
    const face = await lent();
    const { revision } = (await face.must('GET /api/v2/leases')).json();
    const watch = face.ask(`GET /api/v2/watch/leases?from=${revision}`);
    await settled();
    await face.store.commit([], [put('10.69.0.32', 'no table')]);
    await settled();
    const { body } = await watch;
    expect(body).toContain('"status":410');
    expect(body).not.toContain('deleted');
    await face.store.commit([], [put('10.69.0.32', rack0)]);
    await settled();
    expect((await face.ask(`GET /api/v2/watch/leases?from=${revision}`)).statusCode).toBe(410);
  });
});

describe('DELETE /api/v2/leases/{address}', () => {
  it('ends a lease at once, with its audit record', async () => {
    const face = await lent();
    const headers = { 'x-sabakan-user': 'ai' };
    await face.must('DELETE /api/v2/leases/10.69.0.32?mac=52-54-00-00-00-01', { headers });
    expect(await list(face, '?fieldSelector=address=10.69.0.32')).toBe('10.69.0.32 ended');
    const [record] = (await face.must('GET /api/v1/logs')).body.trim().split('\n').slice(-1);
    expect(JSON.parse(record ?? '')).toMatchObject({
      user: 'ai',
      category: 'dhcp',
      instance: '10.69.0.32',
      action: 'release',
      detail: '52:54:00:00:00:01',
    });
  });

  it('shows the time of the release, and that others may have the address', async () => {
    const face = await lent();
    await face.must('DELETE /api/v2/leases/10.69.0.32');
    const shown = async () => (await face.must('GET /api/v2/leases/10.69.0.32')).json();
    const released = await shown();
    expect(released).toMatchObject({
      ...{ state: 'ended', released: at(0), expires: at(-120_000) },
      others: { may: true },
    });
    expect(leasePage(released)).toContain(`ended:   ${at(0)}, when it was released`);
    face.clock.advance(60_000);
    await face.must('DELETE /api/v2/leases/10.69.0.32');
    expect(await shown()).toMatchObject({ released: at(0) });
    // Lent again since.
    const again = { '52:54:00:00:00:01': { index: 0, lease: at(30_000) } };
    await face.store.commit([], [put('10.69.0.32', again)]);
    await settled();
    expect(await shown()).toMatchObject({ state: 'ended', released: null, others: { may: false } });
  });

  it('is not the only release whose time is shown: so is that of a client', async () => {
    const face = await lent();
    const address = (10 << 24) + (69 << 16) + 32;
    const told = { by: 'dhcp', message: 'release', address, at: addMs(testStart, -60_000) };
    face.pxe.sightings.tell(told as DhcpSighting);
    const table = { '52:54:00:00:00:01': { index: 0, lease: at(-180_000) } };
    await face.store.commit([], [put('10.69.0.32', table)]);
    await settled();
    const lease = (await face.must('GET /api/v2/leases/10.69.0.32')).json();
    expect(lease.released).toBe(at(-60_000));
    expect(formatTable(leaseNoun.columns, [lease])).toContain(at(-60_000));
  });

  it('gives a declined address back', async () => {
    const face = await lent();
    await face.must('DELETE /api/v2/leases/10.69.0.33');
    expect(await list(face, '?fieldSelector=address=10.69.0.33')).toBe('10.69.0.33 ended');
  });

  it.each([
    ['10.69.0.40', 404, 'lease-unknown'],
    ['10.69.0.32?mac=52:54:00:00:00:99', 409, 'lease-moved'],
    ['10.69.0.32?mac=nobody', 400, 'bad-request'],
    ['here', 400, 'bad-request'],
  ])('of %s is %i %s, and changes nothing', async (what, status, kind) => {
    const face = await lent();
    const before = await list(face);
    const answer = await face.ask(`DELETE /api/v2/leases/${what}`);
    expect([answer.statusCode, answer.json().type]).toEqual([
      status,
      `urn:tetsukan:problem:${kind}`,
    ]);
    expect(await list(face)).toBe(before);
  });

  it('writes nothing in a dry run, nor for a lease that has ended', async () => {
    const face = await lent();
    const { revision } = (await face.must('GET /api/v2/leases')).json();
    await face.must('DELETE /api/v2/leases/10.69.0.32?dryRun=true');
    await face.must('DELETE /api/v2/leases/10.69.0.35');
    expect((await face.must('GET /api/v2/leases')).json().revision).toBe(revision);
  });
});
