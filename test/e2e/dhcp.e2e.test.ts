/** A socket bound to an interface, a broadcast, and a client that is not ours: busybox udhcpc behind a veth pair. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorReportV2 } from '../../src/sabakan/contract/doctor.ts';

const script = fileURLToPath(new URL('../support/netns/udhcpc-script.sh', import.meta.url));
const serverFile = fileURLToPath(new URL('../support/netns/dhcp-server.ts', import.meta.url));

const why = whySkipped();
if (why !== undefined)
  process.stderr.write(`the DHCP server on real links is not tested: ${why}\n`);

const unique = process.pid;
const serverSpace = `tetsu-dhcp-s${unique}`;
const clientSpace = `tetsu-dhcp-c${unique}`;
const children: ChildProcess[] = [];

describe.skipIf(why !== undefined)('a server with sockets bound to its links', () => {
  beforeAll(() => {
    for (const space of [serverSpace, clientSpace]) ip('netns', 'add', space);
    for (const link of ['0', '1']) {
      const [near, far] = [`ts${link}`, `tc${link}`];
      ip(
        'link',
        'add',
        near,
        'netns',
        serverSpace,
        'type',
        'veth',
        'peer',
        far,
        'netns',
        clientSpace,
      );
      ip('-n', serverSpace, 'link', 'set', near, 'up');
      ip('-n', clientSpace, 'link', 'set', far, 'up');
    }
    ip('-n', clientSpace, 'link', 'set', 'tc0', 'address', '52:54:00:00:00:10');
    ip('-n', clientSpace, 'link', 'set', 'tc1', 'address', '52:54:00:00:00:11');
    ip('-n', serverSpace, 'addr', 'add', '10.69.0.3/26', 'dev', 'ts0');
    ip('-n', serverSpace, 'addr', 'add', '10.69.0.67/26', 'dev', 'ts1');
    for (const space of [serverSpace, clientSpace]) ip('-n', space, 'link', 'set', 'lo', 'up');
  });

  afterAll(() => {
    killAll();
    for (const space of [serverSpace, clientSpace]) {
      spawnSync('ip', ['netns', 'del', space], { stdio: 'ignore' });
    }
  });

  it('lends to a foreign client on the link the broadcast came in on, and extends by unicast', async () => {
    const server = await startServer('67', 'ts0', 'ts1');
    const first = startClient('tc0');
    const told = await lineOf(first, 'bound');
    expect(told).toMatch(
      /^bound ip=10\.69\.0\.(3[2-9]|4\d|5\d|6[0-2]) mask=26 router=10\.69\.0\.1 dns=10\.0\.0\.1 server=10\.69\.0\.3 next=10\.69\.0\.3 file= lease=600$/,
    );
    const second = await lineOf(startClient('tc1'), 'bound');
    expect(second).toMatch(
      /^bound ip=10\.69\.0\.(9[6-9]|1[01]\d|12[0-6]) mask=26 router=10\.69\.0\.65 .* server=10\.69\.0\.67 next=10\.69\.0\.67 /,
    );

    first.kill('SIGUSR1');
    const renewed = await lineOf(first, 'renew');
    expect(renewed.replace(/^renew /, '')).toBe(told.replace(/^bound /, ''));

    server.stdin?.write('\n');
    const counters = JSON.parse(await lineOf(server, '{"counters"')) as {
      readonly counters: Readonly<Record<string, number>>;
    };
    const { received = 0, offered, acked = 0, nakked } = counters.counters;
    // A datagram is handled once, whichever socket hears it: two DISCOVERs, two REQUESTs, one renewal. udhcpc opens its
    // socket only after it has sent the renewal, misses an ACK that comes within a millisecond or two, and then
    // broadcasts the renewal again.
    expect({ offered, nakked }).toEqual({ offered: 2, nakked: 0 });
    expect(received).toBe(2 + acked);
    expect([3, 4]).toContain(acked);
  });

  it('serves an interface that was made anew under its old name and address', async () => {
    killAll();
    await startServer('67', 'ts0');
    const address = execFileSync(
      'ip',
      ['netns', 'exec', serverSpace, 'cat', '/sys/class/net/ts0/address'],
      { encoding: 'utf8' },
    ).trim();
    const near = ['ts0', 'address', address, 'netns', serverSpace];
    ip('-n', serverSpace, 'link', 'del', 'ts0');
    const far = ['tc0', 'address', '52:54:00:00:00:10', 'netns', clientSpace];
    ip('link', 'add', ...near, 'type', 'veth', 'peer', ...far);
    ip('-n', serverSpace, 'addr', 'add', '10.69.0.3/26', 'dev', 'ts0');
    ip('-n', serverSpace, 'link', 'set', 'ts0', 'up');
    ip('-n', clientSpace, 'link', 'set', 'tc0', 'up');
    expect(await lineOf(startClient('tc0'), 'bound')).toContain(' server=10.69.0.3 ');
  });

  it('asks by ARP who uses an address, and then offers another', async () => {
    // None that remembers the client from before.
    killAll();
    await startServer('67', 'ts0');
    const wanted = addressIn(await lineOf(startClient('tc0'), 'bound'));
    killAll();
    // Another host on the link has it by hand; the client's own card must not answer in its place.
    const host = ['netns', 'exec', clientSpace, 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1'];
    ip(...host);
    ip('-n', clientSpace, 'addr', 'flush', 'dev', 'tc0');
    ip('-n', clientSpace, 'link', 'add', 'tm0', 'link', 'tc0', 'type', 'macvlan', 'mode', 'bridge');
    ip('-n', clientSpace, 'addr', 'add', `${wanted}/26`, 'dev', 'tm0');
    ip('-n', clientSpace, 'link', 'set', 'tm0', 'up');
    const server = await startServer('67', 'ts0');
    const given = addressIn(await lineOf(startClient('tc0'), 'bound'));
    server.stdin?.write('\n');
    const { aside } = JSON.parse(await lineOf(server, '{"counters"'));
    expect(given).not.toBe(wanted);
    expect(aside).toMatchObject([{ address: wanted, mac: expect.stringMatching(/^..:/) }]);
    server.kill('SIGKILL');
    ip('-n', clientSpace, 'link', 'del', 'tm0');
  });

  it('says which right is missing when it may not have the port', async () => {
    const server = spawnIn(serverSpace, [
      'setpriv',
      '--reuid=65534',
      '--clear-groups',
      '--bounding-set=-all',
      process.execPath,
      serverFile,
      '67',
      'ts0',
    ]);
    expect(await lineOf(server, '{"problem"')).toMatch(
      /not-permitted.*CAP_NET_BIND_SERVICE.*CAP_NET_RAW/,
    );
  });

  it('is heard of by tetsu doctor on a host where it does not belong', async () => {
    const server = await startServer('67', 'ts0');
    const folder = mkdtempSync(join(tmpdir(), 'tetsukan-survey-'));
    const config = join(folder, 'tetsu.yml');
    writeFileSync(
      config,
      `advertise-url: http://127.0.0.1:1
advertise-url-https: https://127.0.0.1:2
data-dir: ${folder}
etcd: { endpoints: [http://127.0.0.1:3] }`,
    );
    const surveyed = async () => {
      const doctor = spawnIn(clientSpace, [
        ...['bin/tetsu', 'doctor', '--config', config, '-o', 'json', '--dhcp-survey', 'tc0'],
      ]);
      let report = '';
      for await (const text of doctor.stdout ?? []) report += String(text);
      const { findings } = JSON.parse(report) as DoctorReportV2;
      return findings.filter(({ check }) => check === 'dhcp');
    };
    // It listens for some seconds, in which a crowded machine may not answer.
    await expect.poll(surveyed, { timeout: 120_000 }).toEqual([
      expect.objectContaining({
        level: 'problem',
        subject: 'DHCP on tc0',
        found: expect.stringMatching(/^10\.69\.0\.3 offers addresses here, too \(10\.69\.0\.\d+/),
      }),
    ]);
    rmSync(folder, { recursive: true });
    server.kill('SIGKILL');
  });
});

function killAll(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}

/** `bound ip=10.69.0.40 mask=26 …` */
function addressIn(told: string): string {
  return / ip=([\d.]+) /.exec(told)?.[1] ?? '';
}

async function startServer(...args: readonly string[]): Promise<ChildProcess> {
  const server = spawnIn(serverSpace, [process.execPath, serverFile, ...args]);
  await lineOf(server, '{"listening"');
  return server;
}

/** In the foreground, so that the child is udhcpc itself and gets our signals. */
function startClient(link: string): ChildProcess {
  return spawnIn(clientSpace, [
    ...['busybox', 'udhcpc', '-f', '-i', link, '-s', script],
    // It asks again so late that a slow server is not asked twice.
    ...['-t', '5', '-T', '20', '-O', 'serverid'],
  ]);
}

function spawnIn(space: string, command: readonly string[]): ChildProcess {
  // `ip netns exec` replaces itself by the command.
  const child = spawn('ip', ['netns', 'exec', space, ...command], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  children.push(child);
  return child;
}

const waitMs = 90_000;
const linesOf = new WeakMap<ChildProcess, string[]>();

/** The first line of output that begins so; it is used up. */
function lineOf(child: ChildProcess, start: string): Promise<string> {
  const lines = linesOf.get(child) ?? [];
  const isNew = !linesOf.has(child);
  linesOf.set(child, lines);
  if (isNew) {
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      child.emit('lines');
    });
  }
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const at = lines.findIndex((line) => line.startsWith(start));
      if (at < 0) return;
      clearTimeout(limit);
      child.off('lines', look);
      resolve(lines.splice(at, 1)[0] ?? '');
    };
    const limit = setTimeout(() => {
      child.off('lines', look);
      reject(new Error(`no line "${start}…" within ${waitMs} ms; seen: ${lines.join(' | ')}`));
    }, waitMs);
    child.on('lines', look);
    look();
  });
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

/** What this host lacks for it, or undefined. */
function whySkipped(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const [program, args] of [
    ['ip', ['-V']],
    ['busybox', ['udhcpc', '--help']],
    ['setpriv', ['--version']],
  ] as const) {
    if (spawnSync(program, args, { stdio: 'ignore' }).error !== undefined) {
      return `${program} is not installed`;
    }
  }
  const made = spawnSync('ip', ['netns', 'add', `tetsu-try${process.pid}`], { encoding: 'utf8' });
  if (made.status !== 0) return `no network namespace can be made: ${made.stderr.trim()}`;
  spawnSync('ip', ['netns', 'del', `tetsu-try${process.pid}`]);
  return undefined;
}
