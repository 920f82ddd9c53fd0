/** Appendix A's rows about DHCP, by packets on a link of our own; the other rows are in golden.test.ts. */

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
  request,
} from './support/dhcp.ts';
import { enterLab, type Lab, serverLink, whyNoLab } from './support/network.ts';
import { aSpec, configG, type Site, startSite } from './support/site.ts';

const why = whyNoLab();
if (why !== undefined) process.stderr.write(`DHCP packets are not tested: ${why}\n`);

/**
 * Sabakan lends the lowest free address; we begin at a place that follows from the hardware address, so that several
 * servers offer a client the same without asking one another. Where a row names an address, the client is one whose
 * place is the first of the range.
 */
const first = (rangeCount: number, after = 0): string => macAt(after, rangeCount);

describe.skipIf(why !== undefined)('A and 9.4.1: DHCP', () => {
  let etcd: TestEtcd;
  let site: Site;
  let lab: Lab;
  let party: Party;
  const advertiseUrl = 'http://10.69.0.195:10080';
  const put = (name: 'ipam' | 'dhcp', body: object) =>
    site.must(`PUT /api/v1/config/${name}`, { body });
  const dns = { 'dns-servers': ['10.0.0.1', '10.0.0.2'] };

  beforeAll(async () => {
    lab = enterLab();
    lab.serverIp('addr', 'add', '10.69.1.3/26', 'dev', serverLink);
    // What lies behind relays, and relays and clients that live there.
    for (const network of ['10.69.0.0/16', '10.68.0.0/16', '10.0.0.0/16']) {
      lab.serverIp('route', 'add', network, 'dev', serverLink);
    }
    for (const address of [
      '10.69.0.129',
      '10.69.10.20',
      '10.68.10.20',
      '10.69.0.196',
      '10.0.0.9',
    ]) {
      lab.clientIp('addr', 'add', `${address}/32`, 'dev', 'c0');
    }
    lab.clientIp('addr', 'add', '10.69.0.200/32', 'dev', 'c0');
    etcd = await startTestEtcd();
    site = await startSite(etcd, {
      advertiseUrl,
      dhcpBind: '0.0.0.0:67',
      more: 'dhcp: { interfaces: all, relay-networks: [10.0.0.0/8], probe-ms: 0 }\n',
      ipam: 'unset',
    });
    party = partyOf(lab, site, '10.69.1.3');
  });

  afterAll(async () => {
    await site?.stop();
    await etcd?.stop();
  });

  const lend = async (mac: string, giaddr?: string): Promise<string> => {
    const relayed = giaddr === undefined ? {} : { giaddr };
    const offered = await party.asks({ type: discover, mac, ...relayed });
    expect(offered.type).toBe(offer);
    const options = { 50: offered.yiaddr, 54: '10.69.1.3' };
    const acked = await party.asks({ type: request, mac, options, ...relayed });
    expect([acked.type, acked.yiaddr]).toEqual([ack, offered.yiaddr]);
    return acked.yiaddr;
  };

  describe('config G, DNS 10.0.0.1 and 10.0.0.2', () => {
    beforeAll(async () => {
      await put('ipam', { ...configG, 'node-ipv4-pool': '10.69.0.0/16' });
      await put('dhcp', dns);
    });

    it('DISCOVER on an interface 10.69.1.3/26, default lease | yiaddr 10.69.1.32; siaddr and option 54 10.69.1.3; sname `10.69.1.3`; mask ffffffc0; router 10.69.1.1; option 6 `0a000001 0a000002`; option 51 `00000e10`', async () => {
      const reply = await party.asks({ type: discover, mac: first(31) });
      expect(reply).toMatchObject({
        ...{ type: offer, yiaddr: '10.69.1.32', siaddr: '10.69.1.3', sname: '10.69.1.3' },
        ...{ giaddr: '0.0.0.0', chaddr: first(31), file: '' },
      });
      expect([1, 3, 6, 51, 54].map(reply.option)).toEqual([
        'ffffffc0',
        hexOfAddress('10.69.1.1'),
        '0a0000010a000002',
        '00000e10',
        hexOfAddress('10.69.1.3'),
      ]);
    });

    it('same, relayed by 10.69.0.129 | yiaddr 10.69.0.160; router 10.69.0.129; option 54 still 10.69.1.3', async () => {
      const reply = await party.asks({ type: discover, mac: first(31), giaddr: '10.69.0.129' });
      expect(reply).toMatchObject({ type: offer, yiaddr: '10.69.0.160', giaddr: '10.69.0.129' });
      expect([3, 54].map(reply.option)).toEqual(['10.69.0.129', '10.69.1.3'].map(hexOfAddress));
    });

    it('INFORM from ciaddr 10.69.0.196 | router 10.69.0.193, no option 51', async () => {
      const reply = await party.asks({ type: inform, mac: first(31), ciaddr: '10.69.0.196' });
      expect(reply).toMatchObject({ type: ack, ciaddr: '10.69.0.196', yiaddr: '0.0.0.0' });
      expect([3, 51].map(reply.option)).toEqual([hexOfAddress('10.69.0.193'), undefined]);
    });

    it('advertise-url `http://10.69.0.195:10080` | `http://10.69.0.195:10080/api/v1/boot/ipxe.efi`, `http://10.69.0.195:10080/api/v1/boot/coreos/ipxe`', async () => {
      const firmware = { 60: 'HTTPClient:Arch:00016:UNDI:003001', 93: Uint8Array.of(0, 16) };
      const byHttp = await party.asks({ type: discover, mac: first(31), options: firmware });
      expect(byHttp.file).toBe(`${advertiseUrl}/api/v1/boot/ipxe.efi`);
      const byIpxe = await party.asks({ type: discover, mac: first(31), options: { 77: 'iPXE' } });
      expect(byIpxe.file).toBe(`${advertiseUrl}/api/v1/boot/coreos/ipxe`);
    });

    it('lease range of 10.69.10.20 | first 10.69.10.32, count 31, 4th address 10.69.10.35, key `10.69.10.32`', async () => {
      const addresses: string[] = [];
      for (let at = 0; at < 31; at += 1) {
        addresses.push(await lend(macAt(at, 31), '10.69.10.20'));
      }
      expect([addresses[0], addresses[3]]).toEqual(['10.69.10.32', '10.69.10.35']);
      expect(new Set(addresses).size).toBe(31);
      expect(addresses.at(-1)).toBe('10.69.10.62');
      await party.getsNothingFor({ type: discover, mac: macAt(31, 31), giaddr: '10.69.10.20' });
      const table = JSON.parse((await site.keys.get('lease-usages/10.69.10.32')) ?? '');
      expect(table[macAt(3, 31)]).toEqual({ index: 3, lease: expect.any(String) });
    });

    it('lease range of 10.68.10.20 | none', async () => {
      await party.getsNothingFor({ type: discover, mac: first(31), giaddr: '10.68.10.20' });
      expect(await site.keys.keys('lease-usages/10.68')).toEqual([]);
    });

    it('lease range of 10.69.0.195 | first 10.69.0.224; two MACs get .224 and .225', async () => {
      lab.clientIp('addr', 'add', '10.69.0.195/32', 'dev', 'c0');
      expect(await lend(macAt(0, 31), '10.69.0.195')).toBe('10.69.0.224');
      // The place of both is the first: the second gets the next one.
      expect(await lend(macAt(31, 31), '10.69.0.195')).toBe('10.69.0.225');
    });

    it('same, mask 24, gateway-offset 100, lease 10 min | mask ffffff00; router 10.69.1.100; option 51 `00000258`', async () => {
      await put('ipam', {
        ...{ ...configG, 'node-ipv4-pool': '10.69.0.0/16' },
        ...{ 'node-ipv4-range-mask': 24, 'node-gateway-offset': 100 },
      });
      await put('dhcp', { ...dns, 'lease-minutes': 10 });
      const reply = await party.asks({ type: discover, mac: first(31) });
      expect([1, 3, 51].map(reply.option)).toEqual([
        'ffffff00',
        hexOfAddress('10.69.1.100'),
        '00000258',
      ]);
    });
  });

  it('fake MAC for declined index 257 | `ff:00:00:00:01:01`', async () => {
    // Blocks of 1,024 addresses, of which 32 to 1,022 are lent: 991.
    await put('ipam', { ...configG, 'node-ipv4-pool': '10.69.0.0/16', 'node-ipv4-range-size': 10 });
    const mac = macAt(257, 991);
    const address = await lend(mac, '10.69.10.20');
    expect(address).toBe('10.69.9.33');
    const options = { 50: address, 54: '10.69.1.3' };
    await party.getsNothingFor({ type: decline, mac, giaddr: '10.69.10.20', options });
    // Nobody is answered, so nobody waits for the commit.
    const table = async () => JSON.parse((await site.keys.get('lease-usages/10.69.8.32')) ?? '{}');
    await expect
      .poll(async () => (await table())['ff:00:00:00:01:01'])
      .toMatchObject({ index: 257 });
    expect((await table())[mac]).toBeUndefined();
  });

  it('max 28, size 8, mask 24, 1 address, index-offset 103, pool 10.0.0.0/24 | workers start at 10.0.0.104; leases 10.0.0.132–10.0.0.254 (123)', async () => {
    await put('ipam', {
      ...configG,
      ...{ 'max-nodes-in-rack': 28, 'node-ipv4-pool': '10.0.0.0/24', 'node-ipv4-range-size': 8 },
      ...{ 'node-ipv4-range-mask': 24, 'node-ip-per-node': 1, 'node-index-offset': 103 },
    });
    const addresses: string[] = [];
    for (let at = 0; at < 123; at += 1) {
      const { yiaddr } = await party.asks({
        type: discover,
        mac: macAt(at, 123),
        giaddr: '10.0.0.9',
      });
      addresses.push(yiaddr);
    }
    expect([addresses[0], addresses.at(-1)]).toEqual(['10.0.0.132', '10.0.0.254']);
    expect(new Set(addresses).size).toBe(123);
    await site.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const [machine] = (await site.must('GET /api/v1/machines')).json;
    expect(machine.spec.ipv4).toEqual(['10.0.0.104']);
  });
});
