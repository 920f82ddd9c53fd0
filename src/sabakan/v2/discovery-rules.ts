/** Rules about discovered machines: the noun and its writes. */

import type { Kept } from '../../base/records.ts';
import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { Discoveries } from '../../pxe/discoveries.ts';
import { type DiscoveryRule, ruleToJson } from '../../pxe/discovery-rules.ts';
import {
  type DiscoveryRuleV2,
  deleteDiscoveryRule,
  discoveryRuleReads,
  putDiscoveryRule,
} from '../contract/discovery-rule.ts';
import { emptyAnswer } from '../exchange.ts';
import { actorOf } from '../rest/noun.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection } from './collection.ts';
import { json } from './collection-endpoints.ts';
import { missingIfMatch, readDeleteTerms, readPutTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';

type NewRule = Omit<DiscoveryRuleV2, 'name' | 'revision' | 'order'>;

export function discoveryRulePart({
  clock,
  serverName,
  pxe,
}: {
  readonly clock: Clock;
  readonly serverName: string;
  readonly pxe: { readonly discoveries: Discoveries };
}): ApiPart {
  const { rules } = pxe.discoveries;
  return collectionPart(discoveryRuleReads, ruleCollection(rules), 'name', clock, [
    {
      operation: putDiscoveryRule,
      handle: async ({ exchange, parameters, query, body }) => {
        const name = parameters.get('name') ?? '';
        const terms = readPutTerms(exchange, query);
        if (!terms.ok) return terms;
        const put = await rules.put(name, body, actorOf(exchange, serverName), terms.value);
        if (!put.ok) return fail({ problem: missingIfMatch(exchange, put.error) });
        const { revision } = put.value;
        const rule: DiscoveryRuleV2 = { order: 0, ...(body as NewRule), name, revision };
        return ok(json(rule, { etag: `"${revision}"` }));
      },
    },
    {
      operation: deleteDiscoveryRule,
      handle: async ({ exchange, parameters, query }) => {
        const terms = readDeleteTerms(exchange, query);
        if (!terms.ok) return terms;
        const name = parameters.get('name') ?? '';
        const gone = await rules.remove(name, actorOf(exchange, serverName), terms.value);
        return gone.ok ? ok(emptyAnswer(204)) : fail({ problem: gone.error });
      },
    },
  ]);
}

function ruleCollection({ records }: Discoveries['rules']): Collection<Kept<DiscoveryRule>> {
  return recordCollection<DiscoveryRule, Kept<DiscoveryRule>>({
    noun: 'discovery-rules',
    copy: 'the copy of discovery rules',
    records,
    made: (kept) =>
      [...kept.values()].toSorted(
        (a, b) => a.value.order - b.value.order || (a.value.name < b.value.name ? -1 : 1),
      ),
    nameOf: ({ value }) => value.name,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision }) => revision,
    columns: {
      name: { text: ({ value }) => value.name },
      order: {
        text: ({ value }) => String(value.order),
        number: ({ value }) => value.order,
      },
      verdict: { text: ({ value }) => value.verdict.kind },
    },
    toJson: ({ value, revision }) => ({ name: value.name, revision, ...ruleToJson(value) }),
  });
}
