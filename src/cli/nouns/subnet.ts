/** Subnets, for people. */

import { subnetColumns } from '../../sabakan/contract/columns.ts';
import type { SubnetV2 } from '../../sabakan/contract/subnet.ts';
import { among, type CliNoun, columnsOf } from './noun.ts';
import { rackValues } from './rack.ts';

export const subnetNoun: CliNoun = {
  names: ['subnets', 'subnet'],
  describes: 'subnets: the networks of each rack, and how full they are',
  nameOf: (object) => (object as SubnetV2).name,
  rackOf: (object) => (object as SubnetV2).rack,
  selectable: subnetColumns,
  hasLabels: false,
  mayBePartial: true,
  values: {
    rack: rackValues,
    kind: among(['node', 'bmc'], 'kinds: '),
  },
  columns: columnsOf<SubnetV2>([
    ['NAME', ({ name }) => name],
    ['RACK', ({ rack }) => String(rack)],
    ['NETWORK', ({ network }) => network],
    ['GATEWAY', ({ gateway }) => gateway],
    ['MACHINES', ({ machines }) => `${machines.used}/${machines.room}`],
    ['LEASED', ({ leases }) => (leases ? `${leases.leased}/${leases.count}` : '-')],
    ['FREE', ({ leases }) => leases?.free.toString() ?? '-', 'wide'],
    ['LENDS-FROM', ({ leases }) => leases?.first ?? '-', 'wide'],
  ]),
};
