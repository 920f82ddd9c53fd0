import { describe, expect, it } from 'vitest';
import type { MemoryStore } from '../../../src/base/memory-store.ts';
import { fail } from '../../../src/base/result.ts';
import type { Store } from '../../../src/base/store.ts';
import { ipamConfigToJson } from '../../../src/inventory/ipam-config.ts';
import { sha256Hex } from '../../support/digest.ts';
import { type Asked, aFace, type TestFace } from '../../support/face.ts';
import { ipamWide } from '../../support/machines.ts';

const wish = { serial: 'a', spec: { rack: 2, role: 'cs', bmc: { type: 'none' } } };
const key = { 'idempotency-key': '"3f1c-1"' };
const utf8 = new TextDecoder();
const dayMs = 86_400_000;

async function receipts(face: TestFace): Promise<readonly string[]> {
  const listed = await face.store.list('tetsukan/receipts/');
  return listed.ok ? listed.value.entries.map((entry) => entry.key) : [];
}

async function auditOf(face: TestFace, action: string): Promise<number> {
  const { body } = await face.must('GET /api/v1/logs');
  return body.split('\n').filter((line) => line.includes(`"action":"${action}"`)).length;
}

/** A store whose commits that hold for `when` happen, while nobody hears of it. */
function deafStore(memory: MemoryStore, when: (keys: string) => boolean): Store {
  return {
    ...memory,
    commit: async (conditions, writes) => {
      const done = await memory.commit(conditions, writes);
      const keys = writes.map((write) => ('key' in write ? write.key : write.prefix)).join(' ');
      if (!when(keys)) return done;
      return fail({ kind: 'outcome-unknown', text: 'the answer was lost' });
    },
  };
}

/** Asks and lets time pass until there is an answer. */
async function patiently(face: TestFace, what: string, how: Asked) {
  let isOver = false;
  const answer = face.ask(what, how).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((go) => setImmediate(go));
    await face.clock.advance(100);
  }
  return answer;
}

describe('a request with an Idempotency-Key', () => {
  it('is carried out once and answered as at first', async () => {
    const face = await aFace();
    const first = await face.must('POST /api/v2/machines', { body: wish, headers: key });
    await face.must('PATCH /api/v2/machines/a', {
      headers: { 'if-match': '*' },
      body: { spec: { labels: { changed: 'since' } } },
    });
    const again = await face.must('POST /api/v2/machines', { body: wish, headers: key });
    expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
    expect(again.body).toBe(first.body);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await auditOf(face, 'register')).toBe(1);
  });

  it('leaves its receipt in the commit of the change', async () => {
    const face = await aFace();
    const batches: number[] = [];
    const watching = face.store.watch('', '0' as never, (news) => {
      if (news.kind !== 'events') return;
      const keys = news.events.map((event) => (event.kind === 'put' ? event.entry.key : event.key));
      if (keys.includes('machines/a'))
        batches.push(keys.filter((k) => k.includes('receipts')).length);
    });
    await face.must('POST /api/v2/machines', { body: wish, headers: key });
    await new Promise((go) => setImmediate(go));
    watching.stop();
    expect(batches).toEqual([1]);
  });

  it('is refused when the key came with another request before', async () => {
    const face = await aFace();
    await face.must('POST /api/v2/machines', { body: wish, headers: key });
    const other = await face.ask('POST /api/v2/machines', {
      body: { ...wish, serial: 'b' },
      headers: key,
    });
    expect(other.statusCode).toBe(422);
    expect(other.json().type).toBe('urn:tetsukan:problem:idempotency-key-reused');
    const elsewhere = await face.ask('PATCH /api/v2/machines/a', {
      body: wish,
      headers: { ...key, 'if-match': '*' },
    });
    expect(elsewhere.statusCode).toBe(400);
  });

  it.each(['x-sha256', 'content-digest'])(
    'is refused when an upload of the same length came with it and another %s',
    async (header) => {
      const face = await aFace();
      const upload = (text: string) => {
        const hex = sha256Hex(Buffer.from(text));
        const structured = `sha-256=:${Buffer.from(hex, 'hex').toString('base64')}:`;
        const digest = header === 'x-sha256' ? hex : structured;
        const headers = { ...key, 'content-type': 'text/plain', [header]: digest };
        return face.ask('PUT /api/v2/assets/a', { body: Buffer.from(text), headers });
      };
      const statuses = [];
      for (const text of ['a', 'a', 'b']) statuses.push((await upload(text)).statusCode);
      expect(statuses).toEqual([201, 201, 422]);
    },
  );

  it('of another person is another one', async () => {
    const face = await aFace();
    await face.must('POST /api/v2/machines', { body: wish, headers: key });
    const other = await face.must('POST /api/v2/machines', {
      body: { ...wish, serial: 'b' },
      headers: { ...key, 'x-sabakan-user': 'hanako' },
    });
    expect(other.json().items[0].serial).toBe('b');
  });

  it('was refused: it may be sent again and is decided anew', async () => {
    const face = await aFace({ ipam: 'unset' });
    const refused = await face.ask('POST /api/v2/machines', { body: wish, headers: key });
    expect(refused.statusCode).toBe(409);
    expect(await receipts(face)).toEqual([]);
  });

  it('that changes nothing is answered as at first, too', async () => {
    const face = await aFace();
    await face.must('POST /api/v2/machines', { body: wish });
    const nothing = { body: { spec: { labels: {} } }, headers: { ...key, 'if-match': '*' } };
    const first = await face.must('PATCH /api/v2/machines/a', nothing);
    const change = { body: { spec: { labels: { x: 'y' } } }, headers: { 'if-match': '*' } };
    await face.must('PATCH /api/v2/machines/a', change);
    expect((await face.must('PATCH /api/v2/machines/a', nothing)).body).toBe(first.body);
  });

  it('whose outcome was lost tells the truth when it is sent again', async () => {
    let isDeaf = true;
    const face = await aFace({
      store: (memory) => deafStore(memory, (keys) => isDeaf && keys.includes('machines/a')),
    });
    const lost = await face.ask('POST /api/v2/machines', { body: wish, headers: key });
    expect(lost.json().type).toBe('urn:tetsukan:problem:outcome-unknown');
    isDeaf = false;
    const again = await patiently(face, 'POST /api/v2/machines', { body: wish, headers: key });
    expect(again.statusCode).toBe(201);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.json().items[0]).toMatchObject({ serial: 'a', spec: { rack: 2 } });
    expect(again.json().items[0].revision).not.toBe('0');
    expect(await auditOf(face, 'register')).toBe(1);
  });

  it('of a long file is answered as at first, too', async () => {
    const face = await aFace();
    await face.must('PUT /api/v1/config/ipam', { body: ipamConfigToJson(ipamWide) });
    const note = 'x'.repeat(60);
    const rows = Array.from(
      { length: 1000 },
      (_, at) => `m-${at},${Math.floor(at / 28)},cs,x,${note}`,
    );
    const file = {
      body: ['serial,rack,role,bmc-type,label:note', ...rows].join('\n'),
      headers: { ...key, 'content-type': 'text/csv' },
    };
    const first = await face.must('POST /api/v2/registrations', file);
    expect(first.body.length).toBeGreaterThan(256 * 1024);
    const again = await face.must('POST /api/v2/registrations', file);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toBe(first.body);
  });

  it('of a file whose outcome was lost shows its machines as they are', async () => {
    let isDeaf = true;
    const face = await aFace({
      store: (memory) => deafStore(memory, (keys) => isDeaf && keys.includes('machines/a')),
    });
    const file = {
      body: 'serial,rack,role,bmc-type\na,2,cs,x\n',
      headers: { ...key, 'content-type': 'text/csv' },
    };
    const lost = await face.ask('POST /api/v2/registrations', file);
    expect(lost.json().type).toBe('urn:tetsukan:problem:outcome-unknown');
    isDeaf = false;
    const again = await patiently(face, 'POST /api/v2/registrations', file);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.json()).toMatchObject({
      dryRun: false,
      counts: { registered: 0, changed: 0, unchanged: 1 },
      machines: [{ serial: 'a', outcome: 'unchanged', spec: { rack: 2 } }],
    });
  });

  it('that is sent twice at once changes once', async () => {
    const face = await aFace();
    await face.must('POST /api/v2/machines', { body: wish });
    const patch = { body: { spec: { labels: { x: 'y' } } }, headers: { ...key, 'if-match': '*' } };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => patiently(face, 'PATCH /api/v2/machines/a', patch)),
    );
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(await auditOf(face, 'put-label')).toBe(1);
  });

  it('of many commits that comes twice at once is carried out once', async () => {
    const face = await aFace();
    await face.must('POST /api/v2/machines', { body: wish });
    const bulk = {
      body: { select: { all: true }, expect: 1, patch: { spec: { labels: { x: 'y' } } } },
      headers: key,
    };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => patiently(face, 'POST /api/v2/bulk/machines', bulk)),
    );
    expect(answers.map((answer) => answer.json().changed)).toEqual([1, 1, 1, 1, 1]);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(await auditOf(face, 'put-label')).toBe(1);
  });

  it('of many commits that was cut off is not carried out again, and says so', async () => {
    const face = await aFace({
      store: (memory) => ({
        ...memory,
        commit: async (conditions, writes) => {
          const isAnswer = writes.some(
            (write) => write.kind === 'put' && utf8.decode(write.value).includes('isAnswered'),
          );
          if (!isAnswer) return memory.commit(conditions, writes);
          return fail({ kind: 'store-unavailable', text: 'the server has died' });
        },
      }),
    });
    await face.must('POST /api/v2/machines', { body: wish });
    const body = { select: { all: true }, expect: 1, patch: { spec: { labels: { x: 'y' } } } };
    await face.must('POST /api/v2/bulk/machines', { body, headers: key });
    const again = await patiently(face, 'POST /api/v2/bulk/machines', { body, headers: key });
    expect(again.json()).toMatchObject({
      type: 'urn:tetsukan:problem:outcome-unknown',
      detail: expect.stringContaining('with another key'),
    });
    expect(await auditOf(face, 'put-label')).toBe(1);
  });

  it('of many commits that was refused may be sent again', async () => {
    const face = await aFace();
    const body = { select: { all: true }, expect: 1, patch: { spec: { labels: { x: 'y' } } } };
    const refused = await face.ask('POST /api/v2/bulk/machines', { body, headers: key });
    expect(refused.statusCode).toBe(409);
    await face.must('POST /api/v2/machines', { body: wish });
    const again = await face.must('POST /api/v2/bulk/machines', { body, headers: key });
    expect(again.headers['idempotent-replayed']).toBeUndefined();
    expect(again.json().changed).toBe(1);
  });

  it('may be one that has removed what it names', async () => {
    const face = await aFace();
    await face.must('POST /api/v2/machines', { body: wish });
    for (const state of ['retiring', 'retired']) {
      await face.must('PATCH /api/v2/machines/a', {
        body: { status: { state } },
        headers: { 'if-match': '*' },
      });
    }
    const how = { headers: { ...key, 'if-match': '*' } };
    expect((await face.ask('DELETE /api/v2/machines/a', how)).statusCode).toBe(204);
    expect((await face.ask('DELETE /api/v2/machines/a', how)).statusCode).toBe(204);
    const without = await face.ask('DELETE /api/v2/machines/a', { headers: { 'if-match': '*' } });
    expect(without.statusCode).toBe(404);
  });

  it('is known over midnight and for a day, and forgotten after three', async () => {
    const face = await aFace();
    const now = face.clock.now();
    await face.clock.advance(dayMs - (now % dayMs) - 1_000);
    await face.must('POST /api/v2/machines', { body: wish, headers: key });
    await face.clock.advance(dayMs);
    const again = await face.must('POST /api/v2/machines', { body: wish, headers: key });
    expect(again.headers['idempotent-replayed']).toBe('true');
    await face.clock.advance(3 * dayMs);
    const body = { ...wish, serial: 'b' };
    await face.must('POST /api/v2/machines', { body, headers: { 'idempotency-key': 'k2' } });
    expect(await receipts(face)).toHaveLength(1);
  });

  it.each(['', ' ', 'a b', 'x'.repeat(256), 'ö'])(
    'needs a key that is one, not %j',
    async (bad) => {
      const face = await aFace();
      const answer = await face.ask('POST /api/v2/machines', {
        body: wish,
        headers: { 'idempotency-key': bad },
      });
      expect(answer.statusCode).toBe(400);
      expect(answer.json().errors[0].parameter).toBe('Idempotency-Key');
    },
  );
});
