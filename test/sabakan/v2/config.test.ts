import { describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../../src/inventory/ipam-config.ts';
import { aFace } from '../../support/face.ts';
import { ipamG } from '../../support/machines.ts';

const plan = ipamConfigToJson(ipamG);
const dhcp = { 'gateway-offset': 1, 'lease-minutes': 90, 'dns-servers': ['10.0.0.1'] };
const put = (spec: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  body: { spec },
  headers,
});

describe('GET /api/v2/config', () => {
  it('says what version 1 says, with revisions', async () => {
    const face = await aFace();
    await face.must('PUT /api/v1/config/dhcp', { body: dhcp });
    const { items } = (await face.must('GET /api/v2/config')).json();
    expect(items.map((one: { name: string }) => one.name)).toEqual(['dhcp', 'ipam']);
    for (const { name, spec, revision } of items) {
      expect(spec).toEqual((await face.must(`GET /api/v1/config/${name}`)).json());
      expect((await face.must(`GET /api/v2/config/${name}`)).headers['etag']).toBe(`"${revision}"`);
    }
  });
});

describe('PUT /api/v2/config/{name}', () => {
  it('creates without a condition, replaces with the ETag, and in a dry run writes nothing', async () => {
    const face = await aFace();
    const path = 'PUT /api/v2/config/dhcp';
    const made = await face.must(path, put(dhcp, { 'if-none-match': '*' }));
    expect((await face.must('GET /api/v1/config/dhcp')).json()).toEqual(dhcp);
    const etag = String(made.headers['etag']);
    const shorter = { ...dhcp, 'lease-minutes': 10 };
    expect((await face.ask(path, put(shorter))).statusCode).toBe(428);
    expect((await face.ask(path, put(shorter, { 'if-none-match': '*' }))).statusCode).toBe(412);
    const tried = await face.must(`${path}?dryRun=true`, put(shorter, { 'if-match': etag }));
    expect(tried.json().spec).toEqual(shorter);
    expect((await face.must('GET /api/v1/config/dhcp')).json()).toEqual(dhcp);
    await face.must(path, put(shorter, { 'if-match': etag }));
    const late = await face.ask(path, put(dhcp, { 'if-match': etag }));
    expect([late.statusCode, late.json().currentRevision]).toEqual([
      412,
      (await face.must('GET /api/v2/config/dhcp')).json().revision,
    ]);
    expect((await face.must('GET /api/v1/config/dhcp')).json()).toEqual(shorter);
  });

  it('keeps the network plan while machines are registered, in a dry run, too', async () => {
    const face = await aFace();
    const machine = { serial: 'a', rack: 1, role: 'cs', bmc: { type: 'none' } };
    await face.must('POST /api/v1/machines', { body: [machine] });
    for (const query of ['', '?dryRun=true']) {
      const answer = await face.ask(
        `PUT /api/v2/config/ipam${query}`,
        put(plan, { 'if-match': '*' }),
      );
      expect([answer.statusCode, answer.json().type]).toEqual([
        409,
        'urn:tetsukan:problem:machines-exist',
      ]);
    }
  });

  it('replaces the network plan of an empty inventory', async () => {
    const face = await aFace();
    const smaller = { ...plan, 'max-nodes-in-rack': 7 };
    await face.must('PUT /api/v2/config/ipam', put(smaller, { 'if-match': '*' }));
    expect((await face.must('GET /api/v1/config/ipam')).json()).toEqual(smaller);
    const log = (await face.must('GET /api/v1/logs')).body.trim().split('\n');
    expect(JSON.parse(log.at(-1) ?? '')).toMatchObject({ category: 'ipam', action: 'put' });
  });

  it('names every mistake with its pointer', async () => {
    const face = await aFace();
    const wrong = {
      ...plan,
      'node-ipv4-pool': '10.69.0.1/20',
      'node-ipv4-range-mask': 33,
      'node-ip-per-node': 'x',
      'max-nodes': 3,
    };
    const answer = await face.ask('PUT /api/v2/config/ipam', {
      body: { spec: wrong, note: 'x' },
      headers: { 'if-match': '*' },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors.map((place: { pointer: string }) => place.pointer)).toEqual([
      '/note',
      '/spec/max-nodes',
      '/spec/node-ip-per-node',
      '/spec/node-ipv4-pool',
      '/spec/node-ipv4-range-mask',
    ]);
  });

  it.each([
    ['ipam', [], ''],
    ['ipam', {}, '/spec'],
    ['dhcp', { spec: [] }, '/spec'],
    ['dhcp', { spec: { 'dns-servers': ['10.0.0.1', 'x'] } }, '/spec/dns-servers/1'],
  ])('%s %j is told its mistake', async (name, body, pointer) => {
    const face = await aFace();
    const answer = await face.ask(`PUT /api/v2/config/${name}`, { body });
    expect([answer.statusCode, answer.json().errors[0].pointer]).toEqual([400, pointer]);
  });

  it('there is no third configuration', async () => {
    const face = await aFace();
    expect((await face.ask('PUT /api/v2/config/tftp', put({}))).statusCode).toBe(404);
    expect((await face.ask('GET /api/v2/config/tftp')).statusCode).toBe(404);
  });
});
