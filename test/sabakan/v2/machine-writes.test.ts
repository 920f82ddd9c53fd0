import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { machineSchema } from '../../../src/sabakan/contract/machine.ts';
import { problemSchema } from '../../../src/sabakan/contract/problem.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

async function fleet(): Promise<TestFace> {
  const face = await aFace();
  const labels = { product: 'R650', old: 'yes' };
  await face.must('POST /api/v1/machines', { body: [aSpec('a', { labels }), aSpec('b')] });
  return face;
}

const any = { 'if-match': '*' };

async function tagOf(face: TestFace, serial: string): Promise<string> {
  return String((await face.must(`GET /api/v2/machines/${serial}`)).headers['etag']);
}

async function logOf(face: TestFace): Promise<readonly string[]> {
  const { body } = await face.must('GET /api/v1/logs');
  return body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ action, instance, detail }) => `${action} ${instance} ${detail}`);
}

describe('PATCH /api/v2/machines/{serial}', () => {
  it('changes labels, retire date and state in one commit, each with its audit record', async () => {
    const face = await fleet();
    const before = await logOf(face);
    const answer = await face.must('PATCH /api/v2/machines/a', {
      headers: { 'if-match': await tagOf(face, 'a'), 'x-sabakan-user': 'hanako' },
      body: {
        spec: {
          labels: { old: null, product: 'R750', room: '3' },
          retireDate: '2031-04-01t00:00:00z',
        },
        status: { state: 'healthy', reason: { text: 'looked at it' } },
      },
    });
    const machine = answer.json();
    expect(Compile(machineSchema).Errors(machine)).toEqual([]);
    expect(machine).toMatchObject({
      spec: { labels: { product: 'R750', room: '3' }, retireDate: '2031-04-01T00:00:00Z' },
      status: { state: 'healthy', reason: { by: 'hanako', text: 'looked at it', evidence: [] } },
    });
    expect(answer.headers['etag']).toBe(`"${machine.revision}"`);
    expect((await face.must('GET /api/v2/machines/a')).json()).toEqual(machine);
    expect((await logOf(face)).slice(before.length)).toEqual([
      'delete-label a old',
      'put-label a product/R750',
      'put-label a room/3',
      'set-retire-date a 2031-04-01 00:00:00 +0000 UTC',
      'set-state a uninitialized -> healthy: looked at it',
    ]);
    const log = await face.inventory.auditLog(undefined, undefined);
    const revisions = log.ok ? log.value.slice(-5).map(({ rev }) => rev) : [];
    expect(new Set(revisions)).toEqual(new Set([machine.revision]));
  });

  it('moves a machine of the wrong rack with index and addresses, and its old slot is free', async () => {
    const face = await fleet();
    const before = (await face.must('GET /api/v2/machines/a')).json();
    const body = {
      spec: { rack: 1, role: 'ss', bmc: { type: 'IPMI-2.0' }, labels: { room: '3' } },
    };
    const dry = await face.must('PATCH /api/v2/machines/a?dryRun=true', { headers: any, body });
    const moved = (await face.must('PATCH /api/v2/machines/a', { headers: any, body })).json();
    expect(dry.json().spec).toEqual(moved.spec);
    expect(moved.spec).toMatchObject({ rack: 1, role: 'ss', bmc: { type: 'IPMI-2.0' } });
    expect(moved.spec.ipv4).not.toEqual(before.spec.ipv4);
    await face.must('POST /api/v1/machines', { body: [aSpec('c')] });
    const next = (await face.must('GET /api/v2/machines/c')).json();
    expect(next.spec.ipv4).toEqual(before.spec.ipv4);
    const log = await face.inventory.auditLog(undefined, undefined);
    const record = log.ok ? log.value.find(({ action }) => action === 'change') : undefined;
    expect(record).toMatchObject({
      instance: 'a',
      rev: moved.revision,
      before: { rack: 0, ipv4: before.spec.ipv4 },
      after: { rack: 1, ipv4: moved.spec.ipv4 },
    });
    expect(record?.detail).toContain('rack 0 -> 1');
  });

  it('leaves rack and role of a machine in use, unless it is told to change them all the same', async () => {
    const face = await fleet();
    await face.must('PUT /api/v1/state/a', { body: 'healthy' });
    const body = { spec: { rack: 1, role: 'ss' } };
    const refused = await face.ask('PATCH /api/v2/machines/a', { headers: any, body });
    expect(refused.statusCode).toBe(409);
    expect(refused.json()).toMatchObject({
      type: 'urn:tetsukan:problem:change-forbidden',
      errors: [{ pointer: '/spec/rack' }, { pointer: '/spec/role' }],
    });
    const path = 'PATCH /api/v2/machines/a?evenInUse=true';
    const moved = (await face.must(path, { headers: any, body })).json();
    expect(moved).toMatchObject({ spec: { rack: 1, role: 'ss' }, status: { state: 'healthy' } });
  });

  it('names what is no rack, role or BMC type, and what the racks do not take', async () => {
    const face = await fleet();
    const errorsOf = async (spec: unknown) => {
      const answer = await face.ask('PATCH /api/v2/machines/a', { headers: any, body: { spec } });
      const { type, errors } = answer.json();
      return [type.split(':').at(-1), ...errors.map((one: { pointer: string }) => one.pointer)];
    };
    expect(await errorsOf({ rack: 2_000_000, role: '-', bmc: { type: 'ü' } })).toEqual([
      'invalid',
      '/spec/rack',
      '/spec/role',
      '/spec/bmc/type',
    ]);
    await face.must('POST /api/v1/machines', { body: [aSpec('boot', { role: 'boot' })] });
    expect(await errorsOf({ role: 'boot' })).toEqual(['boot-slot-taken', '/spec/role']);
    expect(await errorsOf({ rack: 999_999 })).toEqual(['outside-pool', '/spec/rack']);
  });

  it('does all of it or nothing', async () => {
    const face = await fleet();
    const tag = await tagOf(face, 'a');
    const body = { spec: { labels: { room: '3' } }, status: { state: 'retired' } };
    const answer = await face.ask('PATCH /api/v2/machines/a', { headers: any, body });
    expect([answer.statusCode, answer.json().type, answer.json().errors]).toEqual([
      409,
      'urn:tetsukan:problem:transition-forbidden',
      [
        {
          pointer: '/status/state',
          detail: 'a machine that is uninitialized can become healthy or retiring, not retired',
        },
      ],
    ]);
    expect(await tagOf(face, 'a')).toBe(tag);
    expect((await face.ask('PUT /api/v1/state/a', { body: 'retired' })).statusCode).toBe(500);
  });

  it('writes nothing when all is so already', async () => {
    const face = await fleet();
    const tag = await tagOf(face, 'a');
    const before = await logOf(face);
    const answer = await face.must('PATCH /api/v2/machines/a', {
      headers: { 'if-match': tag },
      body: { spec: { labels: { old: 'yes', none: null } }, status: { state: 'uninitialized' } },
    });
    expect([answer.headers['etag'], await tagOf(face, 'a'), await logOf(face)]).toEqual([
      tag,
      tag,
      before,
    ]);
  });

  it('does not retire a machine that has disk keys', async () => {
    const face = await fleet();
    await face.inventory.putDiskKey('a' as never, 'disk', new Uint8Array(8), {
      user: '',
      ip: '',
      host: '',
    });
    const to = (state: string) =>
      face.ask('PATCH /api/v2/machines/a', { headers: any, body: { status: { state } } });
    expect((await to('retiring')).statusCode).toBe(200);
    const refused = await to('retired');
    expect([refused.statusCode, refused.json().type]).toEqual([
      409,
      'urn:tetsukan:problem:disk-keys-exist',
    ]);
    await face.inventory.deleteDiskKeys('a' as never, { user: '', ip: '', host: '' });
    expect((await to('retired')).json().status.state).toBe('retired');
  });

  it.each([
    ['no If-Match', undefined, 428, 'precondition-missing'],
    ['another revision', '"1"', 412, 'precondition-failed'],
    ['a weak tag', 'W/"$"', 412, 'precondition-failed'],
    ['a tag without quotes', '$', 400, 'bad-request'],
    ['the revision', '"$"', 200, undefined],
    ['the revision among others', '"1", "$"', 200, undefined],
    ['a star', '*', 200, undefined],
  ])('with %s is answered as it should be', async (_, given, status, kind) => {
    const face = await fleet();
    const tag = await tagOf(face, 'a');
    const headers = given === undefined ? {} : { 'if-match': given.replace('$', tag.slice(1, -1)) };
    const body = { spec: { labels: { x: 'y' } } };
    const answer = await face.ask('PATCH /api/v2/machines/a', { headers, body });
    expect(answer.statusCode).toBe(status);
    expect((await tagOf(face, 'a')) === tag).toBe(status !== 200);
    if (kind === undefined) return;
    expect(answer.json().type).toBe(`urn:tetsukan:problem:${kind}`);
    expect(Compile(problemSchema).Check(answer.json())).toBe(true);
    if (status === 412) expect(`"${answer.json().currentRevision}"`).toBe(tag);
  });

  it('lets one of many that know the same revision win, and tells the others the new one', async () => {
    const face = await fleet();
    const headers = { 'if-match': await tagOf(face, 'a') };
    const answers = await Promise.all(
      [...'12345678'].map((value) =>
        face.ask('PATCH /api/v2/machines/a', {
          headers,
          body: { spec: { labels: { winner: value } } },
        }),
      ),
    );
    const won = answers.filter(({ statusCode }) => statusCode === 200);
    expect(won).toHaveLength(1);
    expect((await face.must('GET /api/v2/machines/a')).json()).toEqual(won[0]?.json());
    const lost = answers.filter(({ statusCode }) => statusCode === 412);
    expect(lost.map((answer) => answer.json().currentRevision)).toEqual(
      Array(7).fill(won[0]?.json().revision),
    );
  });

  it.each([
    [{ x: 1 }, ['/x']],
    [
      { spec: { serial: 'x', indexInRack: 4 }, status: { since: 'now' } },
      ['/spec/serial', '/spec/indexInRack', '/status', '/status/since'],
    ],
    [
      { spec: { labels: { a: 1, 'b/c': 'x', '-': 'x', d: 'no spaces' }, retireDate: 'soon' } },
      ['/spec/labels/a'],
    ],
    [
      { spec: { labels: { 'b/c~': 'x', '-': null, d: 'no spaces', e: 'f' }, retireDate: 'soon' } },
      ['/spec/labels/b~1c~0', '/spec/labels/-', '/spec/labels/d', '/spec/retireDate'],
    ],
    [{ spec: { labels: null } }, ['/spec/labels']],
    [{ status: { state: 'broken' } }, ['/status/state']],
    [{ status: { state: 'healthy', reason: { text: '' } } }, ['/status/reason/text']],
    [[], ['']],
  ])('refuses %j at %j', async (body, pointers) => {
    const face = await fleet();
    const tag = await tagOf(face, 'a');
    const answer = await face.ask('PATCH /api/v2/machines/a', { headers: any, body });
    expect(answer.statusCode).toBe(400);
    expect(
      answer
        .json()
        .errors.map(({ pointer }: { pointer: string }) => pointer)
        .sort(),
    ).toEqual(pointers.toSorted());
    expect(await tagOf(face, 'a')).toBe(tag);
  });

  it('names twenty mistakes at once', async () => {
    const face = await fleet();
    const body = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`x${at}`, 1]));
    const { errors } = (await face.ask('PATCH /api/v2/machines/a', { headers: any, body })).json();
    expect(errors).toHaveLength(20);
  });

  it('says which members there are, and which states', async () => {
    const face = await fleet();
    const body = { spec: { serial: 'x' }, status: { state: 'broken' } };
    const { errors } = (await face.ask('PATCH /api/v2/machines/a', { headers: any, body })).json();
    expect(errors.map(({ detail }: { detail: string }) => detail)).toEqual([
      'is unknown here; known are labels, retireDate, hold, rack, role, bmc',
      expect.stringMatching(/^must be one of uninitialized, healthy/),
    ]);
  });

  it('keeps at most 64 labels, counted when all is done', async () => {
    const face = await fleet();
    const patch = (labels: object) =>
      face.ask('PATCH /api/v2/machines/b', { headers: any, body: { spec: { labels } } });
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, at) => [`l${at}`, 'x']));
    expect((await patch(many)).statusCode).toBe(200);
    const over = await patch({ more: 'x' });
    expect([over.statusCode, over.json().errors[0].detail]).toEqual([
      400,
      'a machine has at most 64 labels',
    ]);
    expect((await patch({ more: 'x', l0: null })).statusCode).toBe(200);
  });

  it.each([
    ['application/merge-patch+json', 200],
    ['application/json; charset=utf-8', 200],
    ['application/json-patch+json', 415],
    ['text/plain', 415],
  ])('a body of %s is answered %i', async (type, status) => {
    const face = await fleet();
    const headers = { ...any, 'content-type': type };
    const answer = await face.ask('PATCH /api/v2/machines/a', { headers, body: {} });
    expect(answer.statusCode).toBe(status);
  });

  it('is for hosts in allow-ips, as every change', async () => {
    const face = await fleet();
    const how = { headers: any, body: { spec: { labels: { x: 'y' } } } };
    const answer = await face.ask('PATCH /api/v2/machines/a', { ...how, from: '192.0.2.1' });
    expect([answer.statusCode, await tagOf(face, 'a')]).toEqual([403, await tagOf(face, 'b')]);
    expect((await face.ask('PATCH /api/v2/machines/nobody', how)).statusCode).toBe(404);
  });

  it('in a dry run decides on what is stored and writes nothing', async () => {
    const face = await fleet();
    const revisionOf = async () => {
      const listed = await face.store.list('');
      if (!listed.ok) throw new Error(listed.error.text);
      return listed.value.revision;
    };
    const before = await revisionOf();
    const tag = await tagOf(face, 'a');
    const ask = (body: object, tagGiven = tag) =>
      face.ask('PATCH /api/v2/machines/a?dryRun=true', { headers: { 'if-match': tagGiven }, body });
    const would = await ask({ spec: { labels: { old: null } }, status: { state: 'healthy' } });
    expect(would.json()).toMatchObject({
      revision: tag.slice(1, -1),
      spec: { labels: { product: 'R650' } },
      status: { state: 'healthy', durationSeconds: 0 },
    });
    expect(would.headers['etag']).toBe(tag);
    expect((await ask({ status: { state: 'retired' } })).statusCode).toBe(409);
    expect((await ask({}, '"1"')).statusCode).toBe(412);
    expect(await revisionOf()).toBe(before);
    expect((await face.must('GET /api/v2/machines/a')).json().status.state).toBe('uninitialized');
    const odd = await face.ask('PATCH /api/v2/machines/a?dryRun=1', { headers: any, body: {} });
    expect([odd.statusCode, odd.json().errors[0].parameter]).toEqual([400, 'dryRun']);
  });
});

describe('DELETE /api/v2/machines/{serial}', () => {
  const retired = async () => {
    const face = await fleet();
    for (const state of ['retiring', 'retired'])
      await face.must('PUT /api/v1/state/a', { body: state });
    return face;
  };

  it('removes a retired machine whose revision is the one that is known', async () => {
    const face = await retired();
    const tag = await tagOf(face, 'a');
    const dry = await face.ask('DELETE /api/v2/machines/a?dryRun=true', {
      headers: { 'if-match': tag },
    });
    expect([dry.statusCode, await tagOf(face, 'a')]).toEqual([204, tag]);
    const gone = await face.ask('DELETE /api/v2/machines/a', { headers: { 'if-match': tag } });
    expect([gone.statusCode, gone.body]).toEqual([204, '']);
    expect((await face.ask('GET /api/v2/machines/a')).statusCode).toBe(404);
    expect((await logOf(face)).at(-1)).toBe('delete a ');
    // Its index is free again.
    await face.must('POST /api/v1/machines', { body: [aSpec('c')] });
    expect((await face.must('GET /api/v2/machines/c')).json().spec.indexInRack).toBe(4);
  });

  it.each([
    ['b', {}, 428, 'precondition-missing'],
    ['a', { 'if-match': '"1"' }, 412, 'precondition-failed'],
    ['b', any, 409, 'not-retired'],
    ['nobody', any, 404, 'machine-unknown'],
  ])('%s with %j is answered %i', async (serial, headers, status, kind) => {
    const face = await retired();
    const before = await logOf(face);
    const answer = await face.ask(`DELETE /api/v2/machines/${serial}`, { headers });
    expect([answer.statusCode, answer.json().type]).toEqual([
      status,
      `urn:tetsukan:problem:${kind}`,
    ]);
    if (status === 412) expect(`"${answer.json().currentRevision}"`).toBe(await tagOf(face, 'a'));
    expect(await logOf(face)).toEqual(before);
  });

  it('is for hosts in allow-ips', async () => {
    const answer = await (await retired()).ask('DELETE /api/v2/machines/a', {
      headers: any,
      from: '192.0.2.1',
    });
    expect(answer.statusCode).toBe(403);
  });
});

describe('POST /api/v2/machines', () => {
  const aMachine = (serial: string, more: object = {}) => ({
    serial,
    spec: { rack: 0, role: 'cs', bmc: { type: 'iDRAC-9' }, ...more },
  });
  const placesOf = (json: { errors: { pointer: string }[] }) =>
    json.errors.map(({ pointer }) => pointer).sort();

  it('registers one machine, and answers it as it is read afterwards', async () => {
    const face = await fleet();
    const body = aMachine('c', { labels: { x: 'y' }, retireDate: '2031-04-01T00:00:00Z' });
    const answer = await face.ask('POST /api/v2/machines', { body });
    expect(answer.statusCode).toBe(201);
    const { items } = answer.json();
    expect(items).toEqual([(await face.must('GET /api/v2/machines/c')).json()]);
    expect(items[0].spec).toMatchObject({ indexInRack: 6, labels: { x: 'y' } });
    expect((await logOf(face)).at(-1)).toBe('register  c');
  });

  it('shows in a dry run the index and addresses each would get, and stores nothing', async () => {
    const face = await fleet();
    const before = await face.store.list('');
    const body = [aMachine('c'), aMachine('d', { rack: 1 }), aMachine('e')];
    const would = (await face.must('POST /api/v2/machines?dryRun=true', { body })).json().items;
    expect(await face.store.list('')).toEqual(before);
    const { items } = (await face.must('POST /api/v2/machines', { body })).json();
    const specs = (list: { spec: object }[]) => list.map(({ spec }) => spec);
    expect(specs(would)).toEqual(specs(items));
    expect(would[0].revision).toBe('0');
  });

  it('names the machine that exists, and stores none of the others', async () => {
    const face = await fleet();
    const body = [aMachine('c'), aMachine('b')];
    const answer = await face.ask('POST /api/v2/machines', { body });
    expect([answer.statusCode, answer.json().detail]).toEqual([
      409,
      'machine b is registered already',
    ]);
    expect(placesOf(answer.json())).toEqual(['/1/serial']);
    expect((await face.ask('GET /api/v2/machines/c')).statusCode).toBe(404);
  });

  it.each([
    [
      { serial: 'c', spec: { rack: -1, bmc: {}, role: 'cs', size: 2 } },
      ['/spec/bmc', '/spec/rack', '/spec/size'],
    ],
    [[aMachine('c'), aMachine('d', { index: 3 })], ['/1/spec/index']],
    [
      [aMachine('c/d'), aMachine('d', { role: '-', bmc: { type: '' }, retireDate: 'soon' })],
      ['/0/serial', '/1/spec/bmc/type', '/1/spec/retireDate', '/1/spec/role'],
    ],
    [aMachine('c', { role: '-' }), ['/spec/role']],
    [aMachine('', {}), ['/serial']],
    [
      [aMachine('c'), aMachine('c')],
      ['/0/serial', '/1/serial'],
    ],
    [[], ['']],
  ])('refuses %j at %j', async (body, pointers) => {
    const answer = await (await fleet()).ask('POST /api/v2/machines', { body });
    expect([answer.statusCode, placesOf(answer.json())]).toEqual([400, pointers]);
  });

  it('is for hosts in allow-ips', async () => {
    const how = { body: aMachine('c'), from: '192.0.2.1' };
    expect((await (await fleet()).ask('POST /api/v2/machines', how)).statusCode).toBe(403);
  });
});
