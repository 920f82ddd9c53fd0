/** An address that a host has by hand, on a real link: who asks DHCP gets another, and every server shows it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ack,
  discover,
  macAt,
  offer,
  type Party,
  partyOf,
  request,
} from '../compat/support/dhcp.ts';
import { enterLab, type Lab, serverLink, whyNoLab } from '../compat/support/network.ts';
import { type Site, startSite } from '../compat/support/site.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';

const why = whyNoLab();
if (why !== undefined) process.stderr.write(`addresses in use are not tested: ${why}\n`);

const own = '10.69.1.3';
const hosts = 'host0';

describe.skipIf(why !== undefined)('an address that a host of the link has by hand', () => {
  let etcd: TestEtcd;
  let sites: readonly Site[] = [];
  let lab: Lab;
  let party: Party;

  beforeAll(async () => {
    lab = enterLab();
    lab.serverIp('addr', 'add', `${own}/26`, 'dev', serverLink);
    etcd = await startTestEtcd();
    const common = { advertiseUrl: `http://${own}:10080` };
    const more = 'dhcp: { interfaces: all }\n';
    const first = await startSite(etcd, { ...common, dhcpBind: '0.0.0.0:67', more });
    await first.must('PUT /api/v1/config/dhcp', { body: {} });
    const second = await startSite(etcd, { ...common, name: 'other', ipam: 'unset' });
    sites = [first, second];
    party = partyOf(lab, first, own);
  });

  afterAll(async () => {
    await Promise.all(sites.map((site) => site.stop()));
    await etcd?.stop();
  });

  it('is not lent; each server lists it with who has it, and an operator gives it back', async () => {
    const [first, second] = sites;
    if (first === undefined || second === undefined) throw new Error('two servers run');
    // What would be offered, by the client's own hardware address.
    const wanted = '10.69.1.40';
    lab.clientIp('link', 'add', hosts, 'link', 'c0', 'type', 'macvlan', 'mode', 'bridge');
    lab.clientIp('addr', 'add', `${wanted}/26`, 'dev', hosts);
    lab.clientIp('link', 'set', hosts, 'up');
    const asked = { type: discover, mac: macAt(1, 31), options: { 50: wanted } };
    const offered = await party.asks(asked);
    expect(offered.type).toBe(offer);
    expect(offered.yiaddr).not.toBe(wanted);
    const options = { 50: offered.yiaddr, 54: own };
    expect((await party.asks({ type: request, mac: macAt(1, 31), options })).type).toBe(ack);

    for (const site of [first, second]) {
      // On the second as soon as the news of the commit is there.
      await expect
        .poll(async () => (await site.ask(`GET /api/v2/leases/${wanted}`)).json)
        .toMatchObject({
          state: 'declined',
          mac: null,
          usedBy: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
        });
    }
    await expect
      .poll(async () => (await second.must('GET /api/v2/events?category=dhcp')).json.items)
      .toContainEqual(
        expect.objectContaining({ instance: wanted, action: 'set-aside', user: 'dhcp' }),
      );

    lab.clientIp('link', 'del', hosts);
    await second.must(`DELETE /api/v2/leases/${wanted}`);
    await expect
      .poll(async () => (await first.ask(`GET /api/v2/leases/${wanted}`)).json.state)
      .toBe('ended');
    const again = await party.asks({ ...asked, mac: macAt(2, 31) });
    expect(again.yiaddr).toBe(wanted);
  });
});
