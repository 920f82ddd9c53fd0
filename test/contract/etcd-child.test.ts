import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type EtcdChild, startEtcdChild } from '../../src/base/io/etcd-child.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { freePorts } from '../support/ports.ts';
import { type LogLine, rememberingLog, silentLog } from '../support/silent-log.ts';
import { committed, listed, put, until } from './store.contract.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tetsukan-child-'));
  closing.push(async () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function start(directory: string, lines: LogLine[] = []): Promise<EtcdChild> {
  const started = await startEtcdChild({ directory, log: rememberingLog(lines) });
  if (!started.ok) throw new Error(started.error.text);
  closing.push(started.value.stop);
  return started.value;
}

function isAlive(pid: number): boolean {
  return statOf(pid)[0] !== undefined && statOf(pid)[0] !== 'Z';
}

describe('an embedded etcd', () => {
  it('serves, stops cleanly, and keeps data and port for the next start', async () => {
    const directory = aDirectory();
    const first = await start(directory);
    const store = await openTestStore(first.settings.endpoints, first.settings);
    expect(store.conditionsMax).toBe(4_095);
    expect(store.bytesMax).toBeGreaterThan(15_000_000);
    await committed(
      store,
      ...Array.from({ length: 1_000 }, (_, at) => put(`k/${at}`, 'v'.repeat(3_000))),
    );
    await store.close();
    await first.stop();
    const second = await start(directory);
    expect(second.endpoint).toBe(first.endpoint);
    const again = await openTestStore(second.settings.endpoints, second.settings);
    expect((await listed(again, 'k/')).entries.length).toBe(1_000);
    await again.close();
  });

  it('comes back after a crash, without losing what was acknowledged', async () => {
    const lines: LogLine[] = [];
    const child = await start(aDirectory(), lines);
    const store = await openTestStore(child.settings.endpoints, child.settings);
    closing.push(store.close);
    await committed(store, put('a'));
    process.kill(child.pid() as number, 'SIGKILL');
    await until('the restart', () => child.restarts() === 1);
    let done = false;
    const endMs = performance.now() + 60_000;
    while (!done && performance.now() < endMs) done = (await store.commit([], [put('b')])).ok;
    expect((await listed(store, '')).entries.map((entry) => entry.key)).toEqual(['a', 'b']);
    expect(lines.map((line) => line.message)).toContain('embedded etcd ended, starting it again');
  });

  it('refuses a directory that another process uses, and takes over one left by a crash', async () => {
    const directory = aDirectory();
    const first = await start(directory);
    expect(await startEtcdChild({ directory, log: silentLog })).toMatchObject({
      error: { kind: 'in-use', text: expect.stringContaining(`process ${process.pid}`) },
    });
    await first.stop();
    // The pid lives, but started at another time: it was given to another program since.
    const lock = JSON.stringify({ pid: process.pid, startTime: '1' });
    writeFileSync(join(directory, 'etcd.lock'), lock);
    expect((await start(directory)).pid()).toBeGreaterThan(0);
  });

  it('dies with its parent, also when that is killed', async () => {
    const directory = aDirectory();
    const program = `
      import { startEtcdChild } from '${join(import.meta.dirname, '../../src/base/io/etcd-child.ts')}';
      const quiet = () => {};
      const log = { debug: quiet, info: quiet, warn: quiet, error: quiet, with: () => log };
      const started = await startEtcdChild({ directory: process.argv[1], log });
      console.log(started.value.pid());
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    parent.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await until('etcd under the other parent', () => output.includes('\n'));
    const pid = Number(output.trim());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until('the end of etcd', () => !isAlive(pid));
    expect((await start(directory)).pid()).not.toBe(pid);
  });

  it('takes over from a process that has ended and was not waited for', async () => {
    const directory = aDirectory();
    // The shell's child ends and stays a zombie, since the program in the shell's place never waits for it.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    parent.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await until('a zombie', () => statOf(Number(output))[0] === 'Z');
    const owner = { pid: Number(output), startTime: statOf(Number(output))[19] };
    writeFileSync(join(directory, 'etcd.lock'), JSON.stringify(owner));
    await start(directory);
    parent.kill('SIGKILL');
  });

  it('says what is missing: the program, the port', async () => {
    const directory = aDirectory();
    expect(
      await startEtcdChild({ directory, binary: 'etcd-not-here', log: silentLog }),
    ).toMatchObject({
      error: {
        kind: 'binary-missing',
        text: expect.stringContaining('apt-get install etcd-server'),
      },
    });
    const [port] = (await freePorts(1)) as [number];
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => void server.close());
    expect(await startEtcdChild({ directory, clientPort: port, log: silentLog })).toMatchObject({
      error: { kind: 'port-taken', text: expect.stringContaining(String(port)) },
    });
    expect(await startEtcdChild({ directory, clientPort: 2379, log: silentLog })).toMatchObject({
      error: { kind: 'port-taken', text: expect.stringContaining('system-wide') },
    });
  });

  it('does not start on a device with too little space', async (context) => {
    const directory = aDirectory();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=50m', 'tmpfs', directory]);
    if (mounted.status !== 0) return context.skip('mounting a small tmpfs needs root');
    closing.push(async () => void spawnSync('umount', [directory]));
    expect(await startEtcdChild({ directory, log: silentLog })).toMatchObject({
      error: { kind: 'disk-full', text: expect.stringMatching(/ 52 MB free, etcd needs 300 MB/) },
    });
  });

  it('is given up with a reason when it cannot run', async () => {
    const directory = aDirectory();
    // A program that is there and executable, but no etcd.
    const started = await startEtcdChild({ directory, binary: '/bin/false', log: silentLog });
    expect(started).toMatchObject({
      error: { kind: 'failed', text: expect.stringContaining('5 times in a row') },
    });
    expect(existsSync(join(directory, 'etcd.lock'))).toBe(false);
  });
});

/** The fields of /proc/PID/stat after the command's name; empty when there is no such process. */
function statOf(pid: number): readonly string[] {
  if (!(pid > 0)) return [];
  let stat = '';
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return [];
  }
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
