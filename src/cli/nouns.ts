/** What `tetsu get` lists, and what people see of it. */

import { machineStates } from '../inventory/machine.ts';
import { machineColumns, rackColumns } from '../sabakan/contract/columns.ts';
import type { MachineV2 } from '../sabakan/contract/machine.ts';
import type { RackV2 } from '../sabakan/contract/rack.ts';
import { formatAge } from './table.ts';

export type CliNoun = {
  /** As people type it; the first is the one in paths. */
  readonly names: readonly string[];
  readonly describes: string;
  readonly nameOf: (object: unknown) => string;
  readonly columns: readonly CliColumn[];
  /** What it is selected and sorted by. */
  readonly selectable: Readonly<Record<string, string>>;
  readonly hasLabels: boolean;
  /** Of columns that cannot hold just anything: what they can hold. */
  readonly values: Readonly<Record<string, Values>>;
};

type Values = { readonly test: (value: string) => boolean; readonly says: string };

const rackValues: Values = {
  test: (value) => /^\d+$/.test(value),
  says: 'racks are numbered: 0, 1, …',
};

type CliColumn = {
  readonly title: string;
  readonly cell: (object: unknown) => string;
  /** Only with `-o wide`. */
  readonly wide: boolean;
};

export const nouns: readonly CliNoun[] = [
  {
    names: ['machines', 'machine'],
    describes: 'machines: where they are, what they are for, how they are',
    nameOf: (object) => (object as MachineV2).serial,
    selectable: machineColumns,
    hasLabels: true,
    values: {
      rack: rackValues,
      state: {
        test: (value) => machineStates.some((state) => state === value),
        says: `states: ${machineStates.join(', ')}`,
      },
    },
    columns: columnsOf<MachineV2>([
      ['SERIAL', ({ serial }) => serial],
      ['RACK', ({ spec }) => String(spec.rack)],
      ['INDEX', ({ spec }) => String(spec.indexInRack)],
      ['ROLE', ({ spec }) => spec.role],
      ['STATE', ({ status }) => status.state],
      ['SINCE', ({ status }) => formatAge(status.durationSeconds)],
      ['IPV4', ({ spec }) => spec.ipv4[0] ?? ''],
      ['BMC', ({ spec }) => spec.bmc.type, 'wide'],
      ['BMC-IPV4', ({ spec }) => spec.bmc.ipv4, 'wide'],
      ['LABELS', ({ spec }) => pairs(spec.labels), 'wide'],
      ['REASON', ({ status }) => status.reason?.text ?? '', 'wide'],
    ]),
  },
  {
    names: ['racks', 'rack'],
    describes: 'racks: how full they are and how their machines are',
    nameOf: (object) => String((object as RackV2).rack),
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
  },
];

type Row<T> = readonly [title: string, cell: (object: T) => string, wide?: 'wide'];

function columnsOf<T>(rows: readonly Row<T>[]): readonly CliColumn[] {
  return rows.map(([title, cell, wide]) => ({
    title,
    cell: (object) => cell(object as T),
    wide: wide === 'wide',
  }));
}

function pairs(of: Readonly<Record<string, string | number>>): string {
  return Object.entries(of)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

function withoutZeros(of: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(of).filter(([, count]) => count > 0));
}
