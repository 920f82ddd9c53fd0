/**
 * The configuration: Sabakan's flags and YAML members with their defaults, and our own. Either the whole of it is right
 * or every mistake is reported at once.
 */

import { fail, ok, type Result } from '../base/result.ts';
import type { Endpoint } from '../base/world.ts';
import {
  type BridgeSettings,
  type Constraints,
  parseBridgeSettings,
  parseConstraints,
} from '../cke-bridge/settings.ts';
import { type HealthPolicy, parseHealthPolicy } from '../health/policy.ts';
import { areDiscoveryParams, type DiscoverySettings } from '../pxe/discovery-settings.ts';
import { type ApiHttps, readAccess, readApiHttps } from './config-access.ts';
import { type DhcpMembers, readDhcp } from './config-dhcp.ts';
import { type EtcdSettings, readEtcd } from './config-etcd.ts';
import { type ConfigMistake, readPlain, readYaml, type Section } from './config-reader.ts';
import { normalizedUrl } from './config-text.ts';
import { absolutePath, endpoint, oneOf } from './config-values.ts';
import type { TlsFiles } from './tls-files.ts';
import type { AccessSettings } from './who/settings.ts';

export type { ConfigMistake } from './config-reader.ts';

export type Config = {
  readonly http: Endpoint;
  readonly https: Endpoint;
  readonly metrics: Endpoint;
  /** `http://10.69.0.3:10080`, no slash at the end: what machines are told to load from. */
  readonly advertiseUrl: string;
  readonly advertiseUrlHttps: string;
  readonly access: AccessSettings;
  /** Absolute; images live here. */
  readonly dataDir: string;
  /** How long files of images and assets stay that are gone from the index. */
  readonly removedBlobsStaySeconds: number;
  readonly ipxeEfiPath: string;
  readonly enablePlayground: boolean;
  readonly tls: TlsFiles;
  /** The whole API over TLS, beside plain HTTP, which firmware needs. */
  readonly apiHttps: ApiHttps | undefined;
  /** The program that `/api/v1/cryptsetup` gives; undefined: see `SABAKAN_CRYPTSETUP`. */
  readonly cryptsetup: string | undefined;
  /** How this server is called in audit records and in the election; default: the host's name. */
  readonly serverName: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly etcd: EtcdSettings;
  readonly dhcp: DhcpMembers;
  /** Machines that load kernel and initrd from this server at a time; 0: any number. */
  readonly bootDownloadsMax: number;
  readonly discovery: DiscoverySettings;
  readonly tftp: { readonly enabled: boolean; readonly listen: Endpoint; readonly root: string };
  /** Undefined: nothing is probed, and states are set by others, as with Sabakan. */
  readonly health: HealthPolicy | undefined;
  readonly cluster: ClusterSettings | undefined;
};

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
  const config = readConfig(readPlain(membersOf(flags, mistakes), mistakes));
  return mistakes.length > 0 || config === undefined ? fail(mistakes) : ok(config);
}

/** The member `etcd` alone, for commands that need nothing else of a server's file or flags. */
export function parseEtcdSettings(
  from: { readonly yamlText: string } | { readonly flags: ReadonlyMap<string, string> },
): Result<EtcdSettings, readonly ConfigMistake[]> {
  const mistakes: ConfigMistake[] = [];
  const root =
    'flags' in from
      ? readPlain(membersOf(from.flags, mistakes), mistakes)
      : readYaml(from.yamlText, mistakes);
  const etcd = root === undefined ? undefined : readEtcd(root.section('etcd'));
  return mistakes.length > 0 || etcd === undefined ? fail(inOrder(mistakes)) : ok(etcd);
}

/** What a file with the same meaning would have. */
function membersOf(
  flags: ReadonlyMap<string, string>,
  mistakes: ConfigMistake[],
): Readonly<Record<string, unknown>> {
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
    else if (name === 'enable-playground') plain[name] = goTruths.get(value) ?? value;
    else plain[name] = value;
  }
  return { ...plain, etcd };
}

/** What Go takes for a truth value. */
const goTruths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
]);

/** Every member that the reader of a file asks for, by its path, with its default. */
export function askedMembers(
  values: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, unknown> {
  const asked = new Map<string, unknown>();
  readConfig(
    readPlain(values, [], (path, otherwise) => asked.set(path, asked.get(path) ?? otherwise)),
  );
  return asked;
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
    'cryptsetup',
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
  const tftp = root.section('tftp');
  const boot = root.section('boot');
  const tls: TlsFiles = {
    cert: root.text('server-cert', '/etc/sabakan/server.crt'),
    key: root.text('server-key', '/etc/sabakan/server.key'),
    configured: root.has('server-cert') || root.has('server-key'),
  };
  const config: Config = {
    http: endpoint(root, 'http', '0.0.0.0:10080'),
    https: endpoint(root, 'https', '0.0.0.0:10443'),
    metrics: endpoint(root, 'metrics', '0.0.0.0:10081'),
    advertiseUrl: advertiseUrl(root, 'advertise-url', 'http'),
    advertiseUrlHttps: advertiseUrl(root, 'advertise-url-https', 'https'),
    access: readAccess(root),
    dataDir: absolutePath(root, 'data-dir', '/var/lib/sabakan'),
    removedBlobsStaySeconds: root.integer('removed-blobs-stay-seconds', 60, [0, 86_400]),
    ipxeEfiPath: absolutePath(root, 'ipxe-efi-path', '/usr/lib/ipxe/ipxe.efi'),
    enablePlayground: root.flag('enable-playground', false),
    tls,
    apiHttps: readApiHttps(root, tls),
    cryptsetup: absolutePath(root, 'cryptsetup', '') || undefined,
    serverName: root.optionalText('server-name'),
    logLevel: oneOf(root, 'log-level', ['debug', 'info', 'warn', 'error'] as const, 'info'),
    etcd: readEtcd(root.section('etcd')),
    dhcp: readDhcp(root),
    bootDownloadsMax: boot.integer('downloads-max', 64, [0, 100_000]),
    tftp: {
      enabled: tftp.flag('enabled', true),
      listen: endpoint(tftp, 'listen', '0.0.0.0:69'),
      root: absolutePath(tftp, 'root', '/usr/lib/ipxe'),
    },
    discovery: readDiscovery(root),
    health: readHealth(root),
    cluster,
  };
  tftp.refuseOthers();
  boot.refuseOthers();
  root.refuseOthers();
  return config;
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

function readDiscovery(root: Section): DiscoverySettings {
  const section = root.section('discovery');
  const imageId = section.optionalText('image');
  const kernelParams = section.text('kernel-params', '');
  const onRejected = oneOf(section, 'on-rejected', ['exit', 'wait'] as const, 'exit');
  if (!areDiscoveryParams(kernelParams)) {
    section.mistake('kernel-params', 'must be letters, digits, spaces and - . , / : ; < = > ? @ _');
  }
  section.refuseOthers();
  return { ...(imageId === undefined ? {} : { imageId }), kernelParams, onRejected };
}

/** The policy's members, in the hyphenated spelling of this file. */
function readHealth(root: Section): HealthPolicy | undefined {
  if (!root.has('health')) return undefined;
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

function inOrder(mistakes: readonly ConfigMistake[]): readonly ConfigMistake[] {
  return mistakes.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
