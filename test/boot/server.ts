/** The real server in the laboratory: configured by file, driven over REST, as an operator would. */

import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Certificate } from './certificate.ts';
import { ended, type Lab, serverAddress } from './network.ts';
import { addressFile, healthPort, type OsImage } from './os-image.ts';

export type Outcome = { readonly ok: boolean; readonly text: string };

export type BootServer = {
  readonly register: (machines: readonly { serial: string; rack: number }[]) => Promise<void>;
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

const baseUrl = `http://${serverAddress}:10080`;
const secureUrl = `https://${serverAddress}:10444`;

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

function configuration(folder: string, secure: Certificate | undefined): string {
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
${secure === undefined ? '' : `  http-boot-url: ${secureUrl}\n`}tftp:
  listen: 0.0.0.0:69
etcd:
  embedded:
    data-dir: ${folder}/etcd
health:
  probes: [{ name: health, kind: http, port: ${healthPort}, path: /health }]
  interval-seconds: 2
  timeout-ms: 1500
  patience-seconds: 6
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
  secure?: Certificate,
): Promise<BootServer> {
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'template.yml'), template);
  writeFileSync(join(folder, 'server.yml'), configuration(folder, secure));
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
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
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

  await until(Date.now() + 30_000, async () => {
    if (child.exitCode !== null)
      throw new Error(`the server ended with ${child.exitCode}:\n${log()}`);
    return (await curl(lab, 'GET', '/health')).status === 200;
  });
  await request('PUT', '/api/v1/config/ipam', JSON.stringify(ipam));
  await request('PUT', '/api/v1/config/dhcp', JSON.stringify({ 'lease-minutes': 60 }));
  await request('PUT', '/api/v1/kernel_params/coreos', 'console=ttyS0');
  await request('PUT', '/api/v1/ignitions/cs/1.0.0', JSON.stringify(ignition));
  await request('PUT', '/api/v1/images/coreos/1.0.0', imageTar(folder, os));

  return {
    register: async (machines) => {
      const body = machines.map(({ serial, rack }) => ({
        serial,
        rack,
        role: 'cs',
        bmc: { type: 'none' },
      }));
      await request('POST', '/api/v1/machines', JSON.stringify(body));
    },
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

/** The server lives in its own namespace, so requests go through `curl` there. */
async function curl(
  lab: Lab,
  method: string,
  path: string,
  body?: string | Uint8Array,
): Promise<{ status: number; text: string }> {
  const [program = '', ...prefix] = lab.onServer;
  const args = [
    'curl',
    '-sS',
    '-m',
    '60',
    '-X',
    method,
    '-w',
    '\n%{http_code}',
    `${baseUrl}${path}`,
  ];
  const upload =
    body === undefined ? [] : ['-H', 'Content-Type: application/json', '--data-binary', '@-'];
  const child = spawn(program, [...prefix, ...args, ...upload], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // A server that is gone or refuses does not read it all.
  child.stdin.on('error', () => {});
  child.stdin.end(body);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  await new Promise((settled) => child.once('close', settled));
  const cut = output.lastIndexOf('\n');
  return { status: Number(output.slice(cut + 1)), text: output.slice(0, Math.max(cut, 0)) };
}

async function until(deadline: number, check: () => Promise<boolean>): Promise<boolean> {
  while (Date.now() < deadline) {
    if (await check()) return true;
    await new Promise((settled) => setTimeout(settled, 500));
  }
  return check();
}
