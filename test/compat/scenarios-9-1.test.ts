/** Sabakan 3.1.9, 9.1: one server on an etcd with TLS client authentication, by sabactl; in order, as an operator would. */

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { makeCertificates } from './support/certificates.ts';
import { modelledSabactl, realSabactl, type Sabactl } from './support/sabactl.ts';
import { aSpec, configG, type Site, startSite } from './support/site.ts';

/** A real sabactl is tried as well where somebody has one. */
const binary = process.env['SABACTL'];
const kinds = ['a model of sabactl', ...(binary === undefined ? [] : [binary])];

describe.each(kinds)('9.1: end to end with %s', (kind) => {
  let etcd: TestEtcd;
  let site: Site;
  let folder: string;
  let sabactl: Sabactl;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tetsukan-sabactl-'));
    const { ca, cert, key } = await makeCertificates(folder);
    etcd = await startTestEtcd({ tls: { ca, cert, key } });
    site = await startSite(etcd, {
      ipam: 'unset',
      etcdMore: `  tls-ca-file: ${ca}\n  tls-cert-file: ${cert}\n  tls-key-file: ${key}\n`,
    });
    const at = { server: site.server.url, tlsServer: site.tlsUrl };
    sabactl = kind === binary ? realSabactl(binary, at) : modelledSabactl(at);
  });

  afterAll(async () => {
    await site?.stop();
    await etcd?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const file = async (name: string, content: string | object): Promise<string> => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const good = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await sabactl(...args);
    expect([args, code, err]).toEqual([args, 0, '']);
    return out;
  };
  const code = async (...args: readonly string[]): Promise<number> => (await sabactl(...args)).code;
  const get = async (serial: string) =>
    JSON.parse(await good('machines', 'get', '--serial', serial));

  it('9.1.1 unknown top-level and group subcommands exit 2', async () => {
    expect([await code('frobnicate'), await code('machines', 'frobnicate')]).toEqual([2, 2]);
  });

  it('9.1.2 `dhcp set` then `dhcp get` returns the same; a non-IPv4 DNS entry exits 4', async () => {
    expect(await code('dhcp', 'get')).toBe(14);
    const config = { 'lease-minutes': 30, 'dns-servers': ['1.1.1.1', '8.8.8.8'] };
    await good('dhcp', 'set', '-f', await file('dhcp.json', config));
    expect(JSON.parse(await good('dhcp', 'get'))).toMatchObject(config);
    const wrong = await file('wrong.json', { 'dns-servers': ['1.1.1.1', '::1'] });
    expect(await code('dhcp', 'set', '-f', wrong)).toBe(4);
  });

  it('9.1.3 `ipam set` then `ipam get` returns the same; zero max-nodes exits 4', async () => {
    await good('ipam', 'set', '-f', await file('ipam.json', configG));
    expect(JSON.parse(await good('ipam', 'get'))).toEqual(configG);
    const wrong = await file('wrong.json', { ...configG, 'max-nodes-in-rack': 0 });
    expect(await code('ipam', 'set', '-f', wrong)).toBe(4);
  });

  it('9.1.4 IPAM may be set again while no machine exists', async () => {
    await good('ipam', 'set', '-f', await file('ipam.json', configG));
  });

  it('9.1.5 create a worker and a boot machine in one call; get by serial returns exactly one', async () => {
    const specs = [
      aSpec('12345678', { labels: { product: 'R630', datacenter: 'ty3' } }),
      aSpec('abcdefg', { role: 'boot' }),
    ];
    await good('machines', 'create', '-f', await file('machines.json', specs));
    const machines = await get('12345678');
    expect(machines).toHaveLength(1);
    expect(machines[0].spec).toMatchObject({
      ...{ serial: '12345678', role: 'worker', rack: 0, 'index-in-rack': 4 },
      labels: { product: 'R630', datacenter: 'ty3' },
    });
    // The file names no retire date; sabactl sends the year 1, which means the same.
    expect(machines[0].spec['retire-date']).toBe(machines[0].spec['register-date']);
    expect(machines[0].spec['register-date']).toMatch(/^20/);
    expect(await code('machines', 'create', '-f', join(folder, 'machines.json'))).toBe(19);
    const table = await good('machines', 'get', '-o', 'simple', '--role', 'boot');
    expect(table).toMatch(/Serial.*\nabcdefg\s+0\s+boot\s+uninitialized\s+10\.69\.0\.3\s+iDRAC-9/);
  });

  it('9.1.6 set-label shows up in the next get; remove-label removes it', async () => {
    await good('machines', 'set-label', '12345678', 'datacenter', 'heaven');
    expect((await get('12345678'))[0].spec.labels.datacenter).toBe('heaven');
    await good('machines', 'remove-label', '12345678', 'datacenter');
    expect((await get('12345678'))[0].spec.labels).toEqual({ product: 'R630' });
    expect(await code('machines', 'remove-label', '12345678', 'datacenter')).toBe(14);
  });

  it('9.1.7 get-state of a fresh machine is `uninitialized`', async () => {
    expect(await good('machines', 'get-state', '12345678')).toBe('uninitialized\n');
  });

  it('9.1.8 remove of a non-retired machine exits 5', async () => {
    expect(await code('machines', 'remove', '12345678')).toBe(5);
  });

  it('9.1.9 set-state retiring, crypts delete with no keys (over TLS, insecure) and set-state retired all succeed', async () => {
    await good('machines', 'set-state', '12345678', 'RETIRING');
    expect(await code('crypts', 'delete', '12345678')).toBe(1);
    await good('crypts', 'delete', '--force', '12345678');
    await good('machines', 'set-state', '12345678', 'retired');
  });

  it('9.1.10 set-retire-date on a retired machine works and reads back as midnight UTC', async () => {
    await good('machines', 'set-retire-date', '12345678', '2023-11-21');
    expect((await get('12345678'))[0].spec['retire-date']).toBe('2023-11-21T00:00:00Z');
  });

  it('9.1.11 remove then succeeds; get of it exits 14', async () => {
    await good('machines', 'remove', '12345678');
    expect(await code('machines', 'get', '--serial', '12345678')).toBe(14);
  });

  it('9.1.12 images upload of two empty files works; index has 1 entry, 1 URL, exists true; delete empties the index', async () => {
    const [kernel, initrd] = [await file('kernel', ''), await file('initrd.gz', '')];
    await good('images', 'upload', '1234.5', kernel, initrd);
    const index = JSON.parse(await good('images', 'index'));
    expect(index).toMatchObject([{ id: '1234.5', size: 0, exists: true }]);
    expect([index.length, index[0].urls.length]).toEqual([1, 1]);
    await good('images', 'delete', '1234.5');
    expect(JSON.parse(await good('images', 'index'))).toEqual([]);
  });

  it('9.1.13 assets upload with meta; index, info (non-zero id, `application/octet-stream`, exact sha256, option, 1 URL, exists), delete, empty index', async () => {
    const content = 'hello';
    const path = await file('asset', content);
    const uploaded = JSON.parse(await good('assets', 'upload', '--meta', 'version=1.0', 'a', path));
    expect(uploaded).toEqual({ status: 201, id: '1' });
    expect(JSON.parse(await good('assets', 'index'))).toEqual(['a']);
    const info = JSON.parse(await good('assets', 'info', 'a'));
    expect(info).toMatchObject({
      ...{ name: 'a', id: '1', 'content-type': 'application/octet-stream', exists: true },
      sha256: createHash('sha256').update(content).digest('hex'),
      options: { version: '1.0' },
    });
    expect(info.urls).toHaveLength(1);
    await good('assets', 'delete', 'a');
    expect(JSON.parse(await good('assets', 'index'))).toEqual([]);
  });

  it('9.1.14 ignitions set of an empty YAML (version defaults to 2.2) and of a full YAML with include and meta; get returns template and meta unchanged in meaning; delete; set again with `--json`; id list is in version order', async () => {
    const template = async (id: string) => JSON.parse(await good('ignitions', 'get', 'cs', id));
    await good('ignitions', 'set', '-f', await file('empty.yml', ''), 'cs', '1.0.0');
    expect((await template('1.0.0')).version).toBe('2.2');

    const host = '{{ .Spec.Serial }}.{{ Metadata "domain" }}\n';
    await file('common/files/etc/hostname', host);
    await file('common/common.yml', 'version: "2.3"\nfiles: [/etc/hostname]\n');
    await file('cs/passwd.yml', 'users: [{ name: core, passwordHash: "{{ .Spec.Rack }}" }]\n');
    await file('cs/systemd/a.service', '[Service]\nExecStart=/bin/true\n');
    await file('cs/networkd/10-eth0.network', '[Match]\nName=eth0\n');
    const full = await file(
      'cs/cs.yml',
      `version: "2.3"
include: ../common/common.yml
passwd: passwd.yml
systemd:
  - name: a.service
    enabled: true
  - name: b.service
    mask: true
networkd:
  - 10-eth0.network
remote_files:
  - name: /opt/bin/tool
    url: "{{ MyURL }}/api/v1/assets/tool"
    mode: 493
`,
    );
    const meta = { domain: 'example.org', list: [1, 2.5, { a: null }] };
    await good(
      ...['ignitions', 'set', '-f', full, '--meta', await file('meta.json', meta), 'cs', '0.9.0'],
    );
    const stored = await template('0.9.0');
    expect(stored).toMatchObject({ version: '2.3', meta });
    expect(stored.template.storage.files).toMatchObject([
      { path: '/etc/hostname', contents: { source: `data:,${encodeURIComponent(host)}` } },
      { path: '/opt/bin/tool', contents: { source: '{{ MyURL }}/api/v1/assets/tool' } },
    ]);
    expect(stored.template.systemd.units).toMatchObject([
      { name: 'a.service', enabled: true },
      { name: 'b.service', mask: true },
    ]);
    await good('ignitions', 'delete', 'cs', '0.9.0');
    expect(await code('ignitions', 'get', 'cs', '0.9.0')).toBe(14);
    const again = await file('template.json', stored);
    await good('ignitions', 'set', '--json', '-f', again, 'cs', '0.9.0');
    expect(await template('0.9.0')).toEqual(stored);
    expect(await code('ignitions', 'set', '--json', '-f', again, 'cs', '0.9.0')).toBe(19);
    expect(await good('ignitions', 'get', 'cs')).toBe('["0.9.0","1.0.0"]\n');
  });

  it('9.1.15 logs: at least one line; plain form is not JSON; `--json` has the same number of lines; the first record is category `dhcp` in that run; a future date gives zero lines', async () => {
    const lines = async (...args: readonly string[]) =>
      (await good('logs', ...args)).split('\n').slice(0, -1);
    const [plain, json] = [await lines(), await lines('--json')];
    expect(plain.length).toBeGreaterThan(0);
    expect(() => JSON.parse(plain[0] ?? '')).toThrow();
    expect(json).toHaveLength(plain.length);
    expect(JSON.parse(json[0] ?? '')).toMatchObject({
      category: 'dhcp',
      user: expect.stringMatching(/./),
    });
    expect(await lines('21991231')).toEqual([]);
  });
});
