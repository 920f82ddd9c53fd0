/** Appendix A of Sabakan's behaviour, row by row, through the wire; the rows about DHCP are in golden-dhcp.test.ts. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { tarOf, utf8 } from '../support/tar.ts';
import { aSpec, configG, type Site, startSite } from './support/site.ts';

let etcd: TestEtcd;
let site: Site;
/** Midnight may pass while the tests run. */
const startedMs = Date.now();
const sites: Site[] = [];

beforeAll(async () => {
  etcd = await startTestEtcd();
  site = await another('/sabakan/');
  const specs = [
    ...[aSpec('r0-4'), aSpec('r0-5'), aSpec('r0-3', { role: 'boot' })],
    ...[aSpec('r1-4', { role: 'cs', rack: 1 }), aSpec('r1-5', { role: 'cs', rack: 1 })],
    aSpec('r1-3', { role: 'boot', rack: 1 }),
  ];
  await site.must('POST /api/v1/machines', { body: specs });
});

afterAll(async () => {
  await Promise.all(sites.map((one) => one.stop()));
  await etcd?.stop();
});

/** A server on data of its own. */
async function another(prefix: string, ipam: object | 'unset' = configG): Promise<Site> {
  const started = await startSite(etcd, { prefix, ipam });
  sites.push(started);
  return started;
}

async function machine(serial: string) {
  const [found] = (await site.must(`GET /api/v1/machines?serial=${serial}`)).json;
  const { spec, info } = found;
  return {
    index: spec['index-in-rack'],
    ipv4: spec.ipv4,
    bmc: spec.bmc.ipv4,
    first: info.network.ipv4[0],
    bmcNic: info.bmc.ipv4,
  };
}

describe('A and 9.4.1: addresses of config G', () => {
  it('rack 0, index 4 | 10.69.0.4, 10.69.0.68, 10.69.0.132; BMC 10.72.17.4', async () => {
    expect(await machine('r0-4')).toMatchObject({
      index: 4,
      ipv4: ['10.69.0.4', '10.69.0.68', '10.69.0.132'],
      bmc: '10.72.17.4',
    });
  });

  it('rack 0, index 5 | 10.69.0.5, .69, .133; gateway of the first 10.69.0.1; BMC 10.72.17.5, mask 255.255.240.0, gateway 10.72.16.1', async () => {
    expect(await machine('r0-5')).toMatchObject({
      index: 5,
      ipv4: ['10.69.0.5', '10.69.0.69', '10.69.0.133'],
      bmc: '10.72.17.5',
      first: { gateway: '10.69.0.1' },
      bmcNic: {
        address: '10.72.17.5',
        netmask: '255.255.240.0',
        maskbits: 20,
        gateway: '10.72.16.1',
      },
    });
  });

  it('rack 1, index 3 | 10.69.0.195, 10.69.1.3, 10.69.1.67; gateway of the first 10.69.0.193, mask 255.255.255.192/26; BMC 10.72.17.35', async () => {
    expect(await machine('r1-3')).toMatchObject({
      index: 3,
      ipv4: ['10.69.0.195', '10.69.1.3', '10.69.1.67'],
      bmc: '10.72.17.35',
      first: {
        address: '10.69.0.195',
        netmask: '255.255.255.192',
        maskbits: 26,
        gateway: '10.69.0.193',
      },
    });
  });

  it('rack 1, index 5 | 10.69.0.197, 10.69.1.5, 10.69.1.69; BMC 10.72.17.37', async () => {
    expect(await machine('r1-5')).toMatchObject({
      index: 5,
      ipv4: ['10.69.0.197', '10.69.1.5', '10.69.1.69'],
      bmc: '10.72.17.37',
    });
  });

  it('boot index / first worker / second worker | 3 / 4 / 5', async () => {
    const indices = ['r0-3', 'r0-4', 'r0-5'].map(async (serial) => (await machine(serial)).index);
    expect(await Promise.all(indices)).toEqual([3, 4, 5]);
    expect(JSON.parse((await site.keys.get('node-indices/0')) ?? '')).toEqual([4, 5, 3]);
  });
});

describe('A: assets', () => {
  it.each([
    ['bar', 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9'],
    ['baz', 'baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096'],
  ])('sha256 of `bar` / `baz`: %s | %s', async (content, sha256) => {
    const headers = { 'content-type': 'text/plain', 'x-sabakan-asset-sha256': sha256 };
    await site.must(`PUT /api/v1/assets/${content}`, { body: content, headers });
    const got = await site.must(`GET /api/v1/assets/${content}`);
    expect([got.text, got.headers['x-sabakan-asset-sha256']]).toEqual([content, sha256]);
    const { json } = await site.must(`GET /api/v1/assets/${content}/meta`);
    expect(json.sha256).toBe(sha256);
  });
});

describe('A: templates', () => {
  const source =
    'data:,rack%7B%7B%20.Spec.Rack%20%7D%7D-%7B%7B%20.Spec.Role%20%7D%7D-%7B%7B%20.Spec.IndexInRack%20%7D%7D%0A';
  const render = async (id: string, template: object) => {
    await site.must(`PUT /api/v1/ignitions/cs/${id}`, { body: { version: '2.3', template } });
    return (await site.must(`GET /api/v1/boot/ignitions/r1-4/${id}`)).json;
  };
  const unit = async (id: string, contents: string): Promise<string> => {
    const document = await render(id, { systemd: { units: [{ name: 'a.service', contents }] } });
    return document.systemd.units[0].contents;
  };

  it(`file source \`${source}\`, rack 1, role cs, index 4 | \`data:,rack1-cs-4%0A\``, async () => {
    const file = { filesystem: 'root', path: '/etc/rack', contents: { source } };
    const document = await render('0.1', { storage: { files: [file] } });
    expect(document.storage.files[0].contents.source).toBe('data:,rack1-cs-4%0A');
  });

  it('first NIC address/mask bits for rack 1 index 4 | `10.69.0.196/26`, gateway `10.69.0.193`', async () => {
    const nic =
      '{{ with index .Info.Network.IPv4 0 }}{{ .Address }}/{{ .MaskBits }} {{ .Gateway }}{{ end }}';
    expect(await unit('0.2', nic)).toBe('10.69.0.196/26 10.69.0.193');
  });

  it('`{{ add .Spec.Rack 10 }}`, rack 1 | `11`', async () => {
    expect(await unit('0.3', '{{ add .Spec.Rack 10 }}')).toBe('11');
  });

  it('template ids 1.1.0, 1.0.0, 1.0.0-rc1 | order 1.0.0-rc1, 1.0.0, 1.1.0', async () => {
    for (const id of ['1.1.0', '1.0.0', '1.0.0-rc1']) {
      await site.must(`PUT /api/v1/ignitions/ordered/${id}`, {
        body: { version: '2.3', template: {} },
      });
    }
    const { text } = await site.must('GET /api/v1/ignitions/ordered');
    expect(text).toBe('["1.0.0-rc1","1.0.0","1.1.0"]\n');
  });
});

describe('A and 9.4.16: image index append/move/drop', () => {
  const upload = (on: Site, id: string | number) =>
    on.must(`PUT /api/v1/images/coreos/${id}`, {
      body: tarOf([
        ['kernel', utf8(`kernel ${id}`)],
        ['initrd.gz', utf8('initrd')],
      ]),
    });
  const index = async (on: Site) => (await on.must('GET /api/v1/images/coreos')).json;
  const ids = async (on: Site) => (await index(on)).map(({ id }: { id: string }) => id);
  const dropped = async (on: Site) =>
    JSON.parse((await on.keys.get('images/coreos/deleted')) ?? '[]');

  it('image index 0..4, add 5 | 1..5, dropped 0', async () => {
    const on = await another('/images-a/', 'unset');
    for (const id of [0, 1, 2, 3, 4, 5]) await upload(on, id);
    expect(await ids(on)).toEqual(['1', '2', '3', '4', '5']);
    expect(await dropped(on)).toEqual(['0']);
  });

  it('image index 0..6 (over-full), add 7 | 3..7, dropped 0, 1, 2', async () => {
    const on = await another('/images-b/', 'unset');
    const planted = [0, 1, 2, 3, 4, 5, 6].map((id) => ({
      id: String(id),
      date: '2026-11-20T00:00:00Z',
      size: 1,
      urls: [],
      exists: false,
    }));
    await on.keys.put('images/coreos', planted);
    await upload(on, 7);
    expect(await ids(on)).toEqual(['3', '4', '5', '6', '7']);
    expect(await dropped(on)).toEqual(['0', '1', '2']);
  });

  it("image index 0, 1, 2, re-add 1 | 0, 2, 1 with the old entry's URLs", async () => {
    const on = await another('/images-c/', 'unset');
    for (const id of [0, 1, 2]) await upload(on, id);
    const old = (await index(on))[1];
    await upload(on, 1);
    expect(await ids(on)).toEqual(['0', '2', '1']);
    expect((await index(on))[2]).toEqual(old);
    expect(old.urls).toEqual([`${on.server.url}/api/v1/images/coreos/1`]);
  });
});

describe('A: the audit log', () => {
  const record = (ts: string, rev: number) => ({
    ...{ ts, rev: String(rev), user: 'cybozu', ip: '10.69.0.3', host: 'boot-0' },
    ...{ category: 'ipam', instance: 'config', action: 'put', detail: '' },
  });
  const dayMs = 24 * 3600 * 1000;
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
  const keyOf = (ms: number, rev: number): string =>
    `audit/${dayOf(ms)}/${rev.toString(16).padStart(16, '0')}`;

  // Our own keys have the same form, but hold time and chance: the record is written with the change it tells of, when
  // the revision is not known yet. `rev` is filled in at reading.
  it('audit key, 2013-04-05 UTC, revision 255 | `audit/20130405/00000000000000ff`', async () => {
    const at = Date.parse('2013-04-05T12:00:00Z');
    expect(keyOf(at, 255)).toBe('audit/20130405/00000000000000ff');
    await site.keys.put('audit/20130405/00000000000000ff', record('2013-04-05T12:00:00Z', 255));
    const { text } = await site.must('GET /api/v1/logs?since=20130405&until=20130406');
    expect(text).toBe(`${JSON.stringify(record('2013-04-05T12:00:00Z', 255))}\n`);
    const own = (await site.keys.keys('audit/2')).at(-1);
    const days = [startedMs, Date.now()].map(dayOf).join('|');
    expect(own).toMatch(new RegExp(`^audit/(${days})/[0-9a-f]{16}$`));
  });

  it('audit 200 hourly records from 01:02 on day D | since D+1 → 177; until D+1 → 23; since D+1 until D+2 → 24', async () => {
    const on = await another('/audit/', 'unset');
    const dayD = Math.floor(Date.now() / dayMs - 20) * dayMs;
    const firstMs = dayD + 3_720_000;
    for (let at = 0; at < 200; at += 1) {
      const ms = firstMs + at * 3_600_000;
      const ts = new Date(ms).toISOString().replace('.000Z', 'Z');
      await on.keys.put(keyOf(ms, 1000 + at), record(ts, 1000 + at));
    }
    const lines = async (query: string): Promise<number> =>
      (await on.must(`GET /api/v1/logs?${query}`)).text.split('\n').length - 1;
    const [next, afterNext] = [dayOf(dayD + dayMs), dayOf(dayD + 2 * dayMs)];
    expect(await lines(`since=${next}`)).toBe(177);
    expect(await lines(`until=${next}`)).toBe(23);
    expect(await lines(`since=${next}&until=${afterNext}`)).toBe(24);
  });
});
