/** A machine under the Go field names that templates were written for: `.Spec.IPv4`, `.Info.Network.IPv4` … */

import { formatIpv4 } from '../../base/addresses.ts';
import { type Instant, instantOf, msBetween } from '../../base/time.ts';
import type { Machine, NicConfig } from '../../inventory/machine.ts';
import { machineToJson } from '../../inventory/machine-json.ts';
import type { GoStruct, GoTime, GoValue } from './go-value.ts';

export function machineValue(machine: Machine, now: Instant): GoStruct {
  const json = machineToJson(machine, now) as unknown as PublishedMachine;
  const { spec, status, info } = machine;
  const time = (text: GoTime['text']): GoTime => ({ kind: 'time', text });
  return struct('sabakan.Machine', json, {
    Spec: struct('sabakan.MachineSpec', json.spec, {
      Serial: spec.serial,
      Labels: { kind: 'map', entries: spec.labels, zero: '' },
      Rack: BigInt(spec.rack),
      IndexInRack: BigInt(spec.indexInRack),
      Role: spec.role,
      IPv4: spec.ipv4.map(formatIpv4),
      IPv6: [],
      RegisterDate: time(spec.registerDate),
      RetireDate: time(spec.retireDate),
      BMC: struct('sabakan.MachineBMC', json.spec.bmc, {
        IPv4: formatIpv4(spec.bmc.ipv4),
        IPv6: '',
        Type: spec.bmc.type,
      }),
    }),
    Status: struct('sabakan.MachineStatus', json.status, {
      Timestamp: time(status.since),
      Duration: msBetween(instantOf(status.since), now) / 1000,
      State: status.state,
    }),
    Info: struct('sabakan.MachineInfo', json.info, {
      Network: struct('sabakan.NetworkInfo', json.info.network, {
        IPv4: info.network.map((nic, at) => nicValue(nic, json.info.network.ipv4?.[at])),
      }),
      BMC: struct('sabakan.BMCInfo', json.info.bmc, {
        IPv4: nicValue(info.bmc, json.info.bmc.ipv4),
      }),
    }),
  });
}

/** Only what is looked into here; the values themselves are passed on as they are. */
type PublishedMachine = {
  readonly spec: { readonly bmc: unknown };
  readonly status: unknown;
  readonly info: {
    readonly network: { readonly ipv4: readonly unknown[] | null };
    readonly bmc: { readonly ipv4: unknown };
  };
};

function nicValue(nic: NicConfig, json: unknown): GoStruct {
  return struct('sabakan.NICConfig', json, {
    Address: formatIpv4(nic.address),
    Netmask: formatIpv4(nic.netmask),
    MaskBits: BigInt(nic.maskBits),
    Gateway: formatIpv4(nic.gateway),
  });
}

function struct(type: string, json: unknown, fields: Readonly<Record<string, GoValue>>): GoStruct {
  return { kind: 'struct', type, fields: new Map(Object.entries(fields)), json };
}
