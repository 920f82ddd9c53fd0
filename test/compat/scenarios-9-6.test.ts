/**
 * Sabakan 3.1.9, 9.6 and 9.2.5: disk encryption on the machine. Selecting disks and writing their metadata is
 * sabakan-cryptsetup's, a program of the machine; here is what it relies on at the server (7.2).
 */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { usualTimeout } from '../support/tetsu.ts';
import { aSpec, type Site, startSite } from './support/site.ts';

let etcd: TestEtcd;
let site: Site;

beforeAll(async () => {
  etcd = await startTestEtcd();
  site = await startSite(etcd, { etcdMore: usualTimeout });
  await site.must('POST /api/v1/machines', { body: [aSpec('m1'), aSpec('m2')] });
});

afterAll(async () => {
  await site?.stop();
  await etcd?.stop();
});

/** What sabakan-cryptsetup makes: 16 random bytes in hexadecimal, and a key of 512 bits. */
const diskId = (): string => randomBytes(16).toString('hex');
const path = (serial: string, id: string): string => `/api/v1/crypts/${serial}/${id}`;

describe('9.6: what sabakan-cryptsetup relies on', () => {
  it('9.6 a disk that is formatted stores its key under its id and reads it at the next boot', async () => {
    const [id, key] = [diskId(), randomBytes(64)];
    // The machine itself asks, which is not among the allowed addresses.
    const from = '127.0.0.2';
    const fresh = await site.askTls(`GET ${path('m1', id)}`, { from });
    expect([fresh.status, fresh.json.error]).toEqual([404, 'requested resource is not found']);
    expect((await site.askTls(`PUT ${path('m1', id)}`, { body: key, from })).status).toBe(201);
    const read = await site.askTls(`GET ${path('m1', id)}`, { from });
    expect([read.status, read.bytes.equals(key)]).toEqual([200, true]);
  });

  it('9.6 a PUT whose answer was lost is refused at the second try, and the first key stays', async () => {
    const [id, key] = [diskId(), randomBytes(64)];
    expect((await site.askTls(`PUT ${path('m1', id)}`, { body: key })).status).toBe(201);
    expect((await site.askTls(`PUT ${path('m1', id)}`, { body: key })).status).toBe(409);
    expect((await site.askTls(`GET ${path('m1', id)}`)).bytes.equals(key)).toBe(true);
  });

  it('9.6 the same id of another machine is another key', async () => {
    const id = diskId();
    await site.askTls(`PUT ${path('m1', id)}`, { body: randomBytes(64) });
    expect((await site.askTls(`GET ${path('m2', id)}`)).status).toBe(404);
  });

  it('9.6 while etcd is away the answer is 5xx, never the 404 that makes a machine format its disk; a retry then gets the key', async () => {
    const [id, key] = [diskId(), randomBytes(64)];
    await site.askTls(`PUT ${path('m1', id)}`, { body: key });
    const [member] = etcd.members;
    await member?.kill();
    const away = [path('m1', id), path('m1', diskId()), path('nobody', diskId())];
    for (const one of away) {
      expect((await site.askTls(`GET ${one}`)).status).toBeGreaterThanOrEqual(500);
    }
    expect((await site.askTls(`PUT ${path('m1', diskId())}`, { body: key })).status).toBe(503);
    await member?.restart();
    // It tries 10 times, pausing longer each time: 90 s in all.
    const retry = async () => (await site.askTls(`GET ${path('m1', id)}`)).status;
    await expect.poll(retry, { interval: 200 }).toBe(200);
    expect((await site.askTls(`GET ${path('m1', id)}`)).bytes.equals(key)).toBe(true);
  });
});
