/** Brakes: whatever holds automation back, and what people may do about it. */

import Type, { type Static } from 'typebox';
import {
  liftSecondsMax,
  manualBrake,
  manualSecondsMax,
  reasonCharactersMax,
} from '../../inventory/brakes.ts';
import { changeProblems, type Noun, readOperations } from './collection-operations.ts';
import { brakeColumns } from './columns.ts';
import { dryRunQuery } from './dry-run.ts';
import type { Operation } from './operation.ts';

const time = (description: string) => Type.String({ format: 'date-time', description });
const closed = { additionalProperties: false };
const held = Type.Enum(['health', 'cluster', 'everything'], {
  description:
    'health: machines are asked, but their states stay; cluster: nobody joins, leaves or is swapped, only taints change; everything: both',
});
const reason = Type.String({
  minLength: 1,
  maxLength: reasonCharactersMax,
  description: 'for those who come after: a sentence, kept in the audit log',
});

const brakeSchema = Type.Object({
  name: Type.String({ description: '`manual` is the one that operators put on' }),
  revision: Type.String({ description: "the store's, of its last change" }),
  by: Type.Enum(['health', 'cluster', 'operator'], { description: 'who put it on' }),
  holds: held,
  state: Type.Enum(['holding', 'lifted']),
  text: Type.String({ description: 'why it stands, with its figures; of `manual`, the reason' }),
  since: time('when it began to hold'),
  release: Type.String({ description: 'what takes it off' }),
  liftable: Type.Boolean({ description: 'whether an operator may lift it' }),
  user: Type.Union([Type.String(), Type.Null()], { description: 'who put `manual` on' }),
  expires: Type.Union([time('when `manual` comes off by itself'), Type.Null()]),
  lift: Type.Union([
    Type.Object({
      user: Type.String(),
      reason: Type.String(),
      at: time('when it was said'),
      expires: time('until when the brake is passed over; it holds again then if it still stands'),
    }),
    Type.Null(),
  ]),
});
export type BrakeV2 = Static<typeof brakeSchema>;

const brakes: Noun = {
  noun: 'brakes',
  one: 'brake',
  key: 'name',
  keyHolds: 'the name of a brake, as in health-rack-3-silent',
  columns: brakeColumns,
  hasLabels: false,
  schema: brakeSchema,
};

export const brakeReads = readOperations(brakes);

const liftBody = Type.Object(
  {
    reason,
    seconds: Type.Integer({
      minimum: 1,
      maximum: liftSecondsMax,
      description: 'how long it is passed over at most; when it falls before, so does this',
    }),
  },
  closed,
);
export type LiftWishV2 = Static<typeof liftBody>;

export const liftBrake: Operation = {
  id: 'liftBrake',
  method: 'POST',
  path: '/brakes/{name}/lift',
  summary: 'has a brake passed over for a while, by whichever server leads',
  needs: 'operator',
  parameters: { name: brakes.keyHolds },
  query: dryRunQuery,
  body: liftBody,
  example: { reason: 'rack 3 is being moved; its machines are really off', seconds: 3600 },
  answer: { status: 200, holds: 'the brake as it is now', schema: brakeSchema },
  problems: ['brake-unknown', 'brake-fixed', ...changeProblems],
};

const putBody = Type.Object(
  {
    reason,
    holds: Type.Optional(held),
    seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: manualSecondsMax,
        description: 'when it comes off by itself; absent: it stays until it is taken off',
      }),
    ),
  },
  closed,
);
export type BrakeWishV2 = Static<typeof putBody>;

const onlyManual = `${manualBrake}: the others are automation's own`;

export const putBrake: Operation = {
  id: 'putBrake',
  method: 'PUT',
  path: '/brakes/{name}',
  summary: 'stops automation, or gives the brake that is on another reason, extent or end',
  needs: 'operator',
  parameters: { name: onlyManual },
  query: dryRunQuery,
  body: putBody,
  example: { reason: 'a switch is being replaced', holds: 'everything', seconds: 7200 },
  answer: { status: 200, holds: 'the brake as it is now', schema: brakeSchema },
  problems: ['brake-fixed', ...changeProblems],
};

export const deleteBrake: Operation = {
  id: 'deleteBrake',
  method: 'DELETE',
  path: '/brakes/{name}',
  summary: 'takes the manual brake off',
  needs: 'operator',
  parameters: { name: onlyManual },
  query: dryRunQuery,
  answer: { status: 204, holds: 'nothing: it is off; in a dry run: it would be' },
  problems: ['brake-unknown', 'brake-fixed', ...changeProblems],
};

export const brakeOperations: readonly Operation[] = [
  ...Object.values(brakeReads),
  liftBrake,
  putBrake,
  deleteBrake,
];
