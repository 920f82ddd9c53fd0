import { beforeEach, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../../src/inventory/ipam-config.ts';
import { type Asked, aFace, type TestFace } from '../../support/face.ts';
import { ipamG } from '../../support/machines.ts';

const path = 'POST /api/v2/registrations';
const header = 'serial,rack,role,bmc-type,label:site';

const csv = (...rows: readonly string[]): Asked => ({
  body: [header, ...rows].join('\n'),
  headers: { 'content-type': 'text/csv' },
});
const yaml = (body: string): Asked => ({ body, headers: { 'content-type': 'application/yaml' } });
const also = (asked: Asked, headers: Asked['headers']): Asked => ({
  ...asked,
  headers: { ...asked.headers, ...headers },
});

describe('a file of machines', () => {
  let face: TestFace;
  const ask = async (what: string, asked: Asked) => {
    const answer = await face.ask(what, asked);
    return { status: answer.statusCode, etag: String(answer.headers['etag']), json: answer.json() };
  };
  beforeEach(async () => {
    face = await aFace();
  });

  it('is shown with the index and addresses that each would get, and nothing is done', async () => {
    const dry = await ask(`${path}?dryRun=true`, csv('a,2,cs,x,tokyo', 'b,2,boot,x,'));
    expect(dry.status).toBe(200);
    expect(dry.json.counts).toEqual({ registered: 2, changed: 0, unchanged: 0 });
    expect(dry.json.machines[0]).toMatchObject({
      serial: 'a',
      outcome: 'registered',
      row: 2,
      spec: {
        rack: 2,
        indexInRack: 4,
        labels: { site: 'tokyo' },
        ipv4: ['10.69.1.132', '10.69.1.196', '10.69.2.4'],
      },
      changes: [],
    });
    expect(dry.json.machines[1].spec.indexInRack).toBe(3);
    expect(face.inventory.machines()).toEqual([]);
  });

  it('is applied as it was shown, and applied again changes nothing', async () => {
    const file = csv('a,2,cs,x,tokyo', 'b,2,boot,x,');
    const dry = await ask(`${path}?dryRun=true`, file);
    const done = await ask(path, also(file, { 'if-match': dry.etag }));
    expect(done.json.machines).toEqual(dry.json.machines);
    const before = face.inventory.machinesRevision();
    const again = await ask(path, file);
    expect(again.json.counts).toEqual({ registered: 0, changed: 0, unchanged: 2 });
    expect(face.inventory.machinesRevision()).toBe(before);
  });

  it('shows member by member what it changes, and leaves labels it does not name', async () => {
    await ask(path, csv('a,2,cs,x,tokyo'));
    await face.must('PUT /api/v1/labels/a/ticket', { body: '42' });
    const dry = await ask(`${path}?dryRun=true`, csv('a,3,cs,y,osaka'));
    expect(dry.json.counts).toEqual({ registered: 0, changed: 1, unchanged: 0 });
    expect(dry.json.machines[0].changes).toEqual([
      { member: 'spec.rack', before: 2, after: 3 },
      {
        member: 'spec.ipv4',
        before: expect.any(Array),
        after: ['10.69.2.68', '10.69.2.132', '10.69.2.196'],
      },
      { member: 'spec.bmc.type', before: 'x', after: 'y' },
      { member: 'spec.bmc.ipv4', before: '10.72.17.68', after: '10.72.17.100' },
      { member: 'spec.labels.site', before: 'tokyo', after: 'osaka' },
    ]);
    await ask(path, csv('a,3,cs,y,'));
    expect(Object.fromEntries(face.inventory.machines()[0]?.spec.labels ?? [])).toEqual({
      ticket: '42',
    });
  });

  it('may be what the API lists: every member of a machine is known, and nothing changes', async () => {
    await ask(path, csv('a,2,cs,x,tokyo'));
    const list = await face.must('GET /api/v2/machines');
    const again = await ask(path, {
      body: list.body,
      headers: { 'content-type': 'application/json' },
    });
    expect([again.status, again.json.errors, again.json.counts?.unchanged]).toEqual([
      200,
      undefined,
      1,
    ]);
  });

  it('has every mistake listed with row and column', async () => {
    const { status, json } = await ask(path, csv('a,x,cs,x,', 'b,0,c s,x,', 'a,0,cs,x,'));
    expect(status).toBe(400);
    expect(json.detail).toMatch(
      /^2 mistakes are in the file, nothing was done: row 2: rack must be/,
    );
    expect(json.errors).toEqual([
      { row: 2, column: 2, detail: 'cell B2 (rack): rack must be a whole number from 0, not "x"' },
      { row: 3, column: 3, detail: expect.stringContaining('cell C3 (role): role must be') },
    ]);
  });

  it('has what the fleet is against listed at the rows that ask for it', async () => {
    await ask(path, csv('a,2,boot,x,', 'c,2,cs,x,'));
    await face.must('PUT /api/v1/state/c', { body: 'healthy' });
    const { status, json } = await ask(path, csv('b,2,boot,x,', 'c,3,cs,x,', 'd,2,cs,x,'));
    expect([status, json.type]).toEqual([409, 'urn:tetsukan:problem:machines-refused']);
    expect(json.errors).toMatchObject([
      { row: 2, column: 3 },
      { row: 3, column: 2 },
    ]);
    expect(face.inventory.machines()).toHaveLength(2);
  });

  it('moves machines in use only when it is asked to, and shows that first', async () => {
    await face.must(path, csv('a,2,cs,x,tokyo'));
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    const moved = csv('a,3,cs,x,tokyo');
    const refused = await ask(path, moved);
    expect([refused.status, refused.json.type]).toEqual([
      409,
      'urn:tetsukan:problem:machines-refused',
    ]);
    const dry = await ask(`${path}?evenInUse=true&dryRun=true`, moved);
    expect(dry.json.machines[0]).toMatchObject({ outcome: 'changed', state: 'healthy' });
    expect(dry.json.machines[0].changes.map(({ member }: { member: string }) => member)).toEqual(
      expect.arrayContaining(['spec.rack', 'spec.ipv4']),
    );
    const done = await ask(`${path}?evenInUse=true`, also(moved, { 'if-match': dry.etag }));
    expect([done.status, done.json.counts.changed]).toEqual([200, 1]);
    expect(face.inventory.machines()[0]?.spec.rack).toBe(3);
  });

  it('is refused when what would be done is not what was shown', async () => {
    const file = csv('a,2,cs,x,', 'b,2,cs,x,');
    const dry = await ask(`${path}?dryRun=true`, file);
    await ask(path, csv('other,2,cs,x,'));
    const late = await ask(path, also(file, { 'if-match': dry.etag }));
    expect([late.status, late.json.type]).toEqual([412, 'urn:tetsukan:problem:not-as-expected']);
    const other = await ask(`${path}?expect=1`, file);
    expect([other.status, other.json.detail]).toEqual([
      412,
      expect.stringMatching(/^2 machines would be registered and 0 changed, not 1/),
    ]);
    expect(face.inventory.machines()).toHaveLength(1);
    expect((await ask(`${path}?expect=2`, file)).status).toBe(200);
  });

  it('says its format in the query, where the client cannot say it in a header', async () => {
    const body = `${header}\na,2,cs,x,`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await ask(path, { body, headers })).status).toBe(415);
    expect((await ask(`${path}?format=csv`, { body, headers })).status).toBe(200);
  });

  it('as YAML is read up to a bound, since that keeps a server from all else', async () => {
    const answer = await ask(path, yaml(`- serial: a\n${'#'.repeat(300_000)}`));
    expect([answer.status, answer.json.detail]).toEqual([
      400,
      expect.stringMatching(/at most 262144 are taken as YAML/),
    ]);
  });

  it('is not read when it is larger than is taken', async () => {
    const body = `${header}\n${'#'.repeat(9 * 1024 * 1024)}`;
    expect((await ask(`${path}?format=csv`, { body })).status).toBe(413);
  });
});

describe('a file with a whole fleet', () => {
  const ipam = ipamConfigToJson(ipamG);
  const fleetOf = (...machines: readonly unknown[]): Asked =>
    yaml(JSON.stringify({ ipam, dhcp: { 'lease-minutes': 30 }, machines }));
  const machine = (serial: string, rack = 0, role = 'cs') => ({
    serial,
    rack,
    role,
    bmc: { type: 'x' },
  });

  it('is set up at once, and again changes nothing', async () => {
    const face = await aFace({ ipam: 'unset' });
    const file = fleetOf(machine('a'), machine('b', 1));
    const dry = await face.must(`${path}?dryRun=true`, file);
    expect(dry.json().config).toMatchObject([
      { noun: 'ipam', outcome: 'set' },
      { noun: 'dhcp', outcome: 'set' },
    ]);
    expect(face.inventory.ipam()).toBeUndefined();
    const done = await face.must(path, {
      ...file,
      headers: { ...file.headers, 'if-match': String(dry.headers['etag']) },
    });
    expect(done.json().machines).toEqual(dry.json().machines);
    expect([face.inventory.ipam(), face.inventory.dhcp()?.leaseMinutes]).toEqual([ipamG, 30]);
    const again = (await face.must(path, file)).json();
    expect([again.counts.unchanged, again.config]).toEqual([
      2,
      [
        { noun: 'ipam', outcome: 'unchanged', changes: [] },
        { noun: 'dhcp', outcome: 'unchanged', changes: [] },
      ],
    ]);
  });

  it('leaves the configuration alone when its machines are refused', async () => {
    const face = await aFace();
    await face.must(path, csv('a,2,boot,x,'));
    const answer = await face.ask(
      path,
      yaml(JSON.stringify({ dhcp: { 'lease-minutes': 30 }, machines: [machine('b', 2, 'boot')] })),
    );
    expect(answer.statusCode).toBe(409);
    expect(face.inventory.dhcp()).toBeUndefined();
  });

  it('does not change the address plan under machines', async () => {
    const face = await aFace();
    await face.must(path, csv('a,2,cs,x,'));
    const answer = await face.ask(
      path,
      yaml(JSON.stringify({ ipam: { ...ipam, 'node-index-offset': 5 }, machines: [machine('b')] })),
    );
    expect([answer.statusCode, answer.json().errors[0].pointer]).toEqual([409, '/ipam']);
    expect(face.inventory.machines()).toHaveLength(1);
    expect(
      (await face.ask(path, yaml(JSON.stringify({ ipam, machines: [machine('b')] })))).statusCode,
    ).toBe(200);
  });

  it('has its changes in the audit log', async () => {
    const face = await aFace({ ipam: 'unset' });
    await face.must(path, fleetOf(machine('a')));
    const log = await face.inventory.auditLog(undefined, undefined);
    const told = log.ok ? log.value.map(({ category, action }) => `${category} ${action}`) : [];
    expect(told.sort()).toEqual(['dhcp put', 'ipam put', 'machines register']);
  });
});
