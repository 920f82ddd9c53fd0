import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/sabakan/contract/operations.ts';
import { permissionOf, permissionTable } from '../../../src/sabakan/who/permissions.ts';
import { type Permission, roles, suffices } from '../../../src/sabakan/who/role.ts';
import { accessLimitsDefault } from '../../../src/sabakan/who/settings.ts';
import { type Asked, aFace, aSpec, type TestFace } from '../../support/face.ts';

const admin = { user: 'root', ip: '127.0.0.1', host: 'boot-0' };
const stranger = '192.0.2.7';

async function aToken(
  face: TestFace,
  role: string,
  more: { readonly days?: number; readonly networks?: readonly string[] } = {},
): Promise<{ readonly id: string; readonly text: string }> {
  const made = await face.tokens.create({ name: `the ${role}`, role, ...more }, admin);
  if (!made.ok) throw new Error(made.error.text);
  return { id: made.value.token.id, text: made.value.text };
}

function bearer(text: string, from = stranger): Asked {
  return { from, headers: { authorization: `Bearer ${text}` } };
}

/** What is asked, and what it needs. */
const rows: readonly (readonly [what: string, needs: Permission])[] = [
  ['GET /api/v1/machines', 'viewer'],
  ['HEAD /api/v1/machines', 'viewer'],
  ['POST /api/v1/machines', 'operator'],
  ['DELETE /api/v1/machines/nobody', 'operator'],
  ['GET /api/v1/state/a', 'viewer'],
  ['PUT /api/v1/state/a', 'operator'],
  ['PUT /api/v1/labels/a/b', 'operator'],
  ['DELETE /api/v1/labels/a/b', 'operator'],
  ['PUT /api/v1/retire-date/a', 'operator'],
  ['GET /api/v1/config/ipam', 'viewer'],
  ['PUT /api/v1/config/ipam', 'admin'],
  ['PUT /api/v1/config/dhcp', 'admin'],
  ['GET /api/v1/config/dhcp', 'viewer'],
  ['GET /api/v1/ignitions/cs', 'viewer'],
  ['PUT /api/v1/ignitions/cs/1.0.0', 'operator'],
  ['DELETE /api/v1/ignitions/cs/1.0.0', 'operator'],
  ['GET /api/v1/kernel_params/coreos', 'viewer'],
  ['PUT /api/v1/kernel_params/coreos', 'operator'],
  ['GET /api/v1/logs', 'viewer'],
  ['GET /api/v1/images/coreos', 'viewer'],
  ['GET /api/v1/images/coreos/1.0', 'boot'],
  ['PUT /api/v1/images/coreos/1.0', 'operator'],
  ['DELETE /api/v1/images/coreos/1.0', 'operator'],
  ['GET /api/v1/assets', 'viewer'],
  ['GET /api/v1/assets/a', 'boot'],
  ['HEAD /api/v1/assets/a', 'boot'],
  ['GET /api/v1/assets/a/meta', 'viewer'],
  ['PUT /api/v1/assets/a', 'operator'],
  ['DELETE /api/v1/assets/a', 'operator'],
  ['GET /api/v1/cryptsetup', 'boot'],
  ['GET /api/v1/boot/ipxe.efi', 'boot'],
  ['GET /api/v1/boot/coreos/ipxe', 'boot'],
  ['GET /api/v1/boot/coreos/ipxe/a', 'boot'],
  ['GET /api/v1/boot/coreos/why/a', 'boot'],
  ['GET /api/v1/boot/coreos/kernel', 'boot'],
  ['GET /api/v1/boot/coreos/initrd.gz', 'boot'],
  ['GET /api/v1/boot/coreos/images/1.0/kernel', 'boot'],
  ['GET /api/v1/boot/coreos/held/1.0/kernel', 'boot'],
  ['GET /api/v1/boot/ignitions/a/1.0.0', 'boot'],
  ['GET /api/v1/boot/other', 'boot'],
  ['POST /api/v1/boot/coreos/ipxe', 'operator'],
  ['GET /api/v1/crypts/a/b', 'viewer'],
  ['PUT /api/v1/crypts/a/b', 'operator'],
  ['GET /api/v1/none', 'viewer'],
  ['PUT /api/v1/none', 'operator'],
  ['GET /graphql', 'viewer'],
  ['POST /graphql', 'viewer'],
  ['OPTIONS /graphql', 'viewer'],
  ['GET /playground', 'viewer'],
  ['GET /none', 'viewer'],
  ['GET /', 'viewer'],
  ['GET /api/v2/none', 'viewer'],
  ['GET /health', 'open'],
  ['HEAD /health', 'open'],
  ['GET /version', 'open'],
  ...operations
    // A watch has no end.
    .filter(({ path }) => !path.startsWith('/watch/'))
    .map(
      ({ method, path, needs }) =>
        [`${method} /api/v2${path.replace(/\{[^}]*\}/g, '1')}`, needs] as const,
    ),
];
const rowsTls: readonly (readonly [what: string, needs: Permission])[] = [
  ['GET /api/v1/crypts/a/b', 'boot'],
  ['PUT /api/v1/crypts/a/b', 'boot'],
  ['DELETE /api/v1/crypts/a', 'operator'],
  ['GET /api/v1/machines', 'viewer'],
  ['GET /health', 'viewer'],
];

describe('auth: required', () => {
  it('lets each role do what it may, and nothing else, on every route', async () => {
    const face = await aFace({
      deps: { playground: true },
      access: { auth: 'required', allowIpsRole: 'none' },
    });
    const wrong: string[] = [];
    for (const role of [undefined, ...roles]) {
      const headers = role === undefined ? { from: stranger } : await asRole(face, role);
      for (const [ask, table] of [
        [face.ask, rows],
        [face.askTls, rowsTls],
      ] as const) {
        for (const [what, needs] of table) {
          const { statusCode } = await ask(what, headers);
          const denied = role === undefined ? 401 : 403;
          const isDenied = statusCode === 401 || statusCode === 403;
          const isRight = suffices(role, needs) ? !isDenied : statusCode === denied;
          if (!isRight) wrong.push(`${role} ${what}: ${statusCode}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    // The door is asked about every route there is, and every one that was asked has an answer.
    const names = new Set(face.requests.all().map(({ path }) => path));
    const unmapped = [...names].filter(
      (name) => !name.startsWith('/api/v2') && permissionOf({ name }, 'GET') === undefined,
    );
    expect(unmapped).toEqual([]);
    const unvisited = Object.keys(permissionTable).filter((name) => !names.has(name));
    expect(unvisited).toEqual(['/metrics']);
  });

  it('asks nothing of hosts in allow-ips where the configuration says so', async () => {
    const face = await aFace({ access: { auth: 'required' } });
    const here = await face.ask('PUT /api/v1/kernel_params/coreos', { body: 'quiet' });
    const there = await face.ask('GET /api/v1/machines', { from: stranger });
    expect([here.statusCode, there.statusCode]).toEqual([200, 401]);
  });

  it('says in a 401 what is wanted, and in a 403 which role it takes', async () => {
    const face = await aFace({ access: { auth: 'required', allowIpsRole: 'none' } });
    const none = await face.ask('GET /api/v2/machines', { from: stranger });
    expect(none.headers['www-authenticate']).toBe('Bearer realm="tetsukan"');
    expect(none.json().type).toBe('urn:tetsukan:problem:token-missing');
    const wrong = await face.ask(
      'GET /api/v1/machines',
      bearer(`tetsu_abcdefgh_${'a'.repeat(32)}`),
    );
    expect(wrong.headers['www-authenticate']).toContain('error="invalid_token"');
    const { text } = await aToken(face, 'viewer');
    const small = await face.ask('DELETE /api/v2/machines/a', bearer(text));
    expect(small.json().detail).toBe(
      'the token "the viewer" has the role viewer; this needs operator',
    );
  });
});

async function asRole(face: TestFace, role: string): Promise<Asked> {
  return bearer((await aToken(face, role)).text);
}

describe('auth: open', () => {
  it('takes no notice of credentials for somebody else', async () => {
    const face = await aFace();
    for (const authorization of ['Basic dXNlcjpwYXNz', 'Bearer eyJhbGciOiJub25lIn0.e30.']) {
      const read = await face.ask('GET /api/v1/assets', {
        from: stranger,
        headers: { authorization },
      });
      const change = await face.ask('PUT /api/v1/kernel_params/coreos', {
        body: 'quiet',
        headers: { authorization },
      });
      expect([read.statusCode, change.statusCode]).toEqual([200, 200]);
    }
  });

  it('gives a token its role from anywhere, and no more than that on a host in allow-ips', async () => {
    const face = await aFace();
    const operator = await aToken(face, 'operator');
    const viewer = await aToken(face, 'viewer');
    const put = (text: string, from: string) =>
      face.ask('PUT /api/v1/kernel_params/coreos', { body: 'quiet', ...bearer(text, from) });
    expect((await put(operator.text, stranger)).statusCode).toBe(200);
    expect((await put(viewer.text, '127.0.0.1')).statusCode).toBe(403);
  });

  it('still refuses a token that is wrong, also where reading is open', async () => {
    const face = await aFace();
    const answer = await face.ask(
      'GET /api/v1/machines',
      bearer(`tetsu_abcdefgh_${'a'.repeat(32)}`),
    );
    expect(answer.statusCode).toBe(401);
  });

  it('lets nobody change anything without a token where allow-ips gives nothing', async () => {
    const face = await aFace({ access: { allowIpsRole: 'none' } });
    const put = await face.ask('PUT /api/v1/kernel_params/coreos', { body: 'quiet' });
    const get = await face.ask('GET /api/v1/assets', { from: stranger });
    expect([put.statusCode, get.statusCode]).toEqual([403, 200]);
  });
});

describe('a token', () => {
  const access = { auth: 'required', allowIpsRole: 'none' } as const;
  const read = 'GET /api/v1/assets';

  it('counts for nothing from the moment it is revoked, expired, or used from elsewhere', async () => {
    const face = await aFace({ access });
    const [revoked, short, local] = [
      await aToken(face, 'viewer'),
      await aToken(face, 'viewer', { days: 1 }),
      await aToken(face, 'viewer', { networks: ['10.0.0.0/8'] }),
    ];
    const status = async (text: string, from = stranger) =>
      (await face.ask(read, bearer(text, from))).statusCode;
    expect([await status(revoked.text), await status(short.text)]).toEqual([200, 200]);
    expect([await status(local.text), await status(local.text, '10.1.1.1')]).toEqual([401, 200]);
    await face.tokens.revoke(revoked.id, admin);
    expect(await status(revoked.text)).toBe(401);
    face.clock.jump(86_400_000);
    expect(await status(short.text)).toBe(401);
  });

  it('that is wrong again and again has to wait, and holds up nobody elsewhere', async () => {
    const face = await aFace({ access });
    const { text } = await aToken(face, 'viewer');
    const wrong = `tetsu_abcdefgh_${'a'.repeat(32)}`;
    const statuses: number[] = [];
    for (let tries = 0; tries < 1000; tries += 1) {
      statuses.push((await face.ask(read, bearer(wrong))).statusCode);
    }
    const { wrongTokensBurst } = accessLimitsDefault;
    expect(statuses.filter((status) => status === 401)).toHaveLength(wrongTokensBurst);
    expect(statuses.at(-1)).toBe(429);
    const held = await face.ask(read, bearer(text));
    expect([held.statusCode, held.headers['retry-after']]).toEqual([429, '6']);
    expect((await face.ask(read, bearer(text, '198.51.100.1'))).statusCode).toBe(200);
    // Once it was used from here, a neighbour's mistakes do not matter.
    face.clock.advance(6_000);
    expect((await face.ask(read, bearer(text))).statusCode).toBe(200);
    for (let tries = 0; tries < 20; tries += 1) await face.ask(read, bearer(wrong));
    expect((await face.ask(read, bearer(text))).statusCode).toBe(200);
    expect((await face.ask(read, bearer(`${text.slice(0, -2)}aa`))).statusCode).toBe(429);
  });

  it('is nowhere but in the answer that made it', async () => {
    const face = await aFace({ access });
    const { text } = await aToken(face, 'admin');
    const secret = text.slice(-32);
    await face.ask(read, bearer(text));
    await face.ask(read, bearer(`${text}x`));
    await face.ask(`GET /api/v1/none?token=${text}`, { from: stranger });
    await face.ask('POST /graphql', { ...bearer(text), body: { query: '{' } });
    const listing = await face.store.list('');
    const stored = listing.ok
      ? listing.value.entries.map(({ value }) => new TextDecoder().decode(value)).join()
      : '';
    const seen = JSON.stringify([face.log, stored, face.tokens.all(), face.requests.all()]);
    expect(stored).toContain('"category":"tokens"');
    expect(seen).not.toContain(secret);
  });

  it('stands in the audit record of what it changed, in the place of what the client says', async () => {
    const face = await aFace({ access });
    const { id, text } = await aToken(face, 'operator');
    const headers = { ...bearer(text).headers, 'x-sabakan-user': 'mallory' };
    const body = [aSpec('a')];
    await face.must('POST /api/v1/machines', { from: stranger, headers, body });
    const log = await face.inventory.auditLog(undefined, undefined);
    const record = log.ok ? log.value.at(-1) : undefined;
    expect(record).toMatchObject({
      ...{ user: 'the operator', ip: stranger, token: id, request: 'r-1', action: 'register' },
    });
    const v1 = await face.must('GET /api/v1/logs', bearer(text));
    expect(Object.keys(JSON.parse(v1.body.trim().split('\n').at(-1) ?? '')).sort()).toEqual([
      'action',
      'category',
      'detail',
      'host',
      'instance',
      'ip',
      'rev',
      'ts',
      'user',
    ]);
  });
});

it('the audit log holds what was before and is after', async () => {
  const face = await aFace();
  await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
  await face.must('PUT /api/v1/labels/a/x', { body: '1' });
  await face.must('PUT /api/v1/labels/a/x', { body: '2' });
  await face.must('DELETE /api/v1/labels/a/x');
  await face.must('PUT /api/v1/state/a', { body: 'healthy' });
  for (const minutes of [30, 60]) {
    await face.must('PUT /api/v1/config/dhcp', { body: { 'lease-minutes': minutes } });
  }
  const patch = { spec: { labels: { y: '1' }, retireDate: '2031-01-02T03:04:05Z' } };
  await face.must('PATCH /api/v2/machines/a', { headers: { 'if-match': '*' }, body: patch });
  const log = await face.inventory.auditLog(undefined, undefined);
  const records = log.ok ? log.value : [];
  const values = records
    .filter(({ action }) => action !== 'register')
    .map(({ action, before, after }) => [action, before, after]);
  const label = (name: string, value: string | null) => ({ spec: { labels: { [name]: value } } });
  expect(values.slice(1)).toEqual([
    ['put-label', label('x', null), label('x', '1')],
    ['put-label', label('x', '1'), label('x', '2')],
    ['delete-label', label('x', '2'), label('x', null)],
    ['set-state', { status: { state: 'uninitialized' } }, { status: { state: 'healthy' } }],
    ['put', undefined, expect.objectContaining({ 'lease-minutes': 30 })],
    [
      'put',
      expect.objectContaining({ 'lease-minutes': 30 }),
      expect.objectContaining({ 'lease-minutes': 60 }),
    ],
    ['put-label', label('y', null), label('y', '1')],
    [
      'set-retire-date',
      { spec: { retireDate: '2026-11-21T06:00:00Z' } },
      { spec: { retireDate: '2031-01-02T03:04:05Z' } },
    ],
  ]);
});

describe('GraphQL', () => {
  const mutation = 'mutation { setMachineState(serial: "a", state: RETIRING) { state } }';

  it.each([
    ['open', 'viewer', 'forbidden'],
    ['required', 'viewer', 'forbidden'],
    ['open', 'operator', undefined],
    ['required', 'operator', undefined],
  ] as const)('with auth: %s a %s’s mutation is %s', async (auth, role, type) => {
    const face = await aFace({ access: { auth } });
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const { text } = await aToken(face, role);
    const headers = { ...bearer(text).headers, 'content-type': 'application/json' };
    const answer = await face.graphql(mutation, undefined, {
      ...{ from: stranger, headers },
      body: { query: mutation },
    });
    expect(answer.errors?.length ?? 0).toBe(type === undefined ? 0 : 1);
    const state = face.inventory.machines()[0]?.status.state;
    expect(state).toBe(type === undefined ? 'retiring' : 'uninitialized');
  });

  it('makes no change by GET, whoever asks', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    await face.ask(`GET /graphql?query=${encodeURIComponent(mutation)}`);
    expect(face.inventory.machines()[0]?.status.state).toBe('uninitialized');
  });
});

describe('limits', () => {
  it('slow down who asks too often, not others, and never a boot', async () => {
    const limits = { ...accessLimitsDefault, requestsPerSecond: 1, requestsBurst: 3 };
    const face = await aFace({ access: { limits } });
    const statuses = async (what: string, from: string) => {
      const all: number[] = [];
      for (let at = 0; at < 5; at += 1) all.push((await face.ask(what, { from })).statusCode);
      return all;
    };
    const machines = 'GET /api/v1/assets';
    expect(await statuses(machines, stranger)).toEqual([200, 200, 200, 429, 429]);
    expect(await statuses(machines, '192.0.2.8')).toEqual([200, 200, 200, 429, 429]);
    expect(await statuses('GET /api/v1/boot/coreos/ipxe', stranger)).not.toContain(429);
    expect(await statuses('GET /health', stranger)).not.toContain(429);
    face.clock.advance(1_000);
    expect(await statuses(machines, stranger)).toEqual([200, 429, 429, 429, 429]);
  });
});

describe('what is refused', () => {
  it('stands in the audit log under no name that the caller only claims', async () => {
    const face = await aFace({ access: { auth: 'required', allowIpsRole: 'none' } });
    await face.ask('GET /api/v1/machines', { headers: { 'x-sabakan-user': 'root' } });
    const log = await face.inventory.auditLog(undefined, undefined);
    const records = log.ok ? log.value.filter(({ category }) => category === 'denied') : [];
    expect(records).toMatchObject([
      { user: '', ip: '127.0.0.1', detail: expect.stringMatching(/; says it is "root"$/) },
    ]);
  });

  it('is in the audit log, but never more than so many times', async () => {
    const face = await aFace({ access: { auth: 'required', allowIpsRole: 'none' } });
    const denied = async () => {
      const log = await face.inventory.auditLog(undefined, undefined);
      return log.ok ? log.value.filter(({ category }) => category === 'denied') : [];
    };
    for (let tries = 0; tries < 500; tries += 1) {
      await face.ask('GET /api/v1/machines', { from: `192.0.2.${tries % 250}` });
    }
    const first = await denied();
    expect(first).toHaveLength(10);
    expect(first[0]).toMatchObject({
      ...{ action: '401', instance: '/api/v1/machines', ip: '192.0.2.0', user: '' },
    });
    for (let minutes = 0; minutes < 24 * 60; minutes += 1) {
      face.clock.advance(60_000);
      for (let tries = 0; tries < 12; tries += 1) {
        await face.ask('GET /api/v1/machines', { from: stranger });
      }
    }
    // A day's worth at once and what a day lets in again.
    const all = await denied();
    expect(all.length).toBeLessThanOrEqual(1_001);
    expect(all.at(-1)?.detail).toMatch(/; \d+ before it are not recorded$/);
  });
});
