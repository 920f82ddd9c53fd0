/**
 * Databases as Sabakan's releases left them, byte for byte: keys relative to the prefix, JSON as Go's encoder writes it
 * (members in the order of its structs, no spaces, `null` for what was never set, times with nanoseconds).
 */

export type OldDatabase = Readonly<Record<string, string>>;

const nic = (address: string, maskbits: number, netmask: string, gateway: string): string =>
  `{"address":"${address}","netmask":"${netmask}","maskbits":${maskbits},"gateway":"${gateway}"}`;
const nodeNic = (address: string, gateway: string): string =>
  nic(address, 26, '255.255.255.192', gateway);
const bmcNic = (address: string): string => nic(address, 20, '255.255.240.0', '10.72.16.1');

const specA =
  '{"serial":"1234abcd","labels":{"datacenter":"tokyo1","product":"R640"},"rack":0,"index-in-rack":3,"role":"boot",' +
  '"ipv4":["10.69.0.3","10.69.0.67","10.69.0.131"],"ipv6":null,' +
  '"register-date":"2018-12-20T02:03:04.123456789Z","retire-date":"2023-12-20T11:03:04.000000345+09:00",' +
  '"bmc":{"ipv4":"10.72.17.3","ipv6":"","type":"iDRAC-9"}}';
const statusA = '{"timestamp":"2019-01-05T23:59:59.999999999Z","duration":0,"state":"healthy"}';
const infoA = `{"network":{"ipv4":[${nodeNic('10.69.0.3', '10.69.0.1')},${nodeNic('10.69.0.67', '10.69.0.65')},${nodeNic('10.69.0.131', '10.69.0.129')}]},"bmc":{"ipv4":${bmcNic('10.72.17.3')}}}`;
const specB =
  '{"serial":"5678efgh","labels":null,"rack":1,"index-in-rack":4,"role":"cs",' +
  '"ipv4":["10.69.0.196","10.69.1.4","10.69.1.68"],"ipv6":null,' +
  '"register-date":"2018-12-20T02:03:04Z","retire-date":"2018-12-20T02:03:04Z",' +
  '"bmc":{"ipv4":"10.72.17.36","ipv6":"","type":"IPMI-2.0"}}';
const statusB = '{"timestamp":"2018-12-20T02:03:04Z","duration":0,"state":"uninitialized"}';
const infoB = `{"network":{"ipv4":[${nodeNic('10.69.0.196', '10.69.0.193')},${nodeNic('10.69.1.4', '10.69.1.1')},${nodeNic('10.69.1.68', '10.69.1.65')}]},"bmc":{"ipv4":${bmcNic('10.72.17.36')}}}`;

const ipam = (gateway: string): string =>
  '{"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-range-size":6,"node-ipv4-range-mask":26,' +
  `"node-ip-per-node":3,"node-index-offset":3${gateway},` +
  '"bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-offset":"0.0.1.0","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,' +
  '"bmc-ipv4-gateway-offset":1}';

const sha256 = 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9';

const common: OldDatabase = {
  'node-indices/0': '[3]',
  'node-indices/1': '[4]',
  'node-indices/2': 'null',
  'crypts/1234abcd/0a1b2c3d4e5f60718293a4b5c6d7e8f9': '\u0000\u0001key bytes',
  'lease-usages/10.69.0.32':
    '{"52:54:00:12:34:56":{"index":0,"lease":"2019-01-05T10:00:00.123456789Z"},' +
    '"ff:00:00:00:00:01":{"index":1,"lease":"2019-01-05T10:00:00Z"}}',
  'images/coreos':
    '[{"id":"1855.4.0","date":"2018-12-20T02:03:04.5Z","size":345678,' +
    '"urls":["http://10.69.0.3:10080/api/v1/images/coreos/1855.4.0"],"exists":false}]',
  'images/coreos/deleted': '["1800.1.0"]',
  assets: '2',
  'assets/cybozu-debian.tar':
    '{"name":"cybozu-debian.tar","id":"2","content-type":"application/x-tar","date":"2018-12-20T02:03:04Z","size":3,' +
    `"sha256":"${sha256}","urls":["http://10.69.0.3:10080/api/v1/assets/cybozu-debian.tar"],"exists":false,"options":null}`,
  'kernel-params/coreos': 'console=ttyS0 coreos.autologin=ttyS0',
  'audit/20181220/000000000000001f':
    '{"ts":"2018-12-20T02:03:04.000000001Z","rev":"31","user":"cybozu","ip":"127.0.0.1","host":"boot-0",' +
    '"category":"machines","instance":"","action":"register","detail":"[]"}',
  audit: '"2018-12-20T01:00:00.123456789Z"',
};

/** A file's content, as version 2 keeps it: a template, not a URL. */
export const oldContent = '{"role": "{{ .Spec.Role }}", "größe": 100%}\n';

const oldTemplate = JSON.stringify({
  ignition: { version: '2.2.0' },
  storage: {
    files: [
      {
        filesystem: 'root',
        path: '/etc/rack',
        contents: { source: oldContent, verification: {} },
        mode: 420,
      },
      { filesystem: 'root', path: '/etc/empty', contents: {}, mode: 420 },
    ],
  },
  systemd: { units: [{ name: 'a.service', contents: '{{ Metadata "version" }}' }] },
});
const oldMeta = '{"version":"1.2.0","big":12345678901234567890,"float":1.0}';

/** Sabakan 1.0 or 1.1: no `version` key, the gateway offset in `dhcp`, machines that know only their BMC's network. */
export const sabakan1: OldDatabase = {
  ...common,
  ipam: ipam(''),
  dhcp: '{"gateway-offset":1,"lease-minutes":60}',
  'machines/1234abcd': `{"spec":${specA},"status":${statusA},"info":{"bmc":{"ipv4":${bmcNic('10.72.17.3')}}}}`,
  'machines/5678efgh': `{"spec":${specB},"status":${statusB},"info":{"bmc":{"ipv4":${bmcNic('10.72.17.36')}}}}`,
  'ignitions/templates/boot/1545271384': oldTemplate,
  'ignitions/meta/boot/1545271384': oldMeta,
  'ignitions/templates/cs/1.0.0': '{"ignition":{"version":"2.2.0"}}',
};

/** Sabakan 1.2: templates in two records. */
export const sabakan2: OldDatabase = {
  ...sabakan1,
  version: '2',
  ipam: ipam(',"node-gateway-offset":1'),
  'machines/1234abcd': `{"spec":${specA},"status":${statusA},"info":${infoA}}`,
  'machines/5678efgh': `{"spec":${specB},"status":${statusB},"info":${infoB}}`,
  'ignitions/meta/cs/0.9.0': '{"left":"over"}',
};

const {
  'ignitions/templates/boot/1545271384': _template,
  'ignitions/meta/boot/1545271384': _meta,
  'ignitions/templates/cs/1.0.0': _small,
  'ignitions/meta/cs/0.9.0': _dangling,
  ...rest
} = sabakan2;

/** Sabakan 2 and 3. */
export const sabakan3: OldDatabase = {
  ...rest,
  version: '3',
  'ignitions/boot/1545271384': `{"version":"2.2","template":{"ignition":{"config":{},"security":{"tls":{}},"timeouts":{},"version":"2.2.0"},"networkd":{},"passwd":{},"storage":{"files":[{"filesystem":"root","path":"/etc/rack","contents":{"source":"data:,${encodeURIComponent(oldContent)}","verification":{}},"mode":420}]},"systemd":{"units":[{"contents":"{{ Metadata \\"version\\" }}","name":"a.service"}]}},"meta":{"version":"1.2.0"}}`,
  'ignitions/cs/1.0.0': '{"version":"2.3","template":{"ignition":{"version":"2.3.0"}},"meta":null}',
};

/** What an upgrade makes of `sabakan1` and `sabakan2`: every key that is not as it was before. */
export const upgraded: OldDatabase = {
  version: '3',
  ipam: ipam('').replace(/\}$/, ',"node-gateway-offset":1}'),
  'machines/1234abcd': `{"spec":${specA},"status":${statusA},"info":${infoOf(infoA)}}`,
  'machines/5678efgh': `{"spec":${specB},"status":${statusB},"info":${infoOf(infoB)}}`,
  'ignitions/boot/1545271384': `{"version":"2.2","template":${JSON.stringify({
    ignition: { version: '2.2.0' },
    storage: {
      files: [
        {
          filesystem: 'root',
          path: '/etc/rack',
          contents: {
            source:
              'data:,%7B%22role%22%3A%20%22%7B%7B%20.Spec.Role%20%7D%7D%22%2C%20%22gr%C3%B6%C3%9Fe%22%3A%20100%25%7D%0A',
            verification: {},
          },
          mode: 420,
        },
        { filesystem: 'root', path: '/etc/empty', contents: { source: 'data:,' }, mode: 420 },
      ],
    },
    systemd: { units: [{ name: 'a.service', contents: '{{ Metadata "version" }}' }] },
  })},"meta":${oldMeta}}`,
  'ignitions/cs/1.0.0': '{"version":"2.2","template":{"ignition":{"version":"2.2.0"}},"meta":null}',
};

/** Members in the order an upgrade finds or adds them: the BMC was there first. */
function infoOf(info: string): string {
  const { network, bmc } = JSON.parse(info) as { network: unknown; bmc: unknown };
  return JSON.stringify({ bmc, network });
}
