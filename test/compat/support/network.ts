/**
 * A link for DHCP that belongs to the test process alone: it moves into a network namespace of its own, where etcd and
 * server are then started, and keeps sockets of clients and relays in a second one at the other end of a veth pair.
 */

import { execFileSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import koffi from 'koffi';
import { createNet } from '../../../src/base/io/udp.ts';
import type { UdpSocket } from '../../../src/base/world.ts';

const newNetwork = 0x4000_0000;
/** Seen by the thread that opens it; `/proc/self` is that of the main thread. */
const ownNetwork = '/proc/self/ns/net';

export type Lab = {
  /** `ip …` among the clients: an address for a client or a relay. */
  readonly clientIp: (...args: readonly string[]) => void;
  readonly serverIp: (...args: readonly string[]) => void;
  /** What goes before a command that is to run among the clients. */
  readonly amongClients: readonly string[];
  /** A socket at the clients' end, of a client (`0.0.0.0:68`) or relay (its address, port 67). */
  readonly openUdp: (
    address: string,
    port: number,
    onDatagram: (payload: Uint8Array) => void,
  ) => Promise<UdpSocket>;
};

/** The server's interface, which the caller gives its addresses. */
export const serverLink = 's0';
const clientLink = 'c0';

/** What this host lacks for it, or undefined. */
export function whyNoLab(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    execFileSync('unshare', ['-n', 'ip', 'link', 'show'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `no network namespace can be made: ${error}`;
  }
}

/** There is no way back: to be called once, in a file of its own. */
export function enterLab(): Lab {
  if (!isMainThread) throw new Error('a network belongs to a thread: run the tests in processes');
  const libc = koffi.load('libc.so.6');
  const unshare = libc.func('int unshare(int)');
  const setns = libc.func('int setns(int, int)');
  const must = (what: string, status: number): void => {
    if (status !== 0) throw new Error(`${what} failed: errno ${koffi.errno()}`);
  };
  const make = (): number => {
    must('unshare', unshare(newNetwork));
    return openSync(ownNetwork, 'r');
  };
  const clients = make();
  const servers = make();
  const ip = (...args: readonly string[]): void => {
    execFileSync('ip', args, { stdio: 'pipe' });
  };
  /** Sockets and children made meanwhile stay there. */
  const amongClients = <T>(act: () => T): T => {
    must('setns', setns(clients, newNetwork));
    try {
      return act();
    } finally {
      must('setns', setns(servers, newNetwork));
    }
  };
  const clientIp: Lab['clientIp'] = (...args) => amongClients(() => ip(...args));

  ip('link', 'set', 'lo', 'up');
  const there = `/proc/${process.pid}/fd/${clients}`;
  ip(
    ...['link', 'add', serverLink, 'type', 'veth'],
    ...['peer', 'name', clientLink, 'netns', there],
  );
  ip('link', 'set', serverLink, 'up');
  clientIp('link', 'set', 'lo', 'up');
  clientIp('link', 'set', clientLink, 'up');
  clientIp('route', 'add', 'default', 'dev', clientLink);

  const net = createNet();
  return {
    clientIp,
    serverIp: ip,
    amongClients: ['nsenter', `--net=${there}`],
    openUdp: async (address, port, onDatagram) => {
      // The descriptor is made before the first await, while we are among the clients.
      const opening = amongClients(() =>
        net.openUdp({
          ...{ address, port, interface: clientLink, broadcast: true },
          onDatagram: ({ payload }) => onDatagram(payload),
          onError: (error) => {
            throw error;
          },
        }),
      );
      const opened = await opening;
      if (!opened.ok) throw new Error(opened.error.text);
      return opened.value;
    },
  };
}
