import { describe, expect, it } from 'vitest';
import type { Freshness } from '../../src/base/mirror.ts';
import { addMs, formatInstant } from '../../src/base/time.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { aFace, aSpec, type TestFace } from '../support/face.ts';
import { testStart } from '../support/machines.ts';

/** Word for word what CKE sends. */
const ckeSearch = `
query ckeSearch($having: MachineParams = null,
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
}
`;

const daysAhead = (days: number): string => formatInstant(addMs(testStart, days * 86_400_000));

/** b0 boots rack 0; w1 and w2 are workers, w2 healthy; x9 is retired. */
async function aFleet(): Promise<TestFace> {
  const face = await aFace();
  const body = [
    aSpec('b0', { role: 'boot' }),
    aSpec('w1', {
      labels: { 'machine-type': 'r6525', datacenter: 'tokyo' },
      'retire-date': daysAhead(60),
    }),
    aSpec('w2', { rack: 1, labels: { datacenter: 'osaka' }, 'retire-date': daysAhead(61.9) }),
    aSpec('x9', { rack: 1, role: 'ss' }),
  ];
  await face.must('POST /api/v1/machines', { body });
  await face.must('PUT /api/v1/state/w2', { body: 'healthy' });
  await face.must('PUT /api/v1/state/x9', { body: 'retiring' });
  await face.must('PUT /api/v1/state/x9', { body: 'retired' });
  return face;
}

const bySerial = `query ($having: MachineParams, $notHaving: MachineParams) {
  searchMachines(having: $having, notHaving: $notHaving) { spec { serial } }
}`;

async function serials(face: TestFace, variables: object, query = bySerial): Promise<string> {
  const { data, errors } = await face.graphql(query, variables);
  expect(errors).toBeUndefined();
  return data.searchMachines.map(({ spec }: { spec: { serial: string } }) => spec.serial).join(' ');
}

describe('what CKE asks', () => {
  it('without variables leaves out role boot and retired machines', async () => {
    const face = await aFleet();
    const { status, data, errors } = await face.graphql(ckeSearch);
    expect([status, errors]).toEqual([200, undefined]);
    expect(data.searchMachines).toEqual([
      {
        spec: {
          serial: 'w1',
          labels: [
            { name: 'datacenter', value: 'tokyo' },
            { name: 'machine-type', value: 'r6525' },
          ],
          rack: 0,
          indexInRack: 4,
          role: 'cs',
          ipv4: ['10.69.0.4', '10.69.0.68', '10.69.0.132'],
          registerDate: '2026-11-21T06:00:00Z',
          retireDate: daysAhead(60),
          bmc: { bmcType: 'iDRAC-9' },
        },
        status: { state: 'UNINITIALIZED', duration: 0 },
      },
      expect.objectContaining({ status: { state: 'HEALTHY', duration: 0 } }),
    ]);
  });

  it('with explicit nulls asks for everything', async () => {
    const face = await aFleet();
    expect(await serials(face, { having: null, notHaving: null }, ckeSearch)).toBe('b0 w1 w2 x9');
  });

  it('may leave lists null, or empty: no condition', async () => {
    const face = await aFleet();
    const having = { labels: null, racks: null, roles: [], states: null };
    expect(await serials(face, { having, notHaving: having })).toBe('b0 w1 w2 x9');
    const unset = { having: { minDaysBeforeRetire: null } };
    expect(await serials(face, unset)).toBe('b0 w1 w2 x9');
  });

  it('tells the age of a state, which a change begins anew', async () => {
    const face = await aFleet();
    face.clock.advance(12_345);
    const age = async () => {
      const { data } = await face.graphql('{ machine(serial: "w2") { status { duration } } }');
      return data.machine.status.duration;
    };
    expect(await age()).toBe(12.345);
    await face.must('PUT /api/v1/state/w2', { body: 'healthy' });
    expect(await age()).toBe(12.345);
    await face.must('PUT /api/v1/state/w2', { body: 'unhealthy' });
    expect(await age()).toBe(0);
  });
});

describe('conditions', () => {
  it.each([
    [{ having: { labels: [{ name: 'datacenter', value: 'tokyo' }] } }, 'w1'],
    [
      {
        having: {
          labels: [
            { name: 'datacenter', value: 'tokyo' },
            { name: 'machine-type', value: 'other' },
          ],
        },
      },
      '',
    ],
    [
      {
        notHaving: {
          labels: [
            { name: 'datacenter', value: 'tokyo' },
            { name: 'machine-type', value: 'other' },
          ],
        },
      },
      'b0 w2 x9',
    ],
    [{ having: { racks: [1, 7] } }, 'w2 x9'],
    [{ having: { roles: ['boot', 'ss'] } }, 'b0 x9'],
    [{ having: { roles: ['ss'], racks: [0] } }, ''],
    [{ having: { states: ['HEALTHY', 'RETIRED'] } }, 'w2 x9'],
    [{ notHaving: { racks: [0], states: ['HEALTHY'] } }, 'x9'],
    [{ having: { minDaysBeforeRetire: 60 } }, 'w1 w2'],
    [{ having: { minDaysBeforeRetire: 61 } }, 'w2'],
    [{ having: { minDaysBeforeRetire: 62 } }, ''],
    [{ notHaving: { minDaysBeforeRetire: 61 } }, 'b0 w1 x9'],
  ])('%j finds "%s"', async (variables, found) => {
    expect(await serials(await aFleet(), variables)).toBe(found);
  });
});

describe('one machine', () => {
  it('has labels null when there are none, and everything the schema names', async () => {
    const face = await aFleet();
    const { data } = await face.graphql(
      `query ($serial: ID!) {
      machine(serial: $serial) {
        spec { labels { name } bmc { bmcType ipv4 } }
        status { timestamp }
        info {
          network { ipv4 { address netmask maskbits gateway } }
          bmc { ipv4 { address netmask maskbits gateway } }
        }
      }
    }`,
      { serial: 'w2' },
    );
    const { machine } = (
      await face.graphql('{ machine(serial: "b0") { spec { labels { name } } } }')
    ).data;
    expect(machine.spec.labels).toBeNull();
    expect(data.machine).toEqual({
      spec: { labels: [{ name: 'datacenter' }], bmc: { bmcType: 'iDRAC-9', ipv4: '10.72.17.36' } },
      status: { timestamp: '2026-11-21T06:00:00Z' },
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
        bmc: {
          ipv4: {
            address: '10.72.17.36',
            netmask: '255.255.240.0',
            maskbits: 20,
            gateway: '10.72.16.1',
          },
        },
      },
    });
  });

  it('that nobody registered is an error without data', async () => {
    const face = await aFleet();
    const answer = await face.ask('POST /graphql', {
      headers: { 'content-type': 'application/json' },
      body: { query: '{ machine(serial: "nobody") { spec { serial } } }' },
    });
    expect([answer.statusCode, answer.body]).toEqual([
      200,
      '{"errors":[{"message":"not found","path":["machine"]}],"data":null}\n',
    ]);
  });
});

describe('setMachineState', () => {
  const set = (face: TestFace, serial: string, state: string, from = '127.0.0.1') =>
    face.graphql(
      `mutation ($serial: ID!, $state: MachineState!) {
        setMachineState(serial: $serial, state: $state) { state duration }
      }`,
      { serial, state },
      {
        from,
        headers: { 'content-type': 'application/json', 'x-sabakan-user': 'setter' },
        body: {
          query: `mutation { setMachineState(serial: "${serial}", state: ${state}) { state duration } }`,
        },
      },
    );

  it('answers with the status after the change, also when nothing changed', async () => {
    const face = await aFleet();
    const changed = { state: 'UNREACHABLE', duration: 0 };
    expect((await set(face, 'w2', 'UNREACHABLE')).data.setMachineState).toEqual(changed);
    expect((await set(face, 'w2', 'UNREACHABLE')).data.setMachineState).toEqual(changed);
  });

  it.each([
    ['nobody', 'HEALTHY', 'MACHINE_NOT_FOUND', 'not found'],
    [
      'w2',
      'UNINITIALIZED',
      'INVALID_STATE_TRANSITION',
      'transition from [ healthy ] to [ uninitialized ] is forbidden',
    ],
  ])('of %s to %s is %s', async (serial, state, type, message) => {
    const { status, data, errors } = await set(await aFleet(), serial, state);
    expect([status, data]).toEqual([200, null]);
    expect(errors).toEqual([{ message, path: ['setMachineState'], extensions: { serial, type } }]);
  });

  it('to RETIRED is refused while disk keys are left', async () => {
    const face = await aFleet();
    await set(face, 'w2', 'RETIRING');
    await face.store.commit([], [{ kind: 'put', key: 'crypts/w2/aa', value: Uint8Array.of(1) }]);
    const { errors } = await set(face, 'w2', 'RETIRED');
    expect(errors).toEqual([
      {
        message: 'encryption key exists',
        path: ['setMachineState'],
        extensions: { serial: 'w2', type: 'ENCRYPTION_KEY_EXISTS' },
      },
    ]);
  });

  it('is only for the networks of allow-ips, and stands in the audit log', async () => {
    const face = await aFleet();
    const { data, errors } = await set(face, 'w2', 'UNHEALTHY', '192.0.2.1');
    expect(data).toBeNull();
    expect(errors?.[0]?.message).toContain('192.0.2.1 may not change machines');
    expect(face.inventory.find('w2' as never)?.status.state).toBe('healthy');
    await set(face, 'w2', 'UNHEALTHY', '10.69.1.2');
    const records = (await face.must('GET /api/v1/logs')).body.trim().split('\n');
    expect(JSON.parse(records.at(-1) ?? '')).toMatchObject({
      user: 'setter',
      ip: '10.69.1.2',
      category: 'machines',
      instance: 'w2',
      detail: 'healthy -> unhealthy: set by setter',
    });
  });
});

describe('a list that may lack machines', () => {
  const doubtful = async (doubt: Partial<Inventory>) => {
    const face = await aFleet();
    return aFace({ deps: { inventory: { ...face.inventory, ...doubt } }, ipam: 'unset' });
  };
  const behind: Freshness = { kind: 'behind', silentMs: 7_000, text: 'connection refused' };

  it.each<[string, Partial<Inventory>, string]>([
    [
      'a store that is silent',
      { freshness: () => behind },
      'has heard nothing from the store for 7s (connection refused)',
    ],
    [
      'a start that is not finished',
      { freshness: () => ({ kind: 'loading' }) },
      'still being read',
    ],
    [
      'a record that cannot be read',
      { broken: () => new Map([['machines/w1', 'not JSON']]) },
      'machines/w1 cannot be read',
    ],
  ])('is an error, never a shorter list: %s', async (_, doubt, text) => {
    const face = await doubtful(doubt);
    const { status, data, errors } = await face.graphql(ckeSearch);
    expect([status, data]).toEqual([200, null]);
    expect(errors?.[0]?.message).toContain(text);
    const rest = await face.ask('GET /api/v1/machines');
    expect(rest.statusCode).toBeGreaterThanOrEqual(500);
    expect(rest.json().error).toContain(text);
  });
});

describe('requests', () => {
  it('by GET are for queries', async () => {
    const face = await aFleet();
    const get = (query: string) => face.ask(`GET /graphql?query=${encodeURIComponent(query)}`);
    expect(
      (await get('{ searchMachines { spec { serial } } }')).json().data.searchMachines,
    ).toHaveLength(4);
    const mutation = await get(
      'mutation { setMachineState(serial: "w2", state: UNHEALTHY) { state } }',
    );
    expect([mutation.statusCode, mutation.json().data]).toEqual([405, null]);
  });

  it.each([
    ['an unknown field', '{ nobody }', 'Cannot query field'],
    ['a cut document', '{ searchMachines { spec ', 'Syntax Error'],
    [
      'an unknown state',
      '{ searchMachines(having: {states: [BROKEN]}) { spec { serial } } }',
      'BROKEN',
    ],
    [
      'two operations and no name',
      'query A { machine(serial: "a") { spec { serial } } } query B { machine(serial: "a") { spec { serial } } }',
      'operationName is required',
    ],
    [
      'many root fields',
      `{ ${'a: searchMachines { spec { serial } } '.repeat(11)} }`,
      'at the root',
    ],
    [
      'an alias bomb',
      `{ searchMachines { spec { ${Array.from({ length: 600 }, (_, at) => `a${at}: serial`).join(' ')} } } }`,
      'more than 500 fields',
    ],
    [
      'depth',
      `{ searchMachines { ${'spec { '.repeat(12)} serial ${'} '.repeat(12)} } }`,
      'deeper than 10',
    ],
    [
      'a fragment within itself',
      'fragment F on Machine { ...F } { searchMachines { ...F } }',
      'itself',
    ],
    [
      'fragments that double themselves',
      `{ searchMachines { ...F0 } } ${Array.from({ length: 20 }, (_, at) => `fragment F${at} on Machine { ...F${at + 1} ...F${at + 1} }`).join(' ')} fragment F20 on Machine { spec { serial } }`,
      'more than 500 fields',
    ],
  ])('that are wrong say so: %s', async (_, query, text) => {
    const answer = await (await aFleet()).graphql(query);
    expect([answer.status, answer.data]).toEqual([422, null]);
    expect(answer.errors?.map(({ message }) => message).join()).toContain(text);
  });

  it('with an unknown state among their variables say so', async () => {
    const { status, data, errors } = await (await aFleet()).graphql(ckeSearch, {
      having: { states: ['BROKEN'] },
    });
    expect([status, data]).toEqual([422, null]);
    expect(errors?.[0]?.message).toContain('BROKEN');
  });

  it.each([
    ['not JSON', 'application/json', '{', 400],
    ['a list', 'application/json', '[]', 422],
    ['a form', 'application/x-www-form-urlencoded', 'query={x}', 400],
    ['no type', '', '{"query":"{ __typename }"}', 400],
    ['no query', 'application/json', '{}', 422],
  ])('need JSON: %s', async (_, type, body, status) => {
    const answer = await (await aFace()).ask('POST /graphql', {
      headers: { 'content-type': type },
      body,
    });
    expect([answer.statusCode, answer.json().data]).toEqual([status, null]);
  });

  it('that know persisted queries are asked for the whole one', async () => {
    const body = { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } };
    const answer = await (await aFace()).ask('POST /graphql', {
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.json().errors[0].message).toBe('PersistedQueryNotFound');
  });

  it('may look at the schema: names, types and orders are Sabakan’s', async () => {
    const { data, errors } = await (await aFace()).graphql(`{
      __schema { mutationType { fields { name } } queryType { fields { name } } }
      state: __type(name: "MachineState") { enumValues { name } }
      params: __type(name: "MachineParams") {
        inputFields { name defaultValue type { kind name ofType { kind name ofType { kind name ofType { name } } } } }
      }
    }`);
    expect(errors).toBeUndefined();
    expect(data.state.enumValues.map(({ name }: { name: string }) => name).join(' ')).toBe(
      'UNINITIALIZED HEALTHY UNHEALTHY UNREACHABLE UPDATING RETIRING RETIRED',
    );
    expect(
      data.params.inputFields.map(
        (field: { name: string; defaultValue: string }) => `${field.name}=${field.defaultValue}`,
      ),
    ).toEqual([
      'labels=null',
      'racks=null',
      'roles=null',
      'states=null',
      'minDaysBeforeRetire=null',
    ]);
  });
});
