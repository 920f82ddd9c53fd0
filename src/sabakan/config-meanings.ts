/** What each member of the configuration is for, in the order in which the reference names them. */

export type ConfigMeaning = {
  readonly text: string;
  readonly isSabakans?: true;
  /** The default in words, where it depends on others. */
  readonly otherwise?: string;
  /** What it holds in words, where the reader's refusal does not say it. */
  readonly holds?: string;
};

export const meanings: ReadonlyMap<string, ConfigMeaning> = new Map([
  [
    'advertise-url',
    {
      isSabakans: true,
      otherwise: 'required',
      text: 'what machines reach this server by over HTTP: scheme, host, port',
    },
  ],
  ['advertise-url-https', { isSabakans: true, otherwise: 'required', text: 'the same over HTTPS' }],
  ['http', { isSabakans: true, text: 'REST, GraphQL, boot files' }],
  ['https', { isSabakans: true, text: 'disk keys, and nothing else; off without a certificate' }],
  ['metrics', { isSabakans: true, text: '`/metrics` for Prometheus' }],
  [
    'server-cert',
    {
      isSabakans: true,
      text: 'PEM file, read again when it changes; if neither this nor `server-key` is given and the default files do not exist, HTTPS is off',
    },
  ],
  ['server-key', { isSabakans: true, text: 'PEM file of its key' }],
  [
    'allow-ips',
    {
      isSabakans: true,
      holds: 'a list of IP addresses and networks, such as [10.69.0.0/20, ::1]',
      text: 'who may write without a token; reading is open',
    },
  ],
  [
    'data-dir',
    { isSabakans: true, text: "boot images and assets; one of Sabakan's is used as it stands" },
  ],
  [
    'removed-blobs-stay-seconds',
    {
      text: 'how long files of images and assets stay after they were deleted from the index: machines that are in the middle of a boot still get the second file of their image',
    },
  ],
  ['ipxe-efi-path', { isSabakans: true, text: 'what UEFI HTTP boot loads' }],
  [
    'cryptsetup',
    {
      text: "the file `sabakan-cryptsetup`, which `GET /api/v1/cryptsetup` gives to machines; Sabakan's environment variable `SABAKAN_CRYPTSETUP` is taken where this is not set",
    },
  ],
  ['enable-playground', { isSabakans: true, text: 'a GraphQL page at `/playground`' }],
  [
    'graphql-mutations',
    {
      text: "who may change a machine's state by GraphQL: hosts in `allow-ips`, or `anyone`, as with Sabakan",
    },
  ],
  [
    'api-https.listen',
    {
      holds: 'an address and a port such as 0.0.0.0:10444',
      text: 'the whole API over TLS, beside `http`, which firmware needs; off where it is not given',
    },
  ],
  [
    'api-https.cert',
    {
      otherwise: '`server-cert`',
      text: 'PEM file, read again when it changes',
    },
  ],
  ['api-https.key', { otherwise: '`server-key`', text: 'PEM file of its key' }],
  [
    'api-https.client-ca',
    { text: "PEM file of the authority that signs clients' certificates; clients need none" },
  ],
  [
    'api-https.client-roles',
    {
      holds: 'a mapping of common names to viewer, operator, admin',
      text: 'what a client with a certificate of that name may do, as with a token',
    },
  ],
  [
    'auth',
    {
      text: '`open`: reading is open, as with Sabakan; `required`: without a credential only booting, `/health` and `/version`',
    },
  ],
  [
    'auth-allow-ips',
    {
      otherwise: '`admin`; `none` with `auth: required`',
      text: 'what hosts in `allow-ips` are without a token: administrators, or strangers like all others',
    },
  ],
  [
    'limits.requests-per-second',
    { text: 'of one token, or of one address without; booting is not counted' },
  ],
  ['limits.requests-burst', { text: 'at once, after a pause' }],
  [
    'limits.watches-per-caller',
    { text: 'open at once on one server; 2,000 of each noun for all callers together' },
  ],
  [
    'limits.wrong-tokens-burst',
    { text: 'wrong tokens from one address before it has to wait; others are not held up' },
  ],
  ['limits.wrong-tokens-per-minute', { text: 'from then on' }],
  [
    'server-name',
    {
      otherwise: "the host's name",
      text: 'shown in audit records and in the election; two servers need two names',
    },
  ],
  ['log-level', { text: 'one JSON object a line on standard output' }],
  [
    'etcd.endpoints',
    {
      isSabakans: true,
      holds: 'a list of URLs such as [http://127.0.0.1:2379]',
      text: 'all http or all https',
    },
  ],
  ['etcd.prefix', { isSabakans: true, text: 'before every key; ends with a slash' }],
  ['etcd.timeout', { isSabakans: true, otherwise: '`2s`', text: 'of one call' }],
  ['etcd.username', { isSabakans: true, text: 'with a password: the user this server is to etcd' }],
  ['etcd.password', { isSabakans: true, text: 'of that user; never shown or logged' }],
  [
    'etcd.tls-ca-file',
    { isSabakans: true, text: 'PEM file of the authority that signed etcd’s certificates' },
  ],
  [
    'etcd.tls-cert-file',
    {
      isSabakans: true,
      text: 'PEM file of this server’s certificate, where etcd asks its clients for one',
    },
  ],
  ['etcd.tls-key-file', { isSabakans: true, text: 'PEM file of that certificate’s key' }],
  ['etcd.tls-ca', { isSabakans: true, text: 'the PEM text itself, in the place of `tls-ca-file`' }],
  [
    'etcd.tls-cert',
    { isSabakans: true, text: 'the PEM text itself, in the place of `tls-cert-file`' },
  ],
  [
    'etcd.tls-key',
    { isSabakans: true, text: 'the PEM text itself, in the place of `tls-key-file`' },
  ],
  [
    'etcd.max-txn-ops',
    {
      text: "etcd's `--max-txn-ops`; one change takes far more operations than this ([how](adr/0005-big-commits.md))",
    },
  ],
  [
    'etcd.max-request-bytes',
    { text: "etcd's `--max-request-bytes`: a larger change is refused before anything is written" },
  ],
  [
    'etcd.embedded.data-dir',
    {
      text: '`embedded` in the place of `endpoints`: Debian’s etcd runs as a child process, with its data here',
    },
  ],
  ['dhcp-bind', { isSabakans: true, text: 'firmware needs port 67' }],
  ['dhcp.enabled', { text: 'false: DHCP is served by others' }],
  [
    'dhcp.interfaces',
    {
      holds: '`all`, or a list of links such as [eth1]',
      otherwise: '`all` with `dhcp-bind: 0.0.0.0:67`, else `[]`',
      text: 'links on which machines are answered directly; links whose address lies outside the node pool stay silent, and relays are answered in any case',
    },
  ],
  [
    'dhcp.relay-networks',
    {
      otherwise: 'the node pool',
      holds: 'a list of IPv4 networks such as [10.69.0.0/20]',
      text: 'relays (giaddr) outside these networks are not answered',
    },
  ],
  [
    'dhcp.http-boot-url',
    {
      otherwise: '`advertise-url`',
      text: "where firmware's own HTTP boot (UEFI) loads iPXE from: https with the address of `api-https`, where the firmware of all such machines trusts the authority of that certificate; nothing in a request says whether it does",
    },
  ],
  [
    'dhcp.loaders',
    {
      holds: 'a mapping of architecture numbers (DHCP option 93) to names of files in `tftp.root`',
      text: 'what a kind of firmware loads, beside or in the place of the usual: `{ 11: ipxe-arm64.efi, 19: ipxe-arm64.efi }` for arm64 by PXE and by HTTP, of which Debian has no iPXE',
    },
  ],
  [
    'boot.downloads-max',
    {
      text: 'machines that load kernel and initrd from this server at a time; iPXE tells the others their place; 0: any number',
    },
  ],
  [
    'dhcp.probe-ms',
    {
      text: 'how long an address is asked for (ARP, behind a relay ICMP) before it is offered for the first time; 0: not at all',
    },
  ],
  [
    'discovery.image',
    {
      otherwise: 'none: they wait in iPXE',
      holds: 'the id of a boot image',
      text: 'what machines that nobody registered boot before they wait, in networks that discover them: it looks what they are made of',
    },
  ],
  ['discovery.kernel-params', { text: 'kernel parameters of that image' }],
  [
    'discovery.on-rejected',
    {
      text: 'what a rejected machine does: goes on to its next boot device, or stays and asks again every ten minutes',
    },
  ],
  ['tftp.enabled', { text: 'false: TFTP is served by others' }],
  ['tftp.listen', { text: 'firmware needs port 69' }],
  ['tftp.root', { text: 'folder of `ipxe.efi`, `snponly.efi`, `undionly.kpxe`' }],
  [
    'health.probes',
    {
      otherwise: 'one, TCP port 22',
      text: '`{ name, kind: tcp, port }` or `{ name, kind: http, port, path, expect-status }`',
    },
  ],
  ['health.interval-seconds', { text: 'each machine is asked all probes once in this time' }],
  ['health.timeout-ms', { text: 'of one probe' }],
  ['health.patience-seconds', { text: 'silence before `unreachable`' }],
  ['health.recoveries', { text: 'good passes in a row before `healthy`' }],
  [
    'health.failures-to-unhealthy',
    { text: 'passes in which one probe fails while another is answered, before `unhealthy`' },
  ],
  [
    'health.crowd.rack-share',
    {
      text: 'this share of a rack (and at least `rack-machines-min`) in trouble together: nobody is moved',
    },
  ],
  [
    'health.crowd.rack-machines-min',
    { text: 'fewer machines than these are never a crowd, however small the rack' },
  ],
  ['health.crowd.fleet-share', { text: 'the same over the fleet' }],
  ['health.crowd.fleet-machines-min', { text: 'the same over the fleet' }],
  ['health.crowd.window-seconds', { text: 'what "together" means' }],
  [
    'health.flap.departures-max',
    { text: 'a machine that left `healthy` more often than this is held out' },
  ],
  ['health.flap.window-seconds', { text: 'within which departures count' }],
  ['health.flap.stable-seconds', { text: 'how long it must be good before it is let in again' }],
  ['health.clock.jump-seconds-max', { text: 'a wall clock that jumps further holds all moves' }],
  ['health.clock.settle-seconds', { text: 'how long time must run evenly before moves go on' }],
  ['health.probes-in-flight-max', { text: 'probes under way at once, over the whole fleet' }],
  ['health.allow-loopback', { text: 'probe machines on 127.0.0.0/8, as the demo does' }],
  [
    'cluster.template',
    {
      otherwise: 'required',
      text: "a file in the shape of CKE's cluster.yml: one control-plane node and at least one worker, without addresses",
    },
  ],
  [
    'cluster.output',
    { otherwise: 'required', text: 'where `cluster.yml` is written; its folder must exist' },
  ],
  ['cluster.constraints.control-plane-count', { text: 'exact number of control planes' }],
  [
    'cluster.constraints.minimum-workers-rate',
    { text: 'percent of the wanted workers that must be healthy after one has left' },
  ],
  ['cluster.workers', { text: 'every healthy machine, or a count for each role: `{ cs: 20 }`' }],
  [
    'cluster.spares',
    {
      holds: 'a mapping from roles to counts',
      text: 'healthy machines per role that stay out of the cluster, to step in for failed workers',
    },
  ],
  ['cluster.excluded-roles', { holds: 'a list of roles', text: 'never offered to a cluster' }],
  ['cluster.min-healthy-seconds', { text: 'before a healthy machine is offered' }],
  ['cluster.replace-after-seconds', { text: 'a worker is down so long before a spare steps in' }],
  ['cluster.newcomer-settle-seconds', { text: 'before the failed worker leaves' }],
  ['cluster.retired-stay-seconds', { text: 'how long a retired machine stays listed' }],
  [
    'cluster.replace-control-plane-after-seconds',
    { text: 'how long a control plane is down before it is replaced' },
  ],
  [
    'cluster.control-plane-settle-seconds',
    { text: 'pause between two changes of the control planes' },
  ],
  [
    'cluster.spread-wait-seconds',
    { text: 'how long the first cluster waits for candidates in more racks' },
  ],
  [
    'cluster.taint-interval-seconds',
    { text: 'at most one change of a node’s state taint in this time; retirement is told at once' },
  ],
  ['cluster.flaps-max', { text: 'so many falls within `flap-window-seconds` hold a machine out' }],
  ['cluster.flap-window-seconds', { text: 'within which falls count' }],
  [
    'cluster.flap-hold-seconds',
    { text: 'how long such a machine must have been healthy before it is offered again' },
  ],
  ['cluster.removals-per-pass-max', { text: 'nodes that one pass may take out of the cluster' }],
  ['cluster.removals-percent-max', { text: 'the same in percent of the cluster' }],
  ['cluster.seconds-between-removals', { text: 'pause between two passes that take nodes out' }],
  [
    'cluster.vanished-percent-max',
    { text: 'more members gone from the inventory at once: nothing is changed' },
  ],
  ['cluster.down-percent-max', { text: 'more members down at once: taints only' }],
  [
    'cluster.rack-down-percent-max',
    { text: 'more of a rack down: one incident, nobody in it is replaced' },
  ],
  ['cluster.nodes-max', { text: 'nodes in the cluster; Kubernetes supports 5,000' }],
  [
    'cluster.interval-seconds',
    { text: 'a pass at least this often; changes of the inventory wake it sooner' },
  ],
  ['cluster.debounce-ms', { text: 'how long changes of the inventory are gathered before a pass' }],
]);
