/** Subnets: the networks that the IPAM configuration makes for each rack, and how full they are. */

import Type, { type Static } from 'typebox';
import { getOperation, listOperation, type Noun, watchOperation } from './collection-operations.ts';
import { subnetColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const address = (description: string) => Type.String({ format: 'ipv4', description });

const subnetSchema = Type.Object({
  name: Type.String({ description: 'kind, rack and, of node networks, number: node-3-0, bmc-3' }),
  revision: Type.String({ description: "the store's, of the last change of what is counted" }),
  kind: Type.Enum(['node', 'bmc']),
  rack: count('the logical rack number'),
  network: Type.String({ description: 'as in 10.69.0.0/26; racks may share one' }),
  gateway: address('of the network'),
  machines: Type.Object({
    used: count('addresses of registered machines'),
    room: count('machines that fit into the rack'),
  }),
  leases: Type.Union(
    [
      Type.Object({
        first: address('the first address that DHCP lends'),
        count: count('how many it lends'),
        leased: count('lent now'),
        declined: count('set aside, since another host uses them'),
        free: count('nobody has a right to'),
      }),
      Type.Null(),
    ],
    { description: 'null where DHCP lends nothing' },
  ),
});
export type SubnetV2 = Static<typeof subnetSchema>;

const subnets: Noun = {
  noun: 'subnets',
  one: 'subnet',
  key: 'name',
  keyHolds: 'the name of a subnet, as in node-3-0',
  columns: subnetColumns,
  mayBePartial: true,
  hasLabels: false,
  schema: subnetSchema,
};

export const listSubnets = listOperation(subnets);
export const getSubnet = getOperation(subnets);
export const watchSubnets = watchOperation(subnets);

export const subnetOperations: readonly Operation[] = [listSubnets, getSubnet, watchSubnets];
