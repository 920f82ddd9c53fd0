/** Boots: what every machine did from its first packet to healthy, and what it waits for. */

import Type, { type Static } from 'typebox';
import { bootStates, bootStepNames, firmwareKinds } from '../../pxe/boot.ts';
import { type Noun, readOperations } from './collection-operations.ts';
import { bootColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const time = (description: string) => Type.String({ format: 'date-time', description });
const orNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const count = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }));
const text = (description: string) => Type.Optional(Type.String({ description }));

const stepSchema = Type.Object({
  step: Type.Enum([...bootStepNames]),
  at: time('the first time'),
  last: time('the last time of those told together'),
  times: Type.Integer({ minimum: 1, description: 'how often it came' }),
  secondsIn: Type.Number({ description: 'from the beginning of the boot to the first time' }),
  result: Type.Enum(['done', 'running', 'redirected', 'failed', 'missed'], {
    description: 'missed: not there, and nothing depends on it, as with autoexec.ipxe',
  }),
  server: Type.String({ description: 'which server saw it' }),
  text: Type.String({ description: 'why it is so; empty where there is nothing to say' }),
  address: text('that was offered or lent'),
  bootFile: text('the boot file that DHCP named'),
  relay: text('the relay it came through'),
  circuit: text('what the relay says of the port it came from (option 82)'),
  interface: text('of the server, where it came in'),
  vendorClass: text('option 60'),
  architecture: count('option 93'),
  client: text('the address that asked'),
  path: text('what was asked for'),
  status: count('of HTTP'),
  imageId: text('the boot image it is of'),
  userAgent: text('of HTTP'),
  bytes: count('that left, or were acknowledged'),
  totalBytes: count('that there were to be'),
  durationMs: count('since it was asked for'),
  bytesPerSecond: count('over the whole transfer'),
  resentBlocks: count('TFTP blocks that were sent more than once'),
  options: text('what TFTP agreed on, as in blksize=1468 windowsize=4'),
});
export type BootStepV2 = Static<typeof stepSchema>;

export const bootSchema = Type.Object({
  id: Type.String({
    description: 'whose boot, and the second it began, as in 525400123456-1763704800',
  }),
  revision: Type.String({ description: "the store's, of the last change" }),
  mac: orNull('the hardware address it boots with; null: nobody saw it'),
  serial: orNull('the serial number; null: it has not said it yet'),
  uuid: orNull('the UUID of its SMBIOS'),
  state: Type.Enum([...bootStates], {
    description:
      'stuck: a step that should have come did not; up: it has its Ignition and nothing tells whether it is healthy; failed: another boot began before its operating system was seen',
  }),
  firmware: Type.Enum([...firmwareKinds], { description: 'what kind of firmware asks' }),
  began: time('its first packet'),
  last: time('when it was heard of last'),
  reached: Type.Enum([...bootStepNames], { description: 'how far it came' }),
  awaited: Type.Union(
    [
      Type.Object({
        step: Type.Enum([...bootStepNames]),
        since: time('when what should lead to it happened last'),
        deadline: time('when it should have come at the latest'),
      }),
      Type.Null(),
    ],
    { description: 'the step that should come next; null: none is awaited any more' },
  ),
  cause: Type.String({
    description: 'why it probably does not come; empty while nothing is wrong',
  }),
  checks: Type.Array(Type.String(), { description: 'what to look at, most likely first' }),
  current: Type.Boolean({ description: 'no later boot of this machine is known' }),
  inARow: Type.Integer({
    minimum: 1,
    description: 'how many boots in a row, this one included, ended at the same step',
  }),
  servers: Type.Array(Type.String(), { description: 'which servers saw a part of it' }),
  steps: Type.Optional(
    Type.Array(stepSchema, { description: 'in order of time; lists and watches leave them out' }),
  ),
});
export type BootV2 = Static<typeof bootSchema>;

const boots: Noun = {
  noun: 'boots',
  one: 'boot',
  key: 'boot',
  keyHolds:
    'the id of a boot; a hardware address or a serial number means the last boot of that machine',
  columns: bootColumns,
  hasLabels: false,
  schema: bootSchema,
};

export const bootReads = readOperations(boots);

export const bootOperations: readonly Operation[] = Object.values(bootReads);
