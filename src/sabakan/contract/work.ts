/** Operations: work that takes longer than a request. */

import Type, { type Static } from 'typebox';
import { workStates } from '../works/work.ts';
import { type Noun, readOperations } from './collection-operations.ts';
import { workColumns } from './columns.ts';
import { dryRunQuery } from './dry-run.ts';
import type { Operation } from './operation.ts';

const id = 'the id of the operation; ids ascend with the time they began';
const time = (description: string) => Type.String({ format: 'date-time', description });
const count = (description: string) => Type.Integer({ minimum: 0, description });

export const workSchema = Type.Object(
  {
    id: Type.String({ description: id }),
    revision: Type.String({ description: "the store's, of the last change; the object's ETag" }),
    kind: Type.String({ description: 'operationId of the request that began it' }),
    by: Type.String({ description: 'who asked for it' }),
    server: Type.String({ description: 'which server does it' }),
    state: Type.Enum([...workStates], {
      description: 'interrupted: its server is gone; what is done is done',
    }),
    startedAt: time('when it began'),
    updatedAt: time('when its server was last heard of'),
    endedAt: Type.Union([time('when it ended'), Type.Null()]),
    isCancelAsked: Type.Boolean({ description: 'somebody asked it to end early' }),
    progress: Type.Object({
      done: count('so far'),
      total: count('to be done'),
      unit: Type.String({ description: 'such as machines' }),
    }),
    result: Type.Unknown({
      description:
        'what the request would have been answered; of its items those that failed, 500 at most. Null while it runs',
    }),
  },
  { title: 'Operation' },
);
export type WorkV2 = Static<typeof workSchema>;

const operations: Noun = {
  noun: 'operations',
  one: 'operation',
  key: 'id',
  keyHolds: id,
  columns: workColumns,
  hasLabels: false,
  schema: workSchema,
};

export const workReads = readOperations(operations);

export const cancelWork: Operation = {
  id: 'cancelOperation',
  method: 'POST',
  path: '/operations/{id}/cancel',
  summary: 'asks an operation to end early; what is done stays done',
  needs: 'operator',
  parameters: { id },
  query: dryRunQuery,
  answer: { status: 200, holds: 'the operation; it ends soon', schema: workSchema },
  problems: [
    'operation-unknown',
    'operation-ended',
    'contended',
    'store-unavailable',
    'outcome-unknown',
  ],
};

export const workOperations: readonly Operation[] = [...Object.values(workReads), cancelWork];
