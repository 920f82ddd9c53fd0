/** Rules about discovered machines, for people. */

import { discoveryRuleColumns } from '../../sabakan/contract/columns.ts';
import type { DiscoveryRuleV2 } from '../../sabakan/contract/discovery-rule.ts';
import { among, type CliNoun, columnsOf, pairs } from './noun.ts';

export const discoveryRuleNoun: CliNoun = {
  names: ['discovery-rules', 'discovery-rule'],
  describes: 'discovery rules: what decides about machines that nobody registered',
  nameOf: (object) => (object as DiscoveryRuleV2).name,
  selectable: discoveryRuleColumns,
  hasLabels: false,
  deletable: true,
  values: {
    verdict: among(['approve', 'reject']),
  },
  columns: columnsOf<DiscoveryRuleV2>([
    ['NAME', ({ name }) => name],
    ['ORDER', ({ order }) => String(order)],
    ['MATCH', ({ match }) => pairs(match as Readonly<Record<string, string | number>>)],
    ['VERDICT', verdictOf],
  ]),
};

function verdictOf({ approve, reject }: DiscoveryRuleV2): string {
  if (approve === undefined) return `reject: ${reject?.reason ?? ''}`;
  const rack = approve.rack === undefined ? 'as guessed' : String(approve.rack);
  return `approve: role ${approve.role}, rack ${rack}`;
}
