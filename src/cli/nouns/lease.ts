/** DHCP leases, for people. */

import { leaseColumns } from '../../sabakan/contract/columns.ts';
import type { LeaseV2 } from '../../sabakan/contract/lease.ts';
import { among, type CliNoun, columnsOf } from './noun.ts';
import { rackValues } from './rack.ts';

const states: readonly LeaseV2['state'][] = ['leased', 'expired', 'declined'];

export const leaseNoun: CliNoun = {
  names: ['leases', 'lease'],
  describes: 'DHCP leases: which address is lent to which client, and until when',
  nameOf: (object) => (object as LeaseV2).address,
  selectable: leaseColumns,
  hasLabels: false,
  mayBePartial: true,
  deletable: true,
  values: {
    rack: rackValues,
    state: among(states, 'states: '),
  },
  columns: columnsOf<LeaseV2>([
    ['ADDRESS', ({ address }) => address],
    ['MAC', ({ mac }) => mac ?? '-'],
    ['STATE', ({ state }) => state],
    ['EXPIRES', ({ expires }) => expires ?? 'never'],
    ['RACK', ({ rack }) => rack?.toString() ?? '-'],
    ['RANGE', ({ range }) => range, 'wide'],
    ['USED BY', ({ usedBy }) => usedBy ?? '-', 'wide'],
  ]),
};
