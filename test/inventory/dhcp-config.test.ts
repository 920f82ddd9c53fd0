import { describe, expect, it } from 'vitest';
import {
  dhcpConfigToJson,
  leaseSeconds,
  parseDhcpConfig,
} from '../../src/inventory/dhcp-config.ts';

describe('DHCP configuration', () => {
  it.each([
    [{}, { 'gateway-offset': 0, 'lease-minutes': 0 }, 3600],
    [{ 'lease-minutes': 10 }, { 'gateway-offset': 0, 'lease-minutes': 10 }, 600],
    [
      { 'dns-servers': ['10.0.0.1', '10.0.0.2'], 'gateway-offset': 100, unknown: 1 },
      { 'gateway-offset': 100, 'lease-minutes': 0, 'dns-servers': ['10.0.0.1', '10.0.0.2'] },
      3600,
    ],
    [{ 'dns-servers': [] }, { 'gateway-offset': 0, 'lease-minutes': 0 }, 3600],
    [{ 'dns-servers': null }, { 'gateway-offset': 0, 'lease-minutes': 0 }, 3600],
  ])('%j is published as %j and lends for %i s', (given, published, seconds) => {
    const config = parseDhcpConfig(given);
    if (!config.ok) throw new Error(config.error);
    expect(dhcpConfigToJson(config.value)).toEqual(published);
    expect(leaseSeconds(config.value)).toBe(seconds);
  });

  it.each([
    [{ 'dns-servers': ['fd00::1'] }, 'invalid IPv4 address in dns-servers: fd00::1'],
    [{ 'dns-servers': ['10.0.0.1', 'x'] }, 'invalid IPv4 address in dns-servers: x'],
    [{ 'dns-servers': [1] }, 'invalid IPv4 address in dns-servers: 1'],
    [{ 'dns-servers': [null] }, 'invalid IPv4 address in dns-servers: null'],
    [{ 'dns-servers': [{ toString: 1 }] }, 'invalid IPv4 address in dns-servers: an object'],
    [{ 'dns-servers': [['10.0.0.1']] }, 'invalid IPv4 address in dns-servers: a list'],
    [{ 'dns-servers': '10.0.0.1' }, 'dns-servers must be a list of IPv4 addresses'],
    [
      { 'dns-servers': Array.from({ length: 64 }, () => '10.0.0.1') },
      'dns-servers must be at most 63 addresses',
    ],
    [{ 'lease-minutes': -1 }, 'lease-minutes must be a whole number up to 525600, not -1'],
    [{ 'lease-minutes': '60' }, 'lease-minutes must be a whole number up to 525600, not "60"'],
    [{ 'lease-minutes': 1e9 }, 'lease-minutes must be a whole number up to 525600'],
    [{ 'gateway-offset': 1.5 }, 'gateway-offset must be an unsigned number, not 1.5'],
    [null, 'must be a JSON object'],
    [[], 'must be a JSON object'],
  ])('%j is refused: %s', (given, why) => {
    const config = parseDhcpConfig(given);
    expect(config.ok ? 'taken' : config.error).toContain(why);
  });
});
