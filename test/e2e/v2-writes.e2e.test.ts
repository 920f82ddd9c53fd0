import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { ipamG } from '../support/machines.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

type Answered = {
  readonly status: number;
  readonly etag: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
  readonly json: any;
};

describe('writes of version 2 on a real etcd', () => {
  let server: TetsuServer;
  const send = async (
    method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    ifMatch?: string,
  ): Promise<Answered> => {
    const answer = await request(`${server.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const json = text === '' ? undefined : JSON.parse(text);
    return { status: answer.statusCode, etag: String(answer.headers['etag'] ?? ''), json };
  };
  const machine = '/api/v2/machines/w-1';

  beforeAll(async () => {
    server = await startTetsuServer({ etcd: undefined });
    await send('PUT', '/api/v1/config/ipam', ipamConfigToJson(ipamG));
  });
  afterAll(async () => {
    server.signal('SIGTERM');
    await server.ended;
  });

  it('a machine is shown where it would be, then registered there', async () => {
    const wish = { serial: 'w-1', spec: { rack: 2, role: 'cs', bmc: { type: 'none' } } };
    const dry = await send('POST', '/api/v2/machines?dryRun=true', wish);
    expect((await send('GET', machine)).status).toBe(404);
    const made = await send('POST', '/api/v2/machines', wish);
    expect([dry.status, made.status]).toEqual([201, 201]);
    expect(made.json.items[0].spec.ipv4).toEqual(dry.json.items[0].spec.ipv4);
  });

  it('of many changes on one revision one is made, the others hear of it', async () => {
    const { etag } = await send('GET', machine);
    const change = (at: number) =>
      send('PATCH', machine, { spec: { labels: { winner: `n${at}` } } }, etag);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => change(at)));
    const [won, ...more] = answers.filter(({ status }) => status === 200);
    expect(more).toEqual([]);
    const lost = answers.filter(({ status }) => status === 412);
    expect(lost).toHaveLength(11);
    const now = await send('GET', machine);
    expect(now.etag).toBe(won?.etag);
    for (const { json } of lost) expect(`"${json.currentRevision}"`).toBe(now.etag);
  });

  it('goes when it is retired and the revision is the one that was seen', async () => {
    expect((await send('DELETE', machine)).status).toBe(428);
    expect((await send('DELETE', machine, undefined, '*')).status).toBe(409);
    for (const state of ['retiring', 'retired']) {
      const { etag } = await send('GET', machine);
      expect((await send('PATCH', machine, { status: { state } }, etag)).status).toBe(200);
    }
    const { etag } = await send('GET', machine);
    expect((await send('DELETE', machine, undefined, etag)).status).toBe(204);
    expect((await send('GET', machine)).status).toBe(404);
  });
});
