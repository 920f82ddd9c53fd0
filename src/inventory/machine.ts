/** A machine, and the parsers for what people type about one (spec/sabakan.md 2.1 and 2.2). */

import type { Ipv4 } from '../base/addresses.ts';
import type { Brand } from '../base/brand.ts';
import type { Rfc3339 } from '../base/time.ts';

/** The SMBIOS serial number: what iPXE sends as `${serial}`, and the primary key. */
export type Serial = Brand<string, 'Serial'>;
export type Role = Brand<string, 'Role'>;

export const machineStates = [
  'uninitialized',
  'healthy',
  'unhealthy',
  'unreachable',
  'updating',
  'retiring',
  'retired',
] as const;
export type MachineState = (typeof machineStates)[number];

export type MachineSpec = {
  readonly serial: Serial;
  /** Names in ascending order; a Map, so that a label called `constructor` is only a label. */
  readonly labels: ReadonlyMap<string, string>;
  readonly rack: number;
  readonly indexInRack: number;
  readonly role: Role;
  /** `ipv4[0]` is the machine's address for people, probes and Kubernetes. */
  readonly ipv4: readonly Ipv4[];
  readonly registerDate: Rfc3339;
  readonly retireDate: Rfc3339;
  readonly bmc: { readonly type: string; readonly ipv4: Ipv4 };
};

export type MachineStatus = {
  readonly state: MachineState;
  /** When the state last really changed. */
  readonly since: Rfc3339;
};

/** One address with what its owner needs to use it. */
export type NicConfig = {
  readonly address: Ipv4;
  readonly netmask: Ipv4;
  readonly maskBits: number;
  readonly gateway: Ipv4;
};

export type Machine = {
  readonly spec: MachineSpec;
  readonly status: MachineStatus;
  /** Sabakan's `info`: computed from the IPAM configuration at registration and stored. */
  readonly info: { readonly network: readonly NicConfig[]; readonly bmc: NicConfig };
};

/** What a technician says of a new machine; the inventory adds index, addresses and dates. */
export type NewMachine = {
  readonly serial: Serial;
  readonly labels: ReadonlyMap<string, string>;
  readonly rack: number;
  readonly role: Role;
  readonly bmcType: string;
  /** Default: the time of registration. */
  readonly retireDate?: Rfc3339;
};
