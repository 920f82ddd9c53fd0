/** The same change of many machines. */

import Type, { type Static } from 'typebox';
import { dryRunQuery } from './dry-run.ts';
import { machinePatchSchema } from './machine-writes.ts';
import type { Operation } from './operation.ts';

const closed = { additionalProperties: false };

/** As many as a fleet has, with room. */
export const bulkMachinesMax = 20_000;

const bulkSchema = Type.Object(
  {
    select: Type.Object(
      {
        names: Type.Optional(
          Type.Array(Type.String({ minLength: 1 }), {
            minItems: 1,
            maxItems: bulkMachinesMax,
            description: 'serial numbers; not together with selectors',
          }),
        ),
        labelSelector: Type.Optional(
          Type.String({ maxLength: 4_096, description: 'as in lists: product=R650,!broken' }),
        ),
        fieldSelector: Type.Optional(
          Type.String({
            maxLength: 4_096,
            description: 'as in lists: state=healthy,rack in (1,2)',
          }),
        ),
        all: Type.Optional(
          Type.Literal(true, {
            description: 'every machine there is: an empty selection never means that by itself',
          }),
        ),
      },
      closed,
    ),
    expect: Type.Integer({
      minimum: 0,
      description: 'how many machines you saw selected; with another number nothing is done',
    }),
    patch: Type.Optional(machinePatchSchema),
    delete: Type.Optional(
      Type.Literal(true, { description: 'removes them; each must be retired' }),
    ),
    atomic: Type.Optional(
      Type.Boolean({
        description: 'all in one commit or none; default: each by itself, with its own outcome',
      }),
    ),
  },
  closed,
);
export type MachineBulkV2 = Static<typeof bulkSchema>;

const count = (description: string) => Type.Integer({ minimum: 0, description });

export const bulkMachines: Operation = {
  id: 'bulkMachines',
  method: 'POST',
  path: '/bulk/machines',
  summary: 'the same change of many machines: `patch` as for one of them, or `delete`',
  needs: 'operator',
  query: dryRunQuery,
  body: bulkSchema,
  isLong: true,
  example: {
    select: { fieldSelector: 'rack=3,state=healthy' },
    expect: 28,
    patch: { status: { state: 'retiring', reason: { text: 'end of lease' } } },
  },
  answer: {
    status: 200,
    holds: 'the outcome for each machine; in a dry run what it would be. Look at `failed`',
    schema: Type.Object({
      selected: count('machines'),
      changed: count('of them'),
      unchanged: count('that were so already'),
      failed: count('that were refused, each with its problem'),
      skipped: count('that were not come to, since it was cancelled'),
      revision: Type.String({ description: "the store's, of the last of these changes" }),
      items: Type.Array(
        Type.Object({
          name: Type.String({ description: 'the serial number' }),
          outcome: Type.Enum(['changed', 'unchanged', 'failed', 'skipped']),
          revision: Type.Optional(Type.String({ description: 'of the commit' })),
          problem: Type.Optional(
            Type.Object({
              type: Type.String(),
              status: Type.Integer(),
              detail: Type.String(),
            }),
          ),
        }),
      ),
    }),
  },
  problems: [
    'count-differs',
    'bulk-refused',
    'operations-busy',
    'invalid',
    'too-large',
    'body-too-large',
    'not-live',
    'contended',
    'store-unavailable',
    'outcome-unknown',
  ],
};
