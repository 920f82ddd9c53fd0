/** What Sabakan calls the DHCP configuration: lease time and name servers, kept in the store. */

import { formatIpv4, type Ipv4, parseIpv4 } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type ConfigMistake, createConfigReading } from './config-mistake.ts';
import { showValue } from './mistake.ts';

export type DhcpConfig = {
  /** 0 stands for the default of an hour. */
  readonly leaseMinutes: number;
  readonly dnsServers: readonly Ipv4[];
  /** Obsolete since Sabakan 1.2; kept and published as it came. */
  readonly gatewayOffset: number;
};

const defaultLeaseSeconds = 3600;
/** A lease of a year is as good as for ever; more would overflow option 51 (RFC 2132 section 9.2). */
export const leaseMinutesMax = 525_600;
/** Option 6 holds 255 octets. */
export const dnsServersMax = 63;
/** What is repeated of a server that is none. */
const serverCharactersShownMax = 100;

/** All members there are, in the order of the published form. */
export const dhcpMembers = ['gateway-offset', 'lease-minutes', 'dns-servers'] as const;

/** The error is that of the first mistake. */
export function parseDhcpConfig(json: unknown): Result<DhcpConfig, string> {
  const read = readDhcpConfig(json);
  return read.ok ? read : fail(read.error[0]?.rule ?? '');
}

/** Finds every mistake. Unknown members are passed over. */
export function readDhcpConfig(json: unknown): Result<DhcpConfig, readonly ConfigMistake[]> {
  const { given, wrong, mistakes } = createConfigReading(json);
  if (given === undefined) return fail(mistakes);
  const leaseMinutes = given['lease-minutes'] ?? 0;
  const gatewayOffset = given['gateway-offset'] ?? 0;
  if (!isCount(leaseMinutes) || leaseMinutes > leaseMinutesMax) {
    wrong('lease-minutes', `must be a whole number up to ${leaseMinutesMax}`);
  }
  if (!isCount(gatewayOffset)) wrong('gateway-offset', 'must be an unsigned number');
  const servers = given['dns-servers'] ?? [];
  const dnsServers: Ipv4[] = [];
  if (!Array.isArray(servers)) {
    const rule = 'dns-servers must be a list of IPv4 addresses';
    wrong('dns-servers', 'must be a list of IPv4 addresses', rule);
  } else if (servers.length > dnsServersMax) {
    const rule = `dns-servers must be at most ${dnsServersMax} addresses`;
    wrong('dns-servers', `must be at most ${dnsServersMax} addresses`, rule);
  } else {
    for (const [at, server] of servers.entries()) {
      const text = typeof server === 'string' ? server : showValue(server);
      const address = parseIpv4(text);
      const rule = `invalid IPv4 address in dns-servers: ${text.slice(0, serverCharactersShownMax)}`;
      if (address.ok) dnsServers.push(address.value);
      else wrong(`dns-servers/${at}`, 'must be IPv4 addresses', rule);
    }
  }
  if (mistakes.length > 0) return fail(mistakes);
  return ok({
    leaseMinutes: leaseMinutes as number,
    dnsServers,
    gatewayOffset: gatewayOffset as number,
  });
}

/** The published and stored form: `dns-servers` is left out when there are none. */
export function dhcpConfigToJson(config: DhcpConfig): Readonly<Record<string, unknown>> {
  return {
    'gateway-offset': config.gatewayOffset,
    'lease-minutes': config.leaseMinutes,
    ...(config.dnsServers.length > 0 ? { 'dns-servers': config.dnsServers.map(formatIpv4) } : {}),
  };
}

export function leaseSeconds(config: DhcpConfig): number {
  return config.leaseMinutes === 0 ? defaultLeaseSeconds : config.leaseMinutes * 60;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
