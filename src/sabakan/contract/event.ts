/** Events: who changed what, from the audit log. */

import Type, { type Static } from 'typebox';
import { getOperation, type Noun, watchOperation } from './collection-operations.ts';
import { eventColumns } from './columns.ts';
import type { Operation } from './operation.ts';

export const eventLimitDefault = 100;
export const eventLimitMax = 1_000;

const eventSchema = Type.Object({
  id: Type.String({ description: 'its name; ascending in time' }),
  revision: Type.String({ description: "the store's, of the change itself" }),
  at: Type.String({ format: 'date-time' }),
  user: Type.String({ description: 'who: a token, a part of the program, or what a client said' }),
  ip: Type.String({ description: 'where the request came from' }),
  host: Type.String({ description: 'the server that took it' }),
  category: Type.String({ description: 'machines, ipam, image, brakes, …' }),
  instance: Type.String({ description: 'what was changed: a serial, a name' }),
  action: Type.String(),
  detail: Type.String(),
  token: Type.Optional(Type.String({ description: 'id of the token that proved the user' })),
  request: Type.Optional(Type.String({ description: 'id of the request' })),
  before: Type.Optional(Type.Unknown({ description: 'what it was, where that is small' })),
  after: Type.Optional(Type.Unknown({ description: 'what it became, where that is small' })),
});
export type EventV2 = Static<typeof eventSchema>;

const events: Noun = {
  noun: 'events',
  one: 'event',
  key: 'id',
  keyHolds: 'the id of an event',
  columns: eventColumns,
  hasLabels: false,
  schema: eventSchema,
};

const word = (description: string) => Type.Optional(Type.String({ maxLength: 300, description }));

export const listEvents: Operation = {
  id: 'listEvents',
  method: 'GET',
  path: '/events',
  summary: 'who changed what, newest first, in pages',
  needs: 'viewer',
  query: Type.Object(
    {
      limit: Type.Optional(
        Type.String({
          pattern: '^[1-9][0-9]{0,3}$',
          description: `how many at most, 1 to ${eventLimitMax}; ${eventLimitDefault} when absent`,
        }),
      ),
      cursor: Type.Optional(
        Type.String({ maxLength: 64, description: '`next` of the page before' }),
      ),
      since: word('RFC 3339: not before'),
      until: word('RFC 3339: before'),
      category: word(eventColumns.category),
      instance: word(eventColumns.instance),
      user: word(eventColumns.user),
      action: word(eventColumns.action),
      machine: word('a serial: what was done to this machine and its disk keys'),
    },
    { additionalProperties: false },
  ),
  answer: {
    status: 200,
    holds:
      'a page; it may hold fewer than asked for, or none, while `next` goes on: the log is long and mostly about something else',
    schema: Type.Object({
      items: Type.Array(eventSchema),
      revision: Type.String({ description: 'a watch from here misses nothing that came after' }),
      next: Type.Union([Type.String(), Type.Null()], {
        description: 'cursor of the next, older page; null on the last',
      }),
    }),
  },
  problems: ['not-live', 'store-unavailable'],
};

export const getEvent = getOperation(events);
export const watchEvents = watchOperation(events);

export const eventOperations: readonly Operation[] = [listEvents, getEvent, watchEvents];
