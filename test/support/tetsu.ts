/** The real `tetsu` as child processes: servers with their configuration files, and commands. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePorts } from './ports.ts';

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

export type TetsuServer = {
  readonly url: string;
  readonly metricsUrl: string;
  readonly directory: string;
  readonly pid: number;
  readonly log: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Ended>;
};

const tetsu = resolve('bin/tetsu');
const readyWithinMs = 90_000;

/** `etcdMore` of a server whose etcd is to stand still or be away: what it has without being told. */
export const usualTimeout = '  timeout: 2s\n';

export async function runTetsu(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return start(args, environment).ended;
}

type TetsuOptions = {
  /** Other than bin/tetsu: program and first arguments. */
  readonly command?: readonly string[];
  /** Undefined: an embedded one. */
  readonly etcd: readonly string[] | undefined;
  readonly name?: string;
  /** Lines of YAML after the usual ones. */
  readonly more?: string;
  /** Members of `etcd` beside its endpoints, two spaces before each. Without a `timeout` a call has 10 s: the usual 2 s are
   * for tests in which etcd stands still. */
  readonly etcdMore?: string;
  /** What machines are told to load from; default: where it listens. */
  readonly advertiseUrl?: string;
  /** Default: a free port of 127.0.0.1. */
  readonly dhcpBind?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Shell commands before it starts, in a mount namespace of its own (needs root); its directory is `$1`. */
  readonly prepare?: string;
};

/** A directory with a configuration, and ports: what stays when the server's process is killed. */
export type TetsuSite = Pick<TetsuServer, 'url' | 'metricsUrl' | 'directory'> & {
  readonly dhcpPort: number;
  readonly tftpPort: number;
  /** Resolves when it serves; another time only after the process before has ended. */
  readonly launch: () => Promise<TetsuServer>;
  readonly remove: () => Promise<void>;
};

/** One server that is started once; its directory goes with it. */
export async function startTetsuServer(options: TetsuOptions): Promise<TetsuServer> {
  const site = await prepareTetsuServer(options);
  const server = await site.launch();
  return { ...server, ended: server.ended.finally(site.remove) };
}

export async function prepareTetsuServer(options: TetsuOptions): Promise<TetsuSite> {
  const directory = await mkdtemp(join(tmpdir(), 'tetsukan-server-'));
  const [http = 0, metrics = 0, dhcp = 0, tftp = 0] = await freePorts(4);
  const etcd =
    options.etcd === undefined
      ? `embedded: { data-dir: ${directory}/etcd }`
      : `endpoints: [${options.etcd.join(', ')}]`;
  const { etcdMore = '' } = options;
  const config = `server-name: ${options.name ?? 'boot-0'}
http: 127.0.0.1:${http}
metrics: 127.0.0.1:${metrics}
advertise-url: ${options.advertiseUrl ?? `http://127.0.0.1:${http}`}
advertise-url-https: https://127.0.0.1:10443
data-dir: ${directory}/data
dhcp-bind: ${options.dhcpBind ?? `127.0.0.1:${dhcp}`}
tftp: { listen: "127.0.0.1:${tftp}" }
etcd:
  ${etcd}
${etcdMore.includes('timeout:') ? '' : '  timeout: 10s\n'}${etcdMore}
${/^https: /m.test(options.more ?? '') ? '' : 'https: 127.0.0.1:0'}
health:
  interval-seconds: 600
  patience-seconds: 1200
  crowd: { window-seconds: 1200 }
${options.more ?? ''}`;
  await writeFile(join(directory, 'tetsu.yml'), config);
  const site = {
    url: `http://127.0.0.1:${http}`,
    metricsUrl: `http://127.0.0.1:${metrics}`,
    dhcpPort: dhcp,
    tftpPort: tftp,
    directory,
  };
  const launch = async (): Promise<TetsuServer> => {
    const args = ['server', '--config', join(directory, 'tetsu.yml')];
    const script = `${options.prepare}\nshift\nexec "$@"`;
    const wrapper =
      options.prepare === undefined ? [] : ['unshare', '-m', 'sh', '-ec', script, 'sh', directory];
    const child = start(args, options.environment, wrapper, options.command);
    const untilMs = performance.now() + readyWithinMs;
    while (performance.now() < untilMs && child.running()) {
      const health = await fetch(`${site.url}/health`).catch(() => undefined);
      if (health?.ok) {
        const { pid, ended, signal } = child;
        return { ...site, pid, ended, signal, log: child.output };
      }
      await new Promise((wake) => setTimeout(wake, 50));
    }
    child.signal('SIGKILL');
    // Its last words come before the end of its output, not before the end of the process.
    await child.ended;
    throw new Error(`the server was not ready within ${readyWithinMs} ms:\n${child.output()}`);
  };
  return { ...site, launch, remove: () => rm(directory, { recursive: true, force: true }) };
}

function start(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  wrapper: readonly string[] = [],
  command: readonly string[] = [tetsu],
) {
  // Dies with us, so that a broken test run leaves nothing behind.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...wrapper, ...command, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<Ended>((settle) => {
    child.once('close', (code) => settle({ code, out, err }));
  });
  return {
    ended,
    pid: child.pid ?? 0,
    output: () => `${out}${err}`,
    running: () => child.exitCode === null && child.signalCode === null,
    signal: (name: NodeJS.Signals) => void child.kill(name),
  };
}
