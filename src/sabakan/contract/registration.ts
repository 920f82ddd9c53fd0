/** Files of machines: checked as a whole, shown as they would be, applied all or none. */

import Type, { type Static } from 'typebox';
import { mistakesShownMax, rosterBytesMax, rosterFormats } from '../../inventory/roster.ts';
import { dryRunQuery } from './dry-run.ts';
import { machineStateSchema } from './machine.ts';
import type { Operation } from './operation.ts';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const outcome = (description: string) => ({ description });

const changeSchema = Type.Object({
  member: Type.String({ description: '`spec.rack`, `spec.labels.site`, `node-ipv4-pool`' }),
  before: Type.Unknown({ description: 'null: there was none' }),
  after: Type.Unknown({ description: 'null: there is none' }),
});

export const registrationSchema = Type.Object({
  dryRun: Type.Boolean(),
  revision: Type.String({
    description: "the store's, of the commit; where nothing was written, of what it was decided on",
  }),
  counts: Type.Object({
    registered: count('machines that are new'),
    changed: count('machines that were there and are changed'),
    unchanged: count('machines that are as the file has them'),
  }),
  config: Type.Array(
    Type.Object({
      noun: Type.Enum(['ipam', 'dhcp']),
      outcome: Type.Enum(['set', 'changed', 'unchanged'], outcome('set: there was none')),
      changes: Type.Array(changeSchema),
    }),
    { description: 'of the configurations in the file; in the same commit as the machines' },
  ),
  machines: Type.Array(
    Type.Object({
      serial: Type.String(),
      outcome: Type.Enum(['registered', 'changed', 'unchanged']),
      row: Type.Optional(Type.Integer({ description: 'of a table, the header is 1' })),
      line: Type.Optional(Type.Integer({ description: 'of a JSON or YAML file, from 1' })),
      state: machineStateSchema,
      spec: Type.Object(
        {
          rack: count('logical rack number'),
          indexInRack: count('that it has, or would get'),
          role: Type.String(),
          labels: Type.Record(Type.String(), Type.String()),
          ipv4: Type.Array(Type.String({ format: 'ipv4' })),
          bmc: Type.Object({ type: Type.String(), ipv4: Type.String({ format: 'ipv4' }) }),
          retireDate: Type.String({ format: 'date-time' }),
        },
        { description: 'as it is then; in a dry run as it would be' },
      ),
      changes: Type.Array(changeSchema, { description: 'of a machine that is changed' }),
    }),
    { description: 'in the order of the file' },
  ),
});
export type RegistrationV2 = Static<typeof registrationSchema>;

const query = Type.Object(
  {
    ...dryRunQuery.properties,
    format: Type.Optional(
      Type.Enum([...rosterFormats], {
        description: 'of the body; absent: what Content-Type says',
      }),
    ),
    evenInUse: Type.Optional(
      Type.Enum(['true', 'false'], {
        description:
          'true: role and rack may change in every state, also of a machine that a cluster knows by its address',
      }),
    ),
    expect: Type.Optional(
      Type.String({
        pattern: '^(0|[1-9][0-9]{0,5})$',
        description:
          'how many machines are to be registered or changed; any other number is refused with 412',
      }),
    ),
  },
  { additionalProperties: false },
);

export const applyRegistration: Operation = {
  id: 'applyRegistration',
  method: 'POST',
  path: '/registrations',
  summary:
    `registers and changes the machines of a CSV, JSON or YAML file of up to ${rosterBytesMax} bytes, all or none. ` +
    'With `If-Match: ETag-of-a-preview` exactly what the preview showed is done, or nothing (412)',
  needs: 'operator',
  query,
  body: Type.String({
    description:
      'a table with the columns serial, rack, role, bmc-type; or machines, or a fleet, as JSON or YAML',
  }),
  isBodyRaw: true,
  bodyTypes: ['text/csv', 'application/json', 'application/yaml'],
  example: 'serial,rack,role,bmc-type,label:site\nABC123,3,worker,iDRAC-9,tokyo\n',
  answer: {
    status: 200,
    holds: `what becomes of each machine; the ETag of a dry run names what it showed. Of mistakes up to ${mistakesShownMax} are listed, and all counted`,
    schema: registrationSchema,
  },
  problems: [
    'invalid',
    'media-type-unknown',
    'machines-refused',
    'not-as-expected',
    'ipam-missing',
    'machines-exist',
    'too-large',
    'body-too-large',
    'contended',
    'store-unavailable',
    'outcome-unknown',
  ],
};

export const registrationOperations: readonly Operation[] = [applyRegistration];
