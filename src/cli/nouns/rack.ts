/** Racks, for people. */

import { rackColumns } from '../../sabakan/contract/columns.ts';
import type { RackV2 } from '../../sabakan/contract/rack.ts';
import { type CliNoun, columnsOf, pairs, type Values, withoutZeros } from './noun.ts';

export const rackValues: Values = {
  test: (value) => /^\d+$/.test(value),
  says: 'racks are numbered: 0, 1, …',
};

export const rackNoun: CliNoun = {
  names: ['racks', 'rack'],
  describes: 'racks: how full they are and how their machines are',
  nameOf: (object) => String((object as RackV2).rack),
  rackOf: (object) => (object as RackV2).rack,
  selectable: rackColumns,
  hasLabels: false,
  values: { rack: rackValues },
  columns: columnsOf<RackV2>([
    ['RACK', ({ rack }) => String(rack)],
    ['MACHINES', ({ machines }) => String(machines)],
    ['WORKERS', ({ workers }) => `${workers.registered}/${workers.room ?? '?'}`],
    ['BOOT', ({ boot }) => boot ?? '-'],
    ['STATES', ({ states }) => pairs(withoutZeros(states))],
    ['ROLES', ({ roles }) => pairs(roles), 'wide'],
  ]),
};
