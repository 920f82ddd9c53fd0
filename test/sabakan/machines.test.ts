import { describe, expect, it } from 'vitest';
import { keys } from '../../src/inventory/keys.ts';
import { allowedTransitions } from '../../src/inventory/lifecycle.ts';
import { machineStates } from '../../src/inventory/machine.ts';
import { aFace, aSpec, type TestFace } from '../support/face.ts';

const serialsIn = (json: readonly { readonly spec: { readonly serial: string } }[]) =>
  json.map(({ spec }) => spec.serial);

describe('registering machines', () => {
  it('answers 201 with no body and shows them at once, as Sabakan prints them', async () => {
    const face = await aFace();
    const answer = await face.ask('POST /api/v1/machines', {
      body: [aSpec('a<b', { labels: { z: '1', 'machine-type': 'x' }, 'retire-date': retire })],
    });
    expect([answer.statusCode, answer.body]).toEqual([201, '']);
    face.clock.advance(1500);
    expect((await face.ask('GET /api/v1/machines')).body).toBe(
      '[{"spec":{"serial":"a\\u003cb","labels":{"machine-type":"x","z":"1"},"rack":0,"index-in-rack":4,"role":"cs",' +
        '"ipv4":["10.69.0.4","10.69.0.68","10.69.0.132"],"ipv6":null,"register-date":"2026-11-21T06:00:00Z",' +
        `"retire-date":"${retire}","bmc":{"ipv4":"10.72.17.4","ipv6":"","type":"iDRAC-9"}},` +
        '"status":{"timestamp":"2026-11-21T06:00:00Z","duration":1.5,"state":"uninitialized"},' +
        '"info":{"network":{"ipv4":[{"address":"10.69.0.4","netmask":"255.255.255.192","maskbits":26,"gateway":"10.69.0.1"},' +
        '{"address":"10.69.0.68","netmask":"255.255.255.192","maskbits":26,"gateway":"10.69.0.65"},' +
        '{"address":"10.69.0.132","netmask":"255.255.255.192","maskbits":26,"gateway":"10.69.0.129"}]},' +
        '"bmc":{"ipv4":{"address":"10.72.17.4","netmask":"255.255.240.0","maskbits":20,"gateway":"10.72.16.1"}}}}]\n',
    );
  });
  const retire = '2031-11-21T06:00:00.000000345+09:00';

  it.each([
    ['no JSON', '{', 400],
    ['nothing', '', 400],
    ['an object', {}, 400],
    ['no serial', [aSpec('')], 400],
    ['no role', [aSpec('x', { role: undefined })], 400],
    ['a bad role', [aSpec('x', { role: 'a/b' })], 400],
    ['no BMC', [aSpec('x', { bmc: undefined })], 400],
    ['a bad BMC type', [aSpec('x', { bmc: { type: 'a b' } })], 400],
    ['a bad label name', [aSpec('x', { labels: { 'a/b': '' } })], 400],
    ['a bad label value', [aSpec('x', { labels: { a: '!' } })], 400],
    ['a rack as text', [aSpec('x', { rack: '1' })], 400],
    ['a negative rack', [aSpec('x', { rack: -1 })], 400],
    ['a null element', [null], 400],
    ['a bad retire date', [aSpec('x', { 'retire-date': 'soon' })], 400],
    ['a taken serial', [aSpec('there')], 409],
    ['a second boot machine', [aSpec('x', { role: 'boot' })], 409],
    ['two boot machines', ['x', 'y'].map((s) => aSpec(s, { role: 'boot', rack: 1 })), 409],
    ['one serial twice', [aSpec('x'), aSpec('x')], 500],
    ['a full rack', Array.from({ length: 29 }, (_, at) => aSpec(`x${at}`, { rack: 1 })), 500],
    ['no labels', [aSpec('x', { labels: {} })], 201],
    [
      'a rack as a fraction',
      `[${JSON.stringify(aSpec('x')).replace('"rack":0', '"rack":1.0')}]`,
      400,
    ],
    ['labels without a value', [aSpec('x', { labels: { a: null } })], 201],
    ['members in capitals', [{ Serial: 'x', ROLE: 'cs', BMC: { Type: 'ipmi' } }], 201],
    ['more after the list', `${JSON.stringify([aSpec('x')])} {"not": looked at`, 201],
    ['a byte order mark', '\ufeff[]', 400],
    ['an empty list', [], 201],
    ['null', 'null', 201],
    ['members it does not know', [aSpec('x', { colour: 'red', ipv4: ['1.2.3.4'] })], 201],
  ])('%s', async (_, body, status) => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', {
      body: [aSpec('there'), aSpec('boot', { role: 'boot' })],
    });
    const answer = await face.ask('POST /api/v1/machines', { body });
    expect([answer.statusCode, answer.body]).toEqual([status, expect.anything()]);
    const shown = (await face.ask('GET /api/v1/machines')).json();
    expect(shown.length > 2).toBe(status === 201 && answer.statusCode === 201 && shown.length > 2);
  });

  it('as sabactl sends it, with the zero values of Go, takes those for "none"', async () => {
    const face = await aFace();
    // What Go makes of a file with serial, rack, role and BMC type alone.
    const zero = '0001-01-01T00:00:00Z';
    const body = `[{"serial":"a","labels":null,"rack":0,"index-in-rack":0,"role":"cs","ipv4":null,"ipv6":null,\
"register-date":"${zero}","retire-date":"${zero}","bmc":{"ipv4":"","ipv6":"","type":"iDRAC-9"}}]`;
    await face.must('POST /api/v1/machines', { body });
    const [{ spec }] = (await face.ask('GET /api/v1/machines')).json();
    expect([spec['register-date'], spec['retire-date']]).toEqual([
      '2026-11-21T06:00:00Z',
      '2026-11-21T06:00:00Z',
    ]);
    expect(spec).toMatchObject({ labels: null, 'index-in-rack': 4, ipv6: null });
  });

  it('without the IPAM configuration is 500, with the cause', async () => {
    const face = await aFace({ ipam: 'unset' });
    const answer = await face.ask('POST /api/v1/machines', { body: [aSpec('a')] });
    expect([answer.statusCode, answer.json().error]).toEqual([
      500,
      expect.stringMatching(/^IPAMConfig is not set.*: Internal Server Error$/),
    ]);
    expect((await face.ask('GET /api/v1/config/ipam')).statusCode).toBe(404);
  });

  it('forbids a new IPAM configuration', async () => {
    const face = await aFace();
    const config = (await face.ask('GET /api/v1/config/ipam')).json();
    expect((await face.ask('PUT /api/v1/config/ipam', { body: config })).body).toBe('null\n');
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const answer = await face.ask('PUT /api/v1/config/ipam', { body: config });
    expect([answer.statusCode, answer.json().error]).toEqual([
      500,
      expect.stringMatching(/^machines already exist/),
    ]);
  });
});

describe('searching machines', () => {
  const fleet = async (): Promise<TestFace> => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', {
      body: [
        aSpec('b', { labels: { product: 'R630', datacenter: 'us' } }),
        aSpec('a', { labels: { product: 'R730' }, role: 'ss' }),
        aSpec('c', { rack: 1, bmc: { type: 'ipmi' } }),
        aSpec('d', { rack: 1, role: 'boot', labels: { product: 'R630' } }),
      ],
    });
    await face.must('PUT /api/v1/state/c', { body: 'healthy' });
    return face;
  };

  it.each<[string, number, string]>([
    ['', 200, 'a b c d'],
    ['?', 200, 'a b c d'],
    ['?serial=&rack=&without-labels=', 200, 'a b c d'],
    ['?serial=c', 200, 'c'],
    ['?serial=d,a,c', 200, 'd a c'],
    ['?serial=c,c', 200, 'c c'],
    ['?serial=c&serial=d', 200, 'c'],
    ['?serial=c&rack=0', 404, ''],
    ['?serial=nope', 404, ''],
    ['?rack=1', 200, 'c d'],
    ['?rack=01', 404, ''],
    ['?rack=0,1', 200, 'a b c d'],
    ['?role=cs', 200, 'b c'],
    ['?role=ss,boot', 200, 'a d'],
    ['?ipv4=10.69.0.4', 200, 'b'],
    ['?ipv4=10.69.0.68', 200, 'b'],
    // The address of its BMC.
    ['?ipv4=10.72.17.4', 404, ''],
    ['?ipv6=::1', 404, ''],
    ['?bmc-type=ipmi', 200, 'c'],
    ['?state=healthy', 200, 'c'],
    ['?state=HEALTHY', 404, ''],
    ['?labels=product=R630', 200, 'b d'],
    ['?labels=product=R630,datacenter=us', 200, 'b'],
    ['?without-labels=product=R630,datacenter=us', 200, 'a c d'],
    ['?without-labels=product=R630', 200, 'a c'],
    ['?without-serial=a,b', 200, 'c d'],
    ['?without-rack=0&without-role=boot', 200, 'c'],
    ['?without-state=healthy&rack=1', 200, 'd'],
    ['?without-bmc-type=ipmi', 200, 'a b d'],
    ['?without-ipv4=10.69.0.4', 200, 'a c d'],
    ['?without-ipv6=::1', 200, 'a b c d'],
    ['?without-rack=0,1', 404, ''],
    ['?serial=a&without-serial=b', 400, ''],
    ['?labels=a=b&without-labels=c=d', 400, ''],
    ['?rack=0&without-rack=', 200, 'a b'],
    ['?labels=product', 500, ''],
    ['?without-labels=product', 500, ''],
    ['?labels=product&rack=7', 404, ''],
    ['?foo=bar', 404, ''],
    ['?foo=bar&rack=1', 200, 'c d'],
    ['?foo=', 200, 'a b c d'],
    ['?constructor=1', 404, ''],
  ])('%s', async (query, status, serials) => {
    const face = await fleet();
    const answer = await face.ask(`GET /api/v1/machines${query}`);
    expect(answer.statusCode).toBe(status);
    if (status !== 200) return;
    const found = serialsIn(answer.json());
    const isOrdered = query.includes('serial=') || query === '';
    expect((isOrdered ? found : found.toSorted()).join(' ')).toBe(serials);
  });

  it('says what contradicts', async () => {
    const face = await fleet();
    const answer = await face.ask('GET /api/v1/machines?rack=0&without-rack=1');
    expect(answer.json().error).toBe(
      "invalid request: 'with' and 'without' options about the same things are specified.",
    );
  });

  it('the whole list has a tag that holds as long as nothing changes', async () => {
    const face = await fleet();
    const first = await face.ask('GET /api/v1/machines');
    const etag = String(first.headers['etag']);
    face.clock.advance(5000);
    const again = await face.ask('GET /api/v1/machines', { headers: { 'if-none-match': etag } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    await face.must('PUT /api/v1/labels/a/x', { body: 'y' });
    const changed = await face.ask('GET /api/v1/machines', { headers: { 'if-none-match': etag } });
    expect(changed.statusCode).toBe(200);
    expect(changed.json()[0].spec.labels).toEqual({ product: 'R730', x: 'y' });
  });

  it('duration is the age of the state, at most a second old', async () => {
    const face = await fleet();
    for (const [ms, least] of [
      [0, 0],
      [999, 0],
      [1, 1],
      [60_000, 61],
    ] as const) {
      face.clock.advance(ms);
      const [one] = (await face.ask('GET /api/v1/machines')).json();
      expect(one.status.duration).toBeGreaterThanOrEqual(least);
      expect(one.status.duration).toBeLessThanOrEqual(least + 1);
    }
  });

  it('a record that cannot be read makes the list an error, not shorter', async () => {
    const face = await fleet();
    await face.store.commit(
      [],
      [{ kind: 'put', key: keys.machine('b'), value: new TextEncoder().encode('{') }],
    );
    await face.clock.run(0);
    const answer = await face.ask('GET /api/v1/machines');
    expect([answer.statusCode, answer.json().error]).toEqual([
      500,
      expect.stringContaining('machines/b'),
    ]);
    const { data, errors } = await face.graphql('{ searchMachines { spec { serial } } }');
    expect([data, errors?.length]).toEqual([null, 1]);
  });
});

describe('states', () => {
  /** The shortest road from a new machine to each state. */
  const roads = {
    uninitialized: [],
    healthy: ['healthy'],
    unhealthy: ['healthy', 'unhealthy'],
    unreachable: ['healthy', 'unreachable'],
    updating: ['healthy', 'updating'],
    retiring: ['retiring'],
    retired: ['retiring', 'retired'],
  } as const;

  it.each(machineStates)('from %s: 200 or Sabakan’s 500 for each of the seven', async (from) => {
    for (const to of machineStates) {
      const face = await aFace();
      await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
      for (const step of roads[from]) await face.must('PUT /api/v1/state/a', { body: step });
      const answer = await face.ask('PUT /api/v1/state/a', { body: to });
      const allowed = from === to || allowedTransitions[from].includes(to);
      expect([from, to, answer.statusCode]).toEqual([from, to, allowed ? 200 : 500]);
      expect(answer.body).toBe(
        allowed
          ? ''
          : `{"error":"transition from [ ${from} ] to [ ${to} ] is forbidden: Internal Server Error",` +
              '"request_id":"r-1","status":500}\n',
      );
      const shown = await face.ask('GET /api/v1/state/a');
      expect([shown.body, shown.headers['content-type']]).toEqual([
        allowed ? to : from,
        'text/plain',
      ]);
    }
  });

  it.each([
    ['healthy\n', 400],
    ['HEALTHY', 400],
    ['', 400],
    ['x'.repeat(129), 500],
    [new Uint8Array([0xff]), 400],
  ])('a body of %j is %s', async (body, status) => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    expect((await face.ask('PUT /api/v1/state/a', { body })).statusCode).toBe(status);
  });

  it('of a machine that nobody knows are 404', async () => {
    const face = await aFace();
    expect((await face.ask('GET /api/v1/state/a')).statusCode).toBe(404);
    expect((await face.ask('PUT /api/v1/state/a', { body: 'healthy' })).statusCode).toBe(404);
  });

  it('a machine that still holds disk keys cannot be retired', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    await face.must('PUT /api/v1/state/a', { body: 'retiring' });
    const key = `${keys.diskKeys('a')}disk`;
    await face.store.commit([], [{ kind: 'put', key, value: new Uint8Array([1]) }]);
    const rest = await face.ask('PUT /api/v1/state/a', { body: 'retired' });
    expect([rest.statusCode, rest.json().error]).toEqual([400, 'invalid request']);
    const { errors } = await face.graphql(
      'mutation { setMachineState(serial: "a", state: RETIRED) { state } }',
    );
    expect(errors?.[0]?.extensions).toEqual({ serial: 'a', type: 'ENCRYPTION_KEY_EXISTS' });
  });

  it('only a retired machine is deleted, and its serial can come back', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const early = await face.ask('DELETE /api/v1/machines/a');
    expect([early.statusCode, early.json().error]).toEqual([
      500,
      expect.stringMatching(/^non-retired machine cannot be deleted.*Internal Server Error$/),
    ]);
    for (const body of ['retiring', 'retired']) await face.must('PUT /api/v1/state/a', { body });
    const deleted = await face.ask('DELETE /api/v1/machines/a');
    expect([deleted.statusCode, deleted.body]).toEqual([200, '']);
    expect((await face.ask('DELETE /api/v1/machines/a')).statusCode).toBe(404);
    for (const path of ['machines', 'machines/', 'machines-a', 'machinesXa']) {
      expect([path, (await face.ask(`DELETE /api/v1/${path}`)).statusCode]).toEqual([path, 400]);
    }
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
  });
});

describe('labels and retire dates', () => {
  it('labels are null where there never were any, and {} when the last one went', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', {
      body: [aSpec('a'), aSpec('b', { labels: {} }), aSpec('c', { labels: { x: 'y' } })],
    });
    await face.must('DELETE /api/v1/labels/c/x');
    const shown = (await face.ask('GET /api/v1/machines')).json();
    expect(shown.map((machine: { spec: { labels: unknown } }) => machine.spec.labels)).toEqual([
      null,
      {},
      {},
    ]);
    const { data } = await face.graphql('{ searchMachines { spec { labels { name } } } }');
    expect(data.searchMachines[2].spec.labels).toBeNull();
  });

  const check = async (what: string, body: string, status: number) => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a', { labels: { there: 'x' } })] });
    const answer = await face.ask(what, { body });
    expect([what.slice(0, 60), answer.statusCode]).toEqual([what.slice(0, 60), status]);
  };

  it('labels are put and deleted one by one', async () => {
    await check('PUT /api/v1/labels/a/b', 'c', 200);
    await check('PUT /api/v1/labels/a/b', '', 200);
    await check('PUT /api/v1/labels/a/there', 'y', 200);
    await check('DELETE /api/v1/labels/a/there', '', 200);
    await check('DELETE /api/v1/labels/a/b', '', 404);
    await check('DELETE /api/v1/labels/b/there', '', 404);
    await check('PUT /api/v1/labels/b/b', 'c', 404);
    await check('PUT /api/v1/labels/a', 'c', 400);
    await check('PUT /api/v1/labels/a/', 'c', 400);
    await check('PUT /api/v1/labels/a/b/c', 'c', 400);
    await check(`PUT /api/v1/labels/a/${'b'.repeat(64)}`, 'c', 400);
    await check('PUT /api/v1/labels/a/b', 'c'.repeat(64), 400);
    await check('PUT /api/v1/labels/a/b', 'c\n', 400);
    await check('PUT /api/v1/labels/a/b', 'c'.repeat(1025), 500);
    await check('PUT /api/v1/labels//b', 'c', 404);
    await check('PUT /api/v1/labels/a/__proto__', 'c', 400);
    await check('PUT /api/v1/labels/a/constructor', 'c', 200);
    await check('POST /api/v1/labels/a/b', 'c', 405);
  });

  it('retire dates are RFC 3339, trimmed, and keep their nanoseconds and offset', async () => {
    await check('PUT /api/v1/retire-date/a', ' 2031-01-02T03:04:05Z\n', 200);
    await check('PUT /api/v1/retire-date/a', '2031-01-02', 400);
    await check('PUT /api/v1/retire-date/a', '2031-02-31T03:04:05Z', 400);
    await check('PUT /api/v1/retire-date/', '2031-01-02T03:04:05Z', 400);
    await check('PUT /api/v1/retire-date/b', '2031-01-02T03:04:05Z', 404);
    await check('GET /api/v1/retire-date/a', '', 405);
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const date = '2031-01-02T03:04:05.000000345+09:00';
    await face.must('PUT /api/v1/retire-date/a', { body: date });
    const [machine] = (await face.ask('GET /api/v1/machines')).json();
    expect(machine.spec['retire-date']).toBe(date);
  });
});

describe('the audit log', () => {
  it('has the user from the header and the address from the socket', async () => {
    const face = await aFace();
    const headers = { 'x-sabakan-user': 'cybozu' };
    await face.must('POST /api/v1/machines', { body: [aSpec('a'), aSpec('b')], headers });
    await face.must('PUT /api/v1/state/a', { body: 'healthy', from: '::ffff:10.69.0.9' });
    const answer = await face.ask('GET /api/v1/logs');
    const lines = answer.body.trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line));
    expect(
      records.map(({ user, ip, host, category, action }) => [user, ip, host, category, action]),
    ).toEqual([
      ['', '127.0.0.1', 'boot-0', 'ipam', 'put'],
      ['cybozu', '127.0.0.1', 'boot-0', 'machines', 'register'],
      ['', '10.69.0.9', 'boot-0', 'machines', expect.any(String)],
    ]);
    expect(records[1].detail).toBe('a\nb');
  });

  it('is asked by whole days', async () => {
    const face = await aFace();
    for (const [query, status, lines] of [
      ['since=20261121', 200, 1],
      ['until=20261122&since=', 200, 1],
      ['until=20261121', 200, 0],
      ['since=20261122', 200, 0],
      ['since=2026-11-21', 400, 0],
      ['since=20261131', 400, 0],
      ['since=tomorrow', 400, 0],
    ] as const) {
      const answer = await face.ask(`GET /api/v1/logs?${query}`);
      expect([query, answer.statusCode]).toEqual([query, status]);
      if (status === 200)
        expect([query, answer.body.match(/\n/g)?.length ?? 0]).toEqual([query, lines]);
    }
  });
});
