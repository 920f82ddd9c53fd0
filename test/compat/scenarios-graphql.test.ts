/** GraphQL as Sabakan 3.1.9 speaks it (3.4, 9.3.18, 9.4.14), and as CKE asks: its document and its variables. */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { aSpec, type Site, startSite } from './support/site.ts';

const json = { 'content-type': 'application/json' };
/** Enough for 60 whole days while the tests run. */
const inSixtyDays = new Date(Date.now() + (60 * 24 + 12) * 3_600_000).toISOString();

let etcd: TestEtcd;
let site: Site;

beforeAll(async () => {
  etcd = await startTestEtcd();
  site = await startSite(etcd);
  await site.must('POST /api/v1/machines', {
    body: [
      aSpec('plain'),
      aSpec('zot', { labels: { foo: 'zot' } }),
      aSpec('bar', { labels: { foo2: 'bar2', foo: 'bar' }, 'retire-date': inSixtyDays }),
      aSpec('rack1', { rack: 1 }),
      aSpec('rack2', { rack: 2 }),
      aSpec('booter', { role: 'boot' }),
      aSpec('fit'),
      aSpec('done'),
    ],
  });
  await site.must('PUT /api/v1/state/fit', { body: 'healthy' });
  for (const body of ['retiring', 'retired']) {
    await site.must('PUT /api/v1/state/done', { body });
  }
});

afterAll(async () => {
  await site?.stop();
  await etcd?.stop();
});

const post = (body: unknown, headers: Readonly<Record<string, string>> = json) =>
  site.ask('POST /graphql', { body: body as object, headers });

/** CKE's document: an object default with an enum literal and no comma. */
const ckeSearch = `query ckeSearch($having: MachineParams = null, $notHaving: MachineParams = {roles: ["boot"] states: [RETIRED]}) {
  searchMachines(having: $having, notHaving: $notHaving) {
    spec { serial labels { name value } rack indexInRack role ipv4 registerDate retireDate bmc { bmcType } }
    status { state duration }
  }
}`;
type Found = { readonly spec: { readonly serial: string } };
const search = async (variables?: object): Promise<string> => {
  const answer = await post({
    query: ckeSearch,
    ...(variables === undefined ? {} : { variables }),
  });
  expect([answer.status, answer.json.errors]).toEqual([200, undefined]);
  return answer.json.data.searchMachines.map(({ spec }: Found) => spec.serial).join(' ');
};
const everyone = 'bar booter done fit plain rack1 rack2 zot';
const unset = { labels: null, racks: null, roles: null, states: null };

describe('CKE’s ckeSearch', () => {
  it.each<[string, object | undefined, string]>([
    ['no variables: the defaults of the document', undefined, 'bar fit plain rack1 rack2 zot'],
    ['explicit null in both overrides the defaults', { having: null, notHaving: null }, everyone],
    ['having alone becomes null in notHaving', { having: unset, notHaving: null }, everyone],
    ['null lists are no condition', { having: unset, notHaving: unset }, everyone],
    [
      'empty lists are no condition',
      { having: { racks: [] }, notHaving: { states: [] } },
      everyone,
    ],
    ['`{}` in both yields all machines', { having: {}, notHaving: {} }, everyone],
    [
      'auto-repair’s default variables',
      {
        having: { ...unset, states: ['UNHEALTHY', 'UNREACHABLE'] },
        notHaving: { ...unset, roles: ['boot'] },
      },
      '',
    ],
    [
      'with minDaysBeforeRetire',
      { having: { ...unset, minDaysBeforeRetire: 59 }, notHaving: null },
      'bar',
    ],
  ])('1.2 variables: %s', async (_, variables, found) => {
    expect(await search(variables)).toBe(found);
  });

  it('1.3 and 1.4 every member in its type; labels sorted, null where there are none; never an empty ipv4', async () => {
    const { data } = (await post({ query: ckeSearch })).json;
    const [bar, fit] = data.searchMachines;
    expect(bar).toEqual({
      spec: {
        serial: 'bar',
        labels: [
          { name: 'foo', value: 'bar' },
          { name: 'foo2', value: 'bar2' },
        ],
        ...{ rack: 0, indexInRack: 6, role: 'worker', bmc: { bmcType: 'iDRAC-9' } },
        ipv4: ['10.69.0.6', '10.69.0.70', '10.69.0.134'],
        registerDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
        retireDate: inSixtyDays.replace(/\.?0*Z$/, 'Z'),
      },
      status: { state: 'UNINITIALIZED', duration: expect.any(Number) },
    });
    expect([fit.spec.labels, fit.status.state]).toEqual([null, 'HEALTHY']);
    for (const { spec } of data.searchMachines) expect(spec.ipv4).toHaveLength(3);
  });

  it('1.4 is answered at the exact path, without a redirect, with application/json', async () => {
    const answer = await post({ query: ckeSearch });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
  });
});

describe('9.4.14 GraphQL match', () => {
  const pair = (name: string, value: string) => ({ name, value });
  it.each<[string, string, object | null, object | null, boolean]>([
    ['nothing asked', 'plain', {}, {}, true],
    ['a label it lacks', 'plain', { labels: [pair('foo', 'bar')] }, {}, false],
    ['a label of another value', 'zot', { labels: [pair('foo', 'bar')] }, {}, false],
    ['a label it has', 'bar', { labels: [pair('foo', 'bar')] }, {}, true],
    [
      ...(['a label it has, and not one it lacks', 'bar'] as const),
      ...[{ labels: [pair('foo', 'bar')] }, { labels: [pair('foo3', 'bar3')] }],
      true,
    ] as [string, string, object, object, boolean],
    [
      ...(['a label it has, and not one it has', 'bar'] as const),
      ...[{ labels: [pair('foo', 'bar')] }, { labels: [pair('foo2', 'bar2')] }],
      false,
    ] as [string, string, object, object, boolean],
    ['racks without its own', 'rack1', { racks: [0, 2] }, {}, false],
    ['racks with its own', 'rack2', { racks: [0, 2] }, {}, true],
    ['not racks with its own', 'rack2', {}, { racks: [0, 2] }, false],
    ['roles without its own', 'plain', { roles: ['boot'] }, {}, false],
    ['roles with its own', 'plain', { roles: ['boot', 'worker'] }, {}, true],
    ['not roles with its own', 'plain', {}, { roles: ['boot', 'worker'] }, false],
    ['states without its own', 'fit', { states: ['UNINITIALIZED'] }, {}, false],
    ['states with its own', 'fit', { states: ['UNINITIALIZED', 'HEALTHY'] }, {}, true],
    ['not states with its own', 'fit', {}, { states: ['HEALTHY'] }, false],
    ['60 days left, 90 asked', 'bar', { minDaysBeforeRetire: 90 }, {}, false],
    ['60 days left, 50 asked', 'bar', { minDaysBeforeRetire: 50 }, {}, true],
    ['60 days left, not 50', 'bar', {}, { minDaysBeforeRetire: 50 }, false],
    ['having null', 'plain', null, {}, true],
    ['notHaving null', 'plain', {}, null, true],
  ])(
    '9.4.14 20 cases of having/notHaving, days 60 vs 50/90: %s',
    async (_, serial, having, notHaving, isIn) => {
      const found = (await search({ having, notHaving })).split(' ');
      expect(found.includes(serial)).toBe(isIn);
    },
  );
});

describe('9.3.18 GraphQL', () => {
  const set = (serial: string, state: string) => ({
    query: `mutation { setMachineState(serial: "${serial}", state: ${state}) { state timestamp duration } }`,
  });

  it('9.3.18 search returns all; same state set is fine', async () => {
    const all = await post({ query: '{ searchMachines { spec { serial } } }' });
    expect(all.json.data.searchMachines).toHaveLength(8);
    const { data, errors } = (await post(set('fit', 'HEALTHY'))).json;
    expect([errors, data.setMachineState.state]).toEqual([undefined, 'HEALTHY']);
  });

  it.each([
    [
      'INVALID_STATE_TRANSITION',
      'fit',
      'UNINITIALIZED',
      'transition from [ healthy ] to [ uninitialized ] is forbidden',
    ],
    ['MACHINE_NOT_FOUND', 'nobody', 'HEALTHY', 'not found'],
    ['ENCRYPTION_KEY_EXISTS', 'zot', 'RETIRED', 'encryption key exists'],
  ])(
    '9.3.18 forbidden transition has the right `type` with HTTP 200: %s',
    async (type, serial, state, message) => {
      if (type === 'ENCRYPTION_KEY_EXISTS') {
        await site.askTls('PUT /api/v1/crypts/zot/a', { body: 'key' });
        await site.must('PUT /api/v1/state/zot', { body: 'retiring' });
      }
      const answer = await post(set(serial, state));
      expect([answer.status, answer.json]).toEqual([
        200,
        {
          errors: [{ message, path: ['setMachineState'], extensions: { serial, type } }],
          data: null,
        },
      ]);
    },
  );

  it('3.4 an unknown machine is `not found` with its path and no extensions', async () => {
    const { status, text } = await post({ query: '{ machine(serial: "x") { spec { serial } } }' });
    expect([status, text]).toEqual([
      200,
      '{"errors":[{"message":"not found","path":["machine"]}],"data":null}\n',
    ]);
  });

  it('3.4 an unknown state is refused by the validator with 422', async () => {
    const answer = await post(set('fit', 'BROKEN'));
    expect([answer.status, answer.json.data]).toEqual([422, null]);
  });

  it('3.4 GET for queries, with variables; a mutation by GET is refused', async () => {
    const query = new URLSearchParams({
      query: ckeSearch,
      operationName: 'ckeSearch',
      variables: '{"having":{"racks":[2]},"notHaving":null}',
    });
    const found = await site.ask(`GET /graphql?${query}`);
    expect(found.json.data.searchMachines.map(({ spec }: Found) => spec.serial)).toEqual(['rack2']);
    const mutation = new URLSearchParams(set('fit', 'UNHEALTHY'));
    const refused = await site.ask(`GET /graphql?${mutation}`);
    expect([refused.status, refused.json.data]).toEqual([406, null]);
    expect((await site.must('GET /api/v1/state/fit')).text).toBe('healthy');
  });

  it('3.4 OPTIONS; content types: JSON with a charset is taken, others are not', async () => {
    const options = await site.ask('OPTIONS /graphql');
    expect([options.status, options.headers['allow']]).toEqual([200, 'OPTIONS, GET, POST']);
    const query = { query: '{ __typename }' };
    const charset = { 'content-type': 'application/json; charset=utf-8' };
    expect((await post(query, charset)).json).toEqual({ data: { __typename: 'Query' } });
    // Sabakan takes forms as well; they are refused on purpose, since any web page can make a browser send one.
    for (const type of ['text/plain', 'multipart/form-data; boundary=x']) {
      expect((await post(query, { 'content-type': type })).status).toBe(400);
    }
  });

  it('3.4 automatic persisted queries: PersistedQueryNotFound, then hash and query, then the hash alone', async () => {
    const query = '{ machine(serial: "fit") { status { state } } }';
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    const unknown = (await post({ extensions })).json;
    expect([unknown.data, unknown.errors[0].message]).toEqual([null, 'PersistedQueryNotFound']);
    const answer = { data: { machine: { status: { state: 'HEALTHY' } } } };
    expect((await post({ query, extensions })).json).toEqual(answer);
    expect((await post({ extensions })).json).toEqual(answer);
  });

  it('3.4 introspection is on', async () => {
    const query = '{ __type(name: "MachineState") { enumValues { name } } }';
    const { data } = (await post({ query })).json;
    expect(data.__type.enumValues.map(({ name }: { name: string }) => name)).toEqual([
      ...['UNINITIALIZED', 'HEALTHY', 'UNHEALTHY', 'UNREACHABLE', 'UPDATING', 'RETIRING'],
      'RETIRED',
    ]);
  });

  it('1.2 a mutation is for allowed addresses, unlike with Sabakan, and audited', async () => {
    const asked = { body: set('fit', 'UNHEALTHY'), headers: { ...json, 'x-sabakan-user': 'neco' } };
    const remote = await site.ask('POST /graphql', { ...asked, from: '127.0.0.2' });
    expect(remote.json).toMatchObject({ data: null, errors: [{ path: ['setMachineState'] }] });
    expect((await site.must('GET /api/v1/state/fit')).text).toBe('healthy');
    await site.must('POST /graphql', asked);
    const last = (await site.must('GET /api/v1/logs')).text.trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({
      ...{ user: 'neco', ip: '127.0.0.1', category: 'machines', instance: 'fit' },
      action: 'set-state',
    });
  });
});
