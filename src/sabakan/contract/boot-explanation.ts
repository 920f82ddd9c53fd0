/** Why a machine boots what it boots. */

import Type, { type Static } from 'typebox';
import type { Operation } from './operation.ts';

const textOrNull = (description: string) =>
  Type.Union([Type.String(), Type.Null()], { description });

export const bootExplanationSchema = Type.Object({
  of: Type.String({ description: 'as it was asked for' }),
  serial: textOrNull('null: nobody knows which machine this hardware address is'),
  mac: textOrNull('the hardware address it boots with; null: none was seen'),
  boots: Type.Boolean({ description: 'nothing that is known now stands in the way' }),
  steps: Type.Array(
    Type.Object({
      step: Type.Enum([
        'machine',
        'network',
        'lease',
        'loader',
        'image',
        'kernel-params',
        'template',
        'ignition',
      ]),
      value: textOrNull('a serial, an address, a file, an id; null: there is none'),
      says: Type.String({ description: 'what is decided, as a sentence' }),
      because: textOrNull('who or what decided it'),
      problem: Type.Union(
        [
          Type.Object({
            text: Type.String(),
            todo: Type.String({ description: 'what to do about it' }),
          }),
          Type.Null(),
        ],
        { description: 'null: nothing is wrong here' },
      ),
    }),
    { description: 'in the order of a boot; of loaders one for each kind of firmware' },
  ),
});
export type BootExplanationV2 = Static<typeof bootExplanationSchema>;

export const explainBoot: Operation = {
  id: 'explainBoot',
  method: 'GET',
  path: '/boot-explanations/{machine}',
  summary: 'what a machine would boot if it asked this server now, and what decides it',
  needs: 'viewer',
  parameters: { machine: 'a serial number or a hardware address, registered or not' },
  query: Type.Object(
    {
      arch: Type.Optional(
        Type.String({
          maxLength: 20,
          description:
            'x86, x64, arm64, … or a number of DHCP option 93; default: those that have a boot file',
        }),
      ),
      firmware: Type.Optional(Type.Enum(['bios', 'uefi', 'uefi-http'])),
    },
    { additionalProperties: false },
  ),
  answer: { status: 200, holds: 'every decision of the boot', schema: bootExplanationSchema },
  problems: ['bad-request', 'not-live'],
};

export const bootExplanationOperations: readonly Operation[] = [explainBoot];
