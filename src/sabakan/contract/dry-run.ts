/** Every write can be tried first. */

import Type from 'typebox';

export const dryRunQuery = Type.Object(
  {
    dryRun: Type.Optional(
      Type.Enum(['true', 'false'], {
        description: 'true: decide on what is stored now, write nothing, answer what would be',
      }),
    ),
  },
  { additionalProperties: false },
);
