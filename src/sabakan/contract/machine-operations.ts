/** What can be asked of machines, and done to them. */

import Type from 'typebox';
import { bootSchema } from './boot.ts';
import { type Noun, readOperations } from './collection-operations.ts';
import { machineColumns } from './columns.ts';
import { previewIgnition, tryIgnition } from './ignition.ts';
import { machineSchema, machineStateSchema } from './machine.ts';
import { bulkMachines } from './machine-bulk.ts';
import { deleteMachine, patchMachine, registerMachines } from './machine-writes.ts';
import type { Operation } from './operation.ts';

const machines: Noun = {
  noun: 'machines',
  one: 'machine',
  key: 'serial',
  keyHolds: 'the serial number of a machine; upper and lower case matter',
  columns: machineColumns,
  hasLabels: true,
  schema: machineSchema,
};

export const machineReads = readOperations(machines);

export const explainMachine: Operation = {
  id: 'explainMachine',
  method: 'GET',
  path: '/machines/{serial}/explain',
  summary: 'what is known and decided about one machine: health, its place in the cluster, swaps',
  needs: 'viewer',
  parameters: { serial: machines.keyHolds },
  answer: {
    status: 200,
    holds: 'the machine, its next states, and the decisions about it',
    schema: Type.Object({
      machine: machineSchema,
      nextStates: Type.Array(machineStateSchema),
      boot: Type.Union([bootSchema, Type.Null()], {
        description: 'its last boot, without the steps; null: none was seen',
      }),
      health: Type.Unknown({ description: 'null on servers that do not lead' }),
      cluster: Type.Unknown({ description: 'null where no cluster is kept' }),
      swap: Type.Unknown({ description: 'the replacement it takes part in, or null' }),
    }),
  },
  problems: ['not-found', 'not-live'],
};

export const machineOperations: readonly Operation[] = [
  ...Object.values(machineReads),
  registerMachines,
  patchMachine,
  deleteMachine,
  bulkMachines,
  explainMachine,
  previewIgnition,
  tryIgnition,
];
