import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { type DhcpHosts, startDhcpHosts } from '../support/dhcp-hosts.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { ipamG } from '../support/machines.ts';
import { prepareTetsuServer, type TetsuServer, type TetsuSite } from '../support/tetsu.ts';

/** Only ends what would never end: on a crowded machine a start takes many times its 4 s. */
const servesAgainWithinMs = 240_000;
/** Hosts that power on at once; the n-th acknowledgement is when the server dies, the others are under way. */
const rounds = [
  { killAfterAcks: 1, giaddr: '127.64.0.1' },
  { killAfterAcks: 9, giaddr: '127.64.1.1' },
  { killAfterAcks: 20, giaddr: '127.64.0.1' },
] as const;
/** Fewer than a range has addresses: two rounds share one. */
const hostsPerRound = 14;

type Lease = { readonly mac: number; readonly giaddr: string; readonly address: string };

describe('a server that is killed in the middle of a power-on (kill -9)', () => {
  let etcd: TestEtcd;
  let site: TetsuSite;
  let server: TetsuServer;
  let hosts: DhcpHosts;
  const leases = new Map<number, Lease>();

  beforeAll(async () => {
    etcd = await startTestEtcd();
    site = await prepareTetsuServer({
      etcd: etcd.endpoints,
      more: 'dhcp: { relay-networks: [127.0.0.0/8] }\nallow-ips: [127.0.0.0/8]\n',
    });
    server = await site.launch();
    const ipam = { ...ipamConfigToJson(ipamG), 'node-ipv4-pool': '127.64.0.0/16' };
    for (const [path, body] of [
      ['ipam', ipam],
      ['dhcp', { 'lease-minutes': 60 }],
    ] as const) {
      const url = `${site.url}/api/v1/config/${path}`;
      const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(body) });
      expect(answer.status).toBe(200);
    }
    hosts = await startDhcpHosts(site.dhcpPort);
  });

  afterAll(async () => {
    hosts?.close();
    server?.signal('SIGKILL');
    await server?.ended;
    await site?.remove();
    await etcd?.stop();
  });

  it.each(rounds.map((round, at) => [round.killAfterAcks, at, round.giaddr] as const))(
    'after %i acknowledgements keeps each acknowledged lease, and serves again soon',
    async (killAfterAcks, at, giaddr) => {
      const macs = Array.from({ length: hostsPerRound }, (_, one) => 0x1000 * (at + 1) + one);
      let acks = 0;
      let killedMs = 0;
      const bindUntilKilled = async (mac: number): Promise<void> => {
        while (killedMs === 0) {
          const address = await hosts.bind(mac, giaddr);
          if (address === undefined) continue;
          // An ACK that was on its way when the server died counts, too.
          note({ mac, giaddr, address });
          acks += 1;
          if (acks !== killAfterAcks) continue;
          killedMs = performance.now();
          server.signal('SIGKILL');
        }
      };
      await Promise.all(macs.map(bindUntilKilled));
      await server.ended;
      server = await site.launch();

      const [first] = leases.values();
      if (first === undefined) throw new Error('nothing was acknowledged');
      const untilMs = killedMs + servesAgainWithinMs;
      let renewed: string | undefined;
      while (renewed === undefined && performance.now() < untilMs) {
        renewed = await hosts.renew(first.mac, first.giaddr, first.address);
      }
      const againMs = performance.now() - killedMs;
      console.log(
        `${acks} ACKs before, ${leases.size} leases; again after ${Math.round(againMs)} ms`,
      );
      expect(renewed).toBe(first.address);
      for (const { mac, giaddr: relay, address } of leases.values()) {
        expect(await patiently(() => hosts.renew(mac, relay, address)), `host ${mac}`).toBe(
          address,
        );
      }
      // Who was cut off in the middle is bound now, to an address that nobody has.
      for (const mac of macs) {
        const address = await patiently(() => hosts.bind(mac, giaddr));
        expect(address, `host ${mac}`).toBeDefined();
        note({ mac, giaddr, address: address ?? '' });
      }
    },
    600_000,
  );

  /** No two hosts have one address, and none gets another one while its lease runs. */
  function note(lease: Lease): void {
    const known = leases.get(lease.mac);
    if (known !== undefined) expect(lease.address).toBe(known.address);
    const holder = [...leases.values()].find(({ address }) => address === lease.address);
    expect(holder?.mac ?? lease.mac, lease.address).toBe(lease.mac);
    leases.set(lease.mac, lease);
  }
});

/** As a host does: it asks again. */
async function patiently(ask: () => Promise<string | undefined>): Promise<string | undefined> {
  for (let tries = 0; tries < 20; tries += 1) {
    const address = await ask();
    if (address !== undefined) return address;
  }
  return undefined;
}
