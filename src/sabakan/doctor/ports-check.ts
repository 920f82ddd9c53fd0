/** The ports a server needs: free before it starts, its own while it runs. */

import type { Endpoint } from '../../base/world.ts';
import { fine, type Look, problem } from './finding.ts';

export type PortFacts = {
  /** Of the configuration: `http`, `dhcp-bind`. */
  readonly member: string;
  readonly protocol: 'tcp' | 'udp';
  readonly at: Endpoint;
  /** Who holds it now; a process of another user may stay without its command. */
  readonly holders: readonly PortHolder[];
  /** Why it cannot be bound, as the system calls it (`EADDRINUSE`); undefined: it can, or was not tried. */
  readonly refused?: string;
};

export type PortHolder = { readonly pid: number | undefined; readonly command: string };

/** Below it, a port needs root or CAP_NET_BIND_SERVICE, unless the kernel was told another number. */
export type PortRights = { readonly unprivilegedFrom: number; readonly mayBindLow: boolean };

/** @param ownPid the server that looks at itself; undefined: before a server runs. */
export function checkPorts(
  ports: readonly PortFacts[],
  rights: PortRights,
  ownPid: number | undefined,
): readonly Look[] {
  return ports.map((port) => {
    const subject = `${port.member} ${port.protocol.toUpperCase()} ${port.at.address}:${port.at.port}`;
    return ownPid === undefined ? before(subject, port, rights) : running(subject, port, ownPid);
  });
}

function before(subject: string, port: PortFacts, rights: PortRights): Look {
  const { refused, holders, at, protocol, member } = port;
  if (refused === undefined) return fine(subject, 'free');
  if (refused === 'EADDRINUSE') {
    const who = holders.length === 0 ? 'another program' : holders.map(holderText).join(' and ');
    const flag = protocol === 'udp' ? '-lunp' : '-ltnp';
    return problem(
      subject,
      `taken by ${who}`,
      `is a server running here already? stop that program (ss ${flag} shows it), or set ${member} to another port`,
    );
  }
  if (refused === 'EACCES' || refused === 'EPERM') {
    const needs = at.port < rights.unprivilegedFrom && !rights.mayBindLow;
    return problem(
      subject,
      `may not be bound by this user${needs ? `: ports below ${rights.unprivilegedFrom} are privileged` : ''}`,
      'run as root, or grant CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_NET_RAW)',
    );
  }
  if (refused === 'EADDRNOTAVAIL') {
    return problem(
      subject,
      `no interface of this host has the address ${at.address}`,
      `use one of its addresses (ip -4 addr), or 0.0.0.0 for all of them`,
    );
  }
  return problem(subject, `cannot be bound: ${refused}`, 'look at ip addr and the firewall here');
}

function running(subject: string, { holders }: PortFacts, ownPid: number): Look {
  const others = holders.filter(({ pid }) => pid !== undefined && pid !== ownPid);
  if (holders.some(({ pid }) => pid === ownPid)) {
    if (others.length === 0) return fine(subject, 'this server listens');
    return problem(
      subject,
      `this server listens, and so does ${others.map(holderText).join(' and ')}`,
      'the system gives requests to either of them: stop the other program',
    );
  }
  if (others.length === 0) {
    return problem(subject, 'nobody listens', 'its log says why it was not opened or was closed');
  }
  return problem(
    subject,
    `not this server listens, but ${others.map(holderText).join(' and ')}`,
    'stop the other program and restart this server',
  );
}

function holderText({ pid, command }: PortHolder): string {
  return pid === undefined ? command : `${command} (pid ${pid})`;
}
