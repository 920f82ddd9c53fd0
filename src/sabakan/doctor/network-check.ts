/** The configuration against the network this host is in. */

import { formatCidr, isInside, parseIpv4 } from '../../base/addresses.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import { fine, type Look, problem, warning } from './finding.ts';

export type InterfaceFacts = {
  readonly name: string;
  /** IPv4 only. */
  readonly addresses: readonly string[];
  /** `up`, `down`, `unknown` (loopback), as the kernel says; undefined: it does not say. */
  readonly state: string | undefined;
};

export type DhcpWanted = {
  readonly enabled: boolean;
  readonly interfaces: readonly string[] | 'all';
};

export type UrlFacts = {
  /** Of the configuration. */
  readonly member: string;
  readonly url: string;
  /** What its host name resolves to; empty: nothing. */
  readonly addresses: readonly string[];
  /** What came back from it; undefined: it was not asked. */
  readonly asked?: { readonly ok: boolean; readonly text: string };
};

/** @param ipam undefined while there is none. */
export function checkInterfaces(
  interfaces: readonly InterfaceFacts[],
  dhcp: DhcpWanted,
  ipam: Pick<IpamConfig, 'nodeIpv4Pool'> | undefined,
): readonly Look[] {
  if (!dhcp.enabled) return [fine('dhcp', 'DHCP is off in the configuration')];
  if (dhcp.interfaces === 'all') {
    const useful = interfaces.filter((one) => answersOn(one, ipam));
    if (useful.length > 0) return useful.map((one) => checkInterface(one, ipam));
    return [
      warning(
        'dhcp.interfaces',
        'no interface of this host has an address in the node pool: only relays are answered',
        'right where routers relay DHCP (ip helper-address); otherwise give this host an address in the rack’s network',
      ),
    ];
  }
  if (dhcp.interfaces.length === 0) {
    return [fine('dhcp.interfaces', 'none named: only relays are answered (dhcp.relay-networks)')];
  }
  return dhcp.interfaces.map((name) => {
    const found = interfaces.find((one) => one.name === name);
    if (found !== undefined) return checkInterface(found, ipam);
    const names = interfaces.map((one) => one.name).join(', ');
    return problem(
      `dhcp.interfaces ${name}`,
      'this host has no such interface',
      `it has ${names}; names change with cards and slots`,
    );
  });
}

function answersOn(one: InterfaceFacts, ipam: Pick<IpamConfig, 'nodeIpv4Pool'> | undefined) {
  return ipam !== undefined && one.addresses.some((text) => isInPool(text, ipam));
}

function isInPool(text: string, { nodeIpv4Pool }: Pick<IpamConfig, 'nodeIpv4Pool'>): boolean {
  const address = parseIpv4(text);
  return address.ok && isInside(address.value, nodeIpv4Pool);
}

function checkInterface(
  { name, addresses, state }: InterfaceFacts,
  ipam: Pick<IpamConfig, 'nodeIpv4Pool'> | undefined,
): Look {
  const subject = `dhcp.interfaces ${name}`;
  if (state === 'down') {
    return problem(subject, 'is down', `ip link set ${name} up; is the cable in?`);
  }
  if (addresses.length === 0) {
    return problem(
      subject,
      'has no IPv4 address',
      'give it one in the network of its rack: answers name it as the server',
    );
  }
  const found = `${state ?? 'state unknown'}, ${addresses.join(', ')}`;
  if (ipam === undefined || addresses.some((text) => isInPool(text, ipam))) {
    return fine(subject, found);
  }
  return warning(
    subject,
    `${found}: outside node-ipv4-pool ${formatCidr(ipam.nodeIpv4Pool)}, so it stays silent`,
    'give it an address in the pool, or correct the IPAM configuration',
  );
}

/** @param own addresses of this host. */
export function checkUrls(urls: readonly UrlFacts[], own: readonly string[]): readonly Look[] {
  return urls.map(({ member, url, addresses, asked }) => {
    const subject = `${member} ${url}`;
    const [first] = addresses;
    if (first === undefined) {
      return problem(
        subject,
        'its host name cannot be resolved here',
        'use an address instead of a name, or put the name into DNS: machines load everything from this URL',
      );
    }
    if (addresses.some((address) => /^(127\.|::1$)/.test(address))) {
      return warning(
        subject,
        `${first} is this host only: no machine can load from it`,
        'fine for a trial on one host; else the address of the interface that the racks reach',
      );
    }
    if (asked !== undefined && !asked.ok) {
      return problem(
        subject,
        `does not answer from here: ${asked.text}`,
        'is a firewall between? does the server listen on this address (http, https)?',
      );
    }
    if (!addresses.some((address) => own.includes(address))) {
      return warning(
        subject,
        `${addresses.join(', ')} is no address of this host`,
        'right behind a load balancer or address translation; else machines load from another host',
      );
    }
    return fine(subject, asked === undefined ? `${first}, an address of this host` : asked.text);
  });
}
