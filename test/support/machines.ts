/** Builders with defaults, so that a test sets only what it is about. */

import { type Ipv4, parseCidr, parseIpv4 } from '../../src/base/addresses.ts';
import { instant, type Rfc3339 } from '../../src/base/time.ts';
import { bmcAddress, nodeAddresses } from '../../src/inventory/ipam.ts';
import type { IpamConfig } from '../../src/inventory/ipam-config.ts';
import {
  labelMap,
  type Machine,
  type MachineState,
  type NewMachine,
  type Role,
  type Serial,
} from '../../src/inventory/machine.ts';

/** 2026-11-21T06:00:00Z. */
export const testStart = instant(1_795_240_800_000);

/** Sabakan's example configuration: 28 machines a rack, three addresses each. */
export const ipamG: IpamConfig = {
  maxNodesInRack: 28,
  nodeIpv4Pool: cidr('10.69.0.0/20'),
  nodeIpv4Offset: undefined,
  nodeIpv4RangeSize: 6,
  nodeIpv4RangeMask: 26,
  nodeIpPerNode: 3,
  nodeIndexOffset: 3,
  nodeGatewayOffset: 1,
  bmcIpv4Pool: cidr('10.72.16.0/20'),
  bmcIpv4Offset: ipv4('0.0.1.0'),
  bmcIpv4RangeSize: 5,
  bmcIpv4RangeMask: 20,
  bmcIpv4GatewayOffset: 1,
};

/** The same with room for 119 racks: 3,332 machines. */
export const ipamWide: IpamConfig = { ...ipamG, nodeIpv4Pool: cidr('10.64.0.0/14') };

export function aMachine(
  options: {
    readonly serial?: string;
    readonly rack?: number;
    readonly index?: number;
    readonly role?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly state?: MachineState;
    readonly since?: string;
    readonly registerDate?: string;
    readonly retireDate?: string;
    readonly bmcType?: string;
    readonly ipam?: IpamConfig;
  } = {},
): Machine {
  const { rack = 0, index = 4, ipam = ipamG } = options;
  const since = options.since ?? '2026-11-21T06:00:00Z';
  const nodes = nodeAddresses(ipam, rack, index);
  const bmc = bmcAddress(ipam, rack, index);
  return {
    spec: {
      serial: (options.serial ?? `r${rack}-${index}`) as Serial,
      labels: labelMap(Object.entries(options.labels ?? {})),
      rack,
      indexInRack: index,
      role: (options.role ?? 'cs') as Role,
      ipv4: nodes.map((nic) => nic.address),
      registerDate: (options.registerDate ?? '2026-11-21T06:00:00Z') as Rfc3339,
      retireDate: (options.retireDate ?? '2031-11-21T06:00:00Z') as Rfc3339,
      bmc: { type: options.bmcType ?? 'iDRAC-9', ipv4: bmc.address },
    },
    status: { state: options.state ?? 'healthy', since: since as Rfc3339 },
    info: { network: nodes, bmc },
  };
}

export function aNewMachine(
  options: Partial<Omit<NewMachine, 'serial' | 'role'>> & { serial?: string; role?: string } = {},
): NewMachine {
  const { serial = 'm-1', role = 'cs', ...rest } = options;
  return {
    labels: new Map(),
    rack: 0,
    bmcType: 'iDRAC-9',
    ...rest,
    serial: serial as Serial,
    role: role as Role,
  };
}

export function ipv4(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function cidr(text: string): IpamConfig['nodeIpv4Pool'] {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
