import { describe, expect, it } from 'vitest';
import type { Store, StoreProblem } from '../../src/base/store.ts';
import { aFace, aSpec, type TestFace } from '../support/face.ts';
import { tarOf, utf8 } from '../support/tar.ts';

type Line = Readonly<Record<string, string>>;
const logOf = async (face: TestFace): Promise<readonly Line[]> =>
  (await face.must('GET /api/v1/logs')).body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const shownOf = (lines: readonly Line[]) =>
  lines.map(({ category, instance, action, detail }) => [category, instance, action, detail]);

const template = { version: '2.3', template: { ignition: { version: '2.3.0' } }, meta: null };
const mutation = 'mutation { setMachineState(serial: "a", state: UNHEALTHY) { state } }';

describe('the audit log', () => {
  it('holds every change, who asked for it, and for states what was before and why', async () => {
    const face = await aFace();
    const headers = { 'x-sabakan-user': 'alice' };
    await face.must('PUT /api/v1/config/dhcp', { headers, body: {} });
    await face.must('POST /api/v1/machines', { headers, body: [aSpec('a'), aSpec('b')] });
    await face.must('PUT /api/v1/labels/a/x', { headers, body: 'y' });
    await face.must('DELETE /api/v1/labels/a/x', { headers });
    await face.must('PUT /api/v1/retire-date/a', { headers, body: '2031-01-02T03:04:05.5+09:00' });
    await face.must('PUT /api/v1/state/a', { headers, body: 'healthy' });
    await face.must('PUT /api/v1/state/a', { headers, body: 'healthy' });
    await face.graphql(mutation, undefined, {
      from: '10.69.0.9',
      headers: { ...headers, 'content-type': 'application/json' },
      body: { query: mutation },
    });
    await face.must('PUT /api/v1/kernel_params/coreos', { headers, body: 'quiet' });
    await face.must('PUT /api/v1/ignitions/cs/1', { headers, body: template });
    await face.must('DELETE /api/v1/ignitions/cs/1', { headers });
    for (const body of ['retiring', 'retired']) {
      await face.must('PUT /api/v1/state/b', { headers, body });
    }
    await face.must('DELETE /api/v1/machines/b', { headers });

    const [put, ...lines] = await logOf(face);
    expect(put).toMatchObject({ category: 'ipam', instance: 'config', action: 'put', user: '' });
    expect(shownOf(lines)).toEqual([
      ['dhcp', 'config', 'put', '{"gateway-offset":0,"lease-minutes":0}'],
      ['machines', '', 'register', 'a\nb'],
      ['machines', 'a', 'put-label', 'x/y'],
      ['machines', 'a', 'delete-label', 'x'],
      ['machines', 'a', 'set-retire-date', '2031-01-02 03:04:05.5 +0900 +0900'],
      ['machines', 'a', 'set-state', 'uninitialized -> healthy: set by alice'],
      ['machines', 'a', 'set-state', 'healthy -> unhealthy: set by alice'],
      ['kernel-params', 'coreos', 'put', 'quiet'],
      ['ignition', 'cs', 'put', '1'],
      ['ignition', 'cs', 'delete', '1'],
      ['machines', 'b', 'set-state', 'uninitialized -> retiring: set by alice'],
      ['machines', 'b', 'set-state', 'retiring -> retired: set by alice'],
      ['machines', 'b', 'delete', ''],
    ]);
    expect(new Set(lines.map(({ user, host }) => `${user}@${host}`))).toEqual(
      new Set(['alice@boot-0']),
    );
    expect(lines.map(({ ip }) => ip).filter((ip) => ip !== '127.0.0.1')).toEqual(['10.69.0.9']);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(
        'ts rev user ip host category instance action detail'.split(' '),
      );
      expect(line['rev']).toMatch(/^\d+$/);
    }
  });

  it('names what an upload of one too many has dropped', async () => {
    const face = await aFace();
    for (let version = 1; version <= 11; version += 1) {
      await face.must(`PUT /api/v1/ignitions/cs/${version}`, { body: template });
    }
    const body = tarOf([
      ['kernel', utf8('k')],
      ['initrd.gz', utf8('i')],
    ]);
    for (let id = 1; id <= 6; id += 1) {
      await face.must(`PUT /api/v1/images/coreos/${id}`, { body });
    }
    const pruned = (await logOf(face)).filter(({ action }) => action === 'prune');
    expect(shownOf(pruned)).toEqual([
      ['ignition', 'cs', 'prune', '1'],
      ['image', 'coreos', 'prune', 'id=1'],
    ]);
  });

  it('keeps a user name that is UTF-8', async () => {
    const face = await aFace();
    const sent = Buffer.from('Jürgen', 'utf8').toString('latin1');
    await face.must('PUT /api/v1/config/dhcp', { body: {}, headers: { 'x-sabakan-user': sent } });
    expect((await logOf(face)).at(-1)).toMatchObject({ user: 'Jürgen' });
  });

  it('has nothing of a change that was refused, and one record of one whose answer was lost', async () => {
    let lost: 'none' | 'before' | 'after' = 'none';
    const unclear: StoreProblem = { kind: 'outcome-unknown', text: 'the answer was lost' };
    const flaky = (store: Store): Store => ({
      ...store,
      commit: async (conditions, writes) => {
        if (lost === 'before') return { ok: false, error: unclear };
        const done = await store.commit(conditions, writes);
        return lost === 'after' ? { ok: false, error: unclear } : done;
      },
    });
    const face = await aFace({ store: flaky });
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const before = (await logOf(face)).length;
    expect((await face.ask('PUT /api/v1/state/a', { body: 'retired' })).statusCode).toBe(500);
    expect((await face.ask('PUT /api/v1/labels/b/x', { body: 'y' })).statusCode).toBe(404);
    lost = 'before';
    expect((await face.ask('PUT /api/v1/labels/a/x', { body: 'y' })).statusCode).toBe(503);
    expect(await logOf(face)).toHaveLength(before);
    lost = 'after';
    expect((await face.ask('PUT /api/v1/labels/a/x', { body: 'y' })).statusCode).toBe(503);
    lost = 'none';
    expect(shownOf(await logOf(face)).slice(before)).toEqual([
      ['machines', 'a', 'put-label', 'x/y'],
    ]);
  });

  it('is sent day by day, and broken off where the store falls silent under way', async () => {
    let silentAt = '';
    const face = await aFace({
      store: (store) => ({
        ...store,
        list: async (prefix) => {
          const error = { kind: 'store-unavailable', text: 'gone' } as const;
          return prefix === silentAt ? { ok: false, error } : store.list(prefix);
        },
      }),
    });
    const days = 5;
    for (let day = 0; day < days; day += 1) {
      await face.must('PUT /api/v1/config/dhcp', { body: { 'lease-minutes': day } });
      face.clock.advance(86_400_000);
    }
    const details = (await logOf(face)).map(({ detail }) => detail);
    expect(details.slice(1)).toEqual(
      Array.from({ length: days }, (_, day) => `{"gateway-offset":0,"lease-minutes":${day}}`),
    );
    // A problem before the first record has a status of its own.
    silentAt = 'audit/20261121';
    expect((await face.ask('GET /api/v1/logs')).statusCode).toBe(503);
    silentAt = 'audit/20261123';
    await expect(face.ask('GET /api/v1/logs')).rejects.toThrow();
  });

  it('pages through more records than one listing of etcd holds', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    for (let n = 0; n < 250; n += 1) {
      await face.must('PUT /api/v1/labels/a/n', { body: String(n) });
    }
    const values = shownOf(await logOf(face)).flatMap(([, , action, detail]) =>
      action === 'put-label' ? [detail] : [],
    );
    expect(values).toEqual(Array.from({ length: 250 }, (_, n) => `n/${n}`));
  });
});
