/** Operations, for people. */

import { workColumns } from '../../sabakan/contract/columns.ts';
import type { WorkV2 } from '../../sabakan/contract/work.ts';
import { among, type CliNoun, columnsOf } from './noun.ts';

const states = ['running', 'succeeded', 'failed', 'cancelled', 'interrupted'];

export const operationNoun: CliNoun = {
  names: ['operations', 'operation'],
  describes: 'operations: work that takes longer than a request, how far it is and how it ended',
  nameOf: (object) => (object as WorkV2).id,
  selectable: workColumns,
  hasLabels: false,
  values: {
    state: among(states, 'one of '),
  },
  columns: columnsOf<WorkV2>([
    ['ID', ({ id }) => id],
    ['KIND', ({ kind }) => kind],
    ['STATE', ({ state }) => state],
    ['DONE', ({ progress: { done, total, unit } }) => `${done} of ${total} ${unit}`],
    ['BY', ({ by }) => by],
    ['SERVER', ({ server }) => server],
    ['STARTED', ({ startedAt }) => startedAt],
    ['ENDED', ({ endedAt }) => endedAt ?? '', 'wide'],
  ]),
};
