/**
 * Sabakan 3.1.9, 9.2: three servers on one etcd. 9.2.4, workers that boot through UEFI HTTP boot and iPXE with the
 * configured kernel parameter on the command line, is `npm run test:boot`: real firmware. 9.2.5 is on the machine;
 * what a server has to do for it is in scenarios-9-6.test.ts.
 */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServerIdentity, connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { compactEtcd } from '../support/etcd-store.ts';
import { freePorts } from '../support/ports.ts';
import { tarOf, utf8 } from '../support/tar.ts';
import {
  prepareTetsuServer,
  startTetsuServer,
  type TetsuServer,
  type TetsuSite,
} from '../support/tetsu.ts';
import { makeCertificates } from './support/certificates.ts';
import { clientOf } from './support/client.ts';
import { etcdKeys } from './support/etcd-keys.ts';

/** A server asks others within seconds; it keeps what is deleted for a minute, for boots under way. */
const spreadWithin = { timeout: 180_000, interval: 200 };
const clearedWithin = { timeout: 300_000, interval: 500 };

describe('9.2: multi-host', () => {
  let etcd: TestEtcd;
  let sites: readonly TetsuSite[];
  let servers: TetsuServer[];

  beforeAll(async () => {
    etcd = await startTestEtcd();
    sites = await Promise.all(
      ['boot-0', 'boot-1', 'boot-2'].map((name) =>
        prepareTetsuServer({ etcd: etcd.endpoints, name }),
      ),
    );
    servers = await Promise.all(sites.map((site) => site.launch()));
  });

  afterAll(async () => {
    for (const server of servers ?? []) {
      server.signal('SIGKILL');
      await server.ended;
    }
    await Promise.all((sites ?? []).map((site) => site.remove()));
    await etcd?.stop();
  });

  const on = (at: number) => clientOf(sites[at]?.url ?? '');
  const upload = async (at: number, name: string, body: string): Promise<void> => {
    const headers = { 'content-type': 'text/plain' };
    const { status } = await on(at)(`PUT /api/v1/assets/${name}`, { body, headers });
    expect([200, 201]).toContain(status);
  };
  const assetUrls = async (name: string): Promise<number> =>
    (await on(0)(`GET /api/v1/assets/${name}/meta`)).json.urls.length;
  /** What each of the three has under its data directory. */
  const files = (folder: string) =>
    Promise.all(
      sites.map(({ directory }) => readdir(join(directory, 'data', folder)).catch(() => [])),
    );

  it('9.2.2 one server stopped, same asset uploaded twice, etcd compacted physically, server restarted: it recovers and the asset gets 3 URLs', async () => {
    servers[2]?.signal('SIGTERM');
    await servers[2]?.ended;
    await upload(0, 'twice', 'one');
    await upload(0, 'twice', 'two');
    const [endpoint = ''] = etcd.endpoints;
    await compactEtcd(endpoint, await etcdKeys(endpoint).revision());
    const [, , site] = sites;
    if (site === undefined) throw new Error('there are three');
    servers[2] = await site.launch();
    await expect.poll(() => assetUrls('twice'), spreadWithin).toBe(3);
    for (const at of [0, 1, 2]) {
      const answer = await on(at)('GET /api/v1/assets/twice');
      expect([answer.status, answer.text]).toEqual([200, 'two']);
    }
  });

  describe.concurrent('what is uploaded to one', () => {
    it('9.2.1 asset uploaded to one server ends with 3 URLs; after delete the asset directories of all servers are empty', {
      timeout: 900_000,
    }, async ({ expect }) => {
      await upload(1, 'foo', 'bar');
      await expect.poll(() => assetUrls('foo'), spreadWithin).toBe(3);
      for (const at of [0, 1, 2]) {
        expect((await on(at)('GET /api/v1/assets/foo')).text).toBe('bar');
        await expect
          .poll(async () => (await on(at)('GET /api/v1/assets/foo/meta')).json.exists)
          .toBe(true);
      }
      for (const name of ['foo', 'twice']) {
        expect((await on(2)(`DELETE /api/v1/assets/${name}`)).status).toBe(200);
      }
      await expect.poll(() => files('assets'), clearedWithin).toEqual([[], [], []]);
    });

    it('9.2.3 image uploaded to one server reaches all; after delete the image directories of all are empty', {
      timeout: 900_000,
    }, async ({ expect }) => {
      const body = tarOf([
        ['kernel', utf8('a kernel')],
        ['initrd.gz', utf8('an initrd')],
      ]);
      expect((await on(0)('PUT /api/v1/images/coreos/1.0', { body })).status).toBe(201);
      const index = async (at: number) => (await on(at)('GET /api/v1/images/coreos')).json;
      for (const at of [0, 1, 2]) {
        await expect.poll(async () => (await index(at))[0]?.exists, spreadWithin).toBe(true);
        expect((await on(at)('GET /api/v1/boot/coreos/kernel')).text).toBe('a kernel');
      }
      await expect.poll(async () => (await index(0))[0].urls.length, spreadWithin).toBe(3);
      expect((await on(1)('DELETE /api/v1/images/coreos/1.0')).status).toBe(200);
      await expect.poll(() => files('images/coreos'), clearedWithin).toEqual([[], [], []]);
    });
  });
});

describe('9.2.6', () => {
  it('9.2.6 allow-ips `0.0.0.0/0` in YAML is honoured; certificate with several IP names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tetsukan-open-'));
    const names = ['127.0.0.1', '10.69.0.3', '10.69.0.195'];
    const { ca, cert, key } = await makeCertificates(folder, names);
    const [port = 0] = await freePorts(1);
    const server = await startTetsuServer({
      etcd: undefined,
      more: `allow-ips: [0.0.0.0/0]
https: 127.0.0.1:${port}
server-cert: ${cert}
server-key: ${key}
`,
    });
    try {
      const put = { body: {}, from: '127.0.0.2' };
      const { status } = await clientOf(server.url)('PUT /api/v1/config/dhcp', put);
      expect(status).toBe(200);
      const authority = await readFile(ca);
      const shown = await new Promise<ReturnType<typeof checkServerIdentity>[]>(
        (resolve, reject) => {
          const socket = connect({ host: '127.0.0.1', port, ca: authority }, () => {
            resolve(names.map((name) => checkServerIdentity(name, socket.getPeerCertificate())));
            socket.end();
          });
          socket.once('error', reject);
        },
      );
      expect(shown).toEqual([undefined, undefined, undefined]);
    } finally {
      server.signal('SIGTERM');
      await server.ended;
      await rm(folder, { recursive: true, force: true });
    }
  });
});
