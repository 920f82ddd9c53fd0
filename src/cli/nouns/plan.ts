/** Plans, for people; `tetsu plan` says the whole of it in words. */

import { planColumns } from '../../sabakan/contract/columns.ts';
import type { PlanV2 } from '../../sabakan/contract/plan.ts';
import { type CliNoun, columnsOf, trueOrFalse } from './noun.ts';

export const planNoun: CliNoun = {
  names: ['plans', 'plan'],
  describes: 'plans: what the cluster should be, and what holds it back',
  nameOf: (object) => (object as PlanV2).name,
  selectable: planColumns,
  hasLabels: false,
  values: { pending: trueOrFalse },
  columns: columnsOf<PlanV2>([
    ['NAME', ({ name }) => name],
    ['GENERATION', ({ generation }) => String(generation)],
    ['PENDING', ({ pending }) => String(pending)],
    ['CONTROL-PLANES', ({ controlPlanes }) => String(controlPlanes.length)],
    ['WORKERS', ({ workers }) => String(workers.length)],
    ['HELD', ({ refusals }) => refusals.map(({ kind }) => kind).join(',') || '-'],
    ['LOOKED', ({ madeAt }) => madeAt ?? '-', 'wide'],
    ['PROBLEM', ({ problem }) => problem ?? '-', 'wide'],
  ]),
};
