/** The DHCP server alone, for a network namespace: `node dhcp-server.ts PORT INTERFACE…`; ends when stdin does. */

import { type Ipv4, parseIpv4 } from '../../../src/base/addresses.ts';
import { createAddressProber } from '../../../src/base/io/address-prober.ts';
import { systemChance } from '../../../src/base/io/system-chance.ts';
import { systemClock } from '../../../src/base/io/system-clock.ts';
import { createNet } from '../../../src/base/io/udp.ts';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { defaultDhcpSettings, startDhcp } from '../../../src/pxe/dhcp/start.ts';
import { nodePoolNetwork } from '../../../src/pxe/networks.ts';
import { ipamG } from '../machines.ts';
import { silentLog } from '../silent-log.ts';

const [port = '67', ...interfaces] = process.argv.slice(2);
const world = {
  net: createNet(),
  clock: systemClock,
  chance: systemChance,
  log: silentLog,
  store: createMemoryStore({ clock: systemClock }),
};
const dnsServer = parseIpv4('10.0.0.1');
const started = await startDhcp({
  world,
  inventory: {
    ipam: () => ipamG,
    dhcp: () => ({
      leaseMinutes: 10,
      dnsServers: dnsServer.ok ? [dnsServer.value] : ([] as readonly Ipv4[]),
      gatewayOffset: 0,
    }),
    ownerOf: () => undefined,
  },
  networks: { of: () => nodePoolNetwork(ipamG), all: () => [] },
  settings: {
    ...defaultDhcpSettings,
    bind: { address: '0.0.0.0', port: Number(port) },
    interfaces,
    probeMs: 300,
  },
  prober: createAddressProber(),
  advertiseUrl: 'http://10.69.0.3:10080',
});
if (!started.ok) {
  process.stdout.write(`${JSON.stringify({ problem: started.error })}\n`);
  process.exit(1);
}
process.stdout.write(`${JSON.stringify({ listening: started.value.status().listening })}\n`);
process.stdin.on('data', () => {
  process.stdout.write(
    `${JSON.stringify({ counters: started.value.counters(), aside: started.value.status().aside })}\n`,
  );
});
process.stdin.on('end', () => {
  started.value.stop();
  process.exit(0);
});
