/** What an operator uploads before the first rack is powered on. */

/** `127` puts all racks on this host's loopback, `10` into the simulated world. */
export type FirstOctet = '127' | '10';

/** Racks are 64 addresses each from x.69.0.0 on; BMCs live in x.72.0.0. */
export function ipamConfig(first: FirstOctet) {
  return {
    'max-nodes-in-rack': rackMachinesMax,
    'node-ipv4-pool': `${first}.69.0.0/20`,
    'node-ipv4-offset': '',
    'node-ipv4-range-size': 6,
    'node-ipv4-range-mask': 26,
    'node-ip-per-node': 1,
    'node-index-offset': 3,
    'node-gateway-offset': gatewayOffset,
    'bmc-ipv4-pool': `${first}.72.0.0/20`,
    'bmc-ipv4-offset': '',
    'bmc-ipv4-range-size': 5,
    'bmc-ipv4-range-mask': 20,
    'bmc-ipv4-gateway-offset': 1,
  };
}

/** Above the three addresses before the first index, and below the 31 that DHCP lends. */
export const rackMachinesMax = 28;
/** 2^12 addresses of the pool over 2^6 per rack. */
export const racksMax = 64;
const gatewayOffset = 1;

export const dhcpConfig = { 'lease-minutes': 60, 'dns-servers': ['127.0.0.1'] } as const;

/** The rack's gateway: where its relay listens and what it puts in giaddr. */
export function relayAddressOf(first: FirstOctet, rack: number): string {
  const at = rack * 64 + gatewayOffset;
  return `${first}.69.${at >> 8}.${at & 255}`;
}

/** Compute servers, and storage servers among them: one in seven. */
export function roleOf(indexInRack: number): 'cs' | 'ss' {
  return indexInRack % 7 === 6 ? 'ss' : 'cs';
}

/** Ignition 2.3: the node's own address by networkd, its identity in a file. */
export function ignitionTemplate(role: string): unknown {
  const network = [
    '[Match]',
    'Name=eth0',
    '[Network]',
    'Address={{ index .Spec.IPv4 0 }}/{{ (index .Info.Network.IPv4 0).MaskBits }}',
    'Gateway={{ (index .Info.Network.IPv4 0).Gateway }}',
    '',
  ].join('\n');
  return {
    version: '2.3',
    template: {
      ignition: { version: '2.3.0' },
      networkd: { units: [{ name: '10-node.network', contents: network }] },
      storage: {
        files: [
          {
            filesystem: 'root',
            path: '/etc/neco/identity',
            mode: 420,
            contents: {
              source: `data:,${encodeURIComponent(
                '{{ .Spec.Serial }} rack {{ .Spec.Rack }} role {{ .Spec.Role }} from {{ MyURL }}\n',
              )}`,
            },
          },
        ],
      },
    },
    meta: { purpose: role === 'ss' ? 'storage' : 'compute' },
  };
}

/** CKE's cluster.yml with node templates: three control planes, compute and storage workers. */
export const clusterTemplate = `name: demo
service_subnet: 10.68.0.0/16
dns_service: internet-egress/unbound
nodes:
  - user: cybozu
    control_plane: true
    labels:
      cke.cybozu.com/role: cs
  - user: cybozu
    control_plane: false
    labels:
      cke.cybozu.com/role: cs
  - user: cybozu
    control_plane: false
    labels:
      cke.cybozu.com/role: ss
    taints:
      - key: cke.cybozu.com/role
        value: storage
        effect: NoSchedule
`;
