import { createHash } from 'node:crypto';
import { getIntrospectionQuery } from 'graphql/index.js';
import { describe, expect, it } from 'vitest';
import { persistedQueriesMax } from '../../src/sabakan/graphql/persisted-queries.ts';
import { aFace, aSpec, type TestFace } from '../support/face.ts';

const json = { 'content-type': 'application/json' };
const post = async (face: TestFace, body: object) => {
  const answer = await face.ask('POST /graphql', { headers: json, body });
  return { status: answer.statusCode, ...answer.json() };
};

describe('the schema', () => {
  type Ref = { readonly kind: string; readonly name: string; readonly ofType: Ref };
  const textOf = (type: Ref): string =>
    type.kind === 'NON_NULL'
      ? `${textOf(type.ofType)}!`
      : type.kind === 'LIST'
        ? `[${textOf(type.ofType)}]`
        : type.name;
  type Value = { readonly name: string; readonly type: Ref; readonly defaultValue: string | null };
  type Field = { readonly name: string; readonly type: Ref; readonly args: readonly Value[] };
  const valueText = ({ name, type, defaultValue }: Value) =>
    `${name}: ${textOf(type)}${defaultValue === null ? '' : ` = ${defaultValue}`}`;
  const fieldText = ({ name, type, args }: Field) =>
    `${name}${args.length === 0 ? '' : `(${args.map(valueText).join(', ')})`}: ${textOf(type)}`;

  // Sabakan 3.1.9, type by type.
  const wanted: Readonly<Record<string, string>> = {
    Query:
      'machine(serial: ID!): Machine! · searchMachines(having: MachineParams, notHaving: MachineParams): [Machine!]!',
    Mutation: 'setMachineState(serial: ID!, state: MachineState!): MachineStatus!',
    MachineParams:
      'labels: [LabelInput!] = null · racks: [Int!] = null · roles: [String!] = null · states: [MachineState!] = null · minDaysBeforeRetire: Int = null',
    LabelInput: 'name: String! · value: String!',
    Machine: 'spec: MachineSpec! · status: MachineStatus! · info: MachineInfo!',
    MachineSpec:
      'serial: ID! · labels: [Label!] · rack: Int! · indexInRack: Int! · role: String! · ipv4: [IPAddress!]! · registerDate: DateTime! · retireDate: DateTime! · bmc: BMC!',
    Label: 'name: String! · value: String!',
    BMC: 'bmcType: String! · ipv4: IPAddress!',
    MachineStatus: 'state: MachineState! · timestamp: DateTime! · duration: Float!',
    MachineInfo: 'network: NetworkInfo! · bmc: BMCInfo!',
    NetworkInfo: 'ipv4: [NICConfig!]!',
    BMCInfo: 'ipv4: NICConfig!',
    NICConfig: 'address: IPAddress! · netmask: IPAddress! · maskbits: Int! · gateway: IPAddress!',
    MachineState:
      'UNINITIALIZED · HEALTHY · UNHEALTHY · UNREACHABLE · UPDATING · RETIRING · RETIRED',
  };

  it('is introspected by the tools’ own query, as Sabakan has it', async () => {
    const face = await aFace();
    const { data, errors } = await face.graphql(getIntrospectionQuery());
    expect(errors).toBeUndefined();
    const { queryType, mutationType, subscriptionType, types } = data.__schema;
    expect([queryType.name, mutationType.name, subscriptionType]).toEqual([
      'Query',
      'Mutation',
      null,
    ]);
    const shown: Record<string, string> = {};
    for (const { name, fields, inputFields, enumValues } of types) {
      const members = [
        ...(fields ?? []).map(fieldText),
        ...(inputFields ?? []).map(valueText),
        ...(enumValues ?? []).map((value: { readonly name: string }) => value.name),
      ];
      if (!name.startsWith('__') && members.length > 0) shown[name] = members.join(' · ');
    }
    expect(shown).toEqual(wanted);
    const scalars = types.filter(({ kind }: { kind: string }) => kind === 'SCALAR');
    expect(scalars.map(({ name }: { name: string }) => name).toSorted()).toEqual(
      'Boolean DateTime Float ID IPAddress Int String'.split(' '),
    );
  });
});

describe('a request that does not run', () => {
  it.each<[string, object, number, string | undefined]>([
    ['no GraphQL', { query: '{' }, 422, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ machines }' }, 422, 'GRAPHQL_VALIDATION_FAILED'],
    ['no query', {}, 422, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a variable that does not fit',
      {
        query:
          'query ($n: Int!) { a: __typename @skip(if: false) searchMachines(having: { racks: [$n] }) { spec { serial } } }',
        variables: { n: 'x' },
      },
      422,
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('for %s is 422 with the library’s code', async (_, body, status, code) => {
    const answer = await post(await aFace(), body);
    expect([answer.status, answer.data, answer.errors[0].extensions]).toEqual([
      status,
      null,
      { code },
    ]);
  });

  it('for a mutation by GET is 406', async () => {
    const face = await aFace();
    const query = encodeURIComponent(
      'mutation { setMachineState(serial: "a", state: HEALTHY) { state } }',
    );
    const answer = await face.ask(`GET /graphql?query=${query}`);
    expect([answer.statusCode, answer.body]).toEqual([
      406,
      '{"errors":[{"message":"GET requests only allow query operations"}],"data":null}\n',
    ]);
  });

  it('has no form, which a browser would send from any page', async () => {
    const face = await aFace();
    const body =
      '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"{__typename}"}\r\n--x--\r\n';
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    expect((await face.ask('POST /graphql', { headers, body })).statusCode).toBe(400);
  });

  it('asks which methods there are by OPTIONS, and no others', async () => {
    const face = await aFace();
    const options = await face.ask('OPTIONS /graphql');
    expect([options.statusCode, options.headers['allow']]).toEqual([200, 'OPTIONS, GET, POST']);
    for (const method of ['HEAD', 'PUT', 'DELETE']) {
      expect([method, (await face.ask(`${method} /graphql`)).statusCode]).toEqual([method, 405]);
    }
  });
});

describe('automatic persisted queries', () => {
  const hashOf = (query: string) => createHash('sha256').update(query).digest('hex');
  const extended = (query: string, more: object = {}) => ({
    extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(query), ...more } },
  });
  const query = '{ searchMachines { spec { serial } } }';

  it('are run by their hash once they have been sent with it', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    expect(await post(face, extended(query))).toEqual({
      status: 200,
      errors: [
        { message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } },
      ],
      data: null,
    });
    const whole = await post(face, { query, ...extended(query) });
    expect(whole.data).toEqual({ searchMachines: [{ spec: { serial: 'a' } }] });
    expect(await post(face, extended(query))).toEqual(whole);
    const extensions = encodeURIComponent(JSON.stringify(extended(query).extensions));
    const byGet = await face.ask(`GET /graphql?extensions=${extensions}`);
    expect(byGet.json().data).toEqual(whole.data);
  });

  it('are refused under a foreign hash and another version', async () => {
    const face = await aFace();
    for (const [body, message] of [
      [{ query, ...extended('{ other }') }, 'provided APQ hash does not match query'],
      [{ query, ...extended(query, { version: 2 }) }, 'unsupported APQ version'],
      [{ query, ...extended(query, { sha256Hash: 1 }) }, 'invalid APQ extension data'],
    ] as const) {
      expect(await post(face, body)).toEqual({ status: 200, errors: [{ message }], data: null });
    }
  });

  it('are a bounded number, of which the least recently used goes', async () => {
    const face = await aFace();
    const named = (name: string) => `query ${name} { __typename }`;
    for (let n = 0; n < persistedQueriesMax; n += 1) {
      await post(face, { query: named(`q${n}`), ...extended(named(`q${n}`)) });
    }
    expect((await post(face, extended(named('q0')))).data).not.toBeNull();
    await post(face, { query, ...extended(query) });
    expect((await post(face, extended(named('q0')))).data).not.toBeNull();
    expect((await post(face, extended(named('q1')))).data).toBeNull();
  });
});

describe('the old openness', () => {
  const body = { query: 'mutation { setMachineState(serial: "a", state: HEALTHY) { state } }' };

  it('of mutations can be had back, and they are audited all the same', async () => {
    const face = await aFace({ access: { openMutations: true } });
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const headers = { ...json, 'x-sabakan-user': 'neco' };
    const answer = await face.ask('POST /graphql', { from: '192.0.2.7', headers, body });
    expect(answer.json()).toEqual({ data: { setMachineState: { state: 'HEALTHY' } } });
    const log = (await face.ask('GET /api/v1/logs')).body.trimEnd().split('\n');
    expect(JSON.parse(log.at(-1) ?? '')).toMatchObject({
      user: 'neco',
      ip: '192.0.2.7',
      action: 'set-state',
      detail: 'uninitialized -> healthy: set by neco',
    });
    // REST stays closed.
    const rest = await face.ask('PUT /api/v1/state/a', { from: '192.0.2.7', body: 'unhealthy' });
    expect(rest.statusCode).toBe(403);
  });
});

describe('a machine whose record has no IPv4 address, which CKE would not survive', () => {
  it('is never in a list: there is none until the record is mended', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a'), aSpec('b')] });
    const [entry] = (
      (await face.store.get(['machines/a'])) as never as {
        value: { entries: { value: Uint8Array }[] };
      }
    ).value.entries;
    const record = JSON.parse(new TextDecoder().decode(entry?.value));
    record.spec.ipv4 = [];
    const value = new TextEncoder().encode(JSON.stringify(record));
    await face.store.commit([], [{ kind: 'put', key: 'machines/a', value }]);
    await face.clock.run(1);
    const { data, errors } = await face.graphql('{ searchMachines { spec { serial } } }');
    expect([data, errors?.[0]?.message]).toEqual([
      null,
      expect.stringMatching(/^the record machines\/a cannot be read.*spec.ipv4 is empty/),
    ]);
    expect(
      (await face.graphql('{ machine(serial: "b") { spec { ipv4 } } }')).errors,
    ).toBeUndefined();
    expect((await face.ask('GET /api/v1/machines?serial=b')).statusCode).toBe(200);
    expect((await face.ask('GET /api/v1/machines')).statusCode).toBe(500);
    expect((await face.ask('GET /api/v1/state/a')).statusCode).toBe(500);
  });
});
