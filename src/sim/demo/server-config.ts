/** The demo server's configuration file: what an operator would write, for one host and no privileges. */

export type DemoPlaces = {
  readonly directory: string;
  readonly httpPort: number;
  readonly metricsPort: number;
  readonly dhcpPort: number;
  readonly tftpPort: number;
  /** Where each node's health page listens, at its own address. */
  readonly nodePort: number;
  readonly spares: number;
};

export const loopback = '127.0.0.1';

/** Patience and grace are seconds here instead of minutes, so that a visitor sees the end of it. */
export function serverConfig(places: DemoPlaces): string {
  const { directory, httpPort, metricsPort, dhcpPort, tftpPort, nodePort, spares } = places;
  return `# Written by npm run demo.
http: ${loopback}:${httpPort}
metrics: ${loopback}:${metricsPort}
https: ${loopback}:0
advertise-url: http://${loopback}:${httpPort}
advertise-url-https: https://${loopback}:${httpPort}
data-dir: ${directory}/data
server-name: demo
log-level: info
ipxe-efi-path: ${directory}/loaders/ipxe.efi
etcd:
  embedded:
    data-dir: ${directory}/etcd
dhcp-bind: ${loopback}:${dhcpPort}
dhcp:
  interfaces: []
  relay-networks: [127.69.0.0/20]
tftp:
  listen: ${loopback}:${tftpPort}
  root: ${directory}/loaders
health:
  allow-loopback: true
  probes:
    - name: metrics
      kind: http
      port: ${nodePort}
      path: /metrics
      expect-status: 200
  interval-seconds: 1
  timeout-ms: 500
  patience-seconds: 3
  recoveries: 2
cluster:
  template: ${directory}/cluster-template.yml
  output: ${directory}/cluster.yml
  constraints:
    control-plane-count: 3
  spares:
    cs: ${spares}
  min-healthy-seconds: 3
  replace-after-seconds: 5
  newcomer-settle-seconds: 3
  spread-wait-seconds: 5
  interval-seconds: 1
  debounce-ms: 1000
  seconds-between-removals: 1
  flap-hold-seconds: 60
`;
}
