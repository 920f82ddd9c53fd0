/**
 * Firmware beside a DHCP server of others: busybox udhcpd lends the addresses of rack 0, ours names boot files and
 * nothing else (`tetsu network set … --mode proxy`).
 */

import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, type Lab, serverAddress } from './network.ts';

export const foreignAddress = '10.69.0.2';
/** What the foreign server lends; ours would begin at 10.69.0.32. */
const pool = { first: '10.69.0.55', last: '10.69.0.60' };

export type ForeignDhcp = { readonly stop: () => Promise<void> };

/** A host of its own on rack 0 that lends addresses, and knows nothing of boot files. */
export function startForeignDhcp(lab: Lab, folder: string): ForeignDhcp {
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
export function setProxy(lab: Lab): void {
  const [program = '', ...prefix] = lab.onServer;
  const body = JSON.stringify({ cidr: '10.69.0.0/26', mode: 'proxy' });
  const url = `http://${serverAddress}:10080/api/v2/networks/rack-0`;
  const head = ['-H', 'Content-Type: application/json'];
  execFileSync(program, [...prefix, 'curl', '-sSf', '-X', 'PUT', url, ...head, '-d', body], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
