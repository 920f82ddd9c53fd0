import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { leaderKey } from '../../src/sabakan/control.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { etcdHand } from '../support/etcd-hand.ts';
import { ipamG } from '../support/machines.ts';
import { runTetsu, startTetsuServer, type TetsuServer, usualTimeout } from '../support/tetsu.ts';

let etcd: TestEtcd;
let server: TetsuServer;

const kernel = randomBytes(3_000_001);
const initrd = randomBytes(70_000);
const template = `name: test
service_subnet: 10.68.0.0/16
nodes:
  - user: core
    control_plane: true
    labels: { cke.cybozu.com/role: cs }
  - user: core
    labels: { cke.cybozu.com/role: cs }
`;

beforeAll(async () => {
  etcd = await startTestEtcd();
  server = await startTetsuServer({ etcd: etcd.endpoints });
});

afterAll(async () => {
  server?.signal('SIGKILL');
  await server?.ended;
  await etcd?.stop();
});

async function ask(
  what: string,
  body?: string | Uint8Array | object,
  on: Pick<TetsuServer, 'url'> = server,
): Promise<{ status: number; text: string; headers: Headers }> {
  const [method = 'GET', path = '/'] = what.split(' ', 2);
  const payload =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array
      ? body
      : JSON.stringify(body);
  const answer = await fetch(on.url + path, {
    method,
    ...(payload === undefined ? {} : { body: payload as never }),
  });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

async function imageTar(): Promise<Uint8Array> {
  const tar = pack();
  tar.entry({ name: 'kernel' }, kernel);
  tar.entry({ name: 'initrd.gz' }, initrd);
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Sends octets as they are and reads to the end of the connection. */
function raw(octets: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(octets));
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.setTimeout(120_000, () => {
      reject(new Error('the connection stayed open'));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

describe('a rack is registered and boots', () => {
  it('from an empty store to a boot script, a kernel and an Ignition document', async () => {
    expect((await ask('GET /api/v1/config/ipam')).status).toBe(404);
    expect(await ask('PUT /api/v1/config/ipam', ipamConfigToJson(ipamG))).toMatchObject({
      status: 200,
      text: 'null\n',
    });
    expect((await ask('PUT /api/v1/config/dhcp', { 'lease-minutes': 60 })).status).toBe(200);
    const machines = Array.from({ length: 28 }, (_, at) => ({
      serial: `r0-${at}`,
      rack: 0,
      role: 'cs',
      bmc: { type: 'iDRAC-9' },
    }));
    expect(await ask('POST /api/v1/machines', machines)).toMatchObject({ status: 201, text: '' });
    expect((await ask('POST /api/v1/machines', machines)).status).toBe(409);

    expect((await ask('GET /api/v1/boot/coreos/ipxe/r0-1')).status).toBe(404);
    expect((await ask('PUT /api/v1/images/coreos/1.0.0', await imageTar())).status).toBe(201);
    const ignition = {
      version: '2.3',
      template: {
        ignition: { version: '2.3.0' },
        systemd: { units: [{ name: 'a.service', contents: '{{ .Spec.Serial }} {{ MyURL }}' }] },
      },
    };
    expect((await ask('PUT /api/v1/ignitions/cs/1.0.0', ignition)).status).toBe(201);
    expect((await ask('PUT /api/v1/kernel_params/coreos', 'console=ttyS0')).text).toBe('null\n');

    const script = await ask('GET /api/v1/boot/coreos/ipxe/r0-1');
    expect(script.status).toBe(200);
    expect(script.text).toMatch(/^#!ipxe\n/);
    expect(script.text).toContain('console=ttyS0');
    const document = await ask('GET /api/v1/boot/ignitions/r0-1/1.0.0');
    expect(JSON.parse(document.text).systemd.units[0].contents).toBe(`r0-1 ${server.url}`);
  });

  it('with kernels in one piece, in parts, and sized by HEAD first', async () => {
    const url = `${server.url}/api/v1/boot/coreos/kernel`;
    const whole = await fetch(url);
    const bytes = new Uint8Array(await whole.arrayBuffer());
    expect(whole.headers.get('content-length')).toBe(String(kernel.length));
    expect(createHash('sha256').update(bytes).digest()).toEqual(
      createHash('sha256').update(kernel).digest(),
    );
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(kernel.length)]);
    const part = await fetch(url, { headers: { range: 'bytes=2999999-' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 2999999-3000000/${kernel.length}`,
    ]);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(
      new Uint8Array(kernel.subarray(2_999_999)),
    );
    const tar = await fetch(`${server.url}/api/v1/images/coreos/1.0.0`);
    expect(tar.headers.get('content-type')).toBe('application/tar');
    expect((await tar.arrayBuffer()).byteLength).toBe(Number(tar.headers.get('content-length')));
  });

  it('and a client that has the list is told that nothing changed, until something does', async () => {
    const first = await fetch(`${server.url}/api/v1/machines`);
    const etag = first.headers.get('etag') ?? '';
    expect(await first.json()).toHaveLength(28);
    const again = () =>
      fetch(`${server.url}/api/v1/machines`, { headers: { 'if-none-match': etag } });
    expect((await again()).status).toBe(304);
    expect((await ask('PUT /api/v1/labels/r0-1/shelf', 'a')).status).toBe(200);
    expect((await again()).status).toBe(200);
  });
});

describe('hostile requests', () => {
  const line = (path: string, headers = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;

  it.each([
    [
      'two lengths',
      `POST /api/v1/machines HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]`,
      400,
    ],
    [
      'a length and chunks',
      `POST /api/v1/machines HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['no Host', 'GET /version HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['endless headers', line('/version', `X: ${'x'.repeat(20_000)}\r\n`), 431],
    ['an endless path', line(`/api/v1/machines?serial=${'x'.repeat(9_000)}`), 414],
    ['not HTTP', 'EHLO example.org\r\n\r\n', 400],
    ['dots in a path', line('/api/v1/boot/coreos/../../../../etc/passwd'), 404],
    ['encoded dots', line('/api/v1/images/coreos/%2e%2e'), 400],
    ['dots encoded twice', line('/api/v1/images/coreos/%252e%252e'), 400],
    ['a NUL', line('/api/v1/state/a%00b'), 400],
    ['a broken escape', line('/api/v1/state/%zz'), 400],
    ['a whole URL', line('http://elsewhere/version'), 200],
  ])('%s: an answer and an end', async (_, octets, status) => {
    expect(await raw(octets)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('with a body over the limit are told so while they still send', async () => {
    const answer = await ask('POST /api/v1/machines', 'x'.repeat(17 * 1024 * 1024));
    expect([answer.status, JSON.parse(answer.text).status]).toEqual([413, 413]);
  });

  it('leave the server as it was', async () => {
    expect((await ask('GET /health')).text).toBe('{"health":"healthy"}\n');
  });
});

describe('the tetsu command', () => {
  const on = () => ({ TETSU_SERVER: server.url });

  it('lists, describes and explains', async () => {
    const list = await runTetsu(['get', 'machines', '--serial', 'r0-1,r0-2'], on());
    expect(list).toMatchObject({ code: 0, err: '' });
    expect(list.out.split('\n').map((row) => row.split(/\s+/)[0])).toEqual([
      'SERIAL',
      'r0-1',
      'r0-2',
      '',
    ]);
    const json = await runTetsu(['get', 'machines', '--rack', '0', '-o', 'json'], on());
    expect(JSON.parse(json.out).items).toHaveLength(28);
    const one = await runTetsu(['describe', 'machine', 'r0-1'], on());
    expect(one.out).toContain('serial: r0-1');
    const plan = await runTetsu(['plan'], on());
    expect(plan.out).toContain('no plan');
  });

  it('tells its version, which is the one of the server', async () => {
    const { code, out } = await runTetsu(['--version']);
    expect([code, JSON.parse((await ask('GET /version')).text)]).toEqual([
      0,
      { version: out.trim() },
    ]);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const command = `'${resolve('bin/tetsu')}' get machines -o json | head -c 1`;
    const shell = await promisify(execFile)('sh', ['-c', command], {
      env: { ...process.env, ...on() },
    });
    expect(shell).toEqual({ stdout: '{', stderr: '' });
  });

  it.each([
    [['describe', 'machine', 'nobody'], 3, 'there is no machine "nobody"'],
    [['get', 'machines', '-o', 'xml'], 2, "argument 'xml' is invalid"],
    [['frobnicate'], 2, "unknown command 'frobnicate'"],
    [['get', 'machines', '--server', 'http://127.0.0.1:1'], 1, 'cannot reach'],
    [['get', 'machines', '--sort-by', 'size'], 2, 'size is no column; columns are serial, rack'],
    [['get', 'machines', '-l', 'a b'], 2, 'labelSelector after 2 characters'],
  ])('%j ends with %i and says why', async (args, code, text) => {
    const { code: real, err } = await runTetsu(args, on());
    expect([real, err]).toEqual([code, expect.stringContaining(text)]);
  });
});

describe('status', () => {
  it('names what is listened on and what holds the brakes', async () => {
    const status = JSON.parse((await ask('GET /api/v2/status')).text);
    const { port } = new URL(server.url);
    expect(status).toMatchObject({
      server: 'boot-0',
      listening: { http: { address: '127.0.0.1', port: Number(port) } },
      store: { inventory: { kind: 'live' } },
      brokenRecords: [],
      leading: true,
      dhcp: { listening: [{ address: '127.0.0.1' }] },
      boot: { images: { newestHere: '1.0.0' } },
      cluster: 'not configured',
    });
  });
});

describe('metrics', () => {
  it('are on their own port', async () => {
    const page = await (await fetch(`${server.metricsUrl}/metrics`)).text();
    expect(page).toContain(
      'sabakan_machine_status{address="10.69.0.4",machine_type="",rack="0",role="cs",serial="r0-0",status="uninitialized"} 1\n',
    );
    expect(page).toMatch(
      /sabakan_api_request_count\{code="409",path="\/api\/v1\/machines",verb="POST"\} 1\n/,
    );
    expect(page).toContain('tetsukan_inventory_live 1\n');
    expect((await ask('GET /metrics')).status).toBe(404);
  });
});

describe('two servers on one store', () => {
  it('show what the other wrote; when the leader ends, the other leads at once', async () => {
    const second = await startTetsuServer({
      etcd: etcd.endpoints,
      name: 'boot-1',
      more: '',
    });
    const hand = etcdHand(etcd.endpoints[0] ?? '');
    expect(await hand.get(leaderKey)).toBe('boot-0');
    const leader = async () =>
      JSON.parse((await ask('GET /api/v2/status', undefined, second)).text).leader;
    try {
      expect((await ask('GET /api/v1/state/r0-1', undefined, second)).text).toBe('uninitialized');
      await expect.poll(leader).toBe('boot-0');
      server.signal('SIGTERM');
      const { code } = await server.ended;
      expect(code).toBe(0);
      // It is given up by who goes: nobody waits until it runs out.
      expect(await hand.get(leaderKey)).not.toBe('boot-0');
      await expect.poll(leader).toBe('boot-1');
    } finally {
      second.signal('SIGTERM');
      expect((await second.ended).code).toBe(0);
    }
    server = await startTetsuServer({ etcd: etcd.endpoints, etcdMore: usualTimeout });
    expect(JSON.parse((await ask('GET /api/v1/machines')).text)).toHaveLength(28);
  });
});

describe('a store that goes away', () => {
  it('turns lists into errors, keeps boots going, and is forgiven when it is back', async () => {
    const [member] = etcd.members;
    await member?.kill();
    await expect.poll(async () => (await ask('GET /health')).status).toBe(500);
    await expect.poll(async () => (await ask('GET /api/v1/machines')).status).toBe(503);
    expect((await ask('GET /api/v1/boot/coreos/ipxe/r0-1')).status).toBe(200);
    expect((await ask('PUT /api/v1/state/r0-1', 'healthy')).status).toBe(503);
    await member?.restart();
    await expect.poll(async () => (await ask('GET /api/v1/machines')).status).toBe(200);
    expect((await ask('GET /api/v1/state/r0-1')).text).toBe('uninitialized');
    await expect
      .poll(async () => (await ask('PUT /api/v1/state/r0-1', 'healthy')).status)
      .toBe(200);
  });
});

describe('a download under way', () => {
  it('is finished before the server ends', async () => {
    const other = await startTetsuServer({ etcd: etcd.endpoints, name: 'boot-2' });
    await ask('DELETE /api/v1/images/coreos/1.0.0');
    await ask('PUT /api/v1/images/coreos/2.0.0', await imageTar(), other);
    const answer = await fetch(`${other.url}/api/v1/boot/coreos/kernel`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    let length = (await reader.read()).value?.length ?? 0;
    other.signal('SIGTERM');
    await new Promise((wake) => setTimeout(wake, 300));
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length;
    }
    expect(length).toBe(kernel.length);
    expect((await other.ended).code).toBe(0);
  });
});

describe('a server that cannot start', () => {
  let directory: string;
  let blocker: Server;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tetsukan-bad-'));
    await writeFile(join(directory, 'template.yml'), template);
    blocker = createServer();
    await new Promise<void>((listening) => blocker.listen(0, '127.0.0.1', listening));
  });
  afterAll(async () => {
    blocker.close();
    await rm(directory, { recursive: true, force: true });
  });

  const base = (): string => `advertise-url: http://127.0.0.1:10080
advertise-url-https: https://127.0.0.1:10443
data-dir: ${directory}/data
metrics: 127.0.0.1:0
dhcp: { enabled: false }
tftp: { enabled: false }
`;
  const attempt = async (yaml: string, ...more: readonly string[]) => {
    const file = join(directory, 'tetsu.yml');
    await writeFile(file, yaml);
    return runTetsu(['server', '--config', file, ...more]);
  };

  it('says every mistake of its configuration, each with its line', async () => {
    const { code, err } = await attempt(`${base()}htp: x
health: { interval-seconds: never }
allow-ips: [10.0.0.0/33]
`);
    expect(code).toBe(2);
    for (const text of [
      'tetsu.yml:7: htp: unknown member',
      'tetsu.yml:8: health.interval-seconds',
      '10.0.0.0/33',
    ]) {
      expect(err).toContain(text);
    }
  });

  it('says which port is taken, and what to do', async () => {
    const { port } = blocker.address() as { port: number };
    const { code, err } = await attempt(`${base()}http: 127.0.0.1:${port}
etcd: { endpoints: [${etcd.endpoints[0]}], prefix: /other/ }
`);
    expect([code, err]).toEqual([1, expect.stringContaining(`cannot listen on 127.0.0.1:${port}`)]);
    expect(err).toContain('another program has this port');
  });

  it('says that etcd is not there', async () => {
    const { code, err } =
      await attempt(`${base()}etcd: { endpoints: ["http://127.0.0.1:1"], timeout: 500ms }
`);
    expect([code, err]).toEqual([1, expect.stringContaining('127.0.0.1:1')]);
  });

  it('says that it does not know a flag, nor the folder of its log', async () => {
    const flag = await attempt(base(), '-htp', '127.0.0.1:1');
    expect([flag.code, flag.err]).toEqual([2, expect.stringContaining('-htp: unknown flag')]);
    const log = await attempt(base(), '-logfile', join(directory, 'none', 'log'));
    expect([log.code, log.err]).toEqual([2, expect.stringContaining('-logfile: ')]);
  });

  it('appends its log to the file it is given, with what it has passed over', async () => {
    const logFile = join(directory, 'server.log');
    await writeFile(logFile, '{"message":"of before"}\n');
    const yaml = `${base()}etcd: { endpoints: ["http://127.0.0.1:1"], timeout: 500ms }\n`;
    const args = ['-logfile', logFile, '-dhcp-bind', '0.0.0.0:67', '-logformat', 'plain'];
    expect((await attempt(yaml, ...args)).code).toBe(1);
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).text ?? '')).toEqual([
      '',
      expect.stringMatching(/^-logformat plain has no effect/),
      expect.stringMatching(/^-dhcp-bind has no effect/),
      ...lines.slice(3).map(() => expect.anything()),
    ]);
  });

  it('says that a certificate is none', async () => {
    await writeFile(join(directory, 'not.pem'), 'hello');
    const { code, err } = await attempt(
      `${base()}server-cert: ${directory}/not.pem\nserver-key: ${directory}/not.pem\n`,
    );
    expect([code, err]).toEqual([1, expect.stringContaining('server-cert')]);
  });

  it('says that its data directory cannot be used', async () => {
    const yaml = base().replace(`${directory}/data`, `${directory}/template.yml/data`);
    const { code, err } = await attempt(yaml);
    expect([code, err]).toEqual([1, expect.stringContaining('data-dir: ')]);
  });

  it('says what is wrong with a cluster template', async () => {
    await writeFile(join(directory, 'bad.yml'), 'name: x\nnodes: []\n');
    const { code, err } =
      await attempt(`${base()}cluster: { template: ${directory}/bad.yml, output: ${directory}/cluster.yml }
`);
    expect(code).not.toBe(0);
    expect(err).toContain('bad.yml');
  });
});
