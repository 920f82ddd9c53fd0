/** Captures: what was seen of a machine's last boots, as packets. */

import Type, { type Static } from 'typebox';
import type { Operation } from './operation.ts';

export const captureSchema = Type.Object({
  of: Type.String({ description: 'as it was asked for' }),
  mac: Type.String({ description: 'the hardware address it boots with' }),
  server: Type.String({
    description: 'which server saw it; each records what it sees itself, so ask the others too',
  }),
  messages: Type.Integer({ minimum: 0, description: 'how many are recorded' }),
  firstAt: Type.String({ description: 'RFC 3339' }),
  lastAt: Type.String({ description: 'RFC 3339' }),
  pcapng: Type.String({ description: 'the file that Wireshark opens, in base64' }),
});
export type CaptureV2 = Static<typeof captureSchema>;

export const getCapture: Operation = {
  id: 'getCapture',
  method: 'GET',
  path: '/captures/{machine}',
  summary: 'what this server recorded of a machine’s last boots, for Wireshark',
  needs: 'viewer',
  parameters: { machine: 'a serial number or a hardware address, registered or not' },
  query: Type.Object(
    {
      format: Type.Optional(
        Type.Enum(['json', 'pcapng'], {
          description: 'pcapng: the octets of the file alone, in place of JSON',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  answer: { status: 200, holds: 'the capture', schema: captureSchema },
  problems: ['not-found'],
};

export const captureOperations: readonly Operation[] = [getCapture];
