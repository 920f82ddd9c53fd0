import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import {
  type OldDatabase,
  sabakan1,
  sabakan2,
  sabakan3,
  upgraded,
} from '../support/old-database.ts';
import { runTetsu, startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

/** Sabakan's own prefix: the program finds the database without being told. */
const prefix = '/sabakan/';

let etcd: TestEtcd;
const servers: TetsuServer[] = [];

beforeAll(async () => {
  etcd = await startTestEtcd();
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.signal('SIGKILL');
    await server.ended;
  }
  await call('kv/deleterange', { key: base64('\0'), range_end: base64('\0') });
});
afterAll(() => etcd?.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = (text: string): string => Buffer.from(text, 'base64').toString();

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
async function call(path: string, body: object): Promise<any> {
  const answer = await fetch(`${etcd.endpoints[0]}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}

/** Puts each key by itself, as Sabakan did, not through our own store. */
async function fill(database: OldDatabase): Promise<void> {
  for (const [key, value] of Object.entries(database)) {
    await call('kv/put', { key: base64(prefix + key), value: base64(value) });
  }
}

type Kept = { readonly value: string; readonly modRevision: string };

async function contents(): Promise<{ entries: ReadonlyMap<string, Kept>; revision: string }> {
  const { kvs = [], header } = await call('kv/range', {
    key: base64(prefix),
    range_end: base64('/sabakan0'),
  });
  const entries = new Map<string, Kept>();
  for (const { key, value = '', mod_revision } of kvs) {
    entries.set(plain(key).slice(prefix.length), {
      value: plain(value),
      modRevision: mod_revision,
    });
  }
  return { entries, revision: header.revision };
}

/** Without what belongs to Tetsukan. */
async function theirs(): Promise<OldDatabase> {
  const { entries } = await contents();
  return Object.fromEntries(
    [...entries]
      .filter(([key]) => !key.startsWith('tetsukan/'))
      .map(([key, { value }]) => [key, value]),
  );
}

async function start(name: string): Promise<TetsuServer> {
  const server = await startTetsuServer({ etcd: etcd.endpoints, name });
  servers.push(server);
  return server;
}

const migrate = (...args: readonly string[]) =>
  runTetsu(['migrate', `-etcd-endpoints=${etcd.endpoints[0]}`, ...args]);

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
async function get(server: TetsuServer, path: string): Promise<any> {
  const answer = await fetch(`${server.url}/api/v1/${path}`);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.headers.get('content-type')?.includes('json') ? answer.json() : answer.text();
}

type Records = readonly (readonly [key: string, value: string])[];

/** Machines of racks 2 and up, as Sabakan 1.1 left them, and the lists of their indices. */
function manyMachines(count: number): { readonly machines: Records; readonly indices: Records } {
  const dotted = (value: number): string =>
    [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
  const machines: [string, string][] = [];
  const indices = new Map<number, number[]>();
  for (let at = 0; at < count; at += 1) {
    const [rack, index] = [2 + Math.floor(at / 28), 4 + (at % 28)];
    const first = 0x0a45_0000 + 192 * rack + index;
    const ipv4 = [first, first + 64, first + 128].map(dotted);
    const record = (sabakan1['machines/5678efgh'] ?? '')
      .replace('5678efgh', `many-${at}`)
      .replace('"rack":1,"index-in-rack":4', `"rack":${rack},"index-in-rack":${index}`)
      .replace(/"ipv4":\[[^\]]*\]/, `"ipv4":${JSON.stringify(ipv4)}`)
      .replaceAll('10.72.17.36', dotted(0x0a48_1100 + 32 * rack + index));
    machines.push([`machines/many-${at}`, record]);
    indices.set(rack, [...(indices.get(rack) ?? []), index]);
  }
  return {
    machines,
    indices: [...indices].map(([rack, list]) => [`node-indices/${rack}`, JSON.stringify(list)]),
  };
}

async function fillMany(records: Records): Promise<void> {
  for (let at = 0; at < records.length; at += 100) {
    const success = records.slice(at, at + 100).map(([key, value]) => ({
      request_put: { key: base64(prefix + key), value: base64(value) },
    }));
    await call('kv/txn', { success });
  }
}

async function untilTrue(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 120_000;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error(`waited 120 s for ${what}`);
  }
}

const isOld = (key: string): boolean => /^ignitions\/(templates|meta)\//.test(key);

describe("a Sabakan 3's database", () => {
  it('is served as it stands, and no key that was there changes by that', async () => {
    await fill(sabakan3);
    const before = await contents();
    const server = await start('boot-0');

    const machines = await get(server, 'machines');
    for (const machine of machines) {
      const stored = JSON.parse(sabakan3[`machines/${machine.spec.serial}`] ?? '');
      machine.status.duration = 0;
      expect(machine).toEqual(stored);
    }
    expect(machines).toHaveLength(2);
    // Members in the order of the record, times with each nanosecond and zone, null where it was null.
    expect(JSON.stringify(machines[0].spec)).toBe(
      JSON.stringify(JSON.parse(sabakan3['machines/1234abcd'] ?? '').spec),
    );
    expect(await get(server, 'config/ipam')).toEqual(JSON.parse(sabakan3['ipam'] ?? ''));
    expect(await get(server, 'config/dhcp')).toEqual(JSON.parse(sabakan3['dhcp'] ?? ''));
    expect(await get(server, 'state/1234abcd')).toBe('healthy');
    expect(await get(server, 'kernel_params/coreos')).toBe(sabakan3['kernel-params/coreos']);
    expect(await get(server, 'ignitions/boot')).toEqual(['1545271384']);
    expect(await get(server, 'ignitions/boot/1545271384')).toEqual(
      JSON.parse(sabakan3['ignitions/boot/1545271384'] ?? ''),
    );
    expect(await get(server, 'images/coreos')).toEqual(JSON.parse(sabakan3['images/coreos'] ?? ''));
    expect(await get(server, 'logs')).toEqual(
      JSON.parse(sabakan3['audit/20181220/000000000000001f'] ?? ''),
    );
    const ignition = await get(server, 'boot/ignitions/1234abcd/1545271384');
    expect(decodeURIComponent(JSON.stringify(ignition))).toContain(
      '{"role": "boot", "größe": 100%}',
    );

    // A second server, and a restart of the first one.
    await start('boot-1');
    server.signal('SIGTERM');
    await server.ended;
    await start('boot-0');
    const after = await contents();
    for (const [key, entry] of before.entries) {
      // The one record that is time's own: when the audit log was cleaned up last.
      if (key !== 'audit') expect([key, after.entries.get(key)]).toEqual([key, entry]);
    }
    const added = [...after.entries.keys()].filter((key) => !before.entries.has(key));
    expect(added.filter((key) => !key.startsWith('tetsukan/'))).toEqual([]);
  });

  it('changes by what is asked through the API, and by nothing else', async () => {
    await fill(sabakan3);
    const before = await contents();
    const server = await start('boot-0');
    const put = await fetch(`${server.url}/api/v1/labels/5678efgh/zone`, {
      method: 'PUT',
      body: 'a',
    });
    expect(put.status).toBe(200);
    const after = await contents();
    const moved = [...before.entries].filter(
      ([key, { modRevision }]) => after.entries.get(key)?.modRevision !== modRevision,
    );
    expect(moved.map(([key]) => key).filter((key) => key !== 'audit')).toEqual([
      'machines/5678efgh',
    ]);
    const was = JSON.parse(sabakan3['machines/5678efgh'] ?? '');
    was.spec.labels = { zone: 'a' };
    expect(after.entries.get('machines/5678efgh')?.value).toBe(JSON.stringify(was));
  });
});

describe("an older Sabakan's database", () => {
  it.each([
    ['1.1', sabakan1],
    ['1.2', sabakan2],
  ])('of Sabakan %s is upgraded at start and then served', async (_, database) => {
    await fill(database);
    const server = await start('boot-0');
    expect(await get(server, 'machines')).toHaveLength(2);
    expect(await get(server, 'ignitions/boot')).toEqual(['1545271384']);
    expect((await get(server, 'config/ipam'))['node-gateway-offset']).toBe(1);
    const [machine] = await get(server, 'machines?serial=5678efgh');
    expect(machine.info.network.ipv4.map((nic: { gateway: string }) => nic.gateway)).toEqual([
      '10.69.0.193',
      '10.69.1.1',
      '10.69.1.65',
    ]);
    const after = await theirs();
    expect(after['version']).toBe('3');
    expect(Object.keys(after).filter(isOld)).toEqual([]);
    expect(after['ignitions/boot/1545271384']).toBe(upgraded['ignitions/boot/1545271384']);
    for (const [key, value] of Object.entries(database)) {
      if (!isOld(key) && !(key in upgraded) && key !== 'audit')
        expect([key, after[key]]).toEqual([key, value]);
    }
    const checked = await migrate('--check');
    expect(checked).toMatchObject({
      code: 0,
      out: expect.stringContaining('Nothing is in the way.'),
    });
  });

  it('is upgraded once by two servers that start at the same time', async () => {
    await fill(sabakan1);
    const [a, b] = await Promise.all([start('boot-0'), start('boot-1')]);
    const upgrades = () =>
      [a, b].filter((server) => server.log().includes('"upgraded the schema"')).length;
    await expect.poll(upgrades).toBe(1);
    for (const server of [a, b]) expect(await get(server, 'machines')).toHaveLength(2);
    expect((await theirs())['version']).toBe('3');
  });

  it('is not touched while a Sabakan holds the lock, and upgraded when it lets go', async () => {
    await fill(sabakan1);
    // As etcd's Go library does it: a key named by its lease.
    const { ID } = await call('lease/grant', { TTL: 3_600 });
    const key = base64(`${prefix}schema-lock//${BigInt(ID).toString(16)}`);
    await call('kv/put', { key, lease: ID });
    const upgrade = migrate();
    await untilTrue('the key of the one that waits', async () => {
      const { kvs = [] } = await call('kv/range', {
        key: base64(`${prefix}schema-lock/`),
        range_end: base64(`${prefix}schema-lock0`),
      });
      return kvs.length === 2;
    });
    expect((await theirs())['version']).toBeUndefined();
    await call('lease/revoke', { ID });
    expect(await upgrade).toMatchObject({
      code: 0,
      out: 'schema 1 → 2: 4 records changed\nschema 2 → 3: 3 records changed\nthe database has schema version 3 now\n',
    });
    expect((await theirs())['version']).toBe('3');
  });

  it('is completed by the next start when the first one was killed in the middle', async () => {
    const many = manyMachines(3_000);
    await fill({ ...sabakan1, ...Object.fromEntries(many.indices) });
    await fillMany(many.machines);
    const machines = many.machines.length + 2;
    const child = spawn('setpriv', [
      ...['--pdeathsig', 'KILL', resolve('bin/tetsu'), 'migrate'],
      `-etcd-endpoints=${etcd.endpoints[0]}`,
    ]);
    const ended = new Promise((settle) => child.once('close', settle));
    await untilTrue('the first write', async () => {
      const { kvs = [] } = await call('kv/range', { key: base64(`${prefix}ipam`) });
      return plain(kvs[0]?.value ?? '').includes('node-gateway-offset');
    });
    child.kill('SIGKILL');
    await ended;
    const { entries } = await contents();
    const done = [...entries].filter(
      ([key, { value }]) => key.startsWith('machines/') && value.includes('"network"'),
    ).length;
    console.log(`killed after ${done} of ${machines} machines`);
    // What is in the database is whole, whatever is missing of the upgrade.
    const checked = await migrate('--check', '-o', 'json');
    expect(checked.code).toBe(0);

    // Its lock goes with its lease; the test does not wait for that.
    const { kvs = [] } = await call('kv/range', {
      key: base64(`${prefix}schema-lock/`),
      range_end: base64(`${prefix}schema-lock0`),
    });
    for (const { lease } of kvs) await call('lease/revoke', { ID: lease });
    expect(await migrate()).toMatchObject({ code: 0 });
    const after = await theirs();
    expect(after['version']).toBe('3');
    for (const [key, value] of Object.entries(after)) {
      if (key.startsWith('machines/')) {
        const { network, bmc } = JSON.parse(value).info;
        expect([key, network.ipv4.length, bmc.ipv4.maskbits]).toEqual([key, 3, 20]);
      }
    }
    expect(await migrate('--check')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Nothing to upgrade'),
    });
  });

  it('stays as it is when something in it is not understood, and the server says what', async () => {
    await fill({ ...sabakan1, 'machines/broken': '{"spec":{}}' });
    const before = await contents();
    await expect(startTetsuServer({ etcd: etcd.endpoints })).rejects.toThrow(/machines\/broken/);
    expect(await theirs()).toEqual({ ...sabakan1, 'machines/broken': '{"spec":{}}' });
    const upgrade = await migrate();
    expect(upgrade.code).toBe(1);
    expect(upgrade.err).toContain('machines/broken: spec.bmc.ipv4');
    for (const [key, entry] of before.entries) {
      expect((await contents()).entries.get(key)).toEqual(entry);
    }
  });
});

describe('tetsu migrate --check', () => {
  it('says what an upgrade would change, and writes nothing', async () => {
    await fill(sabakan1);
    const before = await contents();
    const checked = await migrate('--check', '-o', 'wide');
    expect(checked.err).toBe('');
    expect(checked.code).toBe(0);
    expect(checked.out).toContain('schema   1 (no version key: Sabakan before 1.2)');
    expect(checked.out).toContain('Upgrade 1 → 2 changes 4 records: ipam 1, machines 2, version 1');
    expect(checked.out).toContain('Upgrade 2 → 3 changes 3 records: ignitions 2, version 1');
    expect(checked.out).toMatch(/ipam +node-gateway-offset becomes 1\n/);
    expect(checked.out).not.toContain('\x1b');
    expect(await contents()).toEqual(before);
  });

  it('lists as JSON what is not understood and what is odd', async () => {
    await fill({
      ...sabakan3,
      'machines/x': 'x',
      'crypts/gone/disk': 'k',
      'node-indices/0': '[3,9]',
      'somebody/else': '',
    });
    const before = await contents();
    const checked = await migrate('--check', '-o', 'json');
    expect(checked.code).toBe(1);
    const report = JSON.parse(checked.out);
    expect(report).toMatchObject({ schema: '3', known: true, steps: [], problems: 2, notices: 2 });
    expect(report.revision).toBe(before.revision);
    expect(report.revisionAfter).toBe(before.revision);
    expect(report.findings.map((finding: { key: string }) => finding.key)).toEqual([
      'crypts/gone/',
      'machines/x',
      'node-indices/0',
      'somebody/else',
    ]);
    expect(await contents()).toEqual(before);
  });

  it('refuses an unknown version with a text', async () => {
    await fill({ ...sabakan3, version: '4' });
    const checked = await migrate('--check');
    expect(checked.code).toBe(1);
    expect(checked.out).toContain('the schema version is "4"');
    await expect(startTetsuServer({ etcd: etcd.endpoints })).rejects.toThrow(
      /schema version is \\"4\\"|schema version is "4"/,
    );
  });

  it('needs of a file only where etcd is, and finds files that are missing', async () => {
    await fill(sabakan3);
    const directory = await mkdtemp(join(tmpdir(), 'tetsukan-migrate-'));
    try {
      await writeFile(
        join(directory, 'tetsu.yml'),
        `etcd: { endpoints: [${etcd.endpoints.join()}] }\nsomething-else: 1\n`,
      );
      await mkdir(join(directory, 'images/coreos/1855.4.0'), { recursive: true });
      await writeFile(join(directory, 'images/coreos/1855.4.0/kernel'), 'k');
      const checked = await runTetsu([
        ...['migrate', '--check', '--config', join(directory, 'tetsu.yml')],
        ...['--data-dir', directory],
      ]);
      expect(checked.code).toBe(0);
      expect(checked.out).toContain('Worth a look (2)');
      expect(checked.out).toContain('has no images/coreos/1855.4.0/initrd.gz');
      expect(checked.out).toContain('asset cybozu-debian.tar: ');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('has exit codes of its own for mistakes in flags and for an etcd that is not there', async () => {
    expect(await runTetsu(['migrate', '--check', '-no-such-flag=1'])).toMatchObject({ code: 2 });
    expect(await runTetsu(['migrate', '--check', '-o', 'xml'])).toMatchObject({ code: 2 });
    expect(
      await runTetsu([
        ...['migrate', '--check', '-etcd-endpoints', 'http://127.0.0.1:1'],
        ...['-etcd-timeout', '500ms'],
      ]),
    ).toMatchObject({ code: 9, out: '' });
  });
});
