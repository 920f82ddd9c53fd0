/** Sabakan 3.1.9, 9.3, the REST handlers of machines and their parts: access, audit, life cycle, labels, disk keys. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { aSpec, configG, type Site, startSite } from './support/site.ts';

/** Not among the allowed addresses, unlike 127.0.0.1. */
const from = '127.0.0.2';

let etcd: TestEtcd;
let site: Site;

beforeAll(async () => {
  etcd = await startTestEtcd();
  site = await startSite(etcd, { ipam: { ...configG, 'node-ipv4-pool': '10.69.0.0/16' } });
});

afterAll(async () => {
  await site?.stop();
  await etcd?.stop();
});

const register = (...specs: readonly object[]) =>
  site.ask('POST /api/v1/machines', { body: specs });
const put = async (path: string, body: string | Uint8Array) =>
  (await site.ask(`PUT /api/v1/${path}`, { body })).status;
const get = async (path: string) => (await site.ask(`GET /api/v1/${path}`)).status;
const remove = async (path: string) => (await site.ask(`DELETE /api/v1/${path}`)).status;
const serials = async (query: string): Promise<string[]> => {
  const { status, json } = await site.ask(`GET /api/v1/machines?${query}`);
  if (status !== 200) return [String(status)];
  return json.map(({ spec }: { spec: { serial: string } }) => spec.serial).sort();
};
/** Through the states that lead there. */
const bring = async (serial: string, state: string): Promise<void> => {
  const roads: Readonly<Record<string, readonly string[]>> = {
    uninitialized: [],
    healthy: ['healthy'],
    unhealthy: ['healthy', 'unhealthy'],
    unreachable: ['healthy', 'unreachable'],
    updating: ['healthy', 'updating'],
    retiring: ['retiring'],
    retired: ['retiring', 'retired'],
  };
  for (const next of roads[state] ?? []) {
    await site.must(`PUT /api/v1/state/${serial}`, { body: next });
  }
};

describe('9.3: REST handlers', () => {
  it('9.3.1 non-allowed IP POST to config/ipam → 403; counter has code 403', async () => {
    const { status, json } = await site.ask('POST /api/v1/config/ipam', { body: configG, from });
    expect([status, json.error, json.status]).toEqual([403, 'forbidden', 403]);
    const metrics = await (await fetch(`${site.server.metricsUrl}/metrics`)).text();
    expect(metrics).toMatch(
      /^sabakan_api_request_count\{code="403",path="\/api\/v1\/config\/ipam",verb="POST"\} 1$/m,
    );
  });

  it.each([
    ['remote GET anything yes', 'GET /api/v1/config/ipam', from, true],
    ['remote GET anything yes', 'GET /api/v1/assets', from, true],
    ['remote PUT images no', 'PUT /api/v1/images/coreos/1', from, false],
    ['remote DELETE machines no', 'DELETE /api/v1/machines/1', from, false],
    ['localhost POST yes', 'POST /api/v1/machines', '127.0.0.1', true],
  ])('9.3.2 permission table: %s (%s)', async (_, what, peer, allowed) => {
    const { status } = await site.ask(what, { from: peer, body: '[]' });
    expect(status === 403).toBe(!allowed);
  });

  it.each([
    ['remote PUT crypts yes', 'PUT', 500],
    ['remote DELETE crypts no', 'DELETE', 403],
  ])('9.3.2 permission table: %s', async (_, method, status) => {
    const path = method === 'PUT' ? 'crypts/nobody/a' : 'crypts/nobody';
    const answer = await site.askTls(`${method} /api/v1/${path}`, { from, body: 'key' });
    expect(answer.status).toBe(status);
  });

  it('9.3.3 audit takes user from the header and IP from the socket; empty user without header', async () => {
    const headers = { 'x-sabakan-user': 'cybozu', 'x-forwarded-for': '10.1.2.3' };
    await site.must('PUT /api/v1/config/dhcp', { body: {}, headers });
    await site.must('PUT /api/v1/config/dhcp', { body: {} });
    const lines = (await site.must('GET /api/v1/logs')).text.trimEnd().split('\n');
    const [named, unnamed] = lines.slice(-2).map((line) => JSON.parse(line));
    expect(named).toMatchObject({
      ...{ user: 'cybozu', ip: '127.0.0.1', category: 'dhcp', instance: 'config', action: 'put' },
      ...{ host: 'boot-0', rev: expect.stringMatching(/^\d+$/) },
    });
    expect(unnamed).toMatchObject({ user: '', ip: '127.0.0.1' });
  });

  it('9.3.4 POST machines: 201; duplicate 409', async () => {
    const { status, text, headers } = await register(aSpec('a1'), aSpec('a2', { labels: {} }));
    expect([status, text, headers['content-type']]).toEqual([201, '', 'application/json']);
    expect((await register(aSpec('a3'), aSpec('a1'))).status).toBe(409);
    expect(await serials('serial=a1,a2,a3')).toEqual(['a1', 'a2']);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['missing serial', { serial: '' }],
    ['missing role', { role: '' }],
    ['missing bmc', { bmc: undefined }],
    ['bad BMC type', { bmc: { type: 'a b' } }],
    ['bad role', { role: 'a/b' }],
    ['bad label name', { labels: { 'a b': 'c' } }],
    ['bad label value', { labels: { a: 'b c' } }],
  ])('9.3.4 POST machines: %s 400', async (_, wrong) => {
    const { status, json } = await register(aSpec('bad', wrong));
    expect([status, json.error]).toEqual([400, expect.stringMatching(/^invalid request: /)]);
    expect(await serials('serial=bad')).toEqual(['404']);
  });

  it('9.3.4 POST machines: empty or missing labels 201', async () => {
    expect(
      (await register(aSpec('l1', { labels: {} }), aSpec('l2', { labels: null }))).status,
    ).toBe(201);
    expect((await register(aSpec('l3'))).status).toBe(201);
  });

  describe('9.3.5 GET machines', () => {
    beforeAll(async () => {
      await site.must('POST /api/v1/machines', {
        body: [
          aSpec('g1', { rack: 11, role: 'cs', labels: { product: 'R630', datacenter: 'us' } }),
          aSpec('g2', { rack: 11, role: 'ss', labels: { product: 'R630', datacenter: 'ty3' } }),
          aSpec('g3', {
            rack: 12,
            role: 'cs',
            labels: { product: 'R730' },
            bmc: { type: 'IPMI-2.0' },
          }),
          aSpec('g4', { rack: 12, role: 'boot' }),
        ],
      });
      await bring('g1', 'healthy');
    });
    const base = 'rack=11,12&';
    it.each([
      ['serial=g1', 'g1'],
      ['serial=g1,g3', 'g1 g3'],
      ['rack=11', 'g1 g2'],
      ['rack=11,12', 'g1 g2 g3 g4'],
      [`${base}role=cs`, 'g1 g3'],
      [`${base}role=cs,boot`, 'g1 g3 g4'],
      ['ipv4=10.69.8.68', 'g1'],
      ['ipv4=10.69.8.132,10.69.8.5', 'g1'],
      [`${base}bmc-type=IPMI-2.0`, 'g3'],
      [`${base}state=healthy`, 'g1'],
      [`${base}state=healthy,uninitialized`, 'g1 g2 g3 g4'],
      ['labels=product=R630', 'g1 g2'],
      ['labels=product=R630,datacenter=us', 'g1'],
      ['rack=11&role=ss', 'g2'],
      ['rack=11&role=boot', '404'],
      [`${base}without-serial=g1,g2`, 'g3 g4'],
      [`${base}without-role=boot`, 'g1 g2 g3'],
      ['role=cs,ss,boot&without-rack=0,11', 'g3 g4'],
      [`${base}without-ipv4=10.69.8.132`, 'g2 g3 g4'],
      [`${base}without-bmc-type=IPMI-2.0`, 'g1 g2 g4'],
      [`${base}without-state=healthy`, 'g2 g3 g4'],
      [`${base}without-labels=product=R630`, 'g3 g4'],
      [`${base}without-labels=product=R630,datacenter=us`, 'g2 g3 g4'],
      ['rack=11&without-rack=12', '400'],
      ['serial=g1&without-serial=', 'g1'],
      ['serial=nobody', '404'],
      ['ipv6=fd00::1', '404'],
      ['foo=bar', '404'],
      ['rack=11&foo=bar', 'g1 g2'],
      ['serial=g1&serial=g2', 'g1'],
      ['rack=11&ipv4=&without-state=', 'g1 g2'],
    ])(
      '9.3.5 every filter, comma lists, `without-` forms, mixed filters, contradictory pair 400, no match 404: %s',
      async (query, found) => {
        expect((await serials(query)).join(' ')).toBe(found);
      },
    );

    it('9.3.5 a BMC address finds nothing', async () => {
      const [machine] = (await site.must('GET /api/v1/machines?serial=g1')).json;
      expect(await serials(`ipv4=${machine.spec.bmc.ipv4}`)).toEqual(['404']);
    });

    it('9.3.5 duration non-zero', async () => {
      const duration = async () =>
        (await site.must('GET /api/v1/machines?serial=g1')).json[0].status.duration;
      await expect.poll(duration).toBeGreaterThan(0);
    });

    it('9.3.5 serials come in the order given; without a filter all, ascending', async () => {
      const listed = async (query: string) =>
        (await site.must(`GET /api/v1/machines${query}`)).json.map(
          ({ spec }: { spec: { serial: string } }) => spec.serial,
        );
      expect(await listed('?serial=g3,g1,g2')).toEqual(['g3', 'g1', 'g2']);
      const all = await listed('');
      expect(all).toEqual([...all].sort());
      expect(await listed('/g1')).toEqual(all);
    });
  });

  it('9.3.6 DELETE machines: 500 not retired, 200 retired, 404 unknown', async () => {
    await register(aSpec('d1'));
    const answer = await site.ask('DELETE /api/v1/machines/d1');
    expect([answer.status, answer.json.error]).toEqual([
      500,
      expect.stringMatching(/^non-retired machine cannot be deleted: .*: Internal Server Error$/),
    ]);
    await bring('d1', 'retired');
    expect([await remove('machines/d1'), await remove('machines/d1')]).toEqual([200, 404]);
    expect(await remove('machines/')).toBe(400);
    expect((await register(aSpec('d1'))).status).toBe(201);
  });

  describe('9.3.7 state', () => {
    const states = [
      ...['uninitialized', 'healthy', 'unhealthy', 'unreachable', 'updating', 'retiring'],
      'retired',
    ];
    /** Sabakan 3.2: row from, column to. */
    const matrix = ['=✓···✓·', '·=✓✓✓✓·', '·✓=✓✓✓·', '·✓✓=✓✓·', '✓···=··', '·····=✓', '✓·····='];
    beforeAll(async () => {
      const body = states.flatMap((_, row) =>
        states.map((_, column) => aSpec(`s-${row}-${column}`, { rack: 20 + row })),
      );
      await site.must('POST /api/v1/machines', { body });
    });
    const pairs = states.flatMap((one, row) =>
      states.map((to, column) => [one, to, `s-${row}-${column}`, matrix[row]?.[column]] as const),
    );

    it.each(pairs)(
      '9.3.7 all 49 combinations of the matrix with 200/500: %s to %s',
      async (start, to, serial, cell) => {
        await bring(serial, start);
        const status = async () =>
          (await site.must(`GET /api/v1/machines?serial=${serial}`)).json[0].status;
        const before = await status();
        const answer = await site.ask(`PUT /api/v1/state/${serial}`, { body: to });
        if (cell === '·') {
          expect([answer.status, answer.json.error]).toEqual([
            500,
            `transition from [ ${start} ] to [ ${to} ] is forbidden: Internal Server Error`,
          ]);
        } else expect([answer.status, answer.text]).toEqual([200, '']);
        const after = await status();
        expect(after.state).toBe(cell === '·' ? start : to);
        if (cell !== '✓') expect(after.timestamp).toBe(before.timestamp);
        else expect(after.timestamp).not.toBe(before.timestamp);
      },
    );

    it('9.3.7 retired with key 400; unknown machine 404; GET text', async () => {
      await register(aSpec('s1', { rack: 28 }));
      await site.askTls('PUT /api/v1/crypts/s1/disk', { body: 'key' });
      await bring('s1', 'retiring');
      const refused = await site.ask('PUT /api/v1/state/s1', { body: 'retired' });
      expect([refused.status, refused.json.error]).toEqual([400, 'invalid request']);
      expect(await put('state/nobody', 'healthy')).toBe(404);
      const text = await site.must('GET /api/v1/state/s1');
      expect([text.text, text.headers['content-type']]).toEqual(['retiring', 'text/plain']);
      expect([await get('state/nobody'), await get('state/')]).toEqual([404, 400]);
    });

    it('9.3.7 the state is not trimmed, and at most 128 bytes', async () => {
      await register(aSpec('s2', { rack: 28 }));
      const { status, json } = await site.ask('PUT /api/v1/state/s2', { body: 'healthy\n' });
      expect([status, json.error]).toEqual([
        400,
        expect.stringMatching(/^invalid request: invalid state: /),
      ]);
      expect(await put('state/s2', 'x'.repeat(200))).toBeGreaterThanOrEqual(400);
      expect((await site.ask('POST /api/v1/state/s2', { body: 'healthy' })).status).toBe(405);
    });
  });

  it('9.3.8 labels: put, over-long name 400, over-long value 400, unknown machine 404; delete, missing label 404', async () => {
    await register(aSpec('b1'));
    expect([
      await put('labels/b1/a', 'x'),
      await put('labels/b1/a', ''),
      await put('labels/b1/b', 'y'),
    ]).toEqual([200, 200, 200]);
    const labels = async () =>
      (await site.must('GET /api/v1/machines?serial=b1')).json[0].spec.labels;
    expect(await labels()).toEqual({ a: '', b: 'y' });
    expect(await put(`labels/b1/${'n'.repeat(64)}`, 'x')).toBe(400);
    expect(await put('labels/b1/a', 'v'.repeat(64))).toBe(400);
    expect(await put('labels/b1/a/b', 'x')).toBe(400);
    expect(await put('labels/b1', 'x')).toBe(400);
    expect(await put('labels/nobody/a', 'x')).toBe(404);
    expect([await remove('labels/b1/a'), await remove('labels/b1/a')]).toEqual([200, 404]);
    expect(await remove('labels/nobody/a')).toBe(404);
    expect(await get('labels/b1/a')).toBe(405);
    expect(await labels()).toEqual({ b: 'y' });
  });

  it('9.3.9 retire date: empty serial 400, GET 405, unknown 404, bad date 400, nanosecond round trip 200', async () => {
    await register(aSpec('t1'));
    const date = '2023-10-10T09:08:07.000000345Z';
    expect(await put('retire-date/', date)).toBe(400);
    expect(await get('retire-date/t1')).toBe(405);
    expect(await put('retire-date/nobody', date)).toBe(404);
    expect(await put('retire-date/t1', '2023-10-10')).toBe(400);
    const stored = async () =>
      (await site.must('GET /api/v1/machines?serial=t1')).json[0].spec['retire-date'];
    expect([await put('retire-date/t1', date), await stored()]).toEqual([200, date]);
    const offset = '2023-10-10T09:08:07.5+09:00';
    expect([await put('retire-date/t1', ` ${offset}\n`), await stored()]).toEqual([200, offset]);
  });

  describe('9.3.10 crypts', () => {
    const crypts = (what: string, body?: string | Uint8Array) => {
      const [method, path] = what.split(' ');
      return site.askTls(`${method} /api/v1/crypts/${path}`, body === undefined ? {} : { body });
    };
    beforeAll(() => register(aSpec('c1', { rack: 9 }), aSpec('c12', { rack: 9 })));

    it('9.3.10 404 on the plain listener', async () => {
      expect(await get('crypts/c1/a')).toBe(404);
      expect(await put('crypts/c1/a', 'key')).toBe(404);
      expect(await remove('crypts/c1')).toBe(404);
    });

    it('9.3.10 GET hit and miss; PUT 201, 409, binary bytes intact, empty 400', async () => {
      const key = randomBytes(64);
      expect((await crypts('GET c1/a')).status).toBe(404);
      const stored = await crypts('PUT c1/a', key);
      expect([stored.status, stored.text]).toEqual([201, '{"path":"a","status":201}\n']);
      const got = await crypts('GET c1/a');
      expect([got.status, got.headers['content-type'], got.headers['content-length']]).toEqual([
        ...[200, 'application/octet-stream', '64'],
      ]);
      expect(got.bytes.equals(key)).toBe(true);
      expect((await crypts('PUT c1/a', key)).status).toBe(409);
      expect((await crypts('PUT c1/b', '')).status).toBe(400);
      expect((await crypts('PUT c1/b', randomBytes(4097))).status).toBe(500);
      expect((await crypts('PUT c1', key)).status).toBe(400);
      expect((await crypts('PUT c1/b/c', key)).status).toBe(400);
      expect((await crypts('PUT nobody/a', key)).status).toBe(500);
      expect((await crypts('POST c1/a', key)).status).toBe(405);
    });

    it('9.3.10 DELETE 500 when not retiring, 200 with the exact list when retiring, neighbour serial with the same prefix untouched, no PUT afterwards in retiring and retired', async () => {
      const neighbour = randomBytes(64);
      await crypts('PUT c1/z', 'key');
      await crypts('PUT c12/a', neighbour);
      expect((await crypts('DELETE c1')).status).toBe(500);
      await bring('c1', 'retiring');
      const removed = await crypts('DELETE c1');
      expect([removed.status, removed.json]).toEqual([200, ['a', 'z']]);
      expect((await crypts('DELETE c1')).text).toBe('[]\n');
      expect((await crypts('DELETE nobody')).status).toBe(404);
      expect((await crypts('GET c12/a')).bytes.equals(neighbour)).toBe(true);
      expect((await crypts('PUT c1/a', 'key')).status).toBe(500);
      expect(await put('state/c1', 'retired')).toBe(200);
      expect((await crypts('PUT c1/a', 'key')).status).toBe(500);
      expect((await crypts('GET c1/a')).status).toBe(404);
    });
  });

  it('9.3.18 health, version bodies', async () => {
    expect((await site.must('GET /health')).text).toBe('{"health":"healthy"}\n');
    expect((await site.must('GET /version')).text).toMatch(
      /^\{"version":"\d+\.\d+\.\d+[^"]*"\}\n$/,
    );
    for (const path of ['health', 'version']) {
      expect((await site.ask(`POST /${path}`)).status).toBe(405);
    }
  });
});
