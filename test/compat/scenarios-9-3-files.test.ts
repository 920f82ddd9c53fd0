/** Sabakan 3.1.9, 9.3, the REST handlers of files and of booting: assets, images, scripts, templates, logs. */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { tarOf, utf8 } from '../support/tar.ts';
import { aSpec, type Site, startSite } from './support/site.ts';

let etcd: TestEtcd;
let site: Site;

beforeAll(async () => {
  etcd = await startTestEtcd();
  site = await startSite(etcd);
  await site.must('POST /api/v1/machines', {
    body: [aSpec('r0-4', { role: 'cs' }), aSpec('2222', { rack: 1, role: 'cs' })],
  });
});

afterAll(async () => {
  await site?.stop();
  await etcd?.stop();
});

const status = async (what: string, body?: string | Uint8Array | object) =>
  (await site.ask(`${what.replace(' ', ' /api/v1/')}`, body === undefined ? {} : { body })).status;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('9.3.11 assets', () => {
  const type = { 'content-type': 'text/plain' };
  const put = (name: string, body: string, headers: Readonly<Record<string, string>> = type) =>
    site.ask(`PUT /api/v1/assets/${name}`, { body, headers });

  it('9.3.11 index sorted; meta; get with id and sha headers; put 201 then 200', async () => {
    expect((await site.must('GET /api/v1/assets')).text).toBe('[]\n');
    const options = { 'x-sabakan-asset-options-Version': '1.0' };
    const first = await put('foo', 'bar', { ...type, ...options });
    expect([first.status, first.json]).toEqual([201, { status: 201, id: '1' }]);
    const second = await put('foo', 'baz');
    expect([second.status, second.json]).toEqual([200, { status: 200, id: '2' }]);
    await put('abc', 'x', { ...type, ...options });
    expect((await site.must('GET /api/v1/assets')).json).toEqual(['abc', 'foo']);
    expect((await site.must('GET /api/v1/assets/foo/meta')).json).toEqual({
      ...{ name: 'foo', id: '2', 'content-type': 'text/plain', size: 3, sha256: sha256('baz') },
      ...{ urls: [`${site.server.url}/api/v1/assets/foo`], exists: true, options: {} },
      date: expect.stringMatching(/^20.*Z$/),
    });
    expect((await site.must('GET /api/v1/assets/abc/meta')).json.options).toEqual({
      version: '1.0',
    });
    const got = await site.must('GET /api/v1/assets/foo');
    expect([got.text, got.headers['content-type']]).toEqual(['baz', 'text/plain']);
    expect(got.headers['x-sabakan-asset-id']).toBe('2');
    expect(got.headers['x-sabakan-asset-sha256']).toBe(sha256('baz'));
    expect(got.headers['accept-ranges']).toBe('bytes');
    expect(got.headers['last-modified']).toBeDefined();
    const head = await site.must('HEAD /api/v1/assets/foo');
    expect([head.headers['content-length'], head.text]).toEqual(['3', '']);
    expect(await status('GET assets/foo/other')).toBe(400);
    expect(await status('POST assets/foo', '')).toBe(405);
  });

  it('9.3.11 no content type 400; chunked 411; 5 GiB 413; upper-case checksum accepted; wrong checksum not 2xx; bad option key not 2xx', async () => {
    expect((await put('new', 'x', {})).status).toBe(400);
    const chunked = { body: 'x', headers: type, chunked: true };
    expect((await site.ask('PUT /api/v1/assets/new', chunked)).status).toBe(411);
    const huge = { headers: { ...type, 'content-length': '5368709120' } };
    const tooLarge = await site.ask('PUT /api/v1/assets/new', huge);
    expect([tooLarge.status, tooLarge.json.error]).toEqual([413, 'too large asset']);
    const checksum = (text: string) => ({ ...type, 'x-sabakan-asset-sha256': text });
    expect((await put('new', 'x', checksum(sha256('y')))).status).toBe(500);
    expect((await put('new', 'x', checksum('zz'))).status).toBe(400);
    const badKey = { ...type, 'x-sabakan-asset-options-a_': 'v' };
    expect((await put('new', 'x', badKey)).status).toBe(400);
    const badValue = { ...type, 'x-sabakan-asset-options-a': 'v v' };
    expect((await put('new', 'x', badValue)).status).toBe(400);
    expect((await site.must('GET /api/v1/assets')).json).not.toContain('new');
    expect((await put('new', 'x', checksum(sha256('x').toUpperCase()))).status).toBe(201);
  });

  it('9.3.11 delete 404 then 200', async () => {
    expect(await status('DELETE assets/nothing')).toBe(404);
    await put('gone', 'x');
    expect([await status('DELETE assets/gone'), await status('GET assets/gone')]).toEqual([
      ...[200, 404],
    ]);
    expect(await status('GET assets/gone/meta')).toBe(404);
  });
});

const image = (id: string) =>
  tarOf([
    ['kernel', utf8(`kernel ${id}`)],
    ['initrd.gz', utf8(`initrd ${id}`)],
  ]);

describe('9.3.12 images', () => {
  it('9.3.12 index, get, unknown 404, bad id 400, broken tar 400, delete 404 then 200', async () => {
    expect((await site.must('GET /api/v1/images/coreos')).text).toBe('[]\n');
    const { status: created, text } = await site.must('PUT /api/v1/images/coreos/1.0', {
      body: image('1'),
      chunked: true,
    });
    expect([created, text]).toEqual([201, '']);
    expect((await site.must('GET /api/v1/images/coreos')).json).toEqual([
      {
        ...{ id: '1.0', size: 16, exists: true, date: expect.stringMatching(/^20.*Z$/) },
        urls: [`${site.server.url}/api/v1/images/coreos/1.0`],
      },
    ]);
    const tar = await site.must('GET /api/v1/images/coreos/1.0');
    expect(tar.headers['content-type']).toBe('application/tar');
    expect(memberNames(tar.bytes)).toEqual(['initrd.gz', 'kernel']);
    expect(await status('GET images/coreos/2.0')).toBe(404);
    expect(await status('GET images/coreos/a_b')).toBe(400);
    expect(await status('PUT images/coreos/a_b', image('1'))).toBe(400);
    expect(await status('GET images/windows')).toBe(404);
    const wrong: readonly Uint8Array[] = [
      tarOf([['kernel', utf8('k')]]),
      tarOf([...['kernel', 'initrd.gz', 'more'].map((name) => [name, utf8('k')] as const)]),
      tarOf([...['kernel', 'initrd.gz', 'kernel'].map((name) => [name, utf8('k')] as const)]),
      image('2').subarray(0, 700),
    ];
    for (const body of wrong) expect(await status('PUT images/coreos/2.0', body)).toBe(400);
    expect(await status('DELETE images/coreos/2.0')).toBe(404);
    expect(await status('DELETE images/coreos')).toBe(400);
    expect(await status('POST images/coreos/1.0')).toBe(405);
    expect(await status('DELETE images/coreos/1.0')).toBe(200);
    expect(await status('GET images/coreos/1.0')).toBe(404);
    expect(await status('PUT images/coreos/1.0', image('1'))).toBe(409);
  });

  it('9.3.12 the real driver is idempotent: the same content 201, other content 500', async () => {
    expect(await status('PUT images/coreos/3.0', image('3'))).toBe(201);
    expect(await status('PUT images/coreos/3.0', image('3'))).toBe(201);
    const other = await site.ask('PUT /api/v1/images/coreos/3.0', { body: image('4') });
    expect([other.status, other.json.error]).toEqual([500, expect.stringContaining('3.0')]);
    await site.must('DELETE /api/v1/images/coreos/3.0');
  });
});

function memberNames(tar: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    if (name === '') break;
    names.push(name);
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return names;
}

describe('9.3.13 iPXE', () => {
  it('9.3.13 script contains chain; serial script 404 without template, then contains kernel line and kernel params; unknown serial 404; newest image is served', async () => {
    const url = site.server.url;
    const first = await site.must('GET /api/v1/boot/coreos/ipxe');
    expect(first.text).toMatch(/^#!ipxe\n/);
    expect(first.text).toContain(`set base-url ${url}/api/v1/boot\n`);
    expect(first.text).toMatch(/^chain \$\{base-url\}\/coreos\/ipxe\/\$\{serial(:uristring)?\}/m);
    expect(first.headers['content-type']).toMatch(/^text\/plain; ?charset=ASCII$/i);
    expect(await status('GET boot/coreos/ipxe/2222')).toBe(404);
    expect(await status('GET boot/coreos/kernel')).toBe(404);
    await site.must('PUT /api/v1/ignitions/cs/1.0.0', { body: { version: '2.3', template: {} } });
    await site.must('PUT /api/v1/kernel_params/coreos', { body: 'console=ttyS0 foo=a/b' });
    for (const id of ['5', '6']) {
      await site.must(`PUT /api/v1/images/coreos/${id}`, { body: image(id) });
    }
    const script = (await site.must('GET /api/v1/boot/coreos/ipxe/2222')).text;
    expect(script).toMatch(/^#!ipxe\n/);
    expect(script).toContain(`set base-url ${url}/api/v1/boot`);
    expect(script).toContain('set ignition-id 1.0.0');
    expect(script).toMatch(
      /^kernel \S+ .*initrd=initrd\.gz .*coreos\.first_boot=1 .*coreos\.config\.url=\S*\/ignitions\/(?:2222|\$\{serial\})\/\$\{ignition-id\} .*console=ttyS0 foo=a\/b$/m,
    );
    expect(script).toMatch(/^initrd \S+\n[\s\S]*^boot/m);
    expect(await status('GET boot/coreos/ipxe/nobody')).toBe(404);
    expect(await status('GET boot/coreos/other')).toBe(404);
    expect(await status('POST boot/coreos/ipxe')).toBe(405);
    const kernel = await site.must('GET /api/v1/boot/coreos/kernel');
    expect([kernel.text, kernel.headers['content-type']]).toEqual([
      ...['kernel 6', 'application/octet-stream'],
    ]);
    expect(kernel.headers['content-length']).toBe('8');
    expect((await site.must('GET /api/v1/boot/coreos/initrd.gz')).text).toBe('initrd 6');
    const head = await site.must('HEAD /api/v1/boot/coreos/kernel');
    expect(head.headers['content-length']).toBe('8');
    const range = { headers: { range: 'bytes=7-7' } };
    const part = await site.must('GET /api/v1/boot/coreos/kernel', range);
    expect([part.status, part.text]).toEqual([206, '6']);
    await site.must('DELETE /api/v1/images/coreos/6');
    expect((await site.must('GET /api/v1/boot/coreos/kernel')).text).toBe('kernel 5');
  });
});

describe('9.3.14 Ignition templates', () => {
  const template = { version: '2.2', template: { ignition: { version: '2.2.0' } }, meta: null };
  const put = (path: string, body: unknown = template) =>
    site.ask(`PUT /api/v1/ignitions/${path}`, { body: body as object });

  it('9.3.14 404, 201, 409, bad role 400, bad version 400, pre-release sorts before release, delete twice', async () => {
    expect((await site.must('GET /api/v1/ignitions/t')).text).toBe('null\n');
    expect(await status('GET ignitions/t/1.0.0')).toBe(404);
    const created = await put('t/1.0.0');
    expect([created.status, created.text]).toEqual([201, '']);
    expect((await put('t/1.0.0')).status).toBe(409);
    expect((await site.must('GET /api/v1/ignitions/t/1.0.0')).json).toEqual(template);
    expect((await put('bad$role/1.0.0')).status).toBe(400);
    expect((await put('t/bad.version')).status).toBe(400);
    expect((await put('t/1.0.0-rc1')).status).toBe(201);
    expect((await site.must('GET /api/v1/ignitions/t')).json).toEqual(['1.0.0-rc1', '1.0.0']);
    expect(await status('DELETE ignitions/t/1.0.0')).toBe(200);
    expect(await status('DELETE ignitions/t/1.0.0')).toBe(404);
    expect([
      await status('POST ignitions/t/1.0.0', template),
      await status('GET ignitions/t/1.0.0/x'),
    ]).toEqual([400, 400]);
    expect((await put('t/2.0.0', '{')).status).toBe(400);
    const broken = { systemd: { units: [{ name: 'a', contents: '{{ .Nothing }}' }] } };
    const refused = await put('t/2.0.0', { version: '2.3', template: broken });
    expect([refused.status, refused.json.error]).toEqual([
      400,
      expect.stringMatching(/^invalid request: invalid template: /),
    ]);
    const long = { contents: 'x'.repeat(2_097_152), name: 'a' };
    const tooLong = { version: '2.3', template: { systemd: { units: [long] } } };
    expect((await put('t/2.0.0', tooLong)).status).toBe(400);
  });

  it('2.7 ten are kept for a role, the lowest versions go', async () => {
    for (let at = 1; at <= 11; at += 1) {
      await site.must(`PUT /api/v1/ignitions/many/${at}`, { body: template });
    }
    const ids = (await site.must('GET /api/v1/ignitions/many')).json;
    expect(ids).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(String));
    expect((await put('many/1')).status).toBe(201);
    expect((await site.must('GET /api/v1/ignitions/many')).json).toEqual(ids);
  });
});

describe('9.3.15 rendering', () => {
  let documents = 0;
  const render = async (template: object, version = '2.3', meta: object | null = null) => {
    documents += 1;
    const id = `9.${documents}`;
    await site.must(`PUT /api/v1/ignitions/cs/${id}`, { body: { version, template, meta } });
    return (await site.must(`GET /api/v1/boot/ignitions/2222/${id}`)).json;
  };

  it('9.3.15 file contents in data URLs, source URLs, hash, passwd members, networkd and systemd contents; HTTP and HTTPS URLs', async () => {
    const serial = '{{ .Spec.Serial }}';
    const document = await render({
      passwd: {
        users: [
          {
            ...{ name: serial, passwordHash: serial, sshAuthorizedKeys: [serial], gecos: serial },
            ...{ homeDir: serial, primaryGroup: serial, groups: [serial], shell: serial },
          },
        ],
        groups: [{ name: serial, passwordHash: serial }],
      },
      storage: {
        files: [
          {
            ...{ filesystem: 'root', path: `/${serial}`, mode: 420 },
            contents: {
              source: `data:;base64,${Buffer.from(`<${serial}> é\n`).toString('base64')}`,
              verification: { hash: `sha512-${serial}` },
            },
          },
          {
            filesystem: 'root',
            path: '/b',
            contents: { source: '{{ MyURL }}/a?b={{ .Spec.Rack }}' },
          },
        ],
      },
      networkd: { units: [{ name: '10.network', contents: serial }] },
      systemd: { units: [{ name: 'a.service', contents: '{{ MyURLHTTPS }} "&<"' }] },
    });
    expect(document).toMatchObject({
      ignition: { version: '2.3.0', config: {}, security: { tls: {} }, timeouts: {} },
      passwd: {
        users: [
          {
            ...{ name: '2222', passwordHash: '2222', sshAuthorizedKeys: ['2222'], gecos: '2222' },
            ...{ homeDir: '2222', primaryGroup: '2222', groups: ['2222'], shell: '2222' },
          },
        ],
        groups: [{ name: '2222', passwordHash: '2222' }],
      },
      networkd: { units: [{ name: '10.network', contents: '2222' }] },
      systemd: { units: [{ name: 'a.service', contents: 'https://127.0.0.1:10443 "&<"' }] },
    });
    expect(document.storage.files).toMatchObject([
      {
        // Paths are no templates.
        ...{ path: `/${serial}`, mode: 420 },
        contents: { source: 'data:,%3C2222%3E%20%C3%A9%0A', verification: { hash: 'sha512-2222' } },
      },
      { path: '/b', contents: { source: `${site.server.url}/a?b=1` } },
    ]);
  });

  it('2.7 metadata: floats in Go’s form, a missing key is an error, `json` with the names of the API', async () => {
    const unit = async (contents: string, meta: object | null = null) =>
      (await render({ systemd: { units: [{ name: 'a', contents }] } }, '2.2', meta)).systemd
        .units[0].contents;
    expect(await unit('{{ Metadata "a" }} {{ Metadata "b" }}', { a: 1_000_000, b: 3 })).toBe(
      '1e+06 3',
    );
    expect(await unit('{{ json .Spec.BMC }}')).toBe(
      '{"ipv4":"10.72.17.36","ipv6":"","type":"iDRAC-9"}',
    );
    expect(await unit('{{ .Spec.Labels.none }} {{ .Status.State }}')).toBe(
      '<no value> uninitialized',
    );
    const missing = { systemd: { units: [{ name: 'a', contents: '{{ Metadata "x" }}' }] } };
    const body = { version: '2.3', template: missing, meta: {} };
    expect(await status('PUT ignitions/cs/99', body)).toBe(400);
  });

  it.each<[string, string]>([
    ['add 1 2', '3'],
    ['sub 1 2', '-1'],
    ['mul 3 4', '12'],
    ['div 7 2', '3'],
    ['div -7 2', '-3'],
    ['add 1.5 2', '3.5'],
    ['sub 2 0.5', '1.5'],
    ['mul 2.0 4', '8'],
    ['div 7.0 2', '3.5'],
    ['add .Spec.Rack .Spec.IndexInRack', '5'],
    ['add .Status.Duration 1 | printf "%T"', 'float64'],
    ['add 1 2 | printf "%T"', 'int64'],
    ['add (len .Spec.IPv4) 0x10', '19'],
    ['div 1 0', 'refused'],
    ['div 1 0.0', 'refused'],
    ['add 1 "2"', 'refused'],
  ])(
    '9.4.15 arithmetic functions over all integer and float kinds, zero division: %s is %s',
    async (expression, text) => {
      const contents = `{{ ${expression} }}`;
      const template = { systemd: { units: [{ name: 'a', contents }] } };
      if (text === 'refused') {
        expect(await status('PUT ignitions/cs/98', { version: '2.3', template })).toBe(400);
      } else expect((await render(template)).systemd.units[0].contents).toBe(text);
    },
  );

  it.each(['3.0', '3.1', '3.2', '3.3', '3.4'])(
    '10.2 Ignition %s beside 2.2 and 2.3',
    async (version) => {
      const source = `data:,${encodeURIComponent('{{ .Spec.Serial }}\n')}`;
      const file = { path: '/etc/serial', mode: 420, contents: { source } };
      const units = [{ name: 'a.service', contents: '{{ .Spec.Rack }}' }];
      const template = {
        ignition: { version: `${version}.0` },
        storage: { files: [file] },
        systemd: { units },
      };
      const document = await render(template, version);
      expect(document).toMatchObject({
        ignition: { version: `${version}.0` },
        storage: { files: [{ path: '/etc/serial', contents: { source: 'data:,2222%0A' } }] },
        systemd: { units: [{ name: 'a.service', contents: '1' }] },
      });
    },
  );

  it('1.13 unknown machine, unknown template, wrong segments, HEAD', async () => {
    expect(await status('GET boot/ignitions/nobody/1.0.0')).toBe(404);
    expect(await status('GET boot/ignitions/2222/77')).toBe(404);
    expect(await status('GET boot/ignitions/2222')).toBe(400);
    expect(await status('HEAD boot/ignitions/2222/1.0.0')).toBe(405);
  });
});

describe('9.3.16 kernel params', () => {
  it('9.3.16 404, 200, echo, non-ASCII 400; newline refused', async () => {
    expect(await status('GET kernel_params/other')).toBe(404);
    const stored = await site.must('PUT /api/v1/kernel_params/other', { body: 'a=b,c d:/[e]' });
    expect(stored.text).toBe('null\n');
    const got = await site.must('GET /api/v1/kernel_params/other');
    expect([got.text, got.headers['content-type']]).toEqual(['a=b,c d:/[e]', 'text/plain']);
    for (const body of ['é', 'a\n', 'a\tb', '"a"', 'a$b', 'x'.repeat(4097)]) {
      const refused = await site.ask('PUT /api/v1/kernel_params/other', { body });
      expect(refused.status).toBe(400);
    }
    expect((await site.must('GET /api/v1/kernel_params/other')).text).toBe('a=b,c d:/[e]');
    expect(await status('PUT kernel_params/Other', 'a')).toBe(400);
    expect(await status('PUT kernel_params/other', '')).toBe(200);
    expect(await status('DELETE kernel_params/other')).toBe(405);
  });
});

describe('9.3.17 logs', () => {
  it('9.3.17 wrong date format 400; until before everything 200', async () => {
    for (const query of ['since=2018-01-01', 'until=abc', 'since=20181301']) {
      expect([query, await status(`GET logs?${query}`)]).toEqual([query, 400]);
    }
    const empty = await site.must('GET /api/v1/logs?until=20180101');
    expect([empty.status, empty.text]).toEqual([200, '']);
    expect(empty.headers['content-type']).toBe('application/json');
    expect(await status('POST logs')).toBe(405);
    const all = await site.must('GET /api/v1/logs?since=&until=');
    expect(all.text.split('\n').length).toBeGreaterThan(10);
  });
});
