/** The networks of the DHCP benchmark, the same for both servers: racks as a Sabakan fleet has them, one relay each. */

export const relays = 600;
/**
 * Of the 31 addresses a rack has to lend, one half for our own client and one for perfdhcp. Ours has a hardware address
 * for each of its clients; perfdhcp has so many in all and says each behind every relay, which costs Kea a search
 * through all leases of that address: its row is no comparison of what either does for a fleet.
 */
export const clientsPerRelay = 15;
export const relayNetwork = '10.64.0.0/10';

const first = (10 << 24) | (64 << 16);
const block = 64;
/** After 3 + 28 addresses of machines and one more. */
const firstLease = 32;
const lastLease = 62;

export const racksIpam = {
  'max-nodes-in-rack': 28,
  'node-ipv4-pool': relayNetwork,
  'node-ipv4-range-size': 6,
  'node-ipv4-range-mask': 26,
  'node-ip-per-node': 1,
  'node-index-offset': 3,
  'node-gateway-offset': 1,
  'bmc-ipv4-pool': '10.0.0.0/12',
  'bmc-ipv4-range-size': 5,
  'bmc-ipv4-range-mask': 12,
  'bmc-ipv4-gateway-offset': 1,
};

/** The gateway of a rack. */
export function relayAddress(rack: number): number {
  return first + rack * block + 1;
}

export function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Debian's Kea as it comes, with the same subnets, pools and lease time. */
export function keaConfig(interfaceName: string, folder: string): string {
  const subnet4 = Array.from({ length: relays }, (_, rack) => {
    const base = first + rack * block;
    return {
      id: rack + 1,
      subnet: `${textOf(base)}/26`,
      pools: [{ pool: `${textOf(base + firstLease)} - ${textOf(base + lastLease)}` }],
      'option-data': [{ name: 'routers', data: textOf(base + 1) }],
    };
  });
  return JSON.stringify({
    Dhcp4: {
      'interfaces-config': { interfaces: [interfaceName], 'dhcp-socket-type': 'udp' },
      'lease-database': { type: 'memfile', name: `${folder}/kea-leases4.csv` },
      'valid-lifetime': 3600,
      subnet4,
      loggers: [{ name: 'kea-dhcp4', severity: 'ERROR', output_options: [{ output: 'stderr' }] }],
    },
  });
}
