/** The rules as every server sees them, and how they are changed. */

import type { Mirror } from '../../base/mirror.ts';
import type { PutTerms } from '../../base/put-terms.ts';
import type { Records } from '../../base/records.ts';
import { fail } from '../../base/result.ts';
import type { Store } from '../../base/store.ts';
import type { Transact, View } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import { createRecordDesk, type RecordWritten } from '../../inventory/record-desk.ts';
import {
  type DiscoveryRule,
  decodeRule,
  discoveryRulesMax,
  inOrder,
  isRuleName,
  parseRule,
  discoveryRulePrefix as prefix,
  ruleToJson,
} from '../discovery-rules.ts';

export type RuleProblem =
  | { readonly kind: 'discovery-rule-invalid'; readonly text: string }
  | { readonly kind: 'discovery-rule-unknown'; readonly text: string }
  | { readonly kind: 'discovery-rules-too-many'; readonly text: string };

export type RuleShelf = {
  readonly mirror: Mirror<DiscoveryRule>;
  /** By `tetsukan/discovery-rules/<name>`. */
  readonly records: Records<DiscoveryRule>;
  /** Rules that cannot be read, by whole key, and why. */
  readonly broken: () => ReadonlyMap<string, string>;
  /** In the order in which they are asked. */
  readonly rules: () => readonly DiscoveryRule[];
  /** @param json as `parseRule` takes it. */
  readonly put: (
    name: string,
    json: unknown,
    actor: Actor,
    terms?: PutTerms,
  ) => RecordWritten<RuleProblem>;
  readonly remove: (name: string, actor: Actor, terms?: PutTerms) => RecordWritten<RuleProblem>;
};

export function createRuleShelf(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
}): RuleShelf {
  const { mirror, records, broken, change } = createRecordDesk<DiscoveryRule, RuleProblem>(deps, {
    prefix,
    decode: decodeRule,
    form: 'json',
    category: 'discoveries',
    instance: (name) => `rule ${name}`,
    called: (name) => `the discovery rule ${name}`,
    unknown,
    lane: prefix,
  });
  let sorted: { readonly of: unknown; readonly rules: readonly DiscoveryRule[] } | undefined;

  return {
    mirror,
    records,
    broken,
    rules: () => {
      const entries = mirror.entries();
      if (sorted?.of !== entries) {
        sorted = { of: entries, rules: inOrder(entries.map(([, rule]) => rule)) };
      }
      return sorted.rules;
    },
    put: async (name, json, actor, terms = {}) => {
      if (!isRuleName(name)) {
        const shown = JSON.stringify(name.slice(0, 100));
        const text = `${shown} is no name of a rule such as dell-r650: lower-case letters, digits, - and ., at most 63`;
        return fail({ kind: 'discovery-rule-invalid', text });
      }
      const rule = parseRule(name, json);
      if (!rule.ok) return fail({ kind: 'discovery-rule-invalid', text: rule.error });
      return change(
        {
          name,
          text: JSON.stringify(ruleToJson(rule.value)),
          reads: { prefixes: [prefix] },
          whyNot: (view) => whyNoRoom(view, name),
        },
        actor,
        terms,
      );
    },
    remove: (name, actor, terms = {}) => change({ name, text: undefined }, actor, terms),
  };
}

function whyNoRoom(view: View, name: string): RuleProblem | undefined {
  if (view.get(prefix + name) !== undefined || view.under(prefix).length < discoveryRulesMax) {
    return undefined;
  }
  const text = `there are ${discoveryRulesMax} discovery rules; take some away`;
  return { kind: 'discovery-rules-too-many', text };
}

function unknown(name: string): RuleProblem {
  const shown = JSON.stringify(name.slice(0, 100));
  return { kind: 'discovery-rule-unknown', text: `there is no discovery rule ${shown}` };
}
