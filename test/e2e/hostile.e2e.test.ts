/** One live server against everything that can be thrown at it; after each blow it is the same process and serves. */

import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { seededChance } from '../support/clock.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { type EtcdHand, etcdHand } from '../support/etcd-hand.ts';
import { eventually as becomes } from '../support/eventually.ts';
import { ipamG } from '../support/machines.ts';
import { tarOf } from '../support/tar.ts';
import {
  prepareTetsuServer,
  startTetsuServer,
  type TetsuServer,
  type TetsuSite,
  usualTimeout,
} from '../support/tetsu.ts';

let etcd: TestEtcd;
let hand: EtcdHand;
let site: TetsuSite;
let server: TetsuServer;
let ended = false;

/** What a flood may leave behind in memory: sockets' buffers and garbage not collected yet. */
const memoryMarginBytes = 384 * 1024 * 1024;

beforeAll(async () => {
  etcd = await startTestEtcd();
  hand = etcdHand(etcd.endpoints[0] ?? '');
  site = await prepareTetsuServer({
    etcd: etcd.endpoints,
    etcdMore: usualTimeout,
    more: 'dhcp: { relay-networks: [127.0.0.0/8] }\n',
  });
  server = await site.launch();
  void server.ended.then(() => {
    ended = true;
  });
  const ipam = { ...ipamConfigToJson(ipamG), 'node-ipv4-pool': '127.64.0.0/16' };
  await must('PUT /api/v1/config/ipam', ipam);
  await must('PUT /api/v1/config/dhcp', { 'lease-minutes': 60 });
  await must('POST /api/v1/machines', [aMachine('good-0', 0), aMachine('good-1', 1)]);
  await must('PUT /api/v1/images/coreos/1.0.0', imageTar(1_000));
  await must('PUT /api/v1/kernel_params/coreos', 'console=ttyS0');
});

afterAll(async () => {
  server?.signal('SIGKILL');
  await server?.ended;
  await site?.remove();
  await etcd?.stop();
});

/** As they were before a test touched them. */
const touched = new Map<string, string | undefined>();

async function damage(key: string, value: string | Uint8Array): Promise<void> {
  if (!touched.has(key)) touched.set(key, await hand.get(key));
  await hand.put(key, value);
}

async function mend(): Promise<void> {
  for (const [key, value] of touched) await hand.put(key, value);
  touched.clear();
}

afterEach(async () => {
  for (const member of etcd.members) member.thaw();
  await mend();
  expect(ended ? server.log().slice(-4_000) : 'the process lives').toBe('the process lives');
  await becomes('a healthy server', async () => (await statusOf('GET /health')) === 200);
});

function aMachine(serial: string, rack: number) {
  return { serial, rack, role: 'cs', bmc: { type: 'iDRAC-9' } };
}

function imageTar(bytes: number): Uint8Array {
  return tarOf([
    ['kernel', new Uint8Array(bytes)],
    ['initrd.gz', new Uint8Array(10)],
  ]);
}

async function ask(what: string, body?: string | Uint8Array | object, url = site.url) {
  const [method = 'GET', path = '/'] = what.split(' ', 2);
  const isPlain = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const answer = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/octet-stream' },
    ...(body === undefined ? {} : { body: (isPlain ? body : JSON.stringify(body)) as never }),
    signal: AbortSignal.timeout(60_000),
  });
  const detail = answer.headers.get('x-tetsukan-detail') ?? '';
  return { status: answer.status, text: await answer.text(), detail };
}

async function must(what: string, body?: string | Uint8Array | object): Promise<void> {
  const { status, text } = await ask(what, body);
  if (status >= 300) throw new Error(`${what}: ${status} ${text}`);
}

const statusOf = async (what: string, body?: string | object) => (await ask(what, body)).status;
const eventually = (what: () => Promise<unknown>) => expect.poll(what);

function residentBytes(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

describe('a record that somebody broke in etcd', () => {
  const good = { serial: 'x', rack: 7, role: 'cs' };
  it.each<[string, string, string | Uint8Array]>([
    ['not JSON', 'machines/x', '{"spec":'],
    ['not even UTF-8', 'machines/x', new Uint8Array([0xff, 0xfe, 0x00])],
    ['of wrong types', 'machines/x', '{"spec":{"serial":5,"rack":"a"},"status":[]}'],
    ['null', 'machines/x', 'null'],
    ['empty', 'machines/x', ''],
    ["another machine's", 'machines/x', JSON.stringify({ spec: good, status: {} })],
    ['huge', 'machines/x', `{"spec":"${'x'.repeat(1_000_000)}"}`],
    ['deep', 'machines/x', '['.repeat(100_000)],
  ])('a machine %s: no list, and every other machine as before', async (_, key, value) => {
    await damage(key, value);
    await eventually(() => statusOf('GET /api/v1/machines')).toBe(500);
    const list = await ask('GET /api/v1/machines');
    expect(list.detail).toContain('machines/x');
    const search = await ask('POST /graphql', { query: '{ searchMachines { spec { serial } } }' });
    expect(JSON.parse(search.text).errors).toHaveLength(1);
    expect(await statusOf('GET /api/v1/machines?serial=x')).toBe(500);
    expect(await statusOf('GET /api/v1/state/x')).toBe(500);
    expect(await statusOf('PUT /api/v1/state/x', 'healthy')).toBe(500);
    expect(await statusOf('DELETE /api/v1/machines/x')).toBe(500);
    expect(await statusOf('POST /api/v1/machines', [aMachine('x', 7)])).toBe(409);
    expect(await statusOf('GET /api/v1/machines?serial=good-0')).toBe(200);
    expect(await statusOf('PUT /api/v1/labels/good-0/a', 'b')).toBe(200);
    const broken = JSON.parse((await ask('GET /api/v2/status')).text).brokenRecords;
    expect(JSON.stringify(broken)).toContain('machines/x');
    await mend();
    await eventually(() => statusOf('GET /api/v1/machines')).toBe(200);
  });

  it.each(['{', '{"a":1}', '["4"]', '[4.5]', '"4"'])(
    'a list of used indices that is %s: no registration in that rack, others as before',
    async (value) => {
      await damage('node-indices/5', value);
      const refused = await ask('POST /api/v1/machines', [aMachine('n', 5)]);
      expect([refused.status, refused.detail]).toEqual([
        500,
        expect.stringContaining('node-indices/5'),
      ]);
      expect(await hand.get('node-indices/5')).toBe(value);
      await must('POST /api/v1/machines', [aMachine('n', 6)]);
      for (const state of ['retiring', 'retired']) await must('PUT /api/v1/state/n', state);
      await must('DELETE /api/v1/machines/n');
    },
  );

  it.each(['{', '[]', 'null', '{"max-nodes-in-rack":"x"}'])(
    'an address plan that is %s: said, and nothing is placed until it is mended',
    async (value) => {
      await damage('ipam', value);
      await eventually(() => statusOf('GET /api/v1/config/ipam')).toBe(500);
      expect((await ask('GET /api/v1/config/ipam')).detail).toContain('ipam');
      const refused = await ask('POST /api/v1/machines', [aMachine('n', 2)]);
      expect([refused.status, refused.detail]).toEqual([500, expect.stringContaining('ipam')]);
      expect(await statusOf('GET /api/v1/machines')).toBe(200);
      await mend();
      await eventually(() => statusOf('GET /api/v1/config/ipam')).toBe(200);
    },
  );

  it('a DHCP configuration: said, silence on the wire, and leases again when it is mended', async () => {
    await damage('dhcp', '{"lease-minutes":-1}');
    await eventually(() => statusOf('GET /api/v1/config/dhcp')).toBe(500);
    expect(await offered(1)).toBeUndefined();
    expect(await statusOf('GET /api/v1/machines')).toBe(200);
    await must('PUT /api/v1/config/dhcp', { 'lease-minutes': 60 });
    await eventually(() => offered(2)).toBeDefined();
  });

  it('a lease table: silence in its range, leases in the next', async () => {
    // An offer is made from memory, so it may still come until the watch has brought the change.
    await damage('lease-usages/127.64.4.32', 'broken');
    await eventually(() => offered(3, '127.64.4.1')).toBeUndefined();
    await eventually(() => offered(4, '127.64.4.65')).toBeDefined();
    expect(await hand.get('lease-usages/127.64.4.32')).toBe('broken');
    await mend();
    await eventually(() => offered(5, '127.64.4.1')).toBeDefined();
  });

  it.each(['{', '{"id":1}', '[{"id":5}]', '[{"id":"../x"}]'])(
    'an image index that is %s: no list that would be partial, no change, all else as before',
    async (value) => {
      await damage('images/coreos', value);
      await eventually(() => statusOf('GET /api/v1/images/coreos')).toBe(500);
      expect((await ask('GET /api/v1/images/coreos')).detail).toContain('images/coreos');
      expect(await statusOf('DELETE /api/v1/images/coreos/1.0.0')).toBe(500);
      expect((await ask('PUT /api/v1/images/coreos/2.0.0', imageTar(10))).status).toBe(500);
      expect(await hand.get('images/coreos')).toBe(value);
      expect(await statusOf('GET /api/v1/machines')).toBe(200);
      expect(await statusOf('GET /api/v1/boot/coreos/kernel')).toBe(200);
      await mend();
      await eventually(() => statusOf('GET /api/v1/images/coreos')).toBe(200);
      expect(await statusOf('GET /api/v1/images/coreos/1.0.0')).toBe(200);
    },
  );

  it('an Ignition template, an asset: said by name, others as before', async () => {
    const template = { version: '2.3', template: { ignition: { version: '2.3.0' } }, meta: null };
    await must('PUT /api/v1/ignitions/cs/1.0.0', template);
    await damage('ignitions/cs/1.1.0', '{');
    await damage('assets/broken.bin', '[');
    await eventually(async () => (await ask('GET /api/v1/ignitions/cs/1.1.0')).detail).toContain(
      'ignitions/cs/1.1.0',
    );
    // Templates and assets are watched apart.
    await eventually(() => statusOf('GET /api/v1/assets/broken.bin')).toBe(500);
    expect(await statusOf('GET /api/v1/ignitions/cs/1.1.0')).toBe(500);
    expect(await statusOf('GET /api/v1/ignitions/cs/1.0.0')).toBe(200);
    // Their names can be read, so these lists of names are whole.
    expect(JSON.parse((await ask('GET /api/v1/ignitions/cs')).text)).toEqual(['1.0.0', '1.1.0']);
    expect(JSON.parse((await ask('GET /api/v1/assets')).text)).toEqual(['broken.bin']);
    const status = (await ask('GET /api/v2/status')).text;
    for (const key of ['ignitions/cs/1.1.0', 'assets/broken.bin']) expect(status).toContain(key);
    await mend();
    await eventually(async () => (await ask('GET /api/v1/assets')).text).toBe('[]\n');
    await eventually(() => statusOf('GET /api/v1/ignitions/cs/1.1.0')).toBe(404);
    await must('DELETE /api/v1/ignitions/cs/1.0.0');
  });

  it('the audit log: what can be read is shown', async () => {
    const before = (await ask('GET /api/v1/logs')).text;
    await damage('audit', 'yesterday');
    await damage('audit/20261121/zz', '{');
    await damage('audit/nonsense', '5');
    expect((await ask('GET /api/v1/logs')).text).toBe(before);
  });
});

describe('etcd goes away', () => {
  it('frozen for ten seconds: errors instead of partial truths, boots go on, and all is well again', async () => {
    const [member] = etcd.members;
    member?.freeze();
    await eventually(() => statusOf('GET /api/v1/machines')).toBe(503);
    expect(await statusOf('PUT /api/v1/labels/good-0/a', 'frozen')).toBe(503);
    expect(await statusOf('GET /api/v1/boot/coreos/kernel')).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(await statusOf('GET /api/v1/boot/coreos/kernel')).toBe(200);
    member?.thaw();
    await eventually(() => statusOf('GET /api/v1/machines')).toBe(200);
    await eventually(() => statusOf('PUT /api/v1/labels/good-0/a', 'thawed')).toBe(200);
    await eventually(() => statusOf('GET /health')).toBe(200);
  });

  it('killed and started again: the same', async () => {
    const [member] = etcd.members;
    await member?.kill('SIGKILL');
    await eventually(() => statusOf('GET /api/v1/machines')).toBe(503);
    expect(await statusOf('GET /api/v1/boot/coreos/kernel')).toBe(200);
    await member?.restart();
    await eventually(() => statusOf('GET /api/v1/machines')).toBe(200);
    await eventually(() => statusOf('PUT /api/v1/labels/good-0/a', 'back')).toBe(200);
    await eventually(() => statusOf('GET /health')).toBe(200);
  });
});

describe('an embedded etcd', () => {
  it('that is killed comes back, with all that was acknowledged', async () => {
    const alone = await startTetsuServer({ etcd: undefined, name: 'boot-alone' });
    try {
      const put = await ask('PUT /api/v1/kernel_params/coreos', 'quiet', alone.url);
      expect(put.status).toBe(200);
      process.kill(childOf(alone.pid, 'etcd'), 'SIGKILL');
      await eventually(async () => {
        return (await ask('PUT /api/v1/config/dhcp', {}, alone.url)).status;
      }).toBe(200);
      await eventually(async () => {
        return (await ask('GET /api/v1/kernel_params/coreos', undefined, alone.url)).text;
      }).toBe('quiet');
    } finally {
      alone.signal('SIGKILL');
      await alone.ended;
    }
  });
});

function childOf(parent: number, name: string): number {
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = statOf(pid);
    // pid (name) state parent …; the name may hold spaces.
    const isIt = stat.includes(`(${name})`) && stat.split(') ')[1]?.split(' ')[1] === `${parent}`;
    if (isIt) return Number(pid);
  }
  throw new Error(`process ${parent} has no child called ${name}`);
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended since it was listed.
    return '';
  }
}

const mayMount = process.getuid?.() === 0;
if (!mayMount) process.stderr.write('a full disk is not tested: mounting needs root\n');

describe.skipIf(!mayMount)('a data directory on a full disk', () => {
  it('refuses what does not fit, keeps what it has, and takes what fits', async () => {
    const small = await startTetsuServer({
      etcd: etcd.endpoints,
      name: 'boot-small',
      prepare: 'mkdir $1/data\nmount -t tmpfs -o size=8m none $1/data',
    });
    const on = async (what: string, body?: Uint8Array) => (await ask(what, body, small.url)).status;
    try {
      expect(await on('PUT /api/v1/images/coreos/small-1', imageTar(5_000_000))).toBe(201);
      for (let round = 0; round < 3; round += 1) {
        const refused = await ask(
          'PUT /api/v1/images/coreos/small-2',
          imageTar(5_000_000),
          small.url,
        );
        expect([refused.status >= 500, refused.detail]).toEqual([
          true,
          expect.stringContaining('disk of the data directory is full'),
        ]);
      }
      expect(await on('PUT /api/v1/assets/large', new Uint8Array(5_000_000))).toBeGreaterThan(499);
      expect(await on('GET /api/v1/assets/large')).toBe(404);
      const index = (await ask('GET /api/v1/images/coreos', undefined, small.url)).text;
      expect([index.includes('small-1'), index.includes('small-2')]).toEqual([true, false]);
      expect(await on('GET /api/v1/images/coreos/small-1')).toBe(200);
      expect(await on('PUT /api/v1/images/coreos/small-2', imageTar(500_000))).toBe(201);
      expect(await on('GET /health')).toBe(200);
    } finally {
      small.signal('SIGKILL');
      await small.ended;
    }
    for (const id of ['small-1', 'small-2']) await must(`DELETE /api/v1/images/coreos/${id}`);
  });
});

/** A raw connection; resolves with all that came when the other side ends it, or when that is enough. */
function raw(octets: string | Uint8Array, enough?: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = opened();
    const over = () => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answer);
    };
    const limit = setTimeout(over, 60_000);
    socket.on('connect', () => socket.write(octets));
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
      if (enough?.test(answer)) over();
    });
    socket.on('close', over);
  });
}

function opened(): Socket {
  const { hostname, port } = new URL(site.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  return socket;
}

describe('hostile HTTP', () => {
  it('absurd URLs and escapes: an answer each, never a crash', async () => {
    const paths = [
      ...['//', '/%', '/%00', '/..%2f..', `/${'%25'.repeat(500)}41`, '/api/v1/machines/%ff%fe'],
      ...[
        '/api/v1/state/%E0%80%AF',
        `/api/v1/state/${'a/'.repeat(2_000)}`,
        '*',
        'http://[::1',
        '?',
      ],
      ...['/api/v1/machines?serial=%ZZ', `/api/v1/machines?${'a=b&'.repeat(2_000)}`],
      ...['/api/v1/images/coreos/%2e%2e/x', '/api/v1/assets/%2e%2e', '/api/v1/assets/a%2fb'],
      ...['/__proto__', '/constructor', '/api/v1/__proto__/x', '/api/v1/state/__proto__'],
      ...['/api/v1/machines?__proto__=1', '/api/v1/machines?labels=__proto__=1,constructor=2'],
      ...['/api/v2/machines?limit=-1', '/api/v2/machines?limit=1e99', '/api/v2/machines/%00'],
      ...['/api/v1/logs?since=99999999&until=-1', '/api/v1/logs?since=20260231'],
      ...['/api/v1/boot/coreos/ipxe/%0a%0dchain', '/api/v1/boot/ignitions/a/../../b'],
    ];
    for (const method of ['GET', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE']) {
      for (const path of paths) {
        const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
        const answer = await raw(`${head}Content-Length: 0\r\n\r\n`);
        expect([method, path, answer]).toEqual([
          method,
          path,
          expect.stringMatching(/^HTTP\/1\.1 [2-5]\d\d /),
        ]);
        expect([method, path, answer.slice(9, 12)]).not.toEqual([method, path, '500']);
      }
    }
  });

  it('bodies that lie about their length, or never come, cost the liar his connection alone', async () => {
    const head = 'POST /api/v1/machines HTTP/1.1\r\nHost: x\r\n';
    // What follows is no request, and may cost the first one its answer.
    expect(await raw(`${head}Content-Length: 2\r\n\r\n[]GARBAGE`, /^HTTP\/1\.1 \d+ /)).toMatch(
      /^HTTP\/1\.1 (201|400) /,
    );
    expect(await raw(`${head}Content-Length: -1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(`${head}Content-Length: 99999999999999999999\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 4/,
    );
    expect(await raw(`${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`)).toMatch(/400 /);
    expect(await raw(`${head}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n`)).toMatch(
      /4\d\d /,
    );
    const silent = Array.from({ length: 50 }, () => {
      const socket = opened();
      socket.write(`${head}Content-Length: 1000\r\n\r\n[`);
      return socket;
    });
    expect(await statusOf('GET /api/v1/machines')).toBe(200);
    for (const socket of silent) socket.destroy();
    const before = (await ask('GET /api/v1/machines')).text;
    expect(JSON.parse(before)).toHaveLength(2);
  });

  it('100 requests in one write are answered in order', async () => {
    const one = (at: number) =>
      `GET /api/v1/machines?serial=${at % 2 ? 'good-0' : 'nobody'} HTTP/1.1\r\nHost: x\r\n`;
    const all = Array.from(
      { length: 100 },
      (_, at) => `${one(at)}${at === 99 ? 'Connection: close\r\n' : ''}\r\n`,
    );
    const answer = await raw(all.join(''));
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
    expect(statuses).toEqual(all.map((_, at) => (at % 2 ? '200' : '404')));
  });

  it('a half-closed connection still gets its answer', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = opened();
      let text = '';
      socket.setEncoding('latin1').on('data', (more: string) => {
        text += more;
      });
      socket.on('close', () => resolve(text));
      socket.end('GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('uploads that break off leave nothing, and places for others', async () => {
    const tar = imageTar(3_000_000);
    for (let round = 0; round < 12; round += 1) {
      const socket = opened();
      const head = `PUT /api/v1/images/coreos/broken HTTP/1.1\r\nHost: x\r\nContent-Length: ${tar.length}\r\n\r\n`;
      await new Promise<void>((sent) => socket.write(head, () => sent()));
      await new Promise<void>((sent) => socket.write(tar.subarray(0, 1_000_000), () => sent()));
      socket.destroy();
    }
    await eventually(async () => (await ask('PUT /api/v1/images/coreos/2.0.0', tar)).status).toBe(
      201,
    );
    const images = JSON.parse((await ask('GET /api/v1/images/coreos')).text) as { id: string }[];
    expect(images.map(({ id }) => id)).toEqual(['1.0.0', '2.0.0']);
  });

  it('2,000 idle and 300 slow connections: others are served, the slow ones are cut, memory comes back', async () => {
    const beforeBytes = residentBytes();
    const sockets = Array.from({ length: 2_300 }, opened);
    await Promise.all(
      sockets.map((socket) => new Promise<void>((done) => socket.once('connect', () => done()))),
    );
    const slow = sockets.slice(0, 300);
    const cut = Promise.all(
      slow.map((socket) => new Promise<void>((done) => socket.once('close', () => done()))),
    );
    for (const socket of slow) socket.on('data', () => {});
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('X');
    }, 500);
    for (const socket of slow) socket.write('GET / HTTP/1.1\r\nX: ');
    for (let round = 0; round < 20; round += 1) expect(await statusOf('GET /health')).toBe(200);
    await cut;
    clearInterval(drip);
    await eventually(async () => residentBytes() - beforeBytes).toBeLessThan(memoryMarginBytes);
    for (const socket of sockets) socket.destroy();
  });
});

/** A DISCOVER through a relay (RFC 8357: answers to the port it came from); the OFFER's bytes, or undefined. */
function offered(client: number, relay = '127.64.0.1'): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    const over = (answer: Buffer | undefined) => {
      clearTimeout(limit);
      socket.close();
      resolve(answer);
    };
    const limit = setTimeout(() => over(undefined), 1_500);
    socket.on('message', over);
    socket.bind(0, '0.0.0.0', () =>
      socket.send(discover(client, relay), site.dhcpPort, '127.0.0.1'),
    );
  });
}

function discover(client: number, relay: string): Buffer {
  const packet = Buffer.alloc(300);
  packet.set([1, 1, 6, 1]);
  packet.writeUInt32BE(client, 4);
  packet.set(relay.split('.').map(Number), 24);
  packet.set([2, 0, 0], 28);
  packet.writeUIntBE(client, 31, 3);
  packet.writeUInt32BE(0x63825363, 236);
  packet.set([53, 1, 1, 55, 2, 1, 3, 82, 2, 19, 0, 255], 240);
  return packet;
}

describe('hostile UDP', () => {
  it('40,000 random, truncated and twisted packets at the DHCP and TFTP ports: the next client is served', async () => {
    const chance = seededChance(20261121);
    const beforeBytes = residentBytes();
    const socket = createSocket('udp4');
    await new Promise<void>((bound) => socket.bind(0, '0.0.0.0', () => bound()));
    const byte = () => Math.floor(chance.next() * 256);
    const twisted = () => {
      const packet = discover(1_000 + byte(), '127.64.0.1');
      for (let edits = 0; edits < 8; edits += 1) {
        packet[Math.floor(chance.next() * packet.length)] = byte();
      }
      return chance.next() < 0.3 ? packet.subarray(0, Math.floor(chance.next() * 300)) : packet;
    };
    const noise = () => Buffer.from(Array.from({ length: Math.floor(chance.next() * 400) }, byte));
    const read = () => Buffer.concat([Buffer.from([0, Math.floor(chance.next() * 8)]), noise()]);
    const makers = [
      [twisted, site.dhcpPort],
      [noise, site.dhcpPort],
      [read, site.tftpPort],
      [noise, site.tftpPort],
    ] as const;
    for (let sent = 0; sent < 40_000; sent += 1) {
      const [make, port] = makers[sent % makers.length] ?? makers[0];
      socket.send(make(), port, '127.0.0.1');
      if (sent % 200 === 199) await new Promise((turn) => setImmediate(turn));
    }
    await eventually(() => offered(70_000, '127.64.8.1')).toBeDefined();
    expect(await statusOf('GET /api/v1/machines')).toBe(200);
    await eventually(async () => residentBytes() - beforeBytes).toBeLessThan(memoryMarginBytes);
    socket.close();
  });
});
