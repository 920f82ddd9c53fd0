/** A machine under the Go field names that templates were written for: `.Spec.IPv4`, `.Info.Network.IPv4` … */

import { formatIpv4 } from '../../base/addresses.ts';
import type { Instant, Rfc3339 } from '../../base/time.ts';
import type { Machine, NicConfig } from '../../inventory/machine.ts';
import { durationSeconds } from '../../inventory/machine-json.ts';
import {
  type Field,
  float64Type,
  type GoType,
  intType,
  pointerTo,
  sliceOf,
  stringMapType,
  stringsType,
  stringType,
  timeType,
  uintType,
} from '../template/go-type.ts';
import { type Data, ofFloat, ofInt, ofString, type Value } from '../template/go-value.ts';
import { parseMoment } from '../template/moment.ts';

type Fields = Readonly<Record<string, readonly [json: string, type: GoType]>>;

function struct(name: string, fields: Fields): GoType {
  const list: readonly Field[] = Object.entries(fields).map(([field, [json, type]]) => ({
    name: field,
    json,
    type,
  }));
  return { kind: 'struct', name, fields: list };
}

const stateType: GoType = { kind: 'string', name: 'sabakan.MachineState' };
const bmcType = struct('sabakan.MachineBMC', {
  IPv4: ['ipv4', stringType],
  IPv6: ['ipv6', stringType],
  Type: ['type', stringType],
});
const specType = struct('sabakan.MachineSpec', {
  Serial: ['serial', stringType],
  Labels: ['labels', stringMapType],
  Rack: ['rack', uintType],
  IndexInRack: ['index-in-rack', uintType],
  Role: ['role', stringType],
  IPv4: ['ipv4', stringsType],
  IPv6: ['ipv6', stringsType],
  RegisterDate: ['register-date', timeType],
  RetireDate: ['retire-date', timeType],
  BMC: ['bmc', bmcType],
});
const statusType = struct('sabakan.MachineStatus', {
  Timestamp: ['timestamp', timeType],
  Duration: ['duration', float64Type],
  State: ['state', stateType],
});
const nicType = struct('sabakan.NICConfig', {
  Address: ['address', stringType],
  Netmask: ['netmask', stringType],
  MaskBits: ['maskbits', intType],
  Gateway: ['gateway', stringType],
});
const nicsType = sliceOf(nicType);
const networkType = struct('sabakan.NetworkInfo', { IPv4: ['ipv4', nicsType] });
const bmcInfoType = struct('sabakan.BMCInfo', { IPv4: ['ipv4', nicType] });
const infoType = struct('sabakan.MachineInfo', {
  Network: ['network', networkType],
  BMC: ['bmc', bmcInfoType],
});
const machineType = struct('sabakan.Machine', {
  Spec: ['spec', specType],
  Status: ['status', statusType],
  Info: ['info', infoType],
});
const machinePointer = pointerTo(machineType);

/** What `.` is: a `*sabakan.Machine`. */
export function machineValue(machine: Machine, now: Instant): Value {
  const { spec, status, info } = machine;
  const value = (type: GoType, ...data: readonly Value[]): Value => ({ type, data });
  const labels = new Map([...spec.labels].map(([name, text]) => [name, ofString(text)] as const));
  const list = (texts: readonly string[]): Data =>
    texts.length === 0 ? null : texts.map(ofString);
  const uint = (number: number): Value => ({ type: uintType, data: BigInt(number) });
  const nic = (config: NicConfig): Value =>
    value(
      nicType,
      ofString(formatIpv4(config.address)),
      ofString(formatIpv4(config.netmask)),
      ofInt(config.maskBits),
      ofString(formatIpv4(config.gateway)),
    );
  const published = value(
    machineType,
    value(
      specType,
      ofString(spec.serial),
      { type: stringMapType, data: labels.size === 0 ? null : labels },
      uint(spec.rack),
      uint(spec.indexInRack),
      ofString(spec.role),
      { type: stringsType, data: list(spec.ipv4.map(formatIpv4)) },
      { type: stringsType, data: null },
      time(spec.registerDate),
      time(spec.retireDate),
      value(bmcType, ofString(formatIpv4(spec.bmc.ipv4)), ofString(''), ofString(spec.bmc.type)),
    ),
    value(statusType, time(status.since), ofFloat(durationSeconds(machine, now)), {
      type: stateType,
      data: status.state,
    }),
    value(
      infoType,
      value(networkType, { type: nicsType, data: info.network.map(nic) }),
      value(bmcInfoType, nic(info.bmc)),
    ),
  );
  return { type: machinePointer, data: published };
}

function time(text: Rfc3339): Value {
  return { type: timeType, data: parseMoment(text) };
}
