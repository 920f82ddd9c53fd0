/** A machine under GraphQL's names: plain objects, made once per machine value, so that a search is cheap. */

import type { Instant } from '../../base/time.ts';
import type { Machine } from '../../inventory/machine.ts';
import { durationSeconds, machineToJson, type NicJson } from '../../inventory/machine-json.ts';

export type StatusObject = {
  readonly state: string;
  readonly timestamp: string;
  readonly duration: number;
};

type FixedPart = { readonly spec: unknown; readonly info: unknown };
export type MachineObject = FixedPart & { readonly status: StatusObject };

const fixedParts = new WeakMap<Machine, FixedPart>();

export function machineObject(machine: Machine, now: Instant): MachineObject {
  const fixed = fixedParts.get(machine) ?? fixedPart(machine, now);
  fixedParts.set(machine, fixed);
  return { spec: fixed.spec, status: statusObject(machine, now), info: fixed.info };
}

export function statusObject(machine: Machine, now: Instant): StatusObject {
  return {
    state: machine.status.state.toUpperCase(),
    timestamp: machine.status.since,
    duration: durationSeconds(machine, now),
  };
}

function fixedPart(machine: Machine, now: Instant): FixedPart {
  const { spec, info } = machineToJson(machine, now);
  // Labels are kept in ascending order of their names; none at all is null.
  const labels = [...machine.spec.labels].map(([name, value]) => ({ name, value }));
  const nic = ({ address, netmask, maskbits, gateway }: NicJson) => ({
    address,
    netmask,
    maskbits,
    gateway,
  });
  return {
    spec: {
      serial: spec.serial,
      labels: labels.length === 0 ? null : labels,
      rack: spec.rack,
      indexInRack: spec['index-in-rack'],
      role: spec.role,
      ipv4: spec.ipv4,
      registerDate: spec['register-date'],
      retireDate: spec['retire-date'],
      bmc: { bmcType: spec.bmc.type, ipv4: spec.bmc.ipv4 },
    },
    info: { network: { ipv4: info.network.ipv4.map(nic) }, bmc: { ipv4: nic(info.bmc.ipv4) } },
  };
}
