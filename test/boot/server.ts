/** The real server in the laboratory: configured by file, driven over REST, as an operator would. */

import { execFileSync, spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { arm64Loader, writeArm64Loader } from './arm64-loader.ts';
import type { Certificate } from './certificate.ts';
import { ended, type Lab, serverAddress } from './network.ts';
import { addressFile, healthPort, type OsImage } from './os-image.ts';
import { baseUrl, curl, type Outcome, runTetsu, until } from './requests.ts';

export type BootSeen = {
  readonly state: string;
  /** The step that should come next. */
  readonly awaited: string | undefined;
  readonly cause: string;
};

export type DiscoverySeen = {
  readonly state: string;
  readonly serial: string | null;
  readonly confirmed: boolean;
  /** As the agent of the discovery image told them; null: it has not. */
  readonly facts: FactsSeen | null;
};

export type FactsSeen = {
  readonly cpu: { readonly model: string; readonly threads: number };
  readonly memoryKiB: number;
  readonly disks: readonly { readonly sectors: number; readonly serial: string }[];
  readonly nics: readonly { readonly mac: string; readonly driver: string }[];
  readonly bmc: { readonly present: boolean };
  readonly firmware: { readonly vendor: string; readonly kind: string };
  readonly system: { readonly serial: string };
};

export type ServerWays = {
  readonly secure: Certificate | undefined;
  readonly downloadsMax?: number;
  readonly looksInside?: boolean;
};

export type BootServer = {
  readonly register: (
    machines: readonly { readonly serial: string; readonly rack: number; readonly role?: string }[],
  ) => Promise<void>;
  /** A template that no machine of this role can be rendered with. */
  readonly breakTemplate: (role: string) => Promise<void>;
  readonly removeImage: () => Promise<void>;
  /** The last boot of a machine as the API tells it; undefined: none is known. */
  readonly newestBoot: (mac: string) => Promise<BootSeen | undefined>;
  /** From now on a machine nobody registered is noticed, and waits for a person's word. */
  readonly askAboutStrangers: () => Promise<void>;
  /** What the API says of a machine nobody registered; undefined: it was not noticed. */
  readonly discovery: (mac: string) => Promise<DiscoverySeen | undefined>;
  /** Asks for a machine's script as its iPXE would. */
  readonly scriptOf: (serial: string) => Promise<string>;
  /** Runs the command beside the server, as an operator there would. */
  readonly tetsu: (...words: string[]) => Promise<Outcome>;
  /** The boot files that DHCP named to a machine, in order. */
  readonly bootFilesOf: (mac: string) => readonly string[];
  /** Waits until the inventory says `state`, or until `deadline` (milliseconds since 1970). */
  readonly waitFor: (serial: string, state: string, deadline: number) => Promise<Outcome>;
  readonly waitForMembers: (count: number, deadline: number) => Promise<Outcome>;
  readonly waitUntilNotMember: (serial: string, deadline: number) => Promise<Outcome>;
  /** The serial of a member that is no control plane. */
  readonly aWorker: () => Promise<string>;
  readonly describe: (serial: string) => Promise<string>;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
};

const secureUrl = `https://${serverAddress}:10444`;

/** A second or two; more where many benches start at once. */
const startDeadlineMs = 600_000;

/** On a busy host an emulated timer is late, and the kernel's check of it ends in a panic. */
const kernelParameters = 'console=ttyS0 no_timer_check quiet';

const template = `name: boot-test
service_subnet: 10.68.0.0/16
nodes:
  - user: core
    control_plane: true
    labels: { cke.cybozu.com/role: cs }
  - user: core
    control_plane: false
    labels: { cke.cybozu.com/role: cs }
`;

/** Sabakan's example network: rack 0 is 10.69.0.0/26, rack 1 is 10.69.0.192/26. */
const ipam = {
  'max-nodes-in-rack': 28,
  'node-ipv4-pool': '10.69.0.0/20',
  'node-ipv4-range-size': 6,
  'node-ipv4-range-mask': 26,
  'node-ip-per-node': 3,
  'node-index-offset': 3,
  'node-gateway-offset': 1,
  'bmc-ipv4-pool': '10.72.16.0/20',
  'bmc-ipv4-offset': '0.0.1.0',
  'bmc-ipv4-range-size': 5,
  'bmc-ipv4-range-mask': 20,
  'bmc-ipv4-gateway-offset': 1,
};

const address =
  'address={{ (index .Info.Network.IPv4 0).Address }}/{{ (index .Info.Network.IPv4 0).MaskBits }} ' +
  '{{ (index .Info.Network.IPv4 0).Gateway }}';
const ignition = {
  version: '2.3',
  template: {
    ignition: { version: '2.3.0' },
    storage: {
      files: [
        {
          filesystem: 'root',
          path: addressFile,
          mode: 0o644,
          contents: { source: `data:,${encodeURIComponent(address)}` },
        },
      ],
    },
  },
  meta: null,
};

function configuration(folder: string, { secure, downloadsMax, looksInside }: ServerWays): string {
  return `http: ${serverAddress}:10080
metrics: 127.0.0.1:10081
https: 127.0.0.1:10443
advertise-url: ${baseUrl}
advertise-url-https: https://${serverAddress}:10443
allow-ips: [${serverAddress}]
data-dir: ${folder}/data
${secure === undefined ? '' : `api-https: { listen: 0.0.0.0:10444, cert: ${secure.cert}, key: ${secure.key} }\n`}dhcp-bind: 0.0.0.0:67
dhcp:
  interfaces: [eth0]
  loaders: { 11: ${arm64Loader}, 19: ${arm64Loader} }
${secure === undefined ? '' : `  http-boot-url: ${secureUrl}\n`}${downloadsMax === undefined ? '' : `boot: { downloads-max: ${downloadsMax} }\n`}${looksInside === true ? `discovery: { image: '1.0.0', kernel-params: '${kernelParameters}' }\n` : ''}tftp:
  listen: 0.0.0.0:69
  root: ${folder}/loaders
etcd:
  embedded:
    data-dir: ${folder}/etcd
health:
  probes: [{ name: health, kind: http, port: ${healthPort}, path: /health }]
  interval-seconds: 2
  timeout-ms: 1500
  patience-seconds: 15
  recoveries: 2
  crowd: { rack-machines-min: 3, fleet-machines-min: 3, fleet-share: 0.5 }
cluster:
  template: ${folder}/template.yml
  output: ${folder}/cluster.yml
  constraints: { control-plane-count: 1 }
  workers: { cs: 4 }
  spares: { cs: 1 }
  min-healthy-seconds: 2
  replace-after-seconds: 5
  newcomer-settle-seconds: 2
  spread-wait-seconds: 5
  taint-interval-seconds: 1
  seconds-between-removals: 1
  removals-percent-max: 50
  down-percent-max: 50
  interval-seconds: 2
`;
}

/** Starts the server in its namespace and gives it network plan, DHCP, image, template and kernel parameters. */
export async function startServer(
  lab: Lab,
  folder: string,
  os: OsImage,
  ways: ServerWays,
): Promise<BootServer> {
  mkdirSync(join(folder, 'data'), { recursive: true });
  makeLoaders(join(folder, 'loaders'));
  writeFileSync(join(folder, 'template.yml'), template);
  writeFileSync(join(folder, 'server.yml'), configuration(folder, ways));
  const logFile = join(folder, 'server.log');
  const [program = '', ...prefix] = lab.onServer;
  const child = spawn(
    program,
    [...prefix, resolve('bin/tetsu'), 'server', '--config', join(folder, 'server.yml')],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const logStream = createWriteStream(logFile);
  child.stdout?.pipe(logStream, { end: false });
  child.stderr?.pipe(logStream, { end: false });
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');

  const request = async (
    method: string,
    path: string,
    body?: string | Uint8Array,
  ): Promise<string> => {
    const { status, text } = await curl(lab, method, path, body);
    // 0: no answer at all.
    if (status === 0 || status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text;
  };
  const members = (): readonly { serial: string; controlPlane: boolean }[] => {
    if (!existsSync(join(folder, 'cluster.yml'))) return [];
    const { nodes = [] } = parse(readFileSync(join(folder, 'cluster.yml'), 'utf8')) as ClusterFile;
    return nodes.map((node) => ({
      serial: node.annotations?.['cke.cybozu.com/serial'] ?? '',
      controlPlane: node.control_plane === true,
    }));
  };
  const state = async (serial: string): Promise<string> =>
    (await curl(lab, 'GET', `/api/v1/state/${serial}`)).text;

  const isHealthy = await until(Date.now() + startDeadlineMs, async () => {
    if (child.exitCode !== null)
      throw new Error(`the server ended with ${child.exitCode}:\n${log()}`);
    return (await curl(lab, 'GET', '/health')).status === 200;
  });
  if (!isHealthy) throw new Error(`the server is not healthy:\n${log()}`);
  await request('PUT', '/api/v1/config/ipam', JSON.stringify(ipam));
  await request('PUT', '/api/v1/config/dhcp', JSON.stringify({ 'lease-minutes': 60 }));
  await request('PUT', '/api/v1/kernel_params/coreos', kernelParameters);
  await request('PUT', '/api/v1/ignitions/cs/1.0.0', JSON.stringify(ignition));
  await request('PUT', '/api/v1/images/coreos/1.0.0', imageTar(folder, os));

  return {
    register: async (machines) => {
      const body = machines.map(({ serial, rack, role = 'cs' }) => ({
        serial,
        rack,
        role,
        bmc: { type: 'none' },
      }));
      await request('POST', '/api/v1/machines', JSON.stringify(body));
    },
    breakTemplate: async (role) => {
      const broken = { ...ignition, template: structuredClone(ignition.template) };
      const [file] = broken.template.storage.files;
      // The check of an upload tries another machine than these.
      if (file !== undefined) file.contents.source = `data:,${brokenText}`;
      await request('PUT', `/api/v1/ignitions/${role}/1.0.0`, JSON.stringify(broken));
    },
    removeImage: async () => void (await request('DELETE', '/api/v1/images/coreos/1.0.0')),
    newestBoot: async (mac) => {
      const { status, text } = await curl(lab, 'GET', `/api/v2/boots/${mac}`);
      if (status !== 200) return undefined;
      const { state, awaited, cause } = JSON.parse(text);
      return { state, awaited: awaited?.step, cause };
    },
    askAboutStrangers: async () => {
      const network = { cidr: '10.69.0.0/20', mode: 'server', discovery: 'ask' };
      await request('PUT', '/api/v2/networks/laboratory', JSON.stringify(network));
    },
    discovery: async (mac) => {
      const path = `/api/v2/discoveries/${mac.replaceAll(':', '-')}`;
      const { status, text } = await curl(lab, 'GET', path);
      return status === 200 ? JSON.parse(text) : undefined;
    },
    scriptOf: (serial) => request('GET', `/api/v1/boot/coreos/ipxe/${serial}`),
    tetsu: (...words) => runTetsu(lab, words),
    bootFilesOf: (mac) =>
      log()
        .split('\n')
        .filter((line) => line.includes(mac))
        .flatMap((line) => /"bootFile":"([^"]+)"/.exec(line)?.[1] ?? []),
    waitFor: async (serial, wanted, deadline) => {
      const ok = await until(deadline, async () => (await state(serial)) === wanted);
      return { ok, text: ok ? '' : `${serial} is ${await state(serial)}, not ${wanted}` };
    },
    waitForMembers: async (count, deadline) => {
      const ok = await until(deadline, async () => members().length === count);
      return { ok, text: `${members().length} of ${count} members` };
    },
    waitUntilNotMember: async (serial, deadline) => {
      const ok = await until(
        deadline,
        async () => !members().some((member) => member.serial === serial),
      );
      return {
        ok,
        text: `members: ${members()
          .map((member) => member.serial)
          .join(' ')}`,
      };
    },
    aWorker: async () => members().find((member) => !member.controlPlane)?.serial ?? '',
    describe: (serial) => request('GET', `/api/v2/machines/${serial}`),
    log,
    stop: () => ended(child),
  };
}

const brokenText =
  '{{ if eq .Spec.Role "broken" }}{{ (index .Info.Network.IPv4 9).Address }}{{ end }}';

/** Debian's iPXE, and what stands in for it where Debian has none. */
function makeLoaders(folder: string): void {
  mkdirSync(folder);
  for (const name of ['ipxe.efi', 'snponly.efi', 'undionly.kpxe']) {
    symlinkSync(join('/usr/lib/ipxe', name), join(folder, name));
  }
  writeArm64Loader(join(folder, arm64Loader));
}

type ClusterFile = {
  readonly nodes?: readonly {
    readonly control_plane?: boolean;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
};

function imageTar(folder: string, os: OsImage): Uint8Array {
  execFileSync('cp', [os.kernel, join(folder, 'kernel')]);
  return execFileSync('tar', ['-C', folder, '-cf', '-', 'kernel', 'initrd.gz'], {
    maxBuffer: 256 * 1024 * 1024,
  });
}
