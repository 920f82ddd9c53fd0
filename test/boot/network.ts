/**
 * The laboratory's network, in namespaces of its own:
 *
 *   server 10.69.0.3 ── rack 0 bridge ── router 10.69.0.1 | 10.69.0.193 (DHCP relay) ── rack 1 bridge
 *
 * Machines of rack 0 reach the server directly, those of rack 1 through the relay agent.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';

export const serverAddress = '10.69.0.3';
const relayAddresses = ['10.69.0.1', '10.69.0.193'] as const;

export type Lab = {
  /** Command prefix that runs a program in the server's namespace. */
  readonly onServer: readonly string[];
  /** Command prefix for the namespace that holds the bridges: here the machines run. */
  readonly onRacks: readonly string[];
  /** A tap device on a rack's bridge, for one machine. */
  readonly addTap: (rack: 0 | 1, name: string) => void;
  readonly close: () => Promise<void>;
};

/**
 * Makes the namespaces; everything in them goes away with `close`.
 *
 * @param name of the laboratory among those of this process.
 */
export function openLab(name: string): Lab {
  const tag = `tetsu${process.pid}${name}`;
  const [racks, server, router] = [`${tag}r`, `${tag}s`, `${tag}g`];
  const ip = (...args: string[]): void =>
    void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const within = (namespace: string, ...args: string[]): void => ip('-n', namespace, ...args);
  for (const namespace of [racks, server, router]) {
    ip('netns', 'add', namespace);
    within(namespace, 'link', 'set', 'lo', 'up');
  }
  for (const rack of [0, 1]) {
    within(
      racks,
      'link',
      'add',
      `rack${rack}`,
      'type',
      'bridge',
      'stp_state',
      '0',
      'forward_delay',
      '0',
    );
    within(racks, 'link', 'set', `rack${rack}`, 'up');
  }
  const plug = (rack: 0 | 1, namespace: string, name: string, address: string): void => {
    const port = `${name}${namespace.at(-1)}`;
    within(racks, 'link', 'add', port, 'type', 'veth', 'peer', 'name', name, 'netns', namespace);
    within(racks, 'link', 'set', port, 'master', `rack${rack}`, 'up');
    within(namespace, 'addr', 'add', address, 'dev', name);
    within(namespace, 'link', 'set', name, 'up');
    // Firmware drops packets whose checksum was left to hardware that a veth does not have.
    execFileSync('ip', ['netns', 'exec', namespace, 'ethtool', '-K', name, 'tx', 'off'], {
      stdio: 'ignore',
    });
    execFileSync('ip', ['netns', 'exec', racks, 'ethtool', '-K', port, 'tx', 'off'], {
      stdio: 'ignore',
    });
  };
  plug(0, server, 'eth0', `${serverAddress}/26`);
  plug(0, router, 'up0', `${relayAddresses[0]}/26`);
  plug(1, router, 'down0', `${relayAddresses[1]}/26`);
  within(server, 'route', 'add', '10.69.0.192/26', 'via', relayAddresses[0]);
  execFileSync('ip', ['netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  const relay = spawn(
    'ip',
    [
      'netns',
      'exec',
      router,
      'dhcrelay',
      '-4',
      '-d',
      '--no-pid',
      '-iu',
      'up0',
      '-id',
      'down0',
      serverAddress,
    ],
    { stdio: 'ignore' },
  );

  return {
    onServer: ['ip', 'netns', 'exec', server],
    onRacks: ['ip', 'netns', 'exec', racks],
    addTap: (rack, name) => {
      within(racks, 'tuntap', 'add', 'dev', name, 'mode', 'tap');
      within(racks, 'link', 'set', name, 'master', `rack${rack}`, 'up');
    },
    close: async () => {
      await ended(relay);
      for (const namespace of [racks, server, router]) ip('netns', 'delete', namespace);
    },
  };
}

/** Ends a child and waits for it; SIGKILL when it does not go within five seconds. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 5000);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
