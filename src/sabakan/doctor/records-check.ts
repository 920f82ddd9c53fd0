/** What the store holds: records that cannot be read, and records that contradict one another. */

import { parseIpv4 } from '../../base/addresses.ts';
import { parseJson } from '../../base/exact-json.ts';
import type { Entry } from '../../base/store.ts';
import { leaseRangeOf, whyOutsidePool } from '../../inventory/ipam.ts';
import { parseIpamConfig } from '../../inventory/ipam-config.ts';
import { keys } from '../../inventory/keys.ts';
import { decodeMachine } from '../../inventory/machine-json.ts';
import { planTakeover, recordsOf, type TakeoverPart } from '../../inventory/takeover.ts';
import { fine, type Look, problem, warning } from './finding.ts';

/** Where records lie that the examination reads; audit records and disk keys are left alone. */
export const examinedPrefixes = [
  keys.machines,
  'node-indices/',
  'lease-usages/',
  'images/',
  'assets/',
  'ignitions/',
  'kernel-params/',
] as const;
export const examinedKeys = [keys.version, keys.ipam, keys.dhcp] as const;

/** @param entries ascending by key. */
export function checkRecords(
  entries: readonly Entry[],
  parts: readonly TakeoverPart[],
): readonly Look[] {
  const records = recordsOf(entries);
  const plan = planTakeover(records, parts);
  const looks: Look[] = plan.findings.map(({ key, weight, what, does, remedy }) =>
    (weight === 'problem' ? problem : warning)(key, `${what} (Tetsukan ${does})`, remedy),
  );
  if (plan.steps.length > 0) {
    looks.push(
      warning(
        keys.version,
        'the database has an older schema',
        'tetsu migrate --check says what an upgrade would change; a server upgrades it when it starts',
      ),
    );
  }
  looks.push(...checkSlots(entries));
  if (looks.length > 0) return looks;
  return [fine('records', `${entries.length} records can be read and agree with one another`)];
}

/** Slots that the configuration does not give: its numbers were changed under machines, or a record was edited. */
function checkSlots(entries: readonly Entry[]): readonly Look[] {
  const stored = entries.find(({ key }) => key === keys.ipam);
  if (stored === undefined) return [];
  const ipam = parseIpamConfig(parseJson(stored.value));
  if (!ipam.ok) return [];
  const config = ipam.value;
  const highest = config.nodeIndexOffset + config.maxNodesInRack;
  const looks: Look[] = [];
  for (const { key, value } of entries) {
    if (!key.startsWith(keys.machines)) continue;
    const machine = decodeMachine(value, key.slice(keys.machines.length));
    if (!machine.ok) continue;
    const { rack, indexInRack, ipv4 } = machine.value.spec;
    const outside = whyOutsidePool(config, rack, indexInRack);
    const advice = 'retire and remove it, and register it in a rack and slot that exist';
    if (outside !== undefined) looks.push(problem(key, outside, advice));
    else if (indexInRack < config.nodeIndexOffset || indexInRack > highest) {
      const range = `${config.nodeIndexOffset} to ${highest}`;
      looks.push(problem(key, `has index ${indexInRack}; a rack’s indices are ${range}`, advice));
    }
    const lent = ipv4.filter((address) => {
      const range = leaseRangeOf(config, address);
      return range !== undefined && address >= range.first && address < range.first + range.count;
    });
    if (lent.length > 0) {
      looks.push(
        problem(
          key,
          `${lent.length} of its addresses lie in the range that DHCP lends from`,
          'another machine may be given the same address: register it anew, or make the slots of a rack fewer',
        ),
      );
    }
  }
  return looks;
}

/** Whether an address of this host itself lies where DHCP lends from. */
export function checkOwnAddresses(
  entries: readonly Entry[],
  addresses: readonly { readonly name: string; readonly address: string }[],
): readonly Look[] {
  const stored = entries.find(({ key }) => key === keys.ipam);
  const ipam = stored && parseIpamConfig(parseJson(stored.value));
  if (!ipam?.ok) return [];
  return addresses.flatMap(({ name, address }) => {
    const own = parseIpv4(address);
    const range = own.ok ? leaseRangeOf(ipam.value, own.value) : undefined;
    if (!own.ok || range === undefined) return [];
    if (own.value < range.first || own.value >= range.first + range.count) return [];
    return [
      problem(
        `${name} ${address}`,
        'this host’s own address lies in the range that DHCP lends from',
        'give the host another address, below the range: a machine would be given this one',
      ),
    ];
  });
}
