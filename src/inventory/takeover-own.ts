/** What the inventory converts and checks of its own records when a Sabakan's database is taken over. */

import { parseJson } from '../base/exact-json.ts';
import type { Result } from '../base/result.ts';
import type { Entry } from '../base/store.ts';
import { parseRfc3339 } from '../base/time.ts';
import { readAuditRecord } from './audit.ts';
import { parseDhcpConfig } from './dhcp-config.ts';
import { type IpamConfig, parseIpamConfig } from './ipam-config.ts';
import { keys } from './keys.ts';
import { convertAddressInfo } from './takeover/address-info.ts';
import { checkIndices, isIndexKey } from './takeover/index-check.ts';
import { checkMachines } from './takeover/machine-check.ts';
import type { Finding, Records, TakeoverPart } from './takeover.ts';

const diskKeysPrefix = 'crypts/';

export const inventoryTakeover: TakeoverPart = {
  owns: (key) =>
    key === keys.ipam ||
    key === keys.dhcp ||
    key === keys.auditCompacted ||
    (key.startsWith(keys.machines) && key.length > keys.machines.length) ||
    isIndexKey(key) ||
    /^crypts\/[^/]+\/[^/]+$/s.test(key) ||
    /^audit\/\d{8}\/[0-9a-f]{16}$/.test(key),
  convert: { '1': convertAddressInfo },
  check: (records) => {
    const ipam = configAt(records.get(keys.ipam), parseIpamConfig, 'no machine is registered');
    const dhcp = configAt(records.get(keys.dhcp), parseDhcpConfig, 'DHCP gives no answers');
    const machines = checkMachines(records, ipam.config);
    return [
      ...ipam.findings,
      ...dhcp.findings,
      ...withoutPlan(records, ipam.config),
      ...machines.findings,
      ...checkIndices(records, machines.slots),
      ...checkDiskKeys(records),
      ...checkAudit(records),
    ];
  },
};

function configAt<T>(
  entry: Entry | undefined,
  parse: (json: unknown) => Result<T, string>,
  consequence: string,
): { readonly config: T | undefined; readonly findings: readonly Finding[] } {
  if (entry === undefined) return { config: undefined, findings: [] };
  const config = parse(parseJson(entry.value));
  if (config.ok) return { config: config.value, findings: [] };
  const finding: Finding = {
    key: entry.key,
    weight: 'problem',
    what: config.error,
    does: `leaves it as it is; until it can be read, ${consequence}`,
    remedy: 'put it right with etcdctl, from a backup if there is one',
  };
  return { config: undefined, findings: [finding] };
}

function withoutPlan(records: Records, ipam: IpamConfig | undefined): readonly Finding[] {
  const [machine] = records.under(keys.machines);
  if (machine === undefined || ipam !== undefined || records.get(keys.ipam) !== undefined)
    return [];
  return [
    {
      key: keys.ipam,
      weight: 'problem',
      what: `is missing, though there are machines (${machine.key})`,
      does: 'serves the machines, but registers none, and DHCP gives no answers',
      remedy: 'put it back from a backup: the API takes none while there are machines',
    },
  ];
}

function checkDiskKeys(records: Records): readonly Finding[] {
  const counts = new Map<string, number>();
  for (const { key } of records.under(diskKeysPrefix)) {
    const serial = key.slice(diskKeysPrefix.length).split('/')[0] ?? '';
    counts.set(serial, (counts.get(serial) ?? 0) + 1);
  }
  return [...counts].flatMap(([serial, count]): readonly Finding[] => {
    if (records.get(keys.machine(serial)) !== undefined) return [];
    return [
      {
        key: keys.diskKeys(serial),
        weight: 'notice',
        what: `${count} disk ${count === 1 ? 'key' : 'keys'} of a machine that is not registered`,
        does: 'keeps them: whoever asks for one gets it',
        remedy: 'delete them with etcdctl when the disks are gone; no machine can delete them',
      },
    ];
  });
}

function checkAudit(records: Records): readonly Finding[] {
  const findings: Finding[] = [];
  const compacted = records.get(keys.auditCompacted);
  const time = compacted === undefined ? '' : parseJson(compacted.value);
  if (compacted !== undefined && (typeof time !== 'string' || !parseRfc3339(time).ok)) {
    findings.push({
      key: compacted.key,
      weight: 'problem',
      what: 'is not the time of the last clean-up of the audit log',
      does: 'writes the present time there at the first clean-up',
      remedy: 'delete it: it is written anew',
    });
  }
  for (const entry of records.under(keys.audit)) {
    if (readAuditRecord(entry) !== undefined) continue;
    findings.push({
      key: entry.key,
      weight: 'problem',
      what: 'is not an audit record: not a JSON object',
      does: 'leaves it out of the log, and deletes it with its day after 60 days',
      remedy: 'delete it',
    });
  }
  return findings;
}
