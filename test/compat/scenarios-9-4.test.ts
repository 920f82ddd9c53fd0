/**
 * Sabakan 3.1.9, 9.4: model and algorithms, where a client or etcd shows them. 9.4.1 and parts of 9.4.16 are golden
 * vectors, 9.4.5 is in scenarios-9-5.test.ts, 9.4.14 in scenarios-graphql.test.ts, 9.4.15 in scenarios-9-3-files.test.ts.
 */

import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { tarOf, utf8 } from '../support/tar.ts';
import { prepareTetsuServer } from '../support/tetsu.ts';
import { clientOf } from './support/client.ts';
import { etcdKeys } from './support/etcd-keys.ts';
import { aSpec, configG, type Site, startSite } from './support/site.ts';

let etcd: TestEtcd;
let site: Site;
const sites: Site[] = [];

beforeAll(async () => {
  etcd = await startTestEtcd();
  site = await another('/sabakan/');
});

afterAll(async () => {
  await Promise.all(sites.map((one) => one.stop()));
  await etcd?.stop();
});

/** A server on data of its own, or one more on the same. */
async function another(prefix: string, ipam: object | 'unset' = configG): Promise<Site> {
  const started = await startSite(etcd, { prefix, ipam, name: `boot-${sites.length}` });
  sites.push(started);
  return started;
}

const register = (...specs: readonly object[]) =>
  site.ask('POST /api/v1/machines', { body: specs });
const serials = async (query: string): Promise<string> => {
  const { status, json } = await site.ask(`GET /api/v1/machines?${query}`);
  if (status !== 200) return String(status);
  return json.map(({ spec }: { spec: { serial: string } }) => spec.serial).join(' ');
};
const bring = async (serial: string, ...states: readonly string[]): Promise<void> => {
  for (const body of states) await site.must(`PUT /api/v1/state/${serial}`, { body });
};

describe('9.4: machines', () => {
  it('9.4.3 registration: second worker gets offset+2; boot gets offset; second boot conflicts; re-registration conflicts and writes nothing', async () => {
    expect((await register(aSpec('a'))).status).toBe(201);
    expect((await register(aSpec('b'), aSpec('c', { role: 'boot' }))).status).toBe(201);
    const index = async (serial: string) =>
      (await site.must(`GET /api/v1/machines?serial=${serial}`)).json[0].spec['index-in-rack'];
    expect([await index('a'), await index('b'), await index('c')]).toEqual([4, 5, 3]);
    const before = await site.keys.get('node-indices/0');
    expect((await register(aSpec('d', { role: 'boot' }))).status).toBe(409);
    expect((await register(aSpec('e'), aSpec('a'))).status).toBe(409);
    const twins = [aSpec('f', { role: 'boot', rack: 5 }), aSpec('g', { role: 'boot', rack: 5 })];
    expect((await register(...twins)).status).toBe(409);
    expect(await site.keys.get('node-indices/0')).toBe(before);
    expect(await serials('serial=d,e,f,g')).toBe('404');
  });

  it('9.4.2 IPAM put refused after a registration', async () => {
    const { status, json } = await site.ask('PUT /api/v1/config/ipam', { body: configG });
    expect([status, json.error]).toEqual([
      500,
      expect.stringMatching(/^machines already exists: /),
    ]);
  });

  it('9.4.3 a rack takes 28 workers beside its boot machine, and indices that were freed again', async () => {
    const many = Array.from({ length: 28 }, (_, at) => aSpec(`w${at}`, { rack: 3 }));
    expect((await register(...many)).status).toBe(201);
    const full = await register(aSpec('w28', { rack: 3 }));
    expect([full.status, full.json.error]).toEqual([
      500,
      expect.stringMatching(/^no node index is available for new machine: /),
    ]);
    await bring('w7', 'retiring', 'retired');
    await site.must('DELETE /api/v1/machines/w7');
    expect((await register(aSpec('w28', { rack: 3 }))).status).toBe(201);
    const [machine] = (await site.must('GET /api/v1/machines?serial=w28')).json;
    expect(machine.spec['index-in-rack']).toBe(4 + 7);
  });

  it('9.4.4 delete race: of two deletes at two servers one finds the machine gone', async () => {
    const other = await another('/sabakan/', 'unset');
    await register(aSpec('race', { rack: 6 }));
    await bring('race', 'retiring', 'retired');
    const seen = async () => (await other.ask('GET /api/v1/state/race')).text;
    await expect.poll(seen).toBe('retired');
    const answers = await Promise.all(
      [site, other].map((one) => one.ask('DELETE /api/v1/machines/race')),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect(JSON.parse((await site.keys.get('node-indices/6')) ?? 'null') ?? []).toEqual([]);
  });

  it('9.4.12 index add/update/delete by label and state', async () => {
    await register(aSpec('i1', { rack: 7, labels: { shelf: 'a' } }));
    const found = async () =>
      Promise.all(['labels=shelf=a', 'labels=shelf=b', 'state=healthy&rack=7'].map(serials));
    expect(await found()).toEqual(['i1', '404', '404']);
    await site.must('PUT /api/v1/labels/i1/shelf', { body: 'b' });
    await bring('i1', 'healthy');
    expect(await found()).toEqual(['404', 'i1', 'i1']);
    await bring('i1', 'retiring', 'retired');
    await site.must('DELETE /api/v1/machines/i1');
    expect(await found()).toEqual(['404', '404', '404']);
  });

  it('9.4.13 queries: label AND, other OR, inversion for `without-`', async () => {
    await register(
      aSpec('q1', { rack: 8, labels: { a: '1', b: '2' } }),
      aSpec('q2', { rack: 8, labels: { a: '1' } }),
      aSpec('q3', { rack: 8, role: 'ss' }),
    );
    expect(await serials('labels=a=1,b=2')).toBe('q1');
    expect(await serials('rack=8&role=ss,worker')).toBe('q1 q2 q3');
    expect(await serials('rack=8&without-labels=a=1,b=2')).toBe('q2 q3');
    expect(await serials('rack=8&without-role=ss,boot')).toBe('q1 q2');
    const noPair = await site.ask('GET /api/v1/machines?labels=a');
    expect([noPair.status, noPair.json.error]).toEqual([
      500,
      expect.stringMatching(/invalid query in labels/),
    ]);
  });

  it('9.4.10 crypts rules per state; prefix safety', async () => {
    const roads: Readonly<Record<string, readonly string[]>> = {
      uninitialized: [],
      healthy: ['healthy'],
      unhealthy: ['healthy', 'unhealthy'],
      unreachable: ['healthy', 'unreachable'],
      updating: ['healthy', 'updating'],
      retiring: ['retiring'],
      retired: ['retiring', 'retired'],
    };
    const put: Record<string, number> = {};
    const remove: Record<string, number> = {};
    for (const [state, road] of Object.entries(roads)) {
      const serial = `k-${state}`;
      await register(aSpec(serial, { rack: 9 }), aSpec(`${serial}x`, { rack: 10 }));
      await site.askTls(`PUT /api/v1/crypts/${serial}x/a`, { body: 'neighbour' });
      await bring(serial, ...road);
      put[state] = (await site.askTls(`PUT /api/v1/crypts/${serial}/a`, { body: 'key' })).status;
      remove[state] = (await site.askTls(`DELETE /api/v1/crypts/${serial}`)).status;
      expect((await site.askTls(`GET /api/v1/crypts/${serial}x/a`)).text).toBe('neighbour');
    }
    const [taken, late] = [201, 500];
    expect(put).toEqual({
      ...{ uninitialized: taken, healthy: taken, unhealthy: taken, unreachable: taken },
      ...{ updating: taken, retiring: late, retired: late },
    });
    expect(remove).toEqual({
      ...{ uninitialized: 500, healthy: 500, unhealthy: 500, unreachable: 500, updating: 500 },
      ...{ retiring: 200, retired: 500 },
    });
    expect(await site.keys.get('crypts/k-healthy/a')).toBe('key');
  });
});

describe('9.4: files', () => {
  const headers = { 'content-type': 'text/plain' };
  const put = (name: string, body: string) =>
    site.ask(`PUT /api/v1/assets/${name}`, { body, headers });

  it('9.4.6 assets: ids 1, 2, 3; checksum mismatch; local file removed → redirect and exists false; delete then put is 201 again', async () => {
    const ids = [await put('x', '1'), await put('y', '2'), await put('x', '3')];
    expect(ids.map(({ status, json }) => [status, json.id])).toEqual([
      ...[
        [201, '1'],
        [201, '2'],
        [200, '3'],
      ],
    ]);
    const checksum = createHash('sha256').update('other').digest('hex');
    const wrong = { ...headers, 'x-sabakan-asset-sha256': checksum };
    const mismatch = await site.ask('PUT /api/v1/assets/x', { body: '4', headers: wrong });
    expect(mismatch.status).toBe(500);
    expect((await site.must('GET /api/v1/assets/x')).text).toBe('3');
    expect(await site.keys.get('assets')).toBe('4');

    // Another server has it, too; then the file here goes.
    const peer = 'http://127.0.0.1:1/api/v1/assets/y';
    const record = JSON.parse((await site.keys.get('assets/y')) ?? '');
    await site.keys.put('assets/y', { ...record, urls: [...record.urls, peer] });
    await rm(join(site.server.directory, 'data/assets/2'));
    const redirect = async () => {
      const answer = await site.ask('GET /api/v1/assets/y');
      return [answer.status, answer.headers.location];
    };
    await expect.poll(redirect).toEqual([302, peer]);
    expect((await site.must('GET /api/v1/assets/y/meta')).json.exists).toBe(false);
    await site.must('DELETE /api/v1/assets/y');
    expect((await put('y', '5')).status).toBe(201);
  });

  it('9.4.7 images: keep 5, deletions list 10, upload of a deleted id conflicts, same content fine, different content error, serve older image when the newest is not local, unknown file error', async () => {
    const image = (id: number, initrd = 'initrd') =>
      tarOf([
        ['kernel', utf8(`kernel ${id}`)],
        ['initrd.gz', utf8(initrd)],
      ]);
    const upload = async (id: number, initrd?: string) =>
      (await site.ask(`PUT /api/v1/images/coreos/${id}`, { body: image(id, initrd) })).status;
    const ids = async () =>
      (await site.must('GET /api/v1/images/coreos')).json.map(({ id }: { id: string }) => id);
    for (let id = 1; id <= 16; id += 1) expect(await upload(id)).toBe(201);
    expect(await ids()).toEqual(['12', '13', '14', '15', '16']);
    expect(JSON.parse((await site.keys.get('images/coreos/deleted')) ?? '')).toEqual(
      [2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(String),
    );
    expect([await upload(11), await upload(16), await upload(16, 'other')]).toEqual([
      409, 201, 500,
    ]);
    // Its turn in the list is over.
    expect(await upload(1)).toBe(201);
    const index = JSON.parse((await site.keys.get('images/coreos')) ?? '');
    const elsewhere = { ...index[0], id: 'elsewhere', urls: ['http://127.0.0.1:1/x'] };
    await site.keys.put('images/coreos', [...index, elsewhere]);
    await expect.poll(ids).toContain('elsewhere');
    expect((await site.must('GET /api/v1/boot/coreos/kernel')).text).toBe('kernel 1');
    expect((await site.ask('GET /api/v1/images/coreos/elsewhere')).status).toBe(404);
    expect((await site.ask('GET /api/v1/boot/coreos/vmlinuz')).status).toBe(404);
  });

  it('9.4.9 templates: sorted ids `1.2`, `1.2.3`, `1.4.0`; conflict; not found', async () => {
    const body = { version: '2.3', template: {} };
    for (const id of ['1.4.0', '1.2', '1.2.3']) {
      await site.must(`PUT /api/v1/ignitions/sorted/${id}`, { body });
    }
    const { json } = await site.must('GET /api/v1/ignitions/sorted');
    expect(json).toEqual(['1.2', '1.2.3', '1.4.0']);
    expect((await site.ask('PUT /api/v1/ignitions/sorted/1.2', { body })).status).toBe(409);
    expect((await site.ask('GET /api/v1/ignitions/sorted/1.3')).status).toBe(404);
    expect((await site.ask('DELETE /api/v1/ignitions/other/1.2')).status).toBe(404);
  });

  it.each([
    ['coreos/1745.7.0', true],
    ['coreos/a-B.9', true],
    ['coreos/a_b', false],
    ['coreos/a%20b', false],
    ['coreos/a%0A', false],
    ['coreos/..', false],
    ['kernel_params/coreos', true],
    ['kernel_params/ubuntu18.04', true],
    ['kernel_params/Ubuntu', false],
    ['kernel_params/a-b', false],
    ['kernel_params/a%0A', false],
  ])('9.4.16 valid ids and OS names: %s %s', async (path, isValid) => {
    const isOs = path.startsWith('kernel_params/');
    const answer = isOs
      ? await site.ask(`PUT /api/v1/${path}`, { body: 'a' })
      : await site.ask(`DELETE /api/v1/images/${path}`);
    expect(answer.status).toBe(isValid ? (isOs ? 200 : 404) : 400);
  });

  it.each([
    ['missing', undefined],
    ['saved', '12345'],
    ['reset to 0', '0'],
  ])(
    '9.4.11 `lastrev` %s: a data directory of Sabakan is used, whatever it says',
    async (_, text) => {
      const prefix = '/lastrev/';
      const prepared = await prepareTetsuServer({
        etcd: etcd.endpoints,
        etcdMore: `  prefix: ${prefix}\n`,
      });
      const data = join(prepared.directory, 'data');
      await mkdir(join(data, 'assets'), { recursive: true });
      await writeFile(join(data, 'assets/7'), 'bar');
      if (text !== undefined) await writeFile(join(data, 'lastrev'), text);
      const keys = etcdKeys(etcd.endpoints[0] ?? '', prefix);
      await keys.put('version', '3');
      await keys.put('assets', '7');
      await keys.put('assets/foo', {
        ...{ name: 'foo', id: '7', 'content-type': 'text/plain', date: '2026-11-20T00:00:00Z' },
        ...{ size: 3, sha256: createHash('sha256').update('bar').digest('hex') },
        ...{ urls: [`${prepared.url}/api/v1/assets/foo`], exists: false, options: {} },
      });
      const server = await prepared.launch();
      const got = await clientOf(server.url)('GET /api/v1/assets/foo');
      server.signal('SIGKILL');
      await server.ended;
      await prepared.remove();
      expect([got.status, got.text]).toEqual([200, 'bar']);
    },
  );
});

describe('9.4.8 audit', () => {
  const dayMs = 24 * 3_600_000;
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
  const keyOf = (ms: number, rev: number): string =>
    `audit/${dayOf(ms)}/${rev.toString(16).padStart(16, '0')}`;
  const record = (ms: number, rev: number) => ({
    ...{ ts: new Date(ms).toISOString(), rev: String(rev), user: '', ip: '', host: '' },
    ...{ category: 'ipam', instance: 'config', action: 'put', detail: '' },
  });
  /** Days ago: 61 are too many. */
  const plant = async (prefix: string, compactedHoursAgo: number, now: number) => {
    const keys = etcdKeys(etcd.endpoints[0] ?? '', prefix);
    for (const days of [62, 61, 60, 59]) {
      await keys.put(keyOf(now - days * dayMs, days), record(now - days * dayMs, days));
    }
    await keys.put('version', '3');
    await keys.put('audit', JSON.stringify(new Date(now - compactedHoursAgo * 3_600_000)));
    return async () => (await keys.keys('audit/')).length;
  };

  it('9.4.8 audit: retention boundary (61 days old goes, 60 stays), compaction not before 23 h', async () => {
    // A day that begins between the planting and the look would make 60 of them 61.
    const toMidnightMs = dayMs - (Date.now() % dayMs);
    if (toMidnightMs < 180_000) await new Promise((wake) => setTimeout(wake, toMidnightMs + 1_000));
    const now = Date.now();
    const early = await plant('/early/', 22, now);
    const due = await plant('/due/', 24, now);
    await another('/early/', 'unset');
    await another('/due/', 'unset');
    await expect.poll(due).toBe(2);
    expect(await early()).toBe(4);
  });

  it('9.4.8 audit: paging over more than 100 records, since/until bounds', async () => {
    const prefix = '/paged/';
    const keys = etcdKeys(etcd.endpoints[0] ?? '', prefix);
    const day = Math.floor(Date.now() / dayMs - 3) * dayMs;
    for (let at = 0; at < 250; at += 1) {
      await keys.put(keyOf(day + at * 1000, 500 + at), record(day + at * 1000, 500 + at));
    }
    const on = await another(prefix, 'unset');
    const revisions = (
      await on.must(`GET /api/v1/logs?since=${dayOf(day)}&until=${dayOf(day + dayMs)}`)
    ).text
      .trimEnd()
      .split('\n')
      .map((line) => Number(JSON.parse(line).rev));
    expect(revisions).toEqual(Array.from({ length: 250 }, (_, at) => 500 + at));
    expect((await on.must(`GET /api/v1/logs?until=${dayOf(day)}`)).text).toBe('');
    expect((await on.must(`GET /api/v1/logs?since=${dayOf(day + dayMs)}`)).text).toBe('');
  });
});
