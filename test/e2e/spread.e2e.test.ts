import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../support/digest.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { freePorts } from '../support/ports.ts';
import { tarOf } from '../support/tar.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { prepareTetsuServer, type TetsuServer, type TetsuSite } from '../support/tetsu.ts';

/** A server that others reach through a proxy alone, so that a pull can be held in its middle. */
type Host = { readonly site: TetsuSite; readonly proxy: TcpProxy; server: TetsuServer };

const names = ['a', 'b', 'c'] as const;
/** Larger than all the socket buffers between two servers. */
const largeBytes = 32 * 1024 * 1024;
/** For one thing to happen on a busy machine. */
const patient = { timeout: 90_000, interval: 100 };

let etcd: TestEtcd;
const hosts = new Map<string, Host>();

beforeAll(async () => {
  etcd = await startTestEtcd({ members: 3 });
  await Promise.all(
    names.map(async (name) => {
      const [port = 0] = await freePorts(1);
      const site = await prepareTetsuServer({
        etcd: etcd.endpoints,
        name,
        advertiseUrl: `http://127.0.0.1:${port}`,
        more: 'removed-blobs-stay-seconds: 1',
      });
      const proxy = await startTcpProxy(Number(new URL(site.url).port), 'http', port);
      hosts.set(name, { site, proxy, server: await site.launch() });
    }),
  );
});

afterAll(async () => {
  for (const { server, proxy, site } of hosts.values()) {
    server.signal('SIGKILL');
    await server.ended;
    await proxy.close();
    await site.remove();
  }
  await etcd?.stop();
});

const host = (name: string): Host => {
  const known = hosts.get(name);
  if (known === undefined) throw new Error(`no host ${name}`);
  return known;
};
const urlOf = (name: string, path: string) => `${host(name).site.url}/api/v1/${path}`;

/** Ends the process at once; connections to it break, as when its machine loses power. */
async function kill(name: string): Promise<void> {
  const { server, proxy } = host(name);
  server.signal('SIGKILL');
  await server.ended;
  proxy.refuse(true);
}

async function launch(name: string): Promise<void> {
  const one = host(name);
  one.proxy.refuse(false);
  one.proxy.stall(false);
  one.server = await one.site.launch();
}

/** @returns the SHA-256 of the kernel. */
async function upload(name: string, id: string, initrdBytes = 100_000): Promise<string> {
  const kernel = randomBytes(1_000_001);
  const body = tarOf([
    ['kernel', kernel],
    ['initrd.gz', randomBytes(initrdBytes)],
  ]);
  const answer = await fetch(urlOf(name, `images/coreos/${id}`), {
    method: 'PUT',
    body: body as never,
  });
  expect([answer.status, await answer.text()]).toEqual([201, '']);
  return sha256Hex(kernel);
}

type Listed = { readonly id: string; readonly urls: readonly string[]; readonly exists: boolean };

async function listed(name: string, id: string): Promise<Listed | undefined> {
  const list = (await (await fetch(urlOf(name, 'images/coreos'))).json()) as readonly Listed[];
  return list.find((image) => image.id === id);
}

const isAt = (name: string, id: string) => async () => (await listed(name, id))?.exists === true;

async function kernelOf(name: string, id: string): Promise<string> {
  const answer = await fetch(urlOf(name, `boot/coreos/images/${id}/kernel`), {
    redirect: 'manual',
  });
  return answer.status === 200
    ? sha256Hex(new Uint8Array(await answer.arrayBuffer()))
    : `HTTP ${answer.status}`;
}

async function metric(name: string, series: string): Promise<number> {
  const page = await (await fetch(`${host(name).site.metricsUrl}/metrics`)).text();
  return Number(new RegExp(`^${series} (.*)$`, 'm').exec(page)?.[1]);
}

const filesOf = (name: string) =>
  readdir(join(host(name).site.directory, 'data/images/coreos')).catch(() => ['no folder']);

describe('an image on three servers', () => {
  it('that one took is served by all, byte for byte, and named by three URLs', async () => {
    const kernel = await upload('a', '1');
    for (const name of names) {
      await expect.poll(isAt(name, '1'), patient).toBe(true);
      await expect.poll(async () => (await listed(name, '1'))?.urls.length, patient).toBe(3);
      expect(await kernelOf(name, '1')).toBe(kernel);
    }
    const tars = await Promise.all(
      names.map(async (name) => {
        const answer = await fetch(urlOf(name, 'images/coreos/1'));
        const bytes = new Uint8Array(await answer.arrayBuffer());
        return `${answer.headers.get('etag')} ${sha256Hex(bytes)}`;
      }),
    );
    expect(new Set(tars).size).toBe(1);
  });

  it('that one deletes leaves the disks of all', async () => {
    const gone = await fetch(urlOf('b', 'images/coreos/1'), { method: 'DELETE' });
    expect(gone.status).toBe(200);
    for (const name of names) await expect.poll(() => filesOf(name), patient).toEqual([]);
  });

  it('that came while a server was down is fetched when it is back, at another one if need be', async () => {
    await kill('c');
    const kernel = await upload('a', '2', largeBytes);
    await expect.poll(isAt('b', '2'), patient).toBe(true);

    // Whomever the third asks holds it in the middle of its pull, and dies.
    const holders = ['a', 'b'].map(host);
    for (const { proxy } of holders) proxy.stallAfter(4_000_000);
    const before = new Map(holders.map(({ proxy }) => [proxy, proxy.bytesBack()]));
    const sent = ({ proxy }: Host) => proxy.bytesBack() - (before.get(proxy) ?? 0);
    await launch('c');
    await expect.poll(() => holders.some((one) => sent(one) >= 4_000_000), patient).toBe(true);
    const [dying, other] = sent(host('a')) >= 4_000_000 ? ['a', 'b'] : ['b', 'a'];
    expect(await kernelOf('c', '2')).toBe('HTTP 302');
    host(other).proxy.stallAfter(Number.POSITIVE_INFINITY);
    await kill(dying);
    await expect.poll(isAt('c', '2'), patient).toBe(true);

    expect(await kernelOf('c', '2')).toBe(kernel);
    // It went on there instead of beginning anew.
    expect(sent(host(other))).toBeLessThan(largeBytes);
    const breaks = () => metric('c', 'tetsukan_image_pulls_broken_off_total');
    // Once at least: on a slow machine it may have given up waiting before the other one died.
    await expect.poll(breaks, patient).toBeGreaterThan(0);
    expect(await metric('c', 'tetsukan_image_pulls_wrong_content_total')).toBe(0);
    await launch(dying);
  });

  it('whose only holder dies in the middle of pulls spreads when that is back', async () => {
    host('a').proxy.stallAfter(4_000_000);
    const start = host('a').proxy.bytesBack();
    const kernel = await upload('a', '3', largeBytes);
    await expect.poll(() => host('a').proxy.bytesBack() - start, patient).toBeGreaterThan(500_000);
    await kill('a');
    const status = async () => {
      const answer = await fetch(`${host('b').site.url}/api/v2/status`);
      return JSON.stringify(((await answer.json()) as { boot: { images: unknown } }).boot.images);
    };
    await expect.poll(status, patient).toMatch(/"missing":\{"3":/);
    await launch('a');
    for (const name of names) {
      await expect.poll(isAt(name, '3'), patient).toBe(true);
      expect(await kernelOf(name, '3')).toBe(kernel);
    }
  });
});
