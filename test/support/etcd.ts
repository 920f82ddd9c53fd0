/** A real etcd for tests: temporary directory, free ports on loopback, ended by its own pid. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.ts';

type TestMember = {
  readonly name: string;
  readonly clientUrl: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly pid: () => number;
  /** The last of what it wrote to its standard error. */
  readonly said: () => string;
  /** SIGSTOP and SIGCONT: the process neither answers nor closes its connections. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Ends the process; the data stays. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Starts it again on the same data and ports. */
  readonly restart: () => Promise<void>;
};

export type TestEtcd = {
  readonly members: readonly TestMember[];
  readonly endpoints: readonly string[];
  readonly stop: () => Promise<void>;
};

export type TestEtcdOptions = {
  /** Default 1. */
  readonly members?: number;
  /** More arguments for every member. */
  readonly args?: readonly string[];
  /** Paths for TLS between clients and members; clients must then show a certificate. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
};

const readyWithinMs = 60_000;
const saidMax = 4_000;

export async function startTestEtcd(options: TestEtcdOptions = {}): Promise<TestEtcd> {
  const count = options.members ?? 1;
  const directory = await mkdtemp(join(tmpdir(), 'tetsukan-etcd-'));
  const ports = await freePorts(count * 2);
  const scheme = options.tls ? 'https' : 'http';
  const plan = Array.from({ length: count }, (_, at) => ({
    name: `m${at}`,
    clientPort: ports[at * 2] as number,
    peerPort: ports[at * 2 + 1] as number,
  }));
  const cluster = plan.map((one) => `${one.name}=http://127.0.0.1:${one.peerPort}`).join(',');
  const members = plan.map((one) => {
    const clientUrl = `${scheme}://127.0.0.1:${one.clientPort}`;
    const peerUrl = `http://127.0.0.1:${one.peerPort}`;
    const args = [
      ...['--name', one.name, '--data-dir', join(directory, one.name)],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', cluster, '--initial-cluster-token', directory],
      ...(count === 1
        ? ['--heartbeat-interval', '10', '--election-timeout', '100']
        : ['--heartbeat-interval', '100', '--election-timeout', '1000']),
      ...['--logger', 'zap', '--log-level', 'error'],
      ...(options.tls ? ['--client-cert-auth', '--trusted-ca-file', options.tls.ca] : []),
      ...(options.tls ? ['--cert-file', options.tls.cert, '--key-file', options.tls.key] : []),
      ...(options.args ?? []),
    ];
    return createMember(one, clientUrl, args);
  });
  const stop = async () => {
    for (const member of members) member.thaw();
    await Promise.all(members.map((member) => member.kill('SIGKILL')));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(members.map((member) => member.restart()));
    await Promise.all(members.map((member) => ready(member)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { members, endpoints: members.map((member) => member.clientUrl), stop };
}

function createMember(
  plan: Pick<TestMember, 'name' | 'clientPort' | 'peerPort'>,
  clientUrl: string,
  args: readonly string[],
): TestMember {
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let said = '';
  const signal = (name: NodeJS.Signals) => void (child?.exitCode === null && child.kill(name));
  const member: TestMember = {
    ...plan,
    clientUrl,
    pid: () => child?.pid ?? 0,
    said: () => said,
    freeze: () => {
      signal('SIGSTOP');
      awaitStopped(child?.pid ?? 0);
    },
    thaw: () => signal('SIGCONT'),
    kill: async (name = 'SIGKILL') => {
      signal(name);
      await ended;
    },
    restart: async () => {
      const started = spawn('setpriv', ['--pdeathsig', 'KILL', 'etcd', ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child = started;
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-saidMax);
      });
      ended = new Promise((resolve) => started.once('close', () => resolve()));
      if (clientUrl.startsWith('http:')) await ready(member);
    },
  };
  return member;
}

/** Waits until the member serves; for TLS members, until its port accepts. */
async function ready(member: TestMember): Promise<void> {
  const untilMs = performance.now() + readyWithinMs;
  while (performance.now() < untilMs) {
    if (await isHealthy(member)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(
    `etcd member ${member.name} was not ready within ${readyWithinMs} ms; it said: ${member.said()}`,
  );
}

async function isHealthy(member: TestMember): Promise<boolean> {
  if (member.clientUrl.startsWith('https:')) return canConnect(member.clientPort);
  try {
    const answer = await fetch(`${member.clientUrl}/health`, {
      signal: AbortSignal.timeout(5_000),
    });
    return (await answer.text()).includes('"true"');
  } catch {
    return false;
  }
}

async function canConnect(port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The signal is sent at once and takes effect a moment later: until then the process answers. */
function awaitStopped(pid: number): void {
  const until = performance.now() + 60_000;
  const isStopped = () =>
    readdirSync(`/proc/${pid}/task`).every((task) =>
      /^State:\s+[Tt]/m.test(readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8')),
    );
  while (!isStopped()) {
    if (performance.now() > until) throw new Error(`process ${pid} does not stop`);
  }
}
