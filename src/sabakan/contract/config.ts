/**
 * The two configurations that are kept in the store: the network plan (`ipam`) and what DHCP tells clients (`dhcp`).
 * Their content has Sabakan's member names, as in its `ipam.json` and in files of a fleet.
 */

import Type, { type Static } from 'typebox';
import { dnsServersMax, leaseMinutesMax } from '../../inventory/dhcp-config.ts';
import {
  maskBitsMin,
  nodeIpPerNodeMax,
  rangeBitsMax,
  uint32Max,
} from '../../inventory/ipam-config.ts';
import {
  changeProblems,
  conditionProblems,
  type Noun,
  putOperation,
  readOperations,
} from './collection-operations.ts';
import { configColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const closed = { additionalProperties: false };
const whole = (minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, description });
const network = (description: string) =>
  Type.String({ pattern: '^[0-9.]+/[0-9]{1,2}$', description });
const offset = (description: string) =>
  Type.Optional(Type.String({ format: 'ipv4', description: `${description}; absent: 0.0.0.0` }));

const ipamSpec = Type.Object(
  {
    'max-nodes-in-rack': whole(1, uint32Max, 'machines of a rack, beside its boot machine'),
    'node-ipv4-pool': network('the network that node addresses are taken from'),
    'node-ipv4-offset': offset('where in it the first rack begins'),
    'node-ipv4-range-size': whole(1, rangeBitsMax, 'bits: a block has two to the power of it'),
    'node-ipv4-range-mask': whole(maskBitsMin, 32, 'bits of the netmask of machines'),
    'node-ip-per-node': whole(1, nodeIpPerNodeMax, 'blocks of a rack: addresses of a machine'),
    'node-index-offset': whole(1, uint32Max, 'the index of the boot machine'),
    'node-gateway-offset': whole(1, uint32Max, 'where in its network the gateway is'),
    'bmc-ipv4-pool': network('the network that BMC addresses are taken from'),
    'bmc-ipv4-offset': offset('where in it the first rack begins'),
    'bmc-ipv4-range-size': whole(1, rangeBitsMax, 'bits: a rack has two to the power of it'),
    'bmc-ipv4-range-mask': whole(maskBitsMin, 32, 'bits of the netmask of BMCs'),
    'bmc-ipv4-gateway-offset': whole(1, uint32Max, 'where in its network the gateway is'),
  },
  { ...closed, title: 'ipam' },
);

const dhcpSpec = Type.Object(
  {
    'gateway-offset': Type.Optional(whole(0, Number.MAX_SAFE_INTEGER, 'obsolete; kept as it came')),
    'lease-minutes': Type.Optional(whole(0, leaseMinutesMax, '0 stands for an hour')),
    'dns-servers': Type.Optional(
      Type.Array(Type.String({ format: 'ipv4' }), { maxItems: dnsServersMax }),
    ),
  },
  { ...closed, title: 'dhcp' },
);

const specSchema = Type.Union([ipamSpec, dhcpSpec], {
  description: 'of ipam the network plan, of dhcp what DHCP tells clients',
});

const configSchema = Type.Object({
  name: Type.Enum(['ipam', 'dhcp']),
  revision: Type.String({ description: "the store's, of the last change; the object's ETag" }),
  spec: specSchema,
});
export type ConfigV2 = Omit<Static<typeof configSchema>, 'spec'> & {
  readonly spec: Readonly<Record<string, unknown>>;
};

const config: Noun = {
  noun: 'config',
  one: 'config',
  key: 'name',
  keyHolds: 'ipam or dhcp',
  columns: configColumns,
  hasLabels: false,
  schema: configSchema,
};

export const configReads = readOperations(config);

export const putConfig = putOperation(config, {
  summary:
    'sets a configuration; replacing it takes If-Match. The network plan stays while any machine is registered',
  body: Type.Object({ spec: specSchema }, closed),
  example: { spec: { 'lease-minutes': 60, 'dns-servers': ['10.0.0.1', '10.0.0.2'] } },
  answer: { status: 200, holds: 'it as it is now, with its ETag', schema: configSchema },
  problems: ['not-found', 'machines-exist', ...conditionProblems, ...changeProblems],
});

export const configOperations: readonly Operation[] = [...Object.values(configReads), putConfig];
