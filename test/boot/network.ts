/**
 * The laboratory's network, in namespaces of its own:
 *
 *   server 10.69.0.3 ── rack 0 bridge ── router 10.69.0.1 | 10.69.0.193 (DHCP relay) ── rack 1 bridge
 *
 * Machines of rack 0 reach the server directly, those of rack 1 through the relay agent.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

export const serverAddress = '10.69.0.3';
const relayAddresses = ['10.69.0.1', '10.69.0.193'] as const;

export type Lab = {
  /** Command prefix that runs a program in the server's namespace. */
  readonly onServer: readonly string[];
  /** Command prefix for the namespace that holds the bridges: here the machines run. */
  readonly onRacks: readonly string[];
  /** A tap device on a rack's bridge, for one machine. */
  readonly addTap: (rack: 0 | 1, name: string) => void;
  /** The server hears nothing more of this machine on that port. Rack 0 only: behind the relay it has the relay's MAC. */
  readonly drop: (mac: string, protocol: 'udp' | 'tcp', port: number) => void;
  /** Takes the cable between relay and server away. */
  readonly unplugRelay: () => void;
  /** Takes addresses in rack 0, each under a MAC of its own, until the server gives none. */
  readonly useUpPool: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * Makes the namespaces; everything in them goes away with `close`.
 *
 * @param name of the laboratory among those of this process.
 */
export function openLab(name: string): Lab {
  const tag = `tetsu${process.pid}${name}`;
  const [racks, server, router, taker] = [`${tag}r`, `${tag}s`, `${tag}g`, `${tag}t`];
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
    drop: (mac, protocol, port) => {
      const rule = `ether saddr ${mac} ${protocol} dport ${port} drop`;
      const chain = 'type filter hook input priority 0; policy accept;';
      execFileSync('ip', ['netns', 'exec', server, 'nft', '-f', '-'], {
        input: `table inet faults {\n chain input {\n ${chain}\n ${rule}\n }\n}\n`,
      });
    },
    unplugRelay: () => within(racks, 'link', 'set', `up0${router.at(-1)}`, 'down'),
    useUpPool: async () => {
      ip('netns', 'add', taker);
      within(racks, 'link', 'add', 'take0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', taker);
      within(racks, 'link', 'set', 'take0', 'master', 'rack0', 'up');
      within(taker, 'link', 'set', 'eth0', 'up');
      execFileSync('ip', ['netns', 'exec', taker, 'ethtool', '-K', 'eth0', 'tx', 'off'], {
        stdio: 'ignore',
      });
      let refused = 0;
      for (let number = 0; refused < 2 && number < takersMax; number += 1) {
        within(taker, 'link', 'set', 'eth0', 'address', `02:00:00:69:00:${hex(number)}`);
        refused = (await takesLease(taker)) ? 0 : refused + 1;
      }
      if (refused < 2) throw new Error(`${takersMax} clients did not use up the pool`);
    },
    close: async () => {
      await ended(relay);
      const taken = existsSync(`/run/netns/${taker}`) ? [taker] : [];
      for (const namespace of [racks, server, router, ...taken]) ip('netns', 'delete', namespace);
    },
  };
}

/** More than the range of a rack holds. */
const takersMax = 80;

function hex(number: number): string {
  return number.toString(16).padStart(2, '0');
}

/** Busybox's client in a namespace asks for a lease and keeps it; false: it got none after four tries. */
async function takesLease(namespace: string): Promise<boolean> {
  const client = [
    'udhcpc',
    '-i',
    'eth0',
    '-n',
    '-q',
    '-f',
    '-t',
    '4',
    '-T',
    '2',
    '-s',
    '/bin/true',
  ];
  const child = spawn('ip', ['netns', 'exec', namespace, 'busybox', ...client], {
    stdio: 'ignore',
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return code === 0;
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
