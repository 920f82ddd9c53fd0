/**
 * An embedded etcd: one member on loopback, started, watched and ended by us.
 *
 * It dies with its parent (`setpriv --pdeathsig`), comes back after a crash, and is given up with a reason when it
 * keeps failing.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../result.ts';
import type { Log } from '../world.ts';
import { lockDirectory } from './directory-lock.ts';
import {
  choosePorts,
  type EtcdChildProblem,
  lackOfSpace,
  missingBinary,
  type Ports,
} from './etcd-child-checks.ts';
import type { EtcdConfig } from './etcd-connection.ts';

export type EtcdChildConfig = {
  /** Made if absent, for our eyes only. Holds data, lock and ports. */
  readonly directory: string;
  /** A fixed client port; otherwise a free one is chosen and remembered. */
  readonly clientPort?: number;
  /** Default `etcd`, looked up in PATH. */
  readonly binary?: string;
  readonly log: Log;
};

export type EtcdChild = {
  readonly endpoint: string;
  /** What `openEtcdStore` should know of this etcd. */
  readonly settings: Pick<
    EtcdConfig,
    'endpoints' | 'pingMs' | 'transactionOperationsMax' | 'requestBytesMax'
  >;
  readonly pid: () => number | undefined;
  readonly restarts: () => number;
  /** Resolves with the reason when etcd failed too often to be started again. */
  readonly givenUp: Promise<string>;
  readonly stop: () => Promise<void>;
};

const operationsMax = 4096;
const requestBytesMax = 16 * 1024 * 1024;
const quotaBytes = 2 * 1024 * 1024 * 1024;
/** Half a second, many times more where a host is crowded. */
const readyWithinMs = 60_000;
const readyPollMs = 15;
const fastExitMs = 5_000;
const fastExitsMax = 5;
const restartPausesMs = [200, 500, 1_000, 2_000, 5_000, 10_000];
const stopWithinMs = 5_000;
const logLinesMax = 30;

/** Between the look for free ports and etcd's bind another program may be given one of them; then others are looked for. */
const portTriesMax = 3;

/** Starts etcd on a directory and waits until it serves. */
export async function startEtcdChild(
  config: EtcdChildConfig,
): Promise<Result<EtcdChild, EtcdChildProblem>> {
  for (let tries = 1; ; tries += 1) {
    const started = await startOnce(config);
    const isLost = !started.ok && started.error.kind === 'port-taken';
    if (!isLost || config.clientPort !== undefined || tries === portTriesMax) return started;
  }
}

async function startOnce(config: EtcdChildConfig): Promise<Result<EtcdChild, EtcdChildProblem>> {
  const missing = await missingBinary(config.binary ?? 'etcd');
  if (missing !== undefined) return fail(missing);
  await mkdir(config.directory, { recursive: true, mode: 0o700 });
  await chmod(config.directory, 0o700);
  const lock = await lockDirectory(join(config.directory, 'etcd.lock'));
  if (!lock.ok) {
    const text = `${config.directory} is in use by process ${lock.error}: one data directory serves one server`;
    return fail({ kind: 'in-use', text });
  }
  const { release } = lock.value;
  const problem = await lackOfSpace(config.directory);
  const ports = await choosePorts(config.directory, config.clientPort);
  if (problem !== undefined || !ports.ok) {
    await release();
    return fail(problem ?? (ports as { readonly error: EtcdChildProblem }).error);
  }
  const child = supervise(config, ports.value, release);
  const started = await child.started;
  if (started !== undefined) {
    await child.stop();
    return fail(started);
  }
  config.log.info('embedded etcd is ready', { endpoint: child.endpoint });
  return ok(child);
}

function supervise(
  config: EtcdChildConfig,
  ports: Ports,
  release: () => Promise<void>,
): EtcdChild & { readonly started: Promise<EtcdChildProblem | undefined> } {
  const { log } = config;
  const endpoint = `http://127.0.0.1:${ports.client}`;
  let lines: string[] = [];
  let child: ChildProcess | undefined;
  let closed: Promise<void> = Promise.resolve();
  let stopping = false;
  let fastExits = 0;
  let restarts = 0;
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (why: string) => void = () => {};
  let settle: (problem: EtcdChildProblem | undefined) => void = () => {};
  const givenUp = new Promise<string>((resolve) => {
    giveUp = resolve;
  });
  const started = new Promise<EtcdChildProblem | undefined>((resolve) => {
    settle = resolve;
  });

  const launch = () => {
    if (stopping) return;
    const launchedMs = performance.now();
    lines = [];
    const args = [
      '--pdeathsig',
      'TERM',
      config.binary ?? 'etcd',
      ...flags(config.directory, ports),
    ];
    // The signal belongs to the thread that spawns, so this must not run in a worker.
    const spawned = spawn('setpriv', args, {
      cwd: config.directory,
      // Its own session: Ctrl-C in a terminal reaches us alone, and we end it when all else has stopped.
      detached: true,
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = spawned;
    spawned.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lines = [...lines, ...text.split('\n').filter((line) => line !== '')].slice(-logLinesMax);
    });
    closed = new Promise((resolve) => {
      spawned.once('error', (error) => {
        lines.push(error.message);
        resolve();
      });
      spawned.once('close', (code, signal) => {
        resolve();
        ended(performance.now() - launchedMs, code === null ? String(signal) : `exit code ${code}`);
      });
    });
    void awaitReady(spawned);
  };

  const awaitReady = async (spawned: ChildProcess) => {
    const untilMs = performance.now() + readyWithinMs;
    while (performance.now() < untilMs && spawned.exitCode === null && !stopping) {
      if (await isHealthy(endpoint)) return settle(undefined);
      await new Promise((wake) => setTimeout(wake, readyPollMs));
    }
    if (spawned.exitCode !== null || spawned.signalCode !== null) return;
    settle(explain(`etcd did not become healthy within ${readyWithinMs / 1000} s`, lines, ports));
  };

  const ended = (uptimeMs: number, how: string) => {
    child = undefined;
    if (stopping) return;
    fastExits = uptimeMs < fastExitMs ? fastExits + 1 : 1;
    const problem = explain(`etcd ended with ${how}`, lines, ports);
    if (fastExits >= fastExitsMax) {
      const text = `etcd ended ${fastExits} times in a row shortly after its start; the last time: ${problem.text}`;
      log.error('embedded etcd is given up', { text });
      settle({ ...problem, text });
      giveUp(text);
      return;
    }
    const pauseMs = restartPausesMs[fastExits - 1] ?? 10_000;
    log.warn('embedded etcd ended, starting it again', { how, pauseMs, text: problem.text });
    restarts += 1;
    timer = setTimeout(launch, pauseMs);
  };

  launch();
  return {
    endpoint,
    settings: {
      endpoints: [endpoint],
      pingMs: 2_000,
      transactionOperationsMax: operationsMax,
      requestBytesMax,
    },
    pid: () => child?.pid,
    restarts: () => restarts,
    givenUp,
    started,
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      const running = child;
      running?.kill('SIGTERM');
      const killer = setTimeout(() => running?.kill('SIGKILL'), stopWithinMs);
      await closed;
      clearTimeout(killer);
      await release();
    },
  };
}

function flags(directory: string, ports: Ports): string[] {
  const client = `http://127.0.0.1:${ports.client}`;
  const peer = `http://127.0.0.1:${ports.peer}`;
  return [
    ...['--name', 'default', '--data-dir', join(directory, 'data')],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', `default=${peer}`],
    // Without peers an election has nobody to wait for.
    ...['--heartbeat-interval', '50', '--election-timeout', '250'],
    ...['--auto-compaction-mode', 'periodic', '--auto-compaction-retention', '1h'],
    ...['--quota-backend-bytes', String(quotaBytes), '--grpc-keepalive-min-time', '1s'],
    ...['--max-txn-ops', String(operationsMax), '--max-request-bytes', String(requestBytesMax)],
    ...['--logger', 'zap', '--log-level', 'warn'],
  ];
}

/** etcd reads its flags from ETCD_… variables too and stops when both are given. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD_'));
  // etcd 3.4 counts ARM as unsupported and wants this said aloud.
  const arch = process.arch === 'arm64' ? { ETCD_UNSUPPORTED_ARCH: 'arm64' } : {};
  return { ...Object.fromEntries(inherited), ...arch };
}

function explain(what: string, lines: readonly string[], ports: Ports): EtcdChildProblem {
  const output = lines.join('\n');
  if (output.includes('address already in use')) {
    const text = `port ${ports.client} or ${ports.peer} on 127.0.0.1 is taken by another program`;
    return { kind: 'port-taken', text };
  }
  if (output.includes('no space left on device')) {
    return {
      kind: 'disk-full',
      text: `${what}: no space left on the device of its data directory`,
    };
  }
  return { kind: 'failed', text: `${what}; its last words: ${output || '(none)'}` };
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    const answer = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(1_000) });
    return (await answer.text()).includes('"true"');
  } catch {
    return false;
  }
}
