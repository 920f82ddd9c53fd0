/** Racks: nobody registers them, they are where machines are. */

import Type, { type Static } from 'typebox';
import { machineStates } from '../../inventory/machine.ts';
import { type Noun, readOperations } from './collection-operations.ts';
import { rackColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const count = (description: string) => Type.Integer({ minimum: 0, description });

export const rackSchema = Type.Object(
  {
    rack: count('the logical rack number'),
    revision: Type.String({ description: "the store's, of the last change of any machine" }),
    machines: count('registered in it'),
    workers: Type.Object({
      registered: count('machines that are no boot machine'),
      room: Type.Union([count('of them that fit'), Type.Null()], {
        description: 'null while there is no IPAM configuration',
      }),
    }),
    boot: Type.Union([Type.String(), Type.Null()], { description: 'serial of its boot machine' }),
    states: Type.Object(
      Object.fromEntries(machineStates.map((state) => [state, count(`machines ${state}`)])),
    ),
    roles: Type.Record(Type.String(), count('machines of the role')),
  },
  { title: 'Rack' },
);
export type RackV2 = Static<typeof rackSchema>;

const racks: Noun = {
  noun: 'racks',
  one: 'rack',
  key: 'rack',
  keyHolds: 'the logical rack number',
  columns: rackColumns,
  hasLabels: false,
  schema: rackSchema,
};

export const rackReads = readOperations(racks);

export const rackOperations: readonly Operation[] = Object.values(rackReads);
