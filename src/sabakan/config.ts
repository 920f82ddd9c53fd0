/**
 * The configuration: Sabakan's flags and YAML members with their defaults, and our own. Either the whole of it is right
 * or every mistake is reported at once.
 */

import { type Cidr, parseCidr } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Endpoint } from '../base/world.ts';
import {
  type BridgeSettings,
  type Constraints,
  parseBridgeSettings,
  parseConstraints,
} from '../cke-bridge/settings.ts';
import { type HealthPolicy, parseHealthPolicy } from '../health/policy.ts';
import { parseAllowedNetwork } from './allow-ips.ts';
import { type ConfigMistake, readPlain, readYaml, type Section } from './config-reader.ts';
import { isAbsolute, normalizedUrl } from './config-text.ts';

export type { ConfigMistake } from './config-reader.ts';

export type Config = {
  readonly http: Endpoint;
  readonly https: Endpoint;
  readonly metrics: Endpoint;
  /** `http://10.69.0.3:10080`, no slash at the end: what machines are told to load from. */
  readonly advertiseUrl: string;
  readonly advertiseUrlHttps: string;
  readonly allowIps: readonly string[];
  /** Absolute; images live here. */
  readonly dataDir: string;
  readonly ipxeEfiPath: string;
  readonly enablePlayground: boolean;
  readonly serverCert: string | undefined;
  readonly serverKey: string | undefined;
  /** How this server is called in audit records and in the election; default: the host's name. */
  readonly serverName: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly etcd: EtcdSettings;
  readonly dhcp: {
    readonly enabled: boolean;
    readonly bind: Endpoint;
    readonly interfaces: readonly string[] | 'all';
    readonly relayNetworks: readonly Cidr[];
  };
  readonly tftp: { readonly enabled: boolean; readonly listen: Endpoint; readonly root: string };
  readonly health: HealthPolicy;
  readonly cluster: ClusterSettings | undefined;
};

export type EtcdSettings = {
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly maxTxnOps: number;
} & (
  | { readonly kind: 'embedded'; readonly directory: string }
  | {
      readonly kind: 'external';
      readonly endpoints: readonly string[];
      readonly username: string;
      readonly password: string;
      /** Paths or PEM texts. */
      readonly tlsCa: PemSource | undefined;
      readonly tlsCert: PemSource | undefined;
      readonly tlsKey: PemSource | undefined;
    }
);

export type PemSource = { readonly file: string } | { readonly pem: string };

export type ClusterSettings = {
  /** A file in the shape of CKE's cluster.yml. */
  readonly templateFile: string;
  /** Where the generated cluster.yml goes. */
  readonly output: string;
  readonly constraints: Constraints;
  readonly settings: BridgeSettings;
};

export function parseConfig(yamlText: string): Result<Config, readonly ConfigMistake[]> {
  const mistakes: ConfigMistake[] = [];
  const root = readYaml(yamlText, mistakes);
  const config = root === undefined ? undefined : readConfig(root);
  if (config === undefined || mistakes.length > 0) return fail(inOrder(mistakes));
  return ok(config);
}

/** Sabakan's flags, without their dash, in the place of a file: `etcd-endpoints`, `allow-ips` … */
export function parseFlags(
  flags: ReadonlyMap<string, string>,
): Result<Config, readonly ConfigMistake[]> {
  const mistakes: ConfigMistake[] = [];
  const plain: Record<string, unknown> = {};
  const etcd: Record<string, unknown> = {};
  for (const [name, value] of flags) {
    if (!flagNames.includes(name)) {
      mistakes.push({
        line: undefined,
        member: `-${name}`,
        text: `unknown flag; known: ${flagNames.join(', ')}`,
      });
    } else if (name === 'etcd-endpoints') etcd['endpoints'] = value.split(',');
    else if (name.startsWith('etcd-tls-')) etcd[`${name.slice('etcd-'.length)}-file`] = value;
    else if (name.startsWith('etcd-')) etcd[name.slice('etcd-'.length)] = value;
    else if (name === 'allow-ips') plain[name] = value.split(',');
    else if (name === 'enable-playground') plain[name] = value !== 'false';
    else plain[name] = value;
  }
  const config = readConfig(readPlain({ ...plain, etcd }, mistakes));
  return mistakes.length > 0 || config === undefined ? fail(mistakes) : ok(config);
}

export const flagNames: readonly string[] = [
  ...[
    'http',
    'https',
    'metrics',
    'dhcp-bind',
    'ipxe-efi-path',
    'data-dir',
    'advertise-url',
    'advertise-url-https',
  ],
  ...[
    'allow-ips',
    'enable-playground',
    'server-cert',
    'server-key',
    'etcd-endpoints',
    'etcd-prefix',
    'etcd-timeout',
  ],
  ...['etcd-username', 'etcd-password', 'etcd-tls-ca', 'etcd-tls-cert', 'etcd-tls-key'],
];

export function formatConfigMistake(file: string, mistake: ConfigMistake): string {
  const where = mistake.line === undefined ? file : `${file}:${mistake.line}`;
  return `${where}: ${mistake.member === '' ? '' : `${mistake.member}: `}${mistake.text}`;
}

function readConfig(root: Section): Config {
  const cluster = root.has('cluster') ? readCluster(root.section('cluster')) : undefined;
  const dhcp = root.section('dhcp');
  const tftp = root.section('tftp');
  const cert = root.optionalText('server-cert');
  const key = root.optionalText('server-key');
  if ((cert === undefined) !== (key === undefined)) {
    root.mistake(
      cert === undefined ? 'server-key' : 'server-cert',
      'server-cert and server-key go together',
    );
  }
  const config: Config = {
    http: endpoint(root, 'http', '0.0.0.0:10080'),
    https: endpoint(root, 'https', '0.0.0.0:10443'),
    metrics: endpoint(root, 'metrics', '0.0.0.0:10081'),
    advertiseUrl: advertiseUrl(root, 'advertise-url', 'http'),
    advertiseUrlHttps: advertiseUrl(root, 'advertise-url-https', 'https'),
    allowIps: allowedNetworks(root),
    dataDir: absolutePath(root, 'data-dir', '/var/lib/sabakan'),
    ipxeEfiPath: absolutePath(root, 'ipxe-efi-path', '/usr/lib/ipxe/ipxe.efi'),
    enablePlayground: root.flag('enable-playground', false),
    serverCert: cert,
    serverKey: key,
    serverName: root.optionalText('server-name'),
    logLevel: oneOf(root, 'log-level', ['debug', 'info', 'warn', 'error'] as const, 'info'),
    etcd: readEtcd(root.section('etcd')),
    dhcp: {
      enabled: dhcp.flag('enabled', true),
      bind: endpoint(root, 'dhcp-bind', '0.0.0.0:10067'),
      interfaces: dhcp.raw('interfaces') === 'all' ? 'all' : dhcp.texts('interfaces', []),
      relayNetworks: networks(dhcp, 'relay-networks'),
    },
    tftp: {
      enabled: tftp.flag('enabled', true),
      listen: endpoint(tftp, 'listen', '0.0.0.0:69'),
      root: absolutePath(tftp, 'root', '/usr/lib/ipxe'),
    },
    health: readHealth(root),
    cluster,
  };
  dhcp.refuseOthers();
  tftp.refuseOthers();
  root.refuseOthers();
  return config;
}

function readEtcd(section: Section): EtcdSettings {
  const prefix = section.text('prefix', '/sabakan/');
  if (!prefix.endsWith('/'))
    section.mistake('prefix', `must end with a slash, such as "${prefix}/"`);
  const common = {
    prefix,
    timeoutMs: duration(section, 'timeout', 2000),
    maxTxnOps: section.integer('max-txn-ops', 128, [16, 100_000]),
  };
  const external = {
    kind: 'external',
    endpoints: section.texts('endpoints', ['http://127.0.0.1:2379']),
    username: section.text('username', ''),
    password: section.text('password', ''),
    tlsCa: pem(section, 'tls-ca'),
    tlsCert: pem(section, 'tls-cert'),
    tlsKey: pem(section, 'tls-key'),
  } as const;
  if (!section.has('embedded')) {
    for (const [at, url] of external.endpoints.entries()) {
      if (normalizedUrl(url, ['http', 'https']) === undefined) {
        section.mistake(
          `endpoints/${at}`,
          `must be a URL such as http://127.0.0.1:2379, not "${url}"`,
        );
      }
    }
    const schemes = new Set(external.endpoints.map((url) => url.split(':')[0]));
    if (schemes.size > 1) section.mistake('endpoints', 'must be all http or all https');
    if ((external.tlsCert === undefined) !== (external.tlsKey === undefined)) {
      section.mistake('tls-cert', 'a client certificate and its key go together');
    }
    if (external.tlsCa !== undefined && schemes.has('http')) {
      section.mistake(
        'endpoints',
        'are http while TLS is configured: use https or leave the tls members out',
      );
    }
    section.refuseOthers();
    return { ...common, ...external };
  }
  for (const name of ['endpoints', 'username', 'password']) {
    if (section.has(name))
      section.mistake(name, 'contradicts embedded: etcd is either embedded or external');
  }
  const embedded = section.section('embedded');
  const directory = absolutePath(embedded, 'data-dir', '/var/lib/tetsukan/etcd');
  embedded.refuseOthers();
  section.refuseOthers();
  return { ...common, kind: 'embedded', directory };
}

function readCluster(section: Section): ClusterSettings {
  const own = ['template', 'output', 'constraints'];
  const templateFile = absolutePath(section, 'template', '');
  const output = absolutePath(section, 'output', '');
  for (const [name, value] of [
    ['template', templateFile],
    ['output', output],
  ] as const) {
    if (value === '' && !section.has(name)) section.mistake(name, 'is required: an absolute path');
  }
  const constraints = parseConstraints(section.raw('constraints'));
  if (!constraints.ok) {
    for (const { path, text } of constraints.error) section.mistake(`constraints${path}`, text);
  }
  const settings = parseBridgeSettings(section.others(own));
  if (!settings.ok)
    for (const { path, text } of settings.error) section.mistake(path.slice(1), text);
  return {
    templateFile,
    output,
    constraints: constraints.ok ? constraints.value : ({} as Constraints),
    settings: settings.ok ? settings.value : ({} as BridgeSettings),
  };
}

/** The policy's members, in the hyphenated spelling of this file. */
function readHealth(root: Section): HealthPolicy {
  const policy = parseHealthPolicy(camelCased(root.raw('health') ?? {}));
  if (policy.ok) return policy.value;
  for (const { path, text } of policy.error) root.mistake(`health${hyphenated(path)}`, text);
  return {} as HealthPolicy;
}

function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      // A name that is camelCase already is not ours: keep it unknown.
      /[A-Z]/.test(name)
        ? `${name}?`
        : name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      camelCased(inner),
    ]),
  );
}

function hyphenated(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function endpoint(section: Section, name: string, otherwise: string): Endpoint {
  const text = section.text(name, otherwise);
  const cut = text.lastIndexOf(':');
  const port = /^\d{1,5}$/.test(text.slice(cut + 1)) ? Number(text.slice(cut + 1)) : -1;
  const address = text.slice(0, Math.max(cut, 0)).replace(/^\[(.*)\]$/, '$1');
  if (cut < 0 || port < 0 || port > 65_535) {
    section.mistake(name, `must be an address and a port such as ${otherwise}, not "${text}"`);
  }
  return { address: address === '' ? '0.0.0.0' : address, port };
}

function advertiseUrl(section: Section, name: string, scheme: 'http' | 'https'): string {
  const text = section.optionalText(name);
  const example = `${scheme}://10.69.0.3:${scheme === 'http' ? 10_080 : 10_443}`;
  if (text === undefined) {
    if (!section.has(name))
      section.mistake(name, `is required: what machines reach this server by, such as ${example}`);
    return '';
  }
  const url = normalizedUrl(text, ['http', 'https']);
  if (url === undefined) section.mistake(name, `must be a URL such as ${example}, not "${text}"`);
  return url ?? '';
}

function absolutePath(section: Section, name: string, otherwise: string): string {
  const path = section.text(name, otherwise);
  if (path !== '' && !isAbsolute(path))
    section.mistake(name, `must be an absolute path, not "${path}"`);
  return path;
}

/** Kept as text; what it means is read again where it is used. */
function allowedNetworks(root: Section): readonly string[] {
  const texts = root.texts('allow-ips', ['127.0.0.1', '::1']);
  for (const [at, text] of texts.entries()) {
    const network = parseAllowedNetwork(text);
    if (!network.ok) root.mistake(`allow-ips/${at}`, network.error);
  }
  return texts;
}

function networks(section: Section, name: string): readonly Cidr[] {
  return section.texts(name, []).flatMap((text, at) => {
    const network = parseCidr(text);
    if (!network.ok) section.mistake(`${name}/${at}`, network.error);
    return network.ok ? [network.value] : [];
  });
}

function oneOf<T extends string>(
  section: Section,
  name: string,
  known: readonly T[],
  otherwise: T,
): T {
  const text = section.text(name, otherwise);
  const found = known.find((value) => value === text);
  if (found === undefined)
    section.mistake(name, `must be one of ${known.join(', ')}, not "${text}"`);
  return found ?? otherwise;
}

/** Go's short durations: `2s`, `500ms`, `1m`. */
function duration(section: Section, name: string, otherwiseMs: number): number {
  const text = section.optionalText(name);
  if (text === undefined) return otherwiseMs;
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  const ms =
    parts === null
      ? Number.NaN
      : Number(parts[1]) * { ms: 1, s: 1000, m: 60_000 }[parts[2] as 'ms'];
  if (!(ms >= 1)) section.mistake(name, `must be a duration such as 2s or 500ms, not "${text}"`);
  return ms >= 1 ? ms : otherwiseMs;
}

function pem(section: Section, name: string): PemSource | undefined {
  const file = section.optionalText(`${name}-file`);
  const text = section.optionalText(name);
  if (file !== undefined && text !== undefined) {
    section.mistake(name, `contradicts ${name}-file: give the file or the text, not both`);
  }
  if (file !== undefined) return { file };
  return text === undefined ? undefined : { pem: text };
}

function inOrder(mistakes: readonly ConfigMistake[]): readonly ConfigMistake[] {
  return mistakes.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
