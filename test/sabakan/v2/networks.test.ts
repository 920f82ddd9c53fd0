import { describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../../src/inventory/ipam-config.ts';
import { discoveryPolicies, networkModes } from '../../../src/pxe/network-spec.ts';
import { networkValues } from '../../../src/sabakan/contract/columns.ts';
import { aFace, type TestFace } from '../../support/face.ts';
import { ipamG } from '../../support/machines.ts';

const path = '/api/v2/networks/office';
const office = { cidr: '192.168.1.0/24', mode: 'off' };
const names = async (face: TestFace): Promise<readonly string[]> =>
  (await face.must('GET /api/v2/networks')).json().items.map(({ name }: { name: string }) => name);

const configure = async (face: TestFace): Promise<void> => {
  await face.must('PUT /api/v1/config/ipam', { body: ipamConfigToJson(ipamG) });
  await face.must('PUT /api/v1/config/dhcp', { body: {} });
};

describe('GET /api/v2/networks', () => {
  it('is empty on a first start: nothing is answered anywhere', async () => {
    expect(await names(await aFace())).toEqual([]);
  });

  it('shows the node pool as soon as both configurations are there, until a record covers it', async () => {
    const face = await aFace();
    await configure(face);
    const [pool] = (await face.must('GET /api/v2/networks')).json().items;
    expect(pool).toMatchObject({
      name: 'node-pool',
      cidr: '10.69.0.0/20',
      mode: 'server',
      discovery: 'off',
      implicit: true,
    });
    const one = (await face.must('GET /api/v2/networks/node-pool')).json();
    expect(one).toEqual({ ...pool, otherServers: [] });
    await face.must('PUT /api/v2/networks/all', { body: { cidr: '10.0.0.0/8', mode: 'off' } });
    expect(await names(face)).toEqual(['all']);
    await face.must('DELETE /api/v2/networks/all', { headers: { 'if-match': '*' } });
    expect(await names(face)).toEqual(['node-pool']);
  });
});

describe('PUT /api/v2/networks/{name}', () => {
  it('makes a network, and replaces it with its ETag alone', async () => {
    const face = await aFace();
    const made = await face.must(`PUT ${path}`, { body: office });
    expect(made.json()).toMatchObject({ ...office, name: 'office', discovery: 'off', note: '' });
    const one = (await face.must(`GET ${path}`)).json();
    expect(one).toEqual({ ...made.json(), otherServers: [] });
    const body = { ...office, mode: 'proxy', note: 'beside the router' };
    expect((await face.ask(`PUT ${path}`, { body })).statusCode).toBe(428);
    const headers = { 'if-match': String(made.headers['etag']) };
    await face.must(`PUT ${path}?dryRun=true`, { body, headers });
    expect((await face.must(`GET ${path}`)).json().mode).toBe('off');
    await face.must(`PUT ${path}`, { body, headers });
    expect((await face.must(`GET ${path}`)).json()).toMatchObject(body);
    expect((await face.ask(`PUT ${path}`, { body, headers })).statusCode).toBe(412);
  });

  it('names every mistake at once', async () => {
    const face = await aFace();
    const body = { cidr: '10.0.0.1/8', mode: 'on', colour: 1 };
    const answer = await face.ask(`PUT ${path}`, { body });
    expect(answer.statusCode).toBe(400);
    const pointers = answer.json().errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers.sort()).toEqual(['/cidr', '/colour', '/mode']);
  });

  it.each([
    ['two', office, 409, 'network-exists'],
    ['node-pool', { cidr: '10.69.0.0/20', mode: 'off' }, 400, 'network-invalid'],
  ])('refuses %s', async (name, body, status, kind) => {
    const face = await aFace();
    await face.must(`PUT ${path}`, { body: office });
    const answer = await face.ask(`PUT /api/v2/networks/${name}`, { body });
    expect([answer.statusCode, answer.json().type]).toEqual([
      status,
      `urn:tetsukan:problem:${kind}`,
    ]);
  });
});

describe('DELETE /api/v2/networks/{name}', () => {
  it('says of the node pool how it is switched off', async () => {
    const face = await aFace();
    await configure(face);
    const headers = { 'if-match': '*' };
    const answer = await face.ask('DELETE /api/v2/networks/node-pool', { headers });
    expect([answer.statusCode, answer.json().detail]).toEqual([
      404,
      expect.stringContaining('with mode off'),
    ]);
  });
});

it('the command line knows the words of the server', () => {
  expect(networkValues).toEqual({ mode: [...networkModes], discovery: [...discoveryPolicies] });
});
