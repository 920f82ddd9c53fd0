/** Ignition templates, for people. */

import { templateColumns } from '../../sabakan/contract/columns.ts';
import type { TemplateV2 } from '../../sabakan/contract/template.ts';
import { type CliNoun, columnsOf, trueOrFalse } from './noun.ts';

export const templateNoun: CliNoun = {
  names: ['templates', 'template'],
  describes: 'Ignition templates: the versions of each role, and which of them boots',
  nameOf: (object) => (object as TemplateV2).name,
  selectable: templateColumns,
  hasLabels: false,
  values: { boots: trueOrFalse },
  columns: columnsOf<TemplateV2>([
    ['NAME', ({ name }) => name],
    ['ROLE', ({ role }) => role],
    ['VERSION', ({ id }) => id],
    ['IGNITION', ({ ignitionVersion }) => ignitionVersion],
    ['BOOTS', ({ boots }) => (boots ? 'yes' : '')],
  ]),
};
