/**
 * Firmware beside a DHCP server of others: busybox udhcpd lends the addresses of rack 0, ours names boot files and
 * nothing else (`tetsu network set … --mode proxy`).
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import type { FirmwareKind } from './firmware.ts';
import { bootDeadlineMs } from './matrix.ts';
import { ended, type Lab, serverAddress } from './network.ts';
import { evidenceOf, type Report } from './report.ts';
import { stagesOf } from './stages.ts';

const kinds: readonly FirmwareKind[] = ['bios-ipxe-rom', 'uefi-pxe', 'uefi-http'];

/** What DHCP showed under a hardware address and what HTTP showed under an address of the other server. */
const told = ['ipxe-offer', 'ipxe-ack', 'script', 'kernel', 'ignition'];

/** Each boots with an address of the other server, to `healthy`; ours lends none and names the other by its address. */
export async function bootBesideAnother(bench: Bench, report: Report): Promise<void> {
  const { lab, server } = bench;
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-udhcpd-'));
  setProxy(lab);
  const foreign = startForeignDhcp(lab, folder);
  try {
    const wanted = kinds.map((kind) => ({ kind, rack: 0 as const, serial: `${kind}-proxy` }));
    await server.register(wanted);
    await Promise.all(
      wanted.map(bench.powerOn).map(async (machine) => {
        const deadline = machine.poweredOnAt + bootDeadlineMs;
        const waited = await server.waitFor(machine.serial, 'healthy', deadline);
        await report.tell(
          waited.ok,
          `${machine.kind.padEnd(15)} ${'proxy'.padEnd(8)} ${await stagesOf(server, machine)}`,
          async () => `${waited.text}\n${await evidenceOf(server, machine)}`,
        );
        const { mac, steps } = JSON.parse(ask(lab, `/api/v2/boots/${machine.serial}`));
        const names = steps.map(({ step }: { readonly step: string }) => step);
        await report.tell(
          mac === machine.mac && told.every((step) => names.includes(step)),
          `${machine.kind.padEnd(15)} one timeline: ${[...new Set(names)].join(' ')}`,
          async () => `of ${mac}, and not of ${machine.mac}, or without one of ${told.join()}`,
        );
      }),
    );
    const { otherServers } = JSON.parse(ask(lab, '/api/v2/networks/rack-0'));
    const { items } = JSON.parse(ask(lab, '/api/v2/leases'));
    const heard = otherServers.map(({ address }: { readonly address: string }) => address);
    await report.tell(
      heard.join() === foreignAddress && items.length === 0,
      `beside the DHCP server ${heard.join()}, ${items.length} leases of ours`,
      async () => server.log().slice(-4000),
    );
  } finally {
    await foreign.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const foreignAddress = '10.69.0.2';
/** What the foreign server lends; ours would begin at 10.69.0.32. */
const pool = { first: '10.69.0.55', last: '10.69.0.60' };

type ForeignDhcp = { readonly stop: () => Promise<void> };

/** A host of its own on rack 0 that lends addresses, and knows nothing of boot files. */
function startForeignDhcp(lab: Lab, folder: string): ForeignDhcp {
  const racks = lab.onRacks.at(-1) ?? '';
  const host = `${racks.slice(0, -1)}f`;
  const ip = (...args: readonly string[]): void =>
    void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  ip('netns', 'add', host);
  const peer = ['peer', 'name', 'eth0', 'netns', host];
  ip('-n', racks, 'link', 'add', 'foreign0', 'type', 'veth', ...peer);
  ip('-n', racks, 'link', 'set', 'foreign0', 'master', 'rack0', 'up');
  ip('-n', host, 'addr', 'add', `${foreignAddress}/26`, 'dev', 'eth0');
  ip('-n', host, 'link', 'set', 'eth0', 'up');
  for (const [namespace, name] of [
    [host, 'eth0'],
    [racks, 'foreign0'],
  ] as const) {
    // Firmware drops packets whose checksum was left to hardware that a veth does not have.
    const args = ['netns', 'exec', namespace, 'ethtool', '-K', name, 'tx', 'off'];
    execFileSync('ip', args, { stdio: 'ignore' });
  }
  const file = join(folder, 'udhcpd.conf');
  const leases = join(folder, 'udhcpd.leases');
  writeFileSync(leases, '');
  writeFileSync(
    file,
    `start ${pool.first}\nend ${pool.last}\ninterface eth0\nlease_file ${leases}\npidfile ${folder}/udhcpd.pid\noption subnet 255.255.255.192\noption router 10.69.0.1\noption lease 600\n`,
  );
  const program = ['netns', 'exec', host, 'busybox', 'udhcpd', '-f', file];
  const child = spawn('ip', program, { stdio: 'ignore' });
  return {
    stop: async () => {
      await ended(child);
      ip('netns', 'delete', host);
    },
  };
}

/** As an operator does it: rack 0 is beside the other server from now on. */
function setProxy(lab: Lab): void {
  const body = JSON.stringify({ cidr: '10.69.0.0/26', mode: 'proxy' });
  ask(
    lab,
    '/api/v2/networks/rack-0',
    '-X',
    'PUT',
    '-H',
    'Content-Type: application/json',
    '-d',
    body,
  );
}

function ask(lab: Lab, path: string, ...how: readonly string[]): string {
  const [program = '', ...prefix] = lab.onServer;
  const url = `http://${serverAddress}:10080${path}`;
  return execFileSync(program, [...prefix, 'curl', '-sSf', url, ...how], { encoding: 'utf8' });
}
