/** Ignition templates: what machines of a role read at their first boot, in versions. */

import Type, { type Static } from 'typebox';
import { revisionSchema, writeProblems } from './blob.ts';
import {
  deleteOperation,
  type Noun,
  putOperation,
  readOperations,
} from './collection-operations.ts';
import { templateColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const members = {
  name: Type.String({ description: 'role and version: cs/1.2.0' }),
  role: Type.String(),
  id: Type.String({ description: 'the version' }),
  revision: revisionSchema('its record'),
  ignitionVersion: Type.String({ description: 'of Ignition’s configuration' }),
  boots: Type.Boolean({
    description:
      'it is the highest of its role: machines boot with it unless a boot rule names another',
  }),
};
const source = {
  template: Type.Record(Type.String(), Type.Unknown(), {
    description: 'an Ignition configuration with templates in it',
  }),
  meta: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
};

export const templateSchema = Type.Object(members);
export type TemplateV2 = Static<typeof templateSchema>;

const templateDetailSchema = Type.Object({
  ...members,
  ...source,
  renders: Type.Object(
    {
      tried: Type.Integer({
        minimum: 0,
        description: 'with so many registered machines of the role',
      }),
      problems: Type.Array(Type.Object({ serial: Type.String(), text: Type.String() })),
    },
    { description: 'whether machines of the role can boot with it; a few are tried' },
  ),
});
export type TemplateDetailV2 = Static<typeof templateDetailSchema>;

const templates: Noun = {
  noun: 'templates',
  one: 'template',
  key: 'role/id',
  keyHolds: 'role and version',
  partsHold: ['the role', 'the version, such as 1.2.0'],
  columns: templateColumns,
  hasLabels: false,
  schema: templateSchema,
  detail: templateDetailSchema,
};

export const templateReads = readOperations(templates);

const newTemplateSchema = Type.Object(
  {
    ignitionVersion: Type.String({
      description: 'of Ignition’s configuration: 2.2, 2.3, 3.0 to 3.5',
    }),
    template: source.template,
    meta: Type.Optional(source.meta),
  },
  { additionalProperties: false },
);
export type NewTemplateV2 = Static<typeof newTemplateSchema>;

export const putTemplate = putOperation(templates, {
  summary: 'stores a template under a new version; versions never change',
  body: newTemplateSchema,
  example: { ignitionVersion: '2.3', template: { systemd: {} }, meta: null },
  answer: {
    status: 201,
    holds:
      'the template, and whether it renders for machines of the role; in a dry run as it would be',
    schema: templateDetailSchema,
  },
  problems: ['template-invalid', 'template-exists', 'body-too-large', ...writeProblems],
});

export const deleteTemplate = deleteOperation(templates, {
  summary: 'removes a version; the highest that is left boots the role’s machines',
  problems: ['template-unknown', ...writeProblems],
});

export const templateOperations: readonly Operation[] = [
  ...Object.values(templateReads),
  putTemplate,
  deleteTemplate,
];
