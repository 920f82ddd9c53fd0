/** DHCP leases, for people. */

import { leaseColumns } from '../../sabakan/contract/columns.ts';
import type { LeaseV2 } from '../../sabakan/contract/lease.ts';
import { printable } from '../table.ts';
import { among, type CliNoun, columnsOf } from './noun.ts';
import { rackValues } from './rack.ts';

const states: readonly LeaseV2['state'][] = ['leased', 'ended', 'declined'];

export const leaseNoun: CliNoun = {
  names: ['leases', 'lease'],
  describes: 'DHCP leases: which address is lent to which client, and until when',
  nameOf: (object) => (object as LeaseV2).address,
  selectable: leaseColumns,
  hasLabels: false,
  mayBePartial: true,
  deletable: true,
  isOver: (object) => (object as LeaseV2).state === 'ended',
  page: (object) => leasePage(object as LeaseV2),
  values: {
    rack: rackValues,
    state: among(states, 'states: '),
  },
  columns: columnsOf<LeaseV2>([
    ['ADDRESS', ({ address }) => address],
    ['MAC', ({ mac }) => mac ?? '-'],
    ['SERIAL', ({ serial }) => serial ?? '-'],
    ['STATE', ({ state }) => state],
    ['EXPIRES', ({ released, expires }) => released ?? expires ?? 'never'],
    ['RACK', ({ rack }) => rack?.toString() ?? '-'],
    ['RANGE', ({ range }) => range, 'wide'],
    ['USED BY', ({ usedBy }) => usedBy ?? '-', 'wide'],
  ]),
};

/** What there is to know of one lease; since when it is lent is stored nowhere. */
export function leasePage(lease: LeaseV2): string {
  const { address, mac, serial, usedBy, state, expires, released, range, rack, network } = lease;
  const aside =
    usedBy === null
      ? 'a client declined it, or a host answered for it'
      : `${usedBy} answered for it`;
  const whose = mac === null ? `nobody: it is set aside (${aside})` : mac;
  const lines = [
    `lease of ${address}`,
    `client:  ${whose}${serial === null ? '' : `, which is the machine ${serial}`}`,
    `state:   ${state}`,
    released === null
      ? `${state === 'ended' ? 'ended:  ' : 'ends:   '} ${expires ?? 'never'}`
      : `ended:   ${released}, when it was released`,
    `network: ${network ?? 'none that is served'}${rack === null ? '' : `, rack ${rack}`}; range of ${range}`,
    `others:  ${lease.others.may ? 'may have the address' : 'may not have the address'}: ${lease.others.text}`,
  ];
  return lines.map(printable).join('\n');
}
