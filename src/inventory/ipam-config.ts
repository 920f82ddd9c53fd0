/** The IPAM configuration: what it may say, and its published and stored form (Sabakan 3.1.9). */

import {
  type Cidr,
  formatCidr,
  formatIpv4,
  type Ipv4,
  networkOf,
  parseIpv4,
} from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type ConfigMistake, createConfigReading } from './config-mistake.ts';

export type IpamConfig = {
  readonly maxNodesInRack: number;
  readonly nodeIpv4Pool: Cidr;
  /** Undefined is left out of the published form; it counts as 0. */
  readonly nodeIpv4Offset: Ipv4 | undefined;
  /** Bits: a block has `2^` this many addresses. */
  readonly nodeIpv4RangeSize: number;
  readonly nodeIpv4RangeMask: number;
  readonly nodeIpPerNode: number;
  readonly nodeIndexOffset: number;
  readonly nodeGatewayOffset: number;
  readonly bmcIpv4Pool: Cidr;
  readonly bmcIpv4Offset: Ipv4 | undefined;
  readonly bmcIpv4RangeSize: number;
  readonly bmcIpv4RangeMask: number;
  readonly bmcIpv4GatewayOffset: number;
};

/** The member names of the published form, in its order. */
const numberMembers = [
  ['max-nodes-in-rack', 'maxNodesInRack'],
  ['node-ipv4-range-size', 'nodeIpv4RangeSize'],
  ['node-ipv4-range-mask', 'nodeIpv4RangeMask'],
  ['node-ip-per-node', 'nodeIpPerNode'],
  ['node-index-offset', 'nodeIndexOffset'],
  ['node-gateway-offset', 'nodeGatewayOffset'],
  ['bmc-ipv4-range-size', 'bmcIpv4RangeSize'],
  ['bmc-ipv4-range-mask', 'bmcIpv4RangeMask'],
  ['bmc-ipv4-gateway-offset', 'bmcIpv4GatewayOffset'],
] as const;

/** All members there are, in the order of the published form. */
export const ipamMembers = [
  'max-nodes-in-rack',
  'node-ipv4-pool',
  'node-ipv4-offset',
  'node-ipv4-range-size',
  'node-ipv4-range-mask',
  'node-ip-per-node',
  'node-index-offset',
  'node-gateway-offset',
  'bmc-ipv4-pool',
  'bmc-ipv4-offset',
  'bmc-ipv4-range-size',
  'bmc-ipv4-range-mask',
  'bmc-ipv4-gateway-offset',
] as const;

/** Blocks larger than this many bits leave no room for a second rack in IPv4. */
export const rangeBitsMax = 24;
/** Addresses of one machine; a server has a handful of network cards. */
export const nodeIpPerNodeMax = 256;
/** 2^32 addresses bound any offset or count. */
export const uint32Max = 0xffff_ffff;
export const maskBitsMin = 8;

/** The error is Sabakan's text for the first rule that is broken, in Sabakan's order. */
export function parseIpamConfig(json: unknown): Result<IpamConfig, string> {
  const read = readIpamConfig(json);
  return read.ok ? read : fail(read.error[0]?.rule ?? '');
}

/**
 * Checks in Sabakan's order, and finds every mistake. Beyond Sabakan, numbers that cannot work (a block of 2^40
 * addresses) are refused, too. Unknown members are passed over.
 */
export function readIpamConfig(json: unknown): Result<IpamConfig, readonly ConfigMistake[]> {
  const reading = createConfigReading(json);
  const { given, wrong, mistakes } = reading;
  if (given === undefined) return fail(mistakes);
  const numbers = new Map<string, number>();
  for (const [member] of numberMembers) {
    const value = given[member] ?? 0;
    if (isUnsigned(value)) numbers.set(member, value);
    else wrong(member, 'must be an unsigned number');
  }
  const texts = new Map<string, string>();
  for (const member of ['node-ipv4-pool', 'node-ipv4-offset', 'bmc-ipv4-pool', 'bmc-ipv4-offset']) {
    const value = given[member] ?? '';
    if (typeof value === 'string') texts.set(member, value);
    else wrong(member, 'must be a string');
  }
  const nonZero = (...members: readonly string[]): void => {
    for (const member of members) {
      if (numbers.get(member) !== 0) continue;
      wrong(member, 'must be 1 or more', `${member} must not be zero`);
    }
  };
  const mask = (member: string): void => {
    const bits = numbers.get(member);
    if (bits === undefined || (bits >= maskBitsMin && bits <= 32)) return;
    wrong(member, `must be ${maskBitsMin} to 32 bits`, `invalid ${member}`);
  };
  const pool = (member: string): Cidr | undefined => {
    const text = texts.get(member);
    if (text === undefined) return undefined;
    const read = readPool(text);
    if (read.ok) return read.value;
    const [detail, rule] = read.error;
    wrong(member, detail, rule(member));
    return undefined;
  };
  const offset = (member: string): Ipv4 | undefined => {
    const text = texts.get(member) ?? '';
    if (text === '') return undefined;
    const address = parseIpv4(text);
    if (address.ok) return address.value;
    wrong(member, 'must be an IPv4 address, as in 0.0.1.0', `invalid ${member}`);
    return undefined;
  };

  nonZero('max-nodes-in-rack');
  const nodeIpv4Pool = pool('node-ipv4-pool');
  const nodeIpv4Offset = offset('node-ipv4-offset');
  nonZero('node-ipv4-range-size');
  mask('node-ipv4-range-mask');
  nonZero('node-ip-per-node', 'node-index-offset', 'node-gateway-offset');
  const bmcIpv4Pool = pool('bmc-ipv4-pool');
  const bmcIpv4Offset = offset('bmc-ipv4-offset');
  nonZero('bmc-ipv4-range-size');
  mask('bmc-ipv4-range-mask');
  nonZero('bmc-ipv4-gateway-offset');
  const atMost = (member: string, max: number, unit = ''): void => {
    const detail = `must be at most ${max}${unit}`;
    if ((numbers.get(member) ?? 0) > max) wrong(member, detail, `${member} ${detail}`);
  };
  atMost('node-ipv4-range-size', rangeBitsMax, ' bits');
  atMost('bmc-ipv4-range-size', rangeBitsMax, ' bits');
  atMost('node-ip-per-node', nodeIpPerNodeMax);

  if (mistakes.length > 0 || nodeIpv4Pool === undefined || bmcIpv4Pool === undefined) {
    return fail(mistakes);
  }
  const named = numberMembers.map(([member, name]) => [name, numbers.get(member) ?? 0] as const);
  const counted = Object.fromEntries(named) as Pick<IpamConfig, (typeof numberMembers)[number][1]>;
  return ok({ ...counted, nodeIpv4Pool, nodeIpv4Offset, bmcIpv4Pool, bmcIpv4Offset });
}

/** The published and stored form, members in Sabakan's order. */
export function ipamConfigToJson(config: IpamConfig): Readonly<Record<string, string | number>> {
  const offset = (name: string, value: Ipv4 | undefined): Record<string, string> =>
    value === undefined ? {} : { [name]: formatIpv4(value) };
  return {
    'max-nodes-in-rack': config.maxNodesInRack,
    'node-ipv4-pool': formatCidr(config.nodeIpv4Pool),
    ...offset('node-ipv4-offset', config.nodeIpv4Offset),
    'node-ipv4-range-size': config.nodeIpv4RangeSize,
    'node-ipv4-range-mask': config.nodeIpv4RangeMask,
    'node-ip-per-node': config.nodeIpPerNode,
    'node-index-offset': config.nodeIndexOffset,
    'node-gateway-offset': config.nodeGatewayOffset,
    'bmc-ipv4-pool': formatCidr(config.bmcIpv4Pool),
    ...offset('bmc-ipv4-offset', config.bmcIpv4Offset),
    'bmc-ipv4-range-size': config.bmcIpv4RangeSize,
    'bmc-ipv4-range-mask': config.bmcIpv4RangeMask,
    'bmc-ipv4-gateway-offset': config.bmcIpv4GatewayOffset,
  };
}

function isUnsigned(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= uint32Max;
}

/** The error: what would be right, and Sabakan's text. */
function readPool(text: string): Result<Cidr, readonly [string, (member: string) => string]> {
  const [addressText = '', lengthText = '', ...rest] = text.split('/');
  const base = parseIpv4(addressText);
  const prefixLength = /^\d{1,2}$/.test(lengthText) ? Number(lengthText) : 33;
  if (!base.ok || prefixLength > 32 || rest.length > 0) {
    return fail(['must be a network, as in 10.69.0.0/20', (member) => `invalid ${member}`]);
  }
  const network = networkOf(base.value, prefixLength);
  if (network !== base.value) {
    const right = formatCidr({ base: network, prefixLength });
    return fail([
      `must have no bits of a host, as in ${right}`,
      (member) => `host part of ${member} must be cleared`,
    ]);
  }
  return ok({ base: base.value, prefixLength });
}
