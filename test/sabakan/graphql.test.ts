import { describe, expect, it } from 'vitest';
import { aFace, aSpec, type TestFace } from '../support/face.ts';

/** CKE's document, with its object default, enum literal and missing comma. */
const ckeSearch = `query ckeSearch($having: MachineParams = null,
  $notHaving: MachineParams = {
    roles: ["boot"]
    states: [RETIRED]
  }) {
  searchMachines(having: $having, notHaving: $notHaving) {
    spec {
      serial
      labels {
        name
        value
      }
      rack
      indexInRack
      role
      ipv4
      registerDate
      retireDate
      bmc {
        bmcType
      }
    }
    status {
      state
      duration
    }
  }
}`;

const nulls = { labels: null, racks: null, roles: null, states: null };

async function fleet(): Promise<TestFace> {
  const face = await aFace();
  await face.must('POST /api/v1/machines', {
    body: [
      aSpec('c', { labels: { z: '1', a: '2' }, 'retire-date': '2026-12-01T06:00:00Z' }),
      aSpec('a', { labels: { z: '1' }, 'retire-date': '2031-11-21T06:00:00Z' }),
      aSpec('b', { rack: 1, role: 'boot', 'retire-date': '2031-11-21T06:00:00Z' }),
      aSpec('d', { rack: 1, 'retire-date': '2031-11-21T06:00:00Z' }),
    ],
  });
  for (const body of ['retiring', 'retired']) await face.must('PUT /api/v1/state/d', { body });
  await face.must('PUT /api/v1/state/a', { body: 'healthy' });
  return face;
}

const search = async (face: TestFace, variables?: object): Promise<string> => {
  const { data, errors } = await face.graphql(ckeSearch, variables);
  if (errors !== undefined) return `error: ${errors[0]?.message}`;
  return data.searchMachines
    .map((machine: { spec: { serial: string } }) => machine.spec.serial)
    .join(' ');
};

describe('ckeSearch', () => {
  it('is answered to the letter', async () => {
    const face = await fleet();
    face.clock.advance(2500);
    const answer = await face.ask('POST /graphql', {
      headers: { 'content-type': 'application/json' },
      body: { query: ckeSearch },
    });
    expect(answer.body).toBe(
      '{"data":{"searchMachines":[' +
        '{"spec":{"serial":"a","labels":[{"name":"z","value":"1"}],"rack":0,"indexInRack":5,"role":"cs",' +
        '"ipv4":["10.69.0.5","10.69.0.69","10.69.0.133"],"registerDate":"2026-11-21T06:00:00Z",' +
        '"retireDate":"2031-11-21T06:00:00Z","bmc":{"bmcType":"iDRAC-9"}},"status":{"state":"HEALTHY","duration":2.5}},' +
        '{"spec":{"serial":"c","labels":[{"name":"a","value":"2"},{"name":"z","value":"1"}],"rack":0,"indexInRack":4,"role":"cs",' +
        '"ipv4":["10.69.0.4","10.69.0.68","10.69.0.132"],"registerDate":"2026-11-21T06:00:00Z",' +
        '"retireDate":"2026-12-01T06:00:00Z","bmc":{"bmcType":"iDRAC-9"}},"status":{"state":"UNINITIALIZED","duration":2.5}}' +
        ']}}\n',
    );
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it.each<[string, object | undefined, string]>([
    ['no variables: the defaults of the document', undefined, 'a c'],
    ['empty variables: the defaults, too', {}, 'a c'],
    ['explicit nulls override the defaults', { having: null, notHaving: null }, 'a b c d'],
    ['null lists are no condition', { having: nulls, notHaving: nulls }, 'a b c d'],
    [
      'empty lists are no condition',
      { having: { racks: [], labels: [] }, notHaving: {} },
      'a b c d',
    ],
    ['racks', { having: { ...nulls, racks: [1] }, notHaving: null }, 'b d'],
    ['states', { having: { states: ['HEALTHY', 'RETIRED'] }, notHaving: null }, 'a d'],
    ['roles', { having: { roles: ['boot'] }, notHaving: null }, 'b'],
    ['fields together', { having: { racks: [1], roles: ['cs'] }, notHaving: null }, 'd'],
    [
      'having: all labels',
      { having: { labels: [lab('z', '1'), lab('a', '2')] }, notHaving: null },
      'c',
    ],
    ['notHaving: any label', { notHaving: { labels: [lab('z', '9'), lab('a', '2')] } }, 'a b d'],
    ['notHaving: any field', { notHaving: { racks: [1], states: ['HEALTHY'] } }, 'c'],
    ['ten days left are ten', { having: { minDaysBeforeRetire: 10 }, notHaving: null }, 'a b c d'],
    [
      'ten days left are not eleven',
      { having: { minDaysBeforeRetire: 11 }, notHaving: null },
      'a b d',
    ],
    ['and excluded by ten', { notHaving: { minDaysBeforeRetire: 10 } }, ''],
    ['but not by eleven', { notHaving: { minDaysBeforeRetire: 11 } }, 'c'],
    ['minDays may be null', { having: { minDaysBeforeRetire: null }, notHaving: null }, 'a b c d'],
    ['nothing found is an empty list', { having: { racks: [99] } }, ''],
  ])('%s', async (_, variables, serials) => {
    expect(await search(await fleet(), variables)).toBe(serials);
  });

  it.each<[string, object]>([
    ['an unknown state', { having: { states: ['healthy'] } }],
    ['a rack as text', { having: { racks: ['1'] } }],
    ['a null in a list', { having: { racks: [null] } }],
    ['an unknown member', { having: { colour: 'red' } }],
    ['a label without value', { having: { labels: [{ name: 'a' }] } }],
  ])('%s in the variables is errors without data', async (_, variables) => {
    const face = await fleet();
    const answer = await face.graphql(ckeSearch, variables);
    expect([answer.data, answer.errors?.length]).toEqual([null, 1]);
    expect(answer.status).toBe(422);
  });

  it('duration starts anew with a change of state, not with the same state', async () => {
    const face = await fleet();
    const duration = async () => {
      const { data } = await face.graphql('{ machine(serial: "a") { status { duration } } }');
      return data.machine.status.duration;
    };
    face.clock.advance(10_000);
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    expect(await duration()).toBe(10);
    await face.must('PUT /api/v1/state/a', { body: 'unhealthy' });
    expect(await duration()).toBe(0);
  });
});

function lab(name: string, value: string) {
  return { name, value };
}

describe('machine', () => {
  it('shows everything the schema has', async () => {
    const face = await fleet();
    const { data } = await face.graphql(`{ machine(serial: "d") {
      spec { labels { name } bmc { bmcType ipv4 } }
      status { state timestamp }
      info { network { ipv4 { address netmask maskbits gateway } } bmc { ipv4 { address maskbits } } } } }`);
    expect(data.machine).toEqual({
      spec: { labels: null, bmc: { bmcType: 'iDRAC-9', ipv4: '10.72.17.36' } },
      status: { state: 'RETIRED', timestamp: '2026-11-21T06:00:00Z' },
      info: {
        network: {
          ipv4: [
            {
              address: '10.69.0.196',
              netmask: '255.255.255.192',
              maskbits: 26,
              gateway: '10.69.0.193',
            },
            {
              address: '10.69.1.4',
              netmask: '255.255.255.192',
              maskbits: 26,
              gateway: '10.69.1.1',
            },
            {
              address: '10.69.1.68',
              netmask: '255.255.255.192',
              maskbits: 26,
              gateway: '10.69.1.65',
            },
          ],
        },
        bmc: { ipv4: { address: '10.72.17.36', maskbits: 20 } },
      },
    });
  });

  it('that nobody knows is "not found", without extensions', async () => {
    const face = await fleet();
    const answer = await face.ask('POST /graphql', {
      headers: { 'content-type': 'application/json' },
      body: { query: '{ machine(serial: "x") { spec { serial } } }' },
    });
    expect([answer.statusCode, answer.body]).toEqual([
      200,
      '{"errors":[{"message":"not found","path":["machine"]}],"data":null}\n',
    ]);
  });
});

describe('setMachineState', () => {
  const set = (serial: string, state: string) =>
    `mutation { setMachineState(serial: "${serial}", state: ${state}) { state duration } }`;

  it('answers the new status and is in the audit log', async () => {
    const face = await fleet();
    face.clock.advance(1000);
    const { data } = await face.graphql(set('a', 'UNHEALTHY'));
    expect(data).toEqual({ setMachineState: { state: 'UNHEALTHY', duration: 0 } });
    expect((await face.graphql(set('a', 'UNHEALTHY'))).errors).toBeUndefined();
    const log = (await face.ask('GET /api/v1/logs')).body.trimEnd().split('\n');
    expect(JSON.parse(log.at(-1) ?? '')).toMatchObject({ category: 'machines', instance: 'a' });
  });

  it.each([
    ['x', 'HEALTHY', 'MACHINE_NOT_FOUND', 'not found'],
    [
      'a',
      'UNINITIALIZED',
      'INVALID_STATE_TRANSITION',
      'transition from [ healthy ] to [ uninitialized ] is forbidden',
    ],
  ])('%s to %s is %s, with status 200', async (serial, state, type, message) => {
    const face = await fleet();
    expect(await face.graphql(set(serial, state))).toEqual({
      status: 200,
      data: null,
      errors: [{ message, path: ['setMachineState'], extensions: { serial, type } }],
    });
  });

  it('is for the allowed networks alone, unlike with Sabakan', async () => {
    const face = await fleet();
    const answer = await face.graphql(set('a', 'UNHEALTHY'), undefined, undefined);
    expect(answer.errors).toBeUndefined();
    const remote = await face.ask('POST /graphql', {
      headers: { 'content-type': 'application/json' },
      body: { query: set('a', 'HEALTHY') },
      from: '192.0.2.7',
    });
    expect(remote.json()).toMatchObject({ data: null, errors: [{ path: ['setMachineState'] }] });
    expect((await face.ask('GET /api/v1/state/a')).body).toBe('unhealthy');
  });

  it('is refused by GET, and by an unknown state', async () => {
    const face = await fleet();
    const url = `/graphql?query=${encodeURIComponent(set('a', 'UNHEALTHY'))}`;
    expect((await face.ask(`GET ${url}`)).json().errors).toHaveLength(1);
    expect((await face.graphql(set('a', 'BROKEN'))).errors?.[0]?.message).toContain('BROKEN');
    expect((await face.ask('GET /api/v1/state/a')).body).toBe('healthy');
  });
});

describe('the GraphQL endpoint', () => {
  it('takes queries by GET with variables', async () => {
    const face = await fleet();
    const query = encodeURIComponent(ckeSearch);
    const variables = encodeURIComponent('{"having":{"racks":[1]},"notHaving":null}');
    const answer = await face.ask(`GET /graphql?query=${query}&variables=${variables}`);
    expect(answer.json().data.searchMachines).toHaveLength(2);
  });

  it('is introspected with the names, types and defaults of Sabakan', async () => {
    const face = await aFace();
    const { data } = await face.graphql(`{ __schema { types { name
      fields { name type { ...t } args { name type { ...t } } } inputFields { name defaultValue type { ...t } }
      enumValues { name } } } }
      fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`);
    const types = data.__schema.types.filter(
      ({ name }: { name: string }) => !name.startsWith('__'),
    );
    const named = (name: string) => types.find((type: { name: string }) => type.name === name);
    expect(types.map(({ name }: { name: string }) => name).sort()).toEqual(
      `BMC BMCInfo Boolean DateTime Float ID IPAddress Int Label LabelInput Machine MachineInfo MachineParams
       MachineSpec MachineState MachineStatus Mutation NICConfig NetworkInfo Query String`
        .split(/\s+/)
        .sort(),
    );
    expect(named('MachineState').enumValues.map(({ name }: { name: string }) => name)).toEqual([
      'UNINITIALIZED',
      'HEALTHY',
      'UNHEALTHY',
      'UNREACHABLE',
      'UPDATING',
      'RETIRING',
      'RETIRED',
    ]);
    const params = named('MachineParams').inputFields;
    expect(
      params.map((field: { name: string; defaultValue: string }) => [
        field.name,
        field.defaultValue,
      ]),
    ).toEqual([
      ['labels', 'null'],
      ['racks', 'null'],
      ['roles', 'null'],
      ['states', 'null'],
      ['minDaysBeforeRetire', 'null'],
    ]);
  });

  const body = (query: string) => ({ query });
  it.each<[string, unknown]>([
    ['no JSON', '{'],
    ['a list', [body('{ __typename }')]],
    ['null', 'null'],
    ['no query', {}],
    ['a query that is no text', { query: 1 }],
    ['variables that are no object', { query: '{ __typename }', variables: [] }],
    ['no GraphQL', body('{')],
    ['an unknown field', body('{ machines { serial } }')],
    ['an unknown operation', { query: 'query a { __typename }', operationName: 'b' }],
    ['two operations and no name', body('query a { __typename } query b { __typename }')],
    ['a subscription', body('subscription { a }')],
    ['a fragment in itself', body('{ ...a } fragment a on Query { ...a }')],
    [
      'an alias bomb',
      body(`{ ${Array.from({ length: 600 }, (_, at) => `a${at}: __typename`).join(' ')} }`),
    ],
    [
      'fifty-one names of one thing',
      body(
        `{ machine(serial: "a") { ${Array.from({ length: 51 }, (_, at) => `a${at}: spec { rack }`)} } }`,
      ),
    ],
    [
      'the fleet eleven times',
      body(
        `{ ${Array.from({ length: 11 }, (_, at) => `a${at}: searchMachines { spec { serial } }`)} }`,
      ),
    ],
    ['eleven levels', body(`${'{ a '.repeat(11)}${'}'.repeat(11)}`)],
    ['thousands of levels', body('{ a '.repeat(50_000))],
    ['thousands of brackets', body(`{ machine(serial: ${'['.repeat(50_000)}`)],
    ['deep JSON', `{"query":"{__typename}","variables":${'['.repeat(5000)}${']'.repeat(5000)}}`],
  ])('%s is an error of the client, without data', async (_, sent) => {
    const face = await aFace();
    const answer = await face.ask('POST /graphql', {
      headers: { 'content-type': 'application/json' },
      body: sent as object,
    });
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.statusCode).toBeLessThan(500);
    expect(answer.json()).toMatchObject({ data: null, errors: [{ message: expect.any(String) }] });
  });

  it('insists on JSON, so that no foreign page can send a form', async () => {
    const face = await aFace();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined]) {
      const answer = await face.ask('POST /graphql', {
        headers: type === undefined ? {} : { 'content-type': type },
        body: '{"query":"{__typename}"}',
      });
      expect([type, answer.statusCode]).toEqual([type, 400]);
    }
  });

  it('bounds the body', async () => {
    const face = await aFace();
    const answer = await face.ask('POST /graphql', {
      headers: { 'content-type': 'application/json' },
      body: `{"query":"${' '.repeat(300_000)}"}`,
    });
    expect(answer.statusCode).toBe(413);
  });

  it('variables called __proto__ or constructor are only variables', async () => {
    const face = await fleet();
    const answer = await face.ask('POST /graphql', {
      headers: { 'content-type': 'application/json' },
      body: `{"query":${JSON.stringify(ckeSearch)},"variables":{"__proto__":{"having":{"racks":[1]}},"constructor":1}}`,
    });
    expect(answer.json().data.searchMachines).toHaveLength(2);
  });

  it('without the whole inventory answers errors and no list', async () => {
    const face = await aFace();
    const behind = { kind: 'behind', silentMs: 12_000, text: 'no link' } as const;
    const doubtful = await aFace({
      deps: { inventory: { ...face.inventory, freshness: () => behind } },
      ipam: 'unset',
    });
    for (const query of [
      '{ searchMachines { spec { serial } } }',
      '{ machine(serial: "a") { spec { serial } } }',
    ]) {
      const answer = await doubtful.graphql(query);
      expect([answer.data, answer.errors?.length]).toEqual([null, 1]);
    }
    const rest = await doubtful.ask('GET /api/v1/machines?rack=1');
    expect([rest.statusCode, rest.headers['retry-after']]).toEqual([503, '2']);
  });
});
