/** Machines as version 2 shows them. */

import Type, { type Static } from 'typebox';
import { machineStates } from '../../inventory/machine.ts';

const ipv4 = (description: string) => Type.String({ format: 'ipv4', description });
const time = (description: string) => Type.String({ format: 'date-time', description });

export const machineStateSchema = Type.Enum([...machineStates]);

const nicSchema = Type.Object({
  address: ipv4('of the machine'),
  netmask: ipv4('dotted'),
  maskBits: Type.Integer({ minimum: 0, maximum: 32 }),
  gateway: ipv4('of its network'),
});

export const machineSchema = Type.Object(
  {
    serial: Type.String({ minLength: 1, description: "SMBIOS serial number, the machine's name" }),
    revision: Type.String({ description: "the store's, of the last change; the object's ETag" }),
    spec: Type.Object({
      rack: Type.Integer({ minimum: 0, description: 'logical rack number' }),
      indexInRack: Type.Integer({ minimum: 0 }),
      role: Type.String(),
      labels: Type.Record(Type.String(), Type.String()),
      ipv4: Type.Array(ipv4('node address'), {
        description: 'the first is the one that is probed',
      }),
      bmc: Type.Object({ type: Type.String(), ipv4: ipv4('of the BMC') }),
      registerDate: time('when it was registered'),
      retireDate: time('when it is meant to go'),
      hold: Type.Union(
        [
          Type.Object({
            by: Type.String({ description: 'who asked for it' }),
            reason: Type.String(),
            since: time('when it began'),
            until: Type.Union([time('when it ends by itself'), Type.Null()]),
          }),
          Type.Null(),
        ],
        {
          description:
            'automation keeps its hands off: health asks it but leaves its state, no cluster takes it in or swaps it out',
        },
      ),
    }),
    status: Type.Object({
      state: machineStateSchema,
      since: time('of the last change of state'),
      durationSeconds: Type.Number({ minimum: 0 }),
      reason: Type.Union([
        Type.Object({
          by: Type.String({ description: '`health`, `bridge` or who asked for it' }),
          text: Type.String(),
          evidence: Type.Array(Type.String()),
        }),
        Type.Null(),
      ]),
    }),
    network: Type.Object({ nodes: Type.Array(nicSchema), bmc: nicSchema }),
  },
  { title: 'Machine' },
);
export type MachineV2 = Static<typeof machineSchema>;
