/**
 * Schema version 1 → 2 (Sabakan 1.2): the gateway offset moves from `dhcp` to `ipam`, and every machine's address info
 * is computed from its addresses. Done twice it changes nothing.
 */

import { parseIpv4 } from '../../base/addresses.ts';
import { isJsonObject, objectAt, parseExactJson, parseJson } from '../../base/exact-json.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Entry } from '../../base/store.ts';
import { parseDhcpConfig } from '../dhcp-config.ts';
import { bmcNic, nodeNic } from '../ipam.ts';
import { type IpamConfig, parseIpamConfig } from '../ipam-config.ts';
import { keys } from '../keys.ts';
import { decodeMachine, nicToJson } from '../machine-json.ts';
import { showValue } from '../mistake.ts';
import type { Conversion, Finding, RecordChange, Records } from '../takeover.ts';

export function convertAddressInfo(records: Records): Conversion {
  const ipam = records.get(keys.ipam);
  // Without a plan there are no machines, and nothing to compute.
  if (ipam === undefined) return { changes: [], findings: [] };
  const planned = withGatewayOffset(ipam, records.get(keys.dhcp));
  if (!planned.ok) return { changes: [], findings: [planned.error] };
  const { config, change } = planned.value;
  const changes: RecordChange[] = change === undefined ? [] : [change];
  const findings: Finding[] = [];
  for (const entry of records.under(keys.machines)) {
    const info = withAddressInfo(entry, config);
    if (!info.ok) {
      findings.push({
        key: entry.key,
        weight: 'problem',
        what: info.error,
        does: 'does not upgrade; nothing is changed',
        remedy: 'repair the record as the text says, from a backup if there is one; or delete it',
      });
    } else if (info.value !== undefined) {
      changes.push({
        key: entry.key,
        what: 'info is computed from its addresses',
        writes: [{ kind: 'put', key: entry.key, value: info.value }],
      });
    }
  }
  return { changes, findings };
}

type Planned = { readonly config: IpamConfig; readonly change: RecordChange | undefined };

function withGatewayOffset(ipam: Entry, dhcp: Entry | undefined): Result<Planned, Finding> {
  const stops = (key: string, what: string, remedy: string): Result<Planned, Finding> =>
    fail({ key, weight: 'problem', what, does: 'does not upgrade; nothing is changed', remedy });
  const json = parseExactJson(ipam.value);
  if (!isJsonObject(json)) {
    return stops(
      keys.ipam,
      'is not a JSON object',
      'put the IPAM configuration back from a backup',
    );
  }
  const dhcpConfig = dhcp === undefined ? undefined : parseDhcpConfig(parseJson(dhcp.value));
  if (dhcpConfig !== undefined && !dhcpConfig.ok) {
    return stops(keys.dhcp, dhcpConfig.error, 'put the DHCP configuration back from a backup');
  }
  const given = objectAt({ json: parseJson(ipam.value) }, 'json')['node-gateway-offset'] ?? 0;
  // A `dhcp` that names none is one that a later Sabakan has written already.
  const offset = dhcpConfig?.value.gatewayOffset || given;
  if (offset === 0) {
    return stops(
      keys.ipam,
      'the gateway of the node networks is unknown: neither dhcp has gateway-offset nor ipam node-gateway-offset',
      'with the old Sabakan, set gateway-offset (sabactl dhcp set), as the routers of the racks have it',
    );
  }
  const before = JSON.stringify(json);
  const after =
    offset === given ? before : JSON.stringify({ ...json, 'node-gateway-offset': offset });
  const config = parseIpamConfig(JSON.parse(after));
  if (!config.ok) return stops(keys.ipam, config.error, 'correct this member of the record');
  if (after === before) return ok({ config: config.value, change: undefined });
  const value = new TextEncoder().encode(after);
  const change = {
    key: keys.ipam,
    what: `node-gateway-offset becomes ${showValue(offset)}`,
    writes: [{ kind: 'put', key: keys.ipam, value }] as const,
  };
  return ok({ config: config.value, change });
}

/**
 * Undefined where the info is right already. The machine's own addresses count, not those its slot would give: they are
 * what it has been running with.
 */
function withAddressInfo(entry: Entry, config: IpamConfig): Result<Uint8Array | undefined, string> {
  const json = parseExactJson(entry.value);
  if (!isJsonObject(json)) return fail('the record is not a JSON object');
  const spec = objectAt(json, 'spec');
  const texts = Array.isArray(spec['ipv4']) ? (spec['ipv4'] as readonly unknown[]) : [];
  const network = [];
  for (const text of texts) {
    const address = parseIpv4(typeof text === 'string' ? text : '');
    if (!address.ok) return fail(`spec.ipv4: ${address.error}`);
    network.push(nicToJson(nodeNic(config, address.value)));
  }
  const bmcText = objectAt(spec, 'bmc')['ipv4'];
  const bmcAddress = parseIpv4(typeof bmcText === 'string' ? bmcText : '');
  if (!bmcAddress.ok) return fail(`spec.bmc.ipv4: ${bmcAddress.error}`);
  const bmc = nicToJson(bmcNic(config, bmcAddress.value));
  const info = objectAt(json, 'info');
  const text = JSON.stringify({
    ...json,
    info: {
      ...info,
      network: { ...objectAt(info, 'network'), ipv4: network },
      bmc: { ...objectAt(info, 'bmc'), ipv4: bmc },
    },
  });
  const value = new TextEncoder().encode(text);
  const machine = decodeMachine(value, entry.key.slice(keys.machines.length));
  if (!machine.ok) return machine;
  return ok(text === JSON.stringify(json) ? undefined : value);
}
