import { describe, expect, it } from 'vitest';
import { formatConfigMistake, parseConfig, parseFlags } from '../../src/sabakan/config.ts';

const minimal =
  'advertise-url: http://10.69.0.3:10080\nadvertise-url-https: https://10.69.0.3:10443\n';

function mistakesOf(yaml: string): readonly string[] {
  const config = parseConfig(yaml);
  return config.ok ? [] : config.error.map((mistake) => formatConfigMistake('tetsu.yml', mistake));
}

describe('configuration file', () => {
  it('needs the two advertise URLs and nothing else', () => {
    const config = parseConfig(minimal);
    expect(config.ok && config.value).toMatchObject({
      http: { address: '0.0.0.0', port: 10_080 },
      metrics: { address: '0.0.0.0', port: 10_081 },
      dhcp: { enabled: true, bind: { address: '0.0.0.0', port: 10_067 }, interfaces: [] },
      etcd: {
        kind: 'external',
        endpoints: ['http://127.0.0.1:2379'],
        prefix: '/sabakan/',
        timeoutMs: 2000,
      },
      access: {
        ...{ auth: 'open', allowIpsRole: 'admin', openMutations: false },
        allowIps: [
          { family: 4, base: 0x7f00_0001n, prefixLength: 32 },
          { family: 6, base: 1n, prefixLength: 128 },
        ],
      },
      dataDir: '/var/lib/sabakan',
      tls: {
        ...{ cert: '/etc/sabakan/server.crt', key: '/etc/sabakan/server.key' },
        configured: false,
      },
      cluster: undefined,
    });
  });

  it.each([
    ['dhcp-bind: 0.0.0.0:67', 'all'],
    ['dhcp-bind: 0.0.0.0:67\ndhcp: { interfaces: [] }', []],
    ['dhcp-bind: 0.0.0.0:67\ndhcp: { interfaces: [eth1] }', ['eth1']],
    ['dhcp-bind: 10.69.0.3:67', []],
    ['dhcp-bind: 0.0.0.0:10067\ndhcp: { interfaces: all }', 'all'],
  ])('%j answers DHCP on the links %j', (yaml, expected) => {
    const config = parseConfig(`${minimal}${yaml}\n`);
    expect(config.ok && config.value.dhcp.interfaces).toEqual(expected);
  });

  it.each([
    ['', undefined],
    ['health:\n', undefined],
    ['health: {}\n', 10],
    ['health: { interval-seconds: 5 }\n', 5],
  ])('with %j machines are probed every %s seconds', (yaml, expected) => {
    const config = parseConfig(`${minimal}${yaml}`);
    expect(config.ok && config.value.health?.intervalSeconds).toBe(expected);
  });

  it.each([
    ['', 'open', 'admin'],
    ['auth: required\n', 'required', 'none'],
    ['auth: required\nauth-allow-ips: admin\n', 'required', 'admin'],
    ['auth-allow-ips: none\n', 'open', 'none'],
  ])('%j: auth is %s, and an address in allow-ips makes %s', (yaml, auth, allowIpsRole) => {
    const config = parseConfig(`${minimal}${yaml}`);
    expect(config.ok && config.value.access).toMatchObject({ auth, allowIpsRole });
  });

  it.each([
    ['api-https: { listen: "0.0.0.0:10444" }', undefined],
    ['api-https: { listen: nowhere }', 'api-https.listen'],
    ['api-https: { listen: ":1", cert: /a }', 'api-https.cert'],
    ['api-https: { listen: ":1", client-roles: { a: admin } }', 'api-https.client-roles'],
    ['api-https: { client-ca: /c, client-roles: { a: root } }', 'api-https.client-roles.a'],
    ['api-https: { client-ca: /c, client-roles: [admin] }', 'api-https.client-roles'],
    ['api-https: { port: 1 }', 'api-https.port'],
  ])('%s: the mistake is at %s', (yaml, member) => {
    const config = parseConfig(`${minimal}${yaml}\n`);
    expect(config.ok ? undefined : config.error[0]?.member).toBe(member);
  });

  it('does not open GraphQL to anyone where credentials are required', () => {
    const config = parseConfig(`${minimal}auth: required\ngraphql-mutations: anyone\n`);
    expect(!config.ok && config.error[0]?.member).toBe('graphql-mutations');
  });

  it('reports every mistake at once, in the order of its lines', () => {
    const yaml = `http: nowhere
advertise-url: ftp://x
htp: 0.0.0.0:1
etcd:
  endpoints: [http://a:2379, https://b:2379]
  embedded:
    data-dir: relative
  timeout: soon
health:
  interval-seconds: never
  probes: [{ name: web, kind: http, port: 0, path: /health }]
cluster:
  template: /etc/tetsukan/template.yml
  output: /var/lib/tetsukan/cluster.yml
  workers: some
  min-healthy-secs: 4
`;
    const text = mistakesOf(yaml).join('\n');
    expect(text).toMatch(/^tetsu.yml: advertise-url-https: is required/);
    for (const part of [
      'tetsu.yml:1: http: must be an address and a port',
      'tetsu.yml:2: advertise-url: must be a URL',
      'tetsu.yml:3: htp: unknown member: did you mean http?; known here: advertise-url',
      'tetsu.yml:5: etcd.endpoints: contradicts embedded',
      'tetsu.yml:7: etcd.embedded.data-dir: must be an absolute path, not "relative"',
      'tetsu.yml:8: etcd.timeout: must be a duration',
      'tetsu.yml:10: health.interval-seconds:',
      'tetsu.yml:11: health.probes.0.port:',
      'tetsu.yml:15: cluster.workers:',
      'tetsu.yml:16: cluster.min-healthy-secs:',
    ]) {
      expect(text).toContain(part);
    }
  });

  it.each([
    ['', 'advertise-url: is required'],
    ['- a list', 'must be a mapping'],
    ['a: [1', 'tetsu.yml:1'],
    [`${minimal}http: 1.2.3.4:1\nhttp: 1.2.3.4:2`, 'tetsu.yml:4'],
    [`${minimal}health: { probeS: [] }`, 'health'],
    [
      `${minimal}allow-ips: ["::1", 10.0.0.0/33]`,
      'allow-ips.1: "10.0.0.0/33" is not an IP address',
    ],
    [`${minimal}etcd: { prefix: /sabakan }`, 'must end with a slash'],
    [`${minimal}etcd: { tls-ca: x, tls-ca-file: y }`, 'contradicts tls-ca-file'],
    [
      `${minimal}dhcp: { relay-networks: [10.0.0.1/8] }`,
      'has host bits set: the network is 10.0.0.0/8',
    ],
    [`${minimal}dhcp: { loaders: { arm: x.efi } }`, 'must be a number of DHCP option 93'],
    [`${minimal}dhcp: { loaders: { 11: ../x.efi } }`, 'must be the name of a file in tftp.root'],
    [
      `${minimal}dhcp: { http-boot-url: 10.69.0.3 }`,
      'dhcp.http-boot-url: must be a URL such as https://10.69.0.3:10444',
    ],
  ])('%j is refused: %s', (yaml, part) => {
    expect(mistakesOf(yaml).join('\n')).toContain(part);
  });
});

describe('a configuration written for Sabakan', () => {
  it('is taken as it is, with every member Sabakan has', () => {
    const yaml = `http: 0.0.0.0:10080
https: 0.0.0.0:10443
metrics: 0.0.0.0:10081
dhcp-bind: 0.0.0.0:67
ipxe-efi-path: /usr/lib/ipxe/ipxe.efi
data-dir: /var/lib/sabakan
advertise-url: http://10.69.0.195:10080
advertise-url-https: https://10.69.0.195:10443
allow-ips: [10.69.0.0/26, 127.0.0.1, "::1"]
enable-playground: true
server-cert: /etc/sabakan/server.crt
server-key: /etc/sabakan/server.key
etcd:
  endpoints: ["https://10.69.0.3:2379", "https://10.69.0.195:2379"]
  prefix: /sabakan/
  timeout: 1m1.5s
  username: sabakan
  password: "1"
  tls-ca-file: /etc/sabakan/ca.crt
  tls-cert: |
    -----BEGIN CERTIFICATE-----
  tls-key: |
    -----BEGIN PRIVATE KEY-----
`;
    const config = parseConfig(yaml);
    expect(config.ok ? config.value.etcd : config.error).toMatchObject({
      timeoutMs: 61_500,
      tlsCa: { file: '/etc/sabakan/ca.crt' },
      tlsCert: { pem: '-----BEGIN CERTIFICATE-----\n' },
    });
    expect(config.ok && config.value).toMatchObject({
      enablePlayground: true,
      access: { openMutations: false },
      dhcp: { bind: { address: '0.0.0.0', port: 67 } },
    });
  });

  it.each([
    ['htttps: x', 'did you mean https?'],
    ['Data-Dir: /x', 'did you mean data-dir?'],
    ['etcd: { endpoint: [x] }', 'etcd.endpoint: unknown member: did you mean endpoints?'],
    ['watchdog: true', 'take it out (Sabakan passes over such a member'],
  ])('with %j beside says what to do', (line, advice) => {
    expect(mistakesOf(`${minimal}${line}\n`).join('\n')).toContain(advice);
  });

  it.each(['', '2', 's', '2 s', '-2s', '2d', '1m-1s'])('has no duration of %j', (text) => {
    expect(mistakesOf(`${minimal}etcd: { timeout: "${text}" }`).join()).toMatch(/duration/);
  });
});

describe('flags', () => {
  it("are Sabakan's, lists with commas", () => {
    const config = parseFlags(
      new Map([
        ['advertise-url', 'http://10.69.0.3:10080'],
        ['advertise-url-https', 'https://10.69.0.3:10443'],
        ['etcd-endpoints', 'http://a:2379,http://b:2379'],
        ['allow-ips', '10.0.0.0/8,::1'],
      ]),
    );
    expect(config.ok && config.value).toMatchObject({
      etcd: { endpoints: ['http://a:2379', 'http://b:2379'] },
      access: {
        allowIps: [
          { family: 4, base: 0x0a00_0000n, prefixLength: 8 },
          { family: 6, base: 1n, prefixLength: 128 },
        ],
      },
    });
  });

  it('that nobody knows are mistakes', () => {
    const config = parseFlags(new Map([['htp', 'x']]));
    expect(!config.ok && config.error[0]?.text).toContain('unknown flag');
  });
});
