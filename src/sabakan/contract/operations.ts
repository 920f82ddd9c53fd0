/** All operations of version 2. A new noun is a schema, its columns, and one line here. */

import Type, { type TSchema } from 'typebox';
import { machineColumns, rackColumns } from './columns.ts';
import { previewIgnition, tryIgnition } from './ignition.ts';
import { changesOf, listQuery, pageOf, watchQuery } from './list.ts';
import { machineSchema, machineStateSchema } from './machine.ts';
import { deleteMachine, patchMachine, registerMachines } from './machine-writes.ts';
import type { Operation } from './operation.ts';
import { rackSchema } from './rack.ts';

const machines = {
  noun: 'machines',
  one: 'machine',
  key: 'serial',
  keyHolds: 'the serial number of a machine; upper and lower case matter',
  columns: machineColumns,
  hasLabels: true,
  schema: machineSchema,
};

export const listMachines = listOperation(machines);
export const getMachine = getOperation(machines);
export const watchMachines = watchOperation(machines);

const racks = {
  noun: 'racks',
  one: 'rack',
  key: 'rack',
  keyHolds: 'the logical rack number',
  columns: rackColumns,
  hasLabels: false,
  schema: rackSchema,
};
export const listRacks = listOperation(racks);
export const getRack = getOperation(racks);
export const watchRacks = watchOperation(racks);

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
      health: Type.Unknown({ description: 'null on servers that do not lead' }),
      cluster: Type.Unknown({ description: 'null where no cluster is kept' }),
      swap: Type.Unknown({ description: 'the replacement it takes part in, or null' }),
    }),
  },
  problems: ['not-found', 'not-live'],
};

export const getPlan: Operation = {
  id: 'getPlan',
  method: 'GET',
  path: '/plan',
  summary: 'what the cluster should be, why, and what is held back',
  needs: 'viewer',
  answer: { status: 200, holds: 'the plan of the last pass', schema: Type.Object({}) },
  problems: ['not-found'],
};

export const getStatus: Operation = {
  id: 'getStatus',
  method: 'GET',
  path: '/status',
  summary: 'what this server is doing',
  needs: 'viewer',
  answer: { status: 200, holds: 'its parts and how they stand', schema: Type.Object({}) },
};

export const getOpenApi: Operation = {
  id: 'getOpenApi',
  method: 'GET',
  path: '/openapi.json',
  summary: 'this description',
  needs: 'viewer',
  answer: { status: 200, holds: 'an OpenAPI 3.1 document', schema: Type.Object({}) },
};

export const operations: readonly Operation[] = [
  listMachines,
  getMachine,
  watchMachines,
  registerMachines,
  patchMachine,
  deleteMachine,
  explainMachine,
  listRacks,
  getRack,
  watchRacks,
  previewIgnition,
  tryIgnition,
  getPlan,
  getStatus,
  getOpenApi,
];

type Noun = {
  /** Plural, as it stands in paths. */
  readonly noun: string;
  readonly one: string;
  /** The member that names an object. */
  readonly key: string;
  readonly keyHolds: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly hasLabels: boolean;
  readonly schema: TSchema;
};

function listOperation({ noun, columns, hasLabels, schema }: Noun): Operation {
  return {
    id: `list${capital(noun)}`,
    method: 'GET',
    path: `/${noun}`,
    summary: `${noun} in pages, all of one moment`,
    needs: 'viewer',
    query: listQuery(Object.keys(columns), hasLabels),
    answer: { status: 200, holds: 'a page', schema: pageOf(schema) },
    problems: ['not-live', 'cursor-gone'],
  };
}

function getOperation({ noun, one, key, keyHolds, schema }: Noun): Operation {
  return {
    id: `get${capital(one)}`,
    method: 'GET',
    path: `/${noun}/{${key}}`,
    summary: `one ${one}; its ETag is its revision`,
    needs: 'viewer',
    parameters: { [key]: keyHolds },
    answer: { status: 200, holds: `the ${one}`, schema },
    problems: ['not-found', 'not-live'],
  };
}

function watchOperation({ noun, columns, hasLabels, schema }: Noun): Operation {
  return {
    id: `watch${capital(noun)}`,
    method: 'GET',
    path: `/watch/${noun}`,
    summary: `changes of ${noun} as server-sent events, from a revision on`,
    needs: 'viewer',
    query: watchQuery(Object.keys(columns), hasLabels),
    answer: {
      status: 200,
      holds:
        'events `changes` (all of one revision together), `bookmark` (nothing up to its id is missing) and `error` (410: list again; 429: too slow, go on from the last id), after which it ends',
      schema: changesOf(schema),
      mediaType: 'text/event-stream',
    },
    problems: ['not-live', 'history-gone', 'watchers-busy'],
  };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
