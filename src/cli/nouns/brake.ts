/** Brakes, for people. */

import type { BrakeV2 } from '../../sabakan/contract/brake.ts';
import { brakeColumns } from '../../sabakan/contract/columns.ts';
import { among, type CliNoun, columnsOf } from './noun.ts';

const oneOf = (what: string, ...known: readonly string[]) => among(known, `${what}: `);

export const brakeNoun: CliNoun = {
  names: ['brakes', 'brake'],
  describes: 'brakes: what holds automation back, since when, and what takes it off',
  nameOf: (object) => (object as BrakeV2).name,
  selectable: brakeColumns,
  hasLabels: false,
  values: {
    by: oneOf('brakes are put on by', 'health', 'cluster', 'operator'),
    state: oneOf('states', 'holding', 'lifted'),
    holds: oneOf('a brake holds', 'health', 'cluster', 'everything'),
    liftable: oneOf('liftable is', 'true', 'false'),
  },
  columns: columnsOf<BrakeV2>([
    ['NAME', ({ name }) => name],
    ['HOLDS', ({ holds }) => holds],
    ['STATE', ({ state }) => state],
    ['SINCE', ({ since }) => since],
    ['LIFT', ({ liftable, lift }) => (lift ? `until ${lift.expires}` : liftable ? 'may' : 'no')],
    ['WHY', ({ text }) => text],
    ['RELEASE', ({ release }) => release, 'wide'],
    ['BY', ({ by, user }) => user ?? by, 'wide'],
    ['EXPIRES', ({ expires }) => expires ?? '-', 'wide'],
  ]),
};
