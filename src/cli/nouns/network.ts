/** Networks, for people. */

import { networkColumns, networkValues } from '../../sabakan/contract/columns.ts';
import type { NetworkV2 } from '../../sabakan/contract/network.ts';
import { among, type CliNoun, columnsOf, trueOrFalse } from './noun.ts';

export const networkNoun: CliNoun = {
  names: ['networks', 'network'],
  describes: 'networks: where machines that boot are answered, and how',
  nameOf: (object) => (object as NetworkV2).name,
  selectable: networkColumns,
  hasLabels: false,
  deletable: true,
  values: {
    mode: among(networkValues.mode),
    discovery: among(networkValues.discovery),
    implicit: trueOrFalse,
  },
  columns: columnsOf<NetworkV2>([
    ['NAME', ({ name }) => name],
    ['CIDR', ({ cidr }) => cidr],
    ['MODE', ({ mode }) => mode],
    ['DISCOVERY', ({ discovery }) => discovery],
    ['MADE-BY', ({ implicit }) => (implicit ? 'ipam' : 'record'), 'wide'],
    ['NOTE', ({ note }) => note],
  ]),
};
