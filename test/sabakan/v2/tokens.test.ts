import { describe, expect, it } from 'vitest';
import { type Asked, aFace, type TestFace } from '../../support/face.ts';

const make = (face: TestFace, body: object, more: Asked = {}) =>
  face.ask('POST /api/v2/tokens', { body, ...more });

describe('tokens', () => {
  it('are made, listed, asked for and revoked; the bearer is in the first answer alone', async () => {
    const face = await aFace();
    const made = await make(face, { name: 'alice', role: 'operator' });
    expect([made.statusCode, made.headers['cache-control']]).toEqual([201, 'no-store']);
    const { bearer, ...token } = made.json();
    expect(bearer).toMatch(new RegExp(`^tetsu_${token.id}_[a-z2-7]{32}$`));
    expect(token).toMatchObject({
      ...{ name: 'alice', role: 'operator', state: 'active', createdBy: '127.0.0.1' },
      ...{ createdAt: '2026-11-21T06:00:00Z', expiresAt: '2027-02-19T06:00:00Z' },
      ...{ revokedAt: null, lastUsedAt: null, networks: [] },
    });
    const list = (await face.must('GET /api/v2/tokens')).json();
    expect(list.items).toEqual([token]);
    const one = await face.must(`GET /api/v2/tokens/${token.id}`);
    expect([one.json(), one.headers['etag']]).toEqual([token, `"${token.revision}"`]);
    const headers = { authorization: `Bearer ${bearer}` };
    await face.must('GET /api/v1/assets', { headers });
    const used = (await face.must(`GET /api/v2/tokens/${token.id}`)).json();
    expect(used.lastUsedAt).toBe('2026-11-21T06:00:00Z');
    const gone = (await face.must(`DELETE /api/v2/tokens/${token.id}`)).json();
    expect(gone).toMatchObject({ state: 'revoked', revokedAt: '2026-11-21T06:00:00Z' });
    expect(Number(gone.revision)).toBeGreaterThan(Number(token.revision));
    const again = (await face.must(`DELETE /api/v2/tokens/${token.id}`)).json();
    expect(again.revision).toBe(gone.revision);
    expect((await face.ask('GET /api/v1/assets', { headers })).statusCode).toBe(401);
    const log = await face.inventory.auditLog(undefined, undefined);
    const records = log.ok ? log.value.filter(({ category }) => category === 'tokens') : [];
    expect(records.map(({ action, instance }) => [action, instance])).toEqual([
      ['create', token.id],
      ['revoke', token.id],
    ]);
    expect(records[1]).toMatchObject({ before: { role: 'operator' }, after: { id: token.id } });
  });

  it.each([
    [{ role: 'viewer' }, 'name'],
    [{ name: '', role: 'viewer' }, '/name'],
    [{ name: 'a\u0007', role: 'viewer' }, '/name'],
    [{ name: ' a', role: 'viewer' }, '/name'],
    [{ name: 'a\u202eb', role: 'viewer' }, '/name'],
    [{ name: 'a'.repeat(65), role: 'viewer' }, '/name'],
    [{ name: 'a', role: 'root' }, '/role'],
    [{ name: 'a', role: 'viewer', days: 0 }, '/days'],
    [{ name: 'a', role: 'viewer', days: 367 }, '/days'],
    [{ name: 'a', role: 'viewer', days: 1.5 }, '/days'],
    [{ name: 'a', role: 'viewer', days: '90' }, '/days'],
    [{ name: 'a', role: 'viewer', networks: ['10.0.0.0/8', 'home'] }, '/networks/1'],
    [{ name: 'a', role: 'viewer', networks: Array(17).fill('10.0.0.1') }, '/networks'],
    [{ name: 'a', role: 'viewer', expires: 'never' }, 'expires'],
  ])('are not made of %j', async (body, place) => {
    const answer = await make(await aFace(), body);
    expect([answer.statusCode, answer.body.includes(place)]).toEqual([400, true]);
  });

  it('are tried without being made', async () => {
    const face = await aFace();
    const body = { name: 'alice', role: 'viewer' };
    const tried = await face.must('POST /api/v2/tokens?dryRun=true', { body });
    expect(tried.json()).toMatchObject({ name: 'alice', bearer: null });
    expect((await face.must('GET /api/v2/tokens')).json().items).toEqual([]);
  });

  it('are an administrator’s to see, also where reading is open', async () => {
    const face = await aFace();
    const from = '192.0.2.7';
    for (const what of ['GET /api/v2/tokens', 'HEAD /api/v2/tokens', 'GET /api/v2/watch/tokens']) {
      expect((await face.ask(what, { from })).statusCode).toBe(403);
    }
    const { bearer } = (await make(face, { name: 'op', role: 'operator' })).json();
    const headers = { authorization: `Bearer ${bearer}` };
    const asked = { from, headers, body: { name: 'x', role: 'admin' } };
    expect((await face.ask('POST /api/v2/tokens', asked)).statusCode).toBe(403);
    expect((await face.ask('GET /api/v2/tokens', asked)).statusCode).toBe(403);
  });

  it('are selected by what they are now', async () => {
    const face = await aFace();
    await make(face, { name: 'a', role: 'viewer', days: 1 });
    await make(face, { name: 'b', role: 'admin', days: 2 });
    const names = async (selector: string) => {
      const list = await face.must(`GET /api/v2/tokens?fieldSelector=${selector}&sort=expiresAt`);
      return list.json().items.map(({ name }: { name: string }) => name);
    };
    expect(await names('state=active')).toEqual(['a', 'b']);
    face.clock.jump(86_400_000);
    expect(await names('state=expired')).toEqual(['a']);
    expect(await names('role=admin')).toEqual(['b']);
  });

  it('made once with an Idempotency-Key are made once, and their bearer is kept nowhere', async () => {
    const face = await aFace();
    const headers = { 'idempotency-key': 'k-1' };
    const body = { name: 'alice', role: 'viewer' };
    const first = (await make(face, body, { headers })).json();
    let isAnswered = false;
    const asked = make(face, body, { headers }).finally(() => {
      isAnswered = true;
    });
    // The first answer is waited for, and never comes.
    while (!isAnswered) await face.clock.run(100);
    const again = await asked;
    expect(again.statusCode).toBe(201);
    expect(again.json()).toMatchObject({ id: first.id, bearer: null });
    expect(face.tokens.all()).toHaveLength(1);
    const listing = await face.store.list('');
    const stored = listing.ok ? listing.value.entries : [];
    const secret = String(first.bearer).slice(-32);
    const texts = stored.map(({ value }) => new TextDecoder().decode(value));
    expect(texts.some((text) => text.includes(secret))).toBe(false);
  });

  it('ended long ago make room', async () => {
    const face = await aFace();
    await make(face, { name: 'old', role: 'viewer', days: 1 });
    face.clock.jump(30 * 86_400_000);
    await make(face, { name: 'kept for now', role: 'viewer' });
    expect(
      face.tokens
        .all()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['kept for now', 'old']);
    face.clock.jump(2 * 86_400_000);
    await make(face, { name: 'new', role: 'viewer' });
    expect(
      face.tokens
        .all()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['kept for now', 'new']);
  });
});

describe('a watch', () => {
  it.each(['revoked', 'expired'])('ends with a 401 when its token is %s', async (how) => {
    const face = await aFace();
    const { bearer, id } = (await make(face, { name: 'w', role: 'viewer', days: 1 })).json();
    const headers = new Map([['authorization', `Bearer ${bearer}`]]);
    const none = { read: async () => ({ ok: true, value: new Uint8Array() }) as const };
    const answer = await face.handle({
      ...{ method: 'GET', path: '/api/v2/watch/machines', query: new Map(), headers },
      ...{ remoteAddress: '192.0.2.7', requestId: 'r-1' },
      body: { ...none, stream: async function* () {} },
    });
    if (answer.body.kind !== 'stream') throw new Error(`status ${answer.status}`);
    const reader = answer.body.open()[Symbol.asyncIterator]();
    const text = async () => new TextDecoder().decode((await reader.next()).value);
    expect(await text()).toContain('event: bookmark');
    const end = text();
    if (how === 'revoked') await face.must(`DELETE /api/v2/tokens/${id}`);
    else {
      face.clock.jump(86_400_000);
      face.clock.advance(1_000);
    }
    expect(await end).toMatch(/event: error\ndata: {"status":401,"detail":"the token \\"w\\" /);
    expect((await reader.next()).done).toBe(true);
  });
});
