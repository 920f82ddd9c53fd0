/** Who may do what, on real sockets: two servers that take nothing without a token, TLS, curl. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { freePorts } from '../support/ports.ts';
import { tarOf } from '../support/tar.ts';
import { runTetsu, startTetsuServer, type TetsuServer } from '../support/tetsu.ts';
import { clientCertificate, selfSign } from '../support/tls.ts';

/** For one thing to happen on a busy machine. */
const patient = { interval: 20 };

let folder: string;
let etcd: TestEtcd;
let servers: readonly TetsuServer[] = [];
let secure = '';
let root = '';
/** Everything that any process printed. */
const said: string[] = [];

const at = (name: string) => join(folder, name);
const server = (index: number): TetsuServer => {
  const found = servers[index];
  if (found === undefined) throw new Error(`no server ${index}`);
  return found;
};

async function tetsu(token: string, url: string, ...args: readonly string[]) {
  const ended = await runTetsu(args, { TETSU_TOKEN: token, TETSU_SERVER: url });
  said.push(ended.err);
  return ended;
}

async function curl(...args: readonly string[]): Promise<{ status: number; body: string }> {
  const { stdout } = await promisify(execFile)('curl', [
    ...['-sS', '--path-as-is', '--cacert', at('api.crt'), '-w', '\n%{http_code}'],
    ...args,
  ]).catch((problem: Error & { stdout: string }) => ({ stdout: `${problem.message}\n000` }));
  const cut = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(cut + 1)), body: stdout.slice(0, cut) };
}

const bearer = (token: string) => ['-H', `Authorization: Bearer ${token}`];

async function made(role: string): Promise<{ readonly id: string; readonly token: string }> {
  const ended = await tetsu(root, server(0).url, 'token', 'create', `the ${role}`, '--role', role);
  expect(ended.err).toContain('shown this once');
  const token = ended.out.trim();
  return { token, id: token.split('_')[1] ?? '' };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tetsukan-access-'));
  await selfSign(at('api.crt'), at('api.key'));
  await clientCertificate(folder, 'robot');
  await selfSign(at('other.crt'), at('other.key'), 'robot');
  etcd = await startTestEtcd();
  const [port = 0] = await freePorts(1);
  secure = `https://127.0.0.1:${port}`;
  const api = `api-https:
  listen: 127.0.0.1:${port}
  cert: ${at('api.crt')}
  key: ${at('api.key')}
  client-ca: ${at('ca.crt')}
  client-roles: { robot: operator }`;
  const settings = ['auth: required', 'log-level: debug', 'removed-blobs-stay-seconds: 1'];
  servers = await Promise.all(
    ['a', 'b'].map((name, index) =>
      startTetsuServer({
        ...{ etcd: etcd.endpoints, name },
        more: [...settings, ...(index === 0 ? [api] : [])].join('\n'),
      }),
    ),
  );
  const config = join(server(0).directory, 'tetsu.yml');
  const first = await runTetsu([
    ...['token', 'create', 'root', '--role', 'admin', '--days', '1', '--config', config],
  ]);
  expect(first.err).toContain('"root": admin until');
  root = first.out.trim();
});

afterAll(async () => {
  for (const one of servers) {
    one.signal('SIGKILL');
    await one.ended;
  }
  await etcd?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('auth: required', () => {
  it('closes all but booting and health to the very host it runs on', async () => {
    const { url, metricsUrl } = server(0);
    const status = async (address: string) => (await curl(address)).status;
    for (const path of ['/api/v1/machines', '/api/v2/machines', '/graphql?query={x}', '/none']) {
      expect([path, await status(url + path)]).toEqual([path, 401]);
    }
    expect(await status(`${metricsUrl}/metrics`)).toBe(401);
    for (const path of ['/health', '/version', '/api/v1/boot/coreos/ipxe']) {
      expect([path, await status(url + path)]).toEqual([path, 200]);
    }
    const metrics = await curl(...bearer(root), `${metricsUrl}/metrics`);
    expect([metrics.status, metrics.body.includes('tetsukan_access_denied_total')]).toEqual([
      ...[200, true],
    ]);
  });

  it('lets servers fetch images from one another', async () => {
    const image = [
      ['kernel', randomBytes(70_000)],
      ['initrd.gz', randomBytes(9)],
    ] as const;
    await writeFile(at('image'), tarOf(image));
    const put = await curl(
      ...['-T', at('image'), ...bearer(root), `${server(0).url}/api/v1/images/coreos/1.0`],
    );
    expect(put).toMatchObject({ status: 201 });
    const there = `${server(1).url}/api/v1/boot/coreos/held/1.0/kernel`;
    await expect.poll(async () => (await curl('-o', at('k'), there)).status, patient).toBe(200);
  });
});

describe('a token', () => {
  it('ends on every server within a second of its revocation, and its watch with it', async () => {
    const { id, token } = await made('viewer');
    const { url } = server(1);
    const list = () => curl(...bearer(token), `${url}/api/v2/machines`);
    await expect.poll(async () => (await list()).status, patient).toBe(200);
    const watch = promisify(execFile)('curl', [
      ...['-sSN', '-m', '200', ...bearer(token), `${url}/api/v2/watch/machines`],
    ]);
    await expect
      .poll(async () => {
        const { body } = await curl(...bearer(root), `${url}/api/v2/status`);
        return JSON.parse(body).watchers;
      }, patient)
      .toBe(1);
    const revoked = await tetsu(root, server(0).url, 'token', 'revoke', id);
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining('is revoked since') });
    await expect.poll(async () => (await list()).status, patient).toBe(401);
    expect((await watch).stdout).toMatch(/event: error\ndata: {"status":401,.*was revoked at/);
  });

  it('is refused in the shape of a trick, and takes a server nothing to refuse', async () => {
    const { token } = await made('viewer');
    const { url } = server(0);
    const machines = `${url}/api/v1/machines`;
    const cases: readonly (readonly [readonly string[], string, number])[] = [
      [['-H', `authorization: bearer ${token}`], `${url}/api/v1/assets`, 200],
      [['-H', `Authorization: BEARER ${token}`], `${url}/api/v1/assets`, 200],
      [[...bearer(token), ...bearer(root)], machines, 401],
      [[...bearer(token), '-H', 'Authorization: Basic eDp5'], machines, 401],
      [['-u', `x:${token}`], machines, 401],
      [['-H', `X-Authorization: Bearer ${token}`], machines, 401],
      [['-H', `Cookie: token=${token}`], machines, 401],
      [['-H', `Authorization: Bearer ${'a'.repeat(9_000)}`], machines, 401],
      [['-H', `Authorization: Bearer ${'a'.repeat(17_000)}`], machines, 431],
      [[], `${machines}?access_token=${token}`, 401],
      [['-X', 'POST', '-d', '[]', '-H', 'X-HTTP-Method-Override: GET'], machines, 401],
      [[...bearer(token), '-X', 'POST', '-d', '[]'], machines, 403],
      [[...bearer(token), '-X', 'POST', '-d', '[]'], `${machines}?_method=GET`, 403],
      [[...bearer(token), '-X', 'post', '-d', '[]'], machines, 400],
      [[], `${url}//api/v1/machines`, 401],
      [[], `${url}/api/v1/%6dachines`, 401],
      [[], `${url}/api/v1/boot/../machines`, 200],
      [[], `${url}/health/../api/v1/machines`, 401],
      [[], `${url}/api/v1/boot%2f..%2fmachines`, 200],
      [['-I'], machines, 401],
    ];
    const got: unknown[] = [];
    for (const [args, address] of cases) got.push((await curl(...args, address)).status);
    // What begins with /api/v1/boot/ is looked for there alone: no machine is in the answer.
    const want = cases.map(([, , status]) => (status === 200 ? expect.any(Number) : status));
    expect(got).toEqual(want);
    expect(got.slice(0, 2)).toEqual([200, 200]);
    expect((await curl(`${url}/api/v1/boot/../machines`)).status).toBe(404);
  });
});

describe('api-https', () => {
  it('serves the whole API by TLS, and takes a certificate of its authority as a role', async () => {
    const machines = `${secure}/api/v1/assets`;
    const kernel = `${secure}/api/v1/kernel_params/coreos`;
    const robot = ['--cert', at('robot.crt'), '--key', at('robot.key')];
    const other = ['--cert', at('other.crt'), '--key', at('other.key')];
    const body = ['-X', 'PUT', '-d', 'quiet'];
    expect((await curl(machines)).status).toBe(401);
    expect((await curl(...bearer(root), machines)).status).toBe(200);
    expect((await curl(...robot, machines)).status).toBe(200);
    expect((await curl(...robot, ...body, kernel)).status).toBe(200);
    expect((await curl(...robot, ...body, `${secure}/api/v1/config/dhcp`)).status).toBe(403);
    expect((await curl(...other, machines)).status).toBe(401);
    const log = await curl(...bearer(root), `${secure}/api/v1/logs`);
    const record = log.body.split('\n').find((line) => line.includes('"kernel-params"'));
    expect(JSON.parse(record ?? '')).toMatchObject({ user: 'robot', ip: '127.0.0.1' });
  });

  it('is no plain HTTP', async () => {
    const { port } = new URL(secure);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write('GET /version HTTP/1.1\r\nHost: x\r\n\r\n');
      });
      let text = '';
      socket.on('data', (data) => {
        text += data.toString('latin1');
      });
      socket.on('close', () => resolve(text)).on('error', () => resolve(text));
    });
    expect(answer).not.toContain('200 OK');
  });
});

it('no secret is in any log, error or record', async () => {
  const { stdout: records } = await promisify(execFile)(
    'etcdctl',
    ['--endpoints', etcd.endpoints.join(), 'get', '', '--prefix'],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const config = await readFile(join(server(0).directory, 'tetsu.yml'), 'utf8');
  const seen = [...servers.map((one) => one.log()), ...said, records, config].join('\n');
  expect(records).toContain('tetsukan/tokens/');
  expect(seen).not.toContain(root.slice(-32));
});
