/** Previews of Ignition documents. */

import Type from 'typebox';
import type { Operation } from './operation.ts';

const serial = 'the serial number of a machine; upper and lower case matter';
const answer = {
  status: 200,
  holds: 'the document, octet by octet as the machine would read it at its first boot',
  schema: Type.Object({ ignition: Type.Object({ version: Type.String() }) }),
};

export const previewIgnition: Operation = {
  id: 'previewIgnition',
  method: 'GET',
  path: '/machines/{serial}/ignition',
  summary: 'the Ignition document of a machine, without booting it',
  needs: 'viewer',
  parameters: { serial },
  query: Type.Object({
    template: Type.Optional(
      Type.String({
        description: 'a version of its role’s template; default: the one it boots with',
      }),
    ),
  }),
  answer,
  problems: ['not-found', 'not-live', 'template-unknown', 'template-broken'],
};

export const tryIgnition: Operation = {
  id: 'tryIgnition',
  method: 'POST',
  path: '/machines/{serial}/ignition',
  summary: 'the Ignition document of a machine by a template that is not stored',
  needs: 'operator',
  parameters: { serial },
  body: Type.Object({
    version: Type.String({ description: 'of Ignition’s configuration: 2.2, 2.3, 3.0 to 3.5' }),
    template: Type.Object(
      {},
      {
        additionalProperties: true,
        description: 'an Ignition configuration with templates in it',
      },
    ),
    meta: Type.Optional(Type.Union([Type.Object({}), Type.Null()])),
  }),
  example: {
    version: '3.4',
    template: { storage: { files: [{ path: '/etc/hostname', contents: { source: 'data:,x' } }] } },
  },
  answer,
  problems: ['not-found', 'not-live', 'bad-request', 'body-too-large', 'template-broken'],
};
