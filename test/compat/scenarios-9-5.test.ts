/** Sabakan 3.1.9, 9.5: DHCP packets between clients, relays and a running server on a link of our own. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import {
  ack,
  decline,
  discover,
  hexOfAddress,
  inform,
  macAt,
  offer,
  type Party,
  partyOf,
  release,
  request,
} from './support/dhcp.ts';
import { enterLab, type Lab, serverLink, whyNoLab } from './support/network.ts';
import { configG, type Site, startSite } from './support/site.ts';

const why = whyNoLab();
if (why !== undefined) process.stderr.write(`DHCP packets are not tested: ${why}\n`);

const own = '10.69.1.3';
const relay = '10.69.0.129';
const relayed = { giaddr: relay };
const ipam = { ...configG, 'node-ipv4-pool': '10.69.0.0/16' };

describe.skipIf(why !== undefined)('9.5: DHCP packets', () => {
  let etcd: TestEtcd;
  let site: Site;
  let lab: Lab;
  let party: Party;
  let clients = 0;

  beforeAll(async () => {
    lab = enterLab();
    // 9.5.8: the interface has IPv6 addresses first.
    lab.serverIp('-6', 'addr', 'add', 'fd00::1/64', 'dev', serverLink, 'nodad');
    lab.serverIp('addr', 'add', `${own}/26`, 'dev', serverLink);
    lab.serverIp('addr', 'add', '10.69.1.9/26', 'dev', serverLink);
    lab.serverIp('route', 'add', '10.69.0.0/16', 'dev', serverLink);
    lab.clientIp('addr', 'add', `${relay}/32`, 'dev', 'c0');
    etcd = await startTestEtcd();
    site = await startSite(etcd, {
      advertiseUrl: 'http://10.69.1.3:10080',
      dhcpBind: '0.0.0.0:67',
      more: 'dhcp: { interfaces: all }\n',
      ipam,
    });
    party = partyOf(lab, site, own);
  });

  afterAll(async () => {
    await site?.stop();
    await etcd?.stop();
  });

  /** Every test has clients of its own. */
  const someMac = (): string => {
    clients += 1;
    return macAt(clients, 31);
  };
  const offered = async (mac: string, more: object = {}) => {
    const reply = await party.asks({ type: discover, mac, ...more });
    expect(reply.type).toBe(offer);
    return reply.yiaddr;
  };
  const lend = async (mac: string, more: object = {}): Promise<string> => {
    const address = await offered(mac, more);
    const options = { 50: address, 54: own };
    expect((await party.asks({ type: request, mac, options, ...more })).type).toBe(ack);
    return address;
  };

  it('silence while no DHCP configuration was ever put; `{}` is enough', async () => {
    await party.getsNothingFor({ type: discover, mac: someMac() });
    await site.must('PUT /api/v1/config/dhcp', { body: {} });
    await offered(someMac());
  });

  it('9.5.1 direct DISCOVER: yiaddr, siaddr, sname, options 1, 3, 6, 51, 54 as in appendix A; other mask, gateway and lease time follow config', async () => {
    const dns = { 'dns-servers': ['10.0.0.1', '10.0.0.2'] };
    await site.must('PUT /api/v1/config/dhcp', { body: dns });
    const mac = someMac();
    const reply = await party.asks({ type: discover, mac });
    expect(reply).toMatchObject({ type: offer, siaddr: own, sname: own, chaddr: mac });
    expect(reply.yiaddr).toMatch(/^10\.69\.1\.(3[2-9]|[45]\d|6[0-2])$/);
    expect([1, 3, 6, 51, 54].map(reply.option)).toEqual([
      'ffffffc0',
      hexOfAddress('10.69.1.1'),
      '0a0000010a000002',
      '00000e10',
      hexOfAddress(own),
    ]);
    const sorted = [...reply.codes].sort((a, b) => a - b);
    expect(reply.codes.filter((code) => code !== 53)).toEqual(sorted.filter((code) => code !== 53));
    await site.must('PUT /api/v1/config/ipam', {
      body: { ...ipam, 'node-ipv4-range-mask': 24, 'node-gateway-offset': 100 },
    });
    await site.must('PUT /api/v1/config/dhcp', { body: { 'lease-minutes': 10 } });
    const other = await party.asks({ type: discover, mac });
    expect([1, 3, 6, 51].map(other.option)).toEqual([
      ...['ffffff00', hexOfAddress('10.69.1.100'), undefined, '00000258'],
    ]);
    await site.must('PUT /api/v1/config/ipam', { body: ipam });
    await site.must('PUT /api/v1/config/dhcp', { body: {} });
  });

  it('9.5.2 relayed DISCOVER: range by giaddr, giaddr echoed, server id stays the own address', async () => {
    const reply = await party.asks({ type: discover, mac: someMac(), ...relayed });
    expect(reply).toMatchObject({ type: offer, giaddr: relay });
    expect(reply.yiaddr).toMatch(/^10\.69\.0\.1[6-9]\d$/);
    expect(reply.option(54)).toBe(hexOfAddress(own));
  });

  it.each([
    ['x86-64', 16],
    ['32 bits', 15],
  ])(
    '9.5.3 HTTP boot: option 60 echoed as exactly `HTTPClient`, `file` URL; iPXE: `file` URL (%s)',
    async (_, architecture) => {
      const mac = someMac();
      const options = {
        60: 'HTTPClient:Arch:00016:UNDI:003001',
        93: Uint8Array.of(0, architecture),
      };
      const offering = await party.asks({ type: discover, mac, options });
      const url = 'http://10.69.1.3:10080/api/v1/boot';
      expect(offering.option(60)).toBe(Buffer.from('HTTPClient').toString('hex'));
      expect(offering.file).toBe(`${url}/ipxe.efi`);
      const taking = { ...options, 50: offering.yiaddr, 54: own };
      expect((await party.asks({ type: request, mac, options: taking })).file).toBe(
        `${url}/ipxe.efi`,
      );
      const again = await party.asks({ type: discover, mac, options: { 77: 'iPXE' } });
      expect([again.file, again.yiaddr]).toEqual([`${url}/coreos/ipxe`, offering.yiaddr]);
      const both = await party.asks({ type: discover, mac, options: { ...options, 77: 'iPXE' } });
      expect(both.file).toBe(`${url}/coreos/ipxe`);
      const plain = await party.asks({ type: discover, mac });
      expect([plain.file, plain.option(60)]).toEqual(['', undefined]);
    },
  );

  it.each([
    ['directly', {}],
    ['relayed', relayed],
  ])(
    '9.5.4 REQUEST selecting: own → ACK, other server id → silence; relayed too (%s)',
    async (_, more) => {
      const mac = someMac();
      const address = await offered(mac, more);
      const others = { 50: address, 54: '10.69.1.11' };
      await party.getsNothingFor({ type: request, mac, options: others, ...more });
      const options = { 50: address, 54: own };
      const reply = await party.asks({ type: request, mac, options, ...more });
      expect(reply).toMatchObject({ type: ack, yiaddr: address });
      // Sabakan's clients may leave option 50 out: what was offered is meant.
      const short = await party.asks({ type: request, mac, options: { 54: own }, ...more });
      expect(short).toMatchObject({ type: ack, yiaddr: address });
    },
  );

  it('9.5.5 REQUEST confirm and renew: silence before any lease, ACK after; renew echoes ciaddr', async () => {
    const mac = someMac();
    const asked = '10.69.0.185';
    const confirm = (address: string) =>
      ({ type: request, mac, options: { 50: address }, ...relayed }) as const;
    await party.getsNothingFor(confirm(asked));
    const address = await lend(mac, relayed);
    expect(await party.asks(confirm(address))).toMatchObject({
      ...{ type: ack, yiaddr: address, file: '' },
    });
    // The answer to a renewal goes to the client itself.
    lab.clientIp('addr', 'add', `${address}/32`, 'dev', 'c0');
    const renewed = await party.asks({ type: request, mac, ciaddr: address });
    expect(renewed).toMatchObject({ type: ack, ciaddr: address, yiaddr: address, file: '' });
    expect(renewed.option(51)).toBe('00000e10');
    await party.getsNothingFor({ type: request, mac: someMac(), ciaddr: asked });
  });

  it('9.5.6 INFORM: gateway from ciaddr, no lease time', async () => {
    lab.clientIp('addr', 'add', '10.69.0.196/32', 'dev', 'c0');
    const reply = await party.asks({ type: inform, mac: someMac(), ciaddr: '10.69.0.196' });
    expect(reply).toMatchObject({ type: ack, ciaddr: '10.69.0.196', yiaddr: '0.0.0.0', file: '' });
    expect([3, 51].map(reply.option)).toEqual([hexOfAddress('10.69.0.193'), undefined]);
  });

  it('9.5.7 DECLINE and RELEASE give no reply', async () => {
    const mac = someMac();
    const address = await lend(mac, relayed);
    const options = { 50: address, 54: own };
    await party.getsNothingFor({ type: decline, mac, options, ...relayed });
    const other = await lend(mac, relayed);
    expect(other).not.toBe(address);
    lab.clientIp('addr', 'add', `${other}/32`, 'dev', 'c0');
    await party.getsNothingFor({ type: release, mac, ciaddr: other, options: { 54: own } });
    // Nobody is answered, so nobody waits for the commits.
    const table = async () => JSON.parse((await site.keys.get('lease-usages/10.69.0.160')) ?? '{}');
    const index = Number(address.split('.')[3]) - 160;
    const aside = `ff:00:00:00:00:${index.toString(16).padStart(2, '0')}`;
    await expect.poll(async () => Object.keys(await table())).toContain(aside);
    const until = async () => (await table())[mac]?.lease ?? '1970-01-01T00:00:00Z';
    await expect.poll(async () => Date.parse(await until()) <= Date.now()).toBe(true);
  });

  it('9.5.8 interface with IPv6 listed first: the first IPv4 is still chosen', async () => {
    const { siaddr, option } = await party.asks({ type: discover, mac: someMac() });
    expect([siaddr, option(54)]).toEqual([own, hexOfAddress(own)]);
  });

  describe('9.4.5 leases', () => {
    const behind = { giaddr: '10.69.2.1' };
    beforeAll(() => lab.clientIp('addr', 'add', '10.69.2.1/32', 'dev', 'c0'));
    const near = (place: number): string => macAt(place, 31).replace(/^02/, '06');

    // Places of neighbouring hardware addresses are neighbours; 06:… instead of 02:… moves them all alike.
    it('9.4.5 sequential addresses, same MAC same address', async () => {
      const addresses = [await lend(near(0), behind), await lend(near(1), behind)];
      const [one = 0, two = 0] = addresses.map((address) => Number(address.split('.')[3]));
      expect((two - one + 31) % 31).toBe(1);
      expect(await lend(near(0), behind)).toBe(addresses[0]);
    });

    it('9.4.5 exhaustion after 31, an address that was released goes to the next client', async () => {
      const lent = new Map<string, string>();
      for (let at = 0; at < 31; at += 1) lent.set(near(at), await lend(near(at), behind));
      expect(new Set(lent.values()).size).toBe(31);
      await party.getsNothingFor({ type: discover, mac: near(31), ...behind });
      const freed = lent.get(near(7)) ?? '';
      lab.clientIp('addr', 'add', `${freed}/32`, 'dev', 'c0');
      await party.getsNothingFor({
        type: release,
        mac: near(7),
        ciaddr: freed,
        options: { 54: own },
      });
      const leases = async () => JSON.parse((await site.keys.get('lease-usages/10.69.2.32')) ?? '');
      const isFreed = async () =>
        Date.parse((await leases())[near(7)]?.lease ?? '1970-01-01T00:00:00Z') <= Date.now();
      await expect.poll(isFreed).toBe(true);
      expect(await lend(near(31), behind)).toBe(freed);
    });

    it('9.4.5 expired address reused; a stale table is read anew', async () => {
      const key = 'lease-usages/10.69.2.32';
      const table = JSON.parse((await site.keys.get(key)) ?? '');
      const long = '2020-01-01T00:00:00Z';
      // As another server would have written it between two of our requests.
      table[near(3)].lease = long;
      await site.keys.put(key, table);
      const address = await lend(near(62), behind);
      expect(address).toBe(`10.69.2.${32 + table[near(3)].index}`);
    });
  });
});
