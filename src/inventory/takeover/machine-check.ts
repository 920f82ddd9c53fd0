/** Machines as they are stored: what does not decode, what contradicts, what could not be written today. */

import { formatIpv4, type Ipv4 } from '../../base/addresses.ts';
import { objectAt, parseJson } from '../../base/exact-json.ts';
import type { Entry } from '../../base/store.ts';
import { bmcAddress, nodeAddresses } from '../ipam.ts';
import type { IpamConfig } from '../ipam-config.ts';
import { keys } from '../keys.ts';
import {
  labelsPerMachineMax,
  type Machine,
  type NicConfig,
  parseBmcType,
  parseSerial,
} from '../machine.ts';
import { decodeMachine } from '../machine-json.ts';
import type { Finding, Records } from '../takeover.ts';

export type CheckedMachines = {
  readonly findings: readonly Finding[];
  /** Rack → index → keys of the machines that claim it, readable or not. */
  readonly slots: ReadonlyMap<number, ReadonlyMap<number, readonly string[]>>;
};

/** @param ipam undefined when there is none, or none that can be read. */
export function checkMachines(records: Records, ipam: IpamConfig | undefined): CheckedMachines {
  const findings: Finding[] = [];
  const slots = new Map<number, Map<number, string[]>>();
  const owners = new Map<Ipv4, string>();
  const take = (key: string, rack: unknown, index: unknown): void => {
    if (typeof rack !== 'number' || typeof index !== 'number') return;
    const indices = slots.get(rack) ?? new Map<number, string[]>();
    slots.set(rack, indices);
    indices.set(index, [...(indices.get(index) ?? []), key]);
  };
  for (const entry of records.under(keys.machines)) {
    const { key } = entry;
    const machine = decodeMachine(entry.value, key.slice(keys.machines.length));
    if (!machine.ok) {
      const spec = objectAt(parseJson(entry.value), 'spec');
      take(key, spec['rack'], spec['index-in-rack']);
      findings.push(unreadable(entry, machine.error));
      continue;
    }
    const { spec } = machine.value;
    take(key, spec.rack, spec.indexInRack);
    findings.push(...unwritable(key, machine.value), ...doubled(key, machine.value, owners));
    if (ipam !== undefined) findings.push(...misplaced(key, machine.value, ipam));
  }
  return { findings, slots };
}

function unreadable({ key }: Entry, why: string): Finding {
  return {
    key,
    weight: 'problem',
    what: why,
    does: 'shows the machine nowhere, never boots or changes it, and leaves the record as it is',
    remedy: 'compare it with a machine that works or with a backup, and put it right with etcdctl',
  };
}

/** Names that came in before they were checked. */
function unwritable(key: string, { spec }: Machine): readonly Finding[] {
  const mistakes: string[] = [];
  const serial = parseSerial(spec.serial);
  if (!serial.ok) mistakes.push(serial.error);
  const bmcType = parseBmcType(spec.bmc.type);
  if (!bmcType.ok) mistakes.push(bmcType.error);
  if (spec.labels.size > labelsPerMachineMax) {
    mistakes.push(`${spec.labels.size} labels; at most ${labelsPerMachineMax} can be set today`);
  }
  return mistakes.map((what) => ({
    key,
    weight: 'notice',
    what,
    does: 'shows and boots the machine all the same; it could not be registered like this today',
    remedy: 'register it anew under a proper name when it is retired',
  }));
}

/** Two machines with one address: both would answer to it. */
function doubled(key: string, { spec }: Machine, owners: Map<Ipv4, string>): readonly Finding[] {
  const shared = new Map<string, string[]>();
  for (const address of [...spec.ipv4, spec.bmc.ipv4]) {
    const owner = owners.get(address);
    if (owner === undefined) owners.set(address, key);
    else shared.set(owner, [...(shared.get(owner) ?? []), formatIpv4(address)]);
  }
  return [...shared].map(([owner, addresses]) => ({
    key,
    weight: 'problem',
    what:
      owner === key
        ? `has ${addresses.join(', ')} twice`
        : `has ${addresses.join(', ')}, and so has ${owner}`,
    does: 'serves both records as they are; a request from the address is taken for one of them',
    remedy: 'find out which machine is there; retire and remove the other one',
  }));
}

/** Addresses other than those the slot has: IPAM was edited under machines, or the record by hand. */
function misplaced(key: string, { spec, info }: Machine, ipam: IpamConfig): readonly Finding[] {
  const nodes = nodeAddresses(ipam, spec.rack, spec.indexInRack);
  const bmc = bmcAddress(ipam, spec.rack, spec.indexInRack);
  const slot = `rack ${spec.rack}, index ${spec.indexInRack}`;
  const pairs: readonly (readonly [string, string, string])[] = [
    ['spec.ipv4', list(spec.ipv4), list(nodes.map(({ address }) => address))],
    ['spec.bmc.ipv4', formatIpv4(spec.bmc.ipv4), formatIpv4(bmc.address)],
    ['info.network.ipv4', nics(info.network), nics(nodes)],
    ['info.bmc.ipv4', nics([info.bmc]), nics([bmc])],
  ];
  const differs = pairs.filter(([, has, ought]) => has !== ought);
  // Where the address itself differs, so does its info.
  const [first] = differs;
  if (first === undefined) return [];
  const [member, has, ought] = first;
  return [
    {
      key,
      weight: 'notice',
      what: `${member} is ${has || 'empty'}; the IPAM configuration gives ${ought} for ${slot}`,
      does: 'uses what the record says',
      remedy: 'retire, remove and register the machine anew, so that it follows the configuration',
    },
  ];
}

function list(addresses: readonly Ipv4[]): string {
  return addresses.map(formatIpv4).join(', ');
}

function nics(configs: readonly NicConfig[]): string {
  return configs
    .map(({ address, maskBits, gateway }) => {
      return `${formatIpv4(address)}/${maskBits} by ${formatIpv4(gateway)}`;
    })
    .join(', ');
}
