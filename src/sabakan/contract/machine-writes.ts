/** Changes of machines. */

import Type, { type Static } from 'typebox';
import { holdReasonCharactersMax } from '../../inventory/hold.ts';
import { dryRunQuery } from './dry-run.ts';
import { machineSchema, machineStateSchema } from './machine.ts';
import type { Operation } from './operation.ts';

const serial = 'the serial number of a machine; upper and lower case matter';
const closed = { additionalProperties: false };

/** Of one request; each is a record in the audit log. */
const labelChangesMax = 64;

const holdHolds = 'keeps automation off the machine; null releases it';
const holdBody = Type.Object(
  {
    reason: Type.String({ minLength: 1, maxLength: holdReasonCharactersMax }),
    until: Type.Optional(
      Type.String({
        description: 'RFC 3339; absent: until it is released. Replaces what was set before',
      }),
    ),
  },
  closed,
);

/** RFC 7396, of those members that people may change. */
export const machinePatchSchema = Type.Object(
  {
    spec: Type.Optional(
      Type.Object(
        {
          labels: Type.Optional(
            Type.Record(
              Type.String(),
              Type.Unsafe<string | null>({
                type: ['string', 'null'],
                description: 'null takes the label away',
              }),
              { maxProperties: labelChangesMax },
            ),
          ),
          retireDate: Type.Optional(
            Type.String({ description: 'RFC 3339, as in 2031-04-01T00:00:00Z' }),
          ),
          hold: Type.Optional(Type.Union([holdBody, Type.Null()], { description: holdHolds })),
          rack: Type.Optional(
            Type.Integer({
              minimum: 0,
              description: 'another rack is another index and other addresses',
            }),
          ),
          role: Type.Optional(Type.String({ description: 'boot has a slot of its own in a rack' })),
          bmc: Type.Optional(Type.Object({ type: Type.String() }, closed)),
        },
        closed,
      ),
    ),
    status: Type.Optional(
      Type.Object(
        {
          state: machineStateSchema,
          reason: Type.Optional(
            Type.Object(
              {
                text: Type.String({
                  minLength: 1,
                  maxLength: 1_000,
                  description: 'one sentence, kept until the next change of state',
                }),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type MachinePatchV2 = Static<typeof machinePatchSchema>;

const patchQuery = Type.Object(
  {
    ...dryRunQuery.properties,
    evenInUse: Type.Optional(
      Type.Enum(['true', 'false'], {
        description:
          'true: rack and role change in every state; clusters know a node by its address and lose it',
      }),
    ),
  },
  closed,
);

export const patchMachine: Operation = {
  id: 'patchMachine',
  method: 'PATCH',
  path: '/machines/{serial}',
  summary:
    'labels, retire date, rack, role, BMC type and state of a machine, all at once or not at all (RFC 7396); ' +
    'rack and role change while it is uninitialized, retiring or retired',
  needs: 'operator',
  parameters: { serial },
  query: patchQuery,
  body: machinePatchSchema,
  example: {
    spec: { labels: { product: 'R750', broken: null } },
    status: { state: 'retiring', reason: { text: 'end of lease' } },
  },
  bodyTypes: ['application/merge-patch+json', 'application/json'],
  isConditional: true,
  answer: {
    status: 200,
    holds:
      'the machine as it is now, with its new ETag; in a dry run as it would be, with its present one',
    schema: machineSchema,
  },
  problems: [
    'machine-unknown',
    'transition-forbidden',
    'change-forbidden',
    'boot-slot-taken',
    'rack-full',
    'outside-pool',
    'disk-keys-exist',
    'precondition-failed',
    'precondition-missing',
    'media-type-unknown',
    'body-too-large',
    'contended',
    'store-unavailable',
    'outcome-unknown',
  ],
};

export const deleteMachine: Operation = {
  id: 'deleteMachine',
  method: 'DELETE',
  path: '/machines/{serial}',
  summary: 'removes a retired machine; its index and addresses are free again',
  needs: 'operator',
  parameters: { serial },
  query: dryRunQuery,
  isConditional: true,
  answer: { status: 204, holds: 'nothing: it is gone; in a dry run: it would be' },
  problems: [
    'machine-unknown',
    'not-retired',
    'precondition-failed',
    'precondition-missing',
    'contended',
    'store-unavailable',
    'outcome-unknown',
  ],
};

const newMachine = {
  properties: {
    serial: Type.String({ minLength: 1, description: "SMBIOS serial number, the machine's name" }),
    spec: Type.Object(
      {
        rack: Type.Integer({ minimum: 0, description: 'logical rack number' }),
        role: Type.String(),
        labels: Type.Optional(Type.Record(Type.String(), Type.String())),
        bmc: Type.Object({ type: Type.String() }, closed),
        retireDate: Type.Optional(
          Type.String({ description: 'RFC 3339; default: when it is registered' }),
        ),
      },
      closed,
    ),
  },
  required: ['serial', 'spec'],
  additionalProperties: false,
};

export type NewMachineV2 = {
  readonly serial: string;
  readonly spec: {
    readonly rack: number;
    readonly role: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly bmc: { readonly type: string };
    readonly retireDate?: string;
  };
};

export const registerMachines: Operation = {
  id: 'registerMachines',
  method: 'POST',
  path: '/machines',
  summary: 'registers one machine or a list of them, all or none, with index and addresses',
  needs: 'operator',
  query: dryRunQuery,
  body: Type.Unsafe<NewMachineV2 | readonly NewMachineV2[]>({
    ...newMachine,
    type: ['object', 'array'],
    items: { type: 'object', ...newMachine },
    minItems: 1,
  }),
  example: [
    {
      serial: 'w-17',
      spec: { rack: 3, role: 'worker', labels: { product: 'R650' }, bmc: { type: 'iDRAC-9' } },
    },
  ],
  answer: {
    status: 201,
    holds: 'the machines in the order sent; in a dry run as they would be, with revision 0',
    schema: Type.Object({ items: Type.Array(machineSchema) }),
  },
  problems: [
    'invalid',
    'machine-exists',
    'serial-repeated',
    'boot-slot-taken',
    'rack-full',
    'outside-pool',
    'ipam-missing',
    'too-large',
    'body-too-large',
    'contended',
    'store-unavailable',
    'outcome-unknown',
  ],
};
