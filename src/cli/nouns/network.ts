/** Networks, for people. */

import { networkColumns, networkValues } from '../../sabakan/contract/columns.ts';
import type { NetworkV2 } from '../../sabakan/contract/network.ts';
import { type CliNoun, columnsOf, trueOrFalse, type Values } from './noun.ts';

const oneOf = (known: readonly string[]): Values => ({
  test: (value) => known.includes(value),
  says: known.join(', '),
});

export const networkNoun: CliNoun = {
  names: ['networks', 'network'],
  describes: 'networks: where machines that boot are answered, and how',
  nameOf: (object) => (object as NetworkV2).name,
  selectable: networkColumns,
  hasLabels: false,
  deletable: true,
  values: {
    mode: oneOf(networkValues.mode),
    discovery: oneOf(networkValues.discovery),
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
