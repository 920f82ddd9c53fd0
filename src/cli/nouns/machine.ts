/** Machines, for people. */

import { machineStates } from '../../inventory/machine.ts';
import { machineColumns } from '../../sabakan/contract/columns.ts';
import type { MachineV2 } from '../../sabakan/contract/machine.ts';
import { styleOfState } from '../style.ts';
import { formatAge } from '../table.ts';
import { among, type CliNoun, columnsOf, pairs } from './noun.ts';
import { rackValues } from './rack.ts';

export const machineNoun: CliNoun = {
  names: ['machines', 'machine'],
  describes: 'machines: where they are, what they are for, how they are',
  nameOf: (object) => (object as MachineV2).serial,
  rackOf: (object) => (object as MachineV2).spec.rack,
  describedBelow: '/explain',
  selectable: machineColumns,
  hasLabels: true,
  deletable: true,
  values: {
    rack: rackValues,
    state: among(machineStates, 'states: '),
  },
  columns: columnsOf<MachineV2>([
    ['SERIAL', ({ serial }) => serial],
    ['RACK', ({ spec }) => String(spec.rack)],
    ['INDEX', ({ spec }) => String(spec.indexInRack)],
    ['ROLE', ({ spec }) => spec.role],
    [
      'STATE',
      ({ status }) => status.state,
      'always',
      ({ status }) => status.state,
      ({ status }) => styleOfState(status.state),
    ],
    [
      'SINCE',
      ({ status }) => formatAge(status.durationSeconds),
      'always',
      ({ status }) => status.since,
    ],
    ['IPV4', ({ spec }) => spec.ipv4[0] ?? ''],
    ['BMC', ({ spec }) => spec.bmc.type, 'wide'],
    ['BMC-IPV4', ({ spec }) => spec.bmc.ipv4, 'wide'],
    ['LABELS', ({ spec }) => pairs(spec.labels), 'wide'],
    ['HOLD', ({ spec }) => spec.hold?.reason ?? '', 'wide'],
    ['REASON', ({ status }) => status.reason?.text ?? '', 'wide'],
  ]),
};
