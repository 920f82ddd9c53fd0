/** All operations of version 2. A new noun is a schema, its columns, and one line here. */

import Type, { type TSchema } from 'typebox';
import { listQuery, pageOf } from './list.ts';
import { machineColumns, machineSchema } from './machine.ts';
import type { Operation } from './operation.ts';

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
export const getOpenApi: Operation = {
  id: 'getOpenApi',
  method: 'GET',
  path: '/openapi.json',
  summary: 'this description',
  needs: 'viewer',
  answer: { status: 200, holds: 'an OpenAPI 3.1 document', schema: Type.Object({}) },
};

export const operations: readonly Operation[] = [listMachines, getMachine, getOpenApi];

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

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
