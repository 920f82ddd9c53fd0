/** What Sabakan calls the DHCP configuration: lease time and name servers, kept in the store. */

import { formatIpv4, type Ipv4, parseIpv4 } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
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
const leaseMinutesMax = 525_600;
/** Option 6 holds 255 octets. */
const dnsServersMax = 63;
/** What is repeated of a server that is none. */
const serverCharactersShownMax = 100;

export function parseDhcpConfig(json: unknown): Result<DhcpConfig, string> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return fail('must be a JSON object');
  const given = json as Readonly<Record<string, unknown>>;
  const leaseMinutes = given['lease-minutes'] ?? 0;
  const gatewayOffset = given['gateway-offset'] ?? 0;
  if (!isCount(leaseMinutes) || leaseMinutes > leaseMinutesMax) {
    return fail(
      `lease-minutes must be a whole number up to ${leaseMinutesMax}, not ${showValue(leaseMinutes)}`,
    );
  }
  if (!isCount(gatewayOffset)) {
    return fail(`gateway-offset must be an unsigned number, not ${showValue(gatewayOffset)}`);
  }
  const servers = given['dns-servers'] ?? [];
  if (!Array.isArray(servers)) return fail('dns-servers must be a list of IPv4 addresses');
  if (servers.length > dnsServersMax)
    return fail(`dns-servers must be at most ${dnsServersMax} addresses`);
  const dnsServers: Ipv4[] = [];
  for (const server of servers) {
    const text = typeof server === 'string' ? server : showValue(server);
    const address = parseIpv4(text);
    if (!address.ok) {
      return fail(
        `invalid IPv4 address in dns-servers: ${text.slice(0, serverCharactersShownMax)}`,
      );
    }
    dnsServers.push(address.value);
  }
  return ok({ leaseMinutes, dnsServers, gatewayOffset });
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
