/** The rules as every server sees them, and how they are changed. */

import { createMirror, type Mirror, ownWriteTimeoutMs } from '../../base/mirror.ts';
import {
  type PreconditionFailed,
  type PutTerms,
  settled,
  whyNotExpected,
} from '../../base/put-terms.ts';
import { receipted } from '../../base/receipt.ts';
import { createRecords, type Records } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Store, Write } from '../../base/store.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type Actor, auditWrite } from '../../inventory/audit.ts';
import {
  type DiscoveryRule,
  decodeRule,
  discoveryRulePrefix,
  discoveryRulesMax,
  inOrder,
  isRuleName,
  parseRule,
  ruleToJson,
} from '../discovery-rules.ts';

export type RuleProblem =
  | { readonly kind: 'discovery-rule-invalid'; readonly text: string }
  | { readonly kind: 'discovery-rule-unknown'; readonly text: string }
  | { readonly kind: 'discovery-rules-too-many'; readonly text: string }
  | PreconditionFailed;

type Written = Promise<Result<{ readonly revision: Revision }, RuleProblem | TransactProblem>>;

export type RuleShelf = {
  readonly mirror: Mirror<DiscoveryRule>;
  /** By `tetsukan/discovery-rules/<name>`. */
  readonly records: Records<DiscoveryRule>;
  /** In the order in which they are asked. */
  readonly rules: () => readonly DiscoveryRule[];
  /** @param json as `parseRule` takes it. */
  readonly put: (name: string, json: unknown, actor: Actor, terms?: PutTerms) => Written;
  readonly remove: (name: string, actor: Actor, terms?: PutTerms) => Written;
};

export function createRuleShelf(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
}): RuleShelf {
  const { store, transact } = deps;
  const { clock, chance, log } = deps.world;
  const prefix = discoveryRulePrefix;
  const mirror = createMirror<DiscoveryRule>({ store, prefix, decode: decodeRule, clock, log });
  let sorted: { readonly of: unknown; readonly rules: readonly DiscoveryRule[] } | undefined;

  /** @param rule undefined: it is taken away. */
  const write = async (
    name: string,
    rule: DiscoveryRule | undefined,
    actor: Actor,
    terms: PutTerms,
  ): Written => {
    const key = prefix + name;
    const now = clock.now();
    const result = await receipted(transact, actor.receipt)<
      PreconditionFailed | undefined,
      RuleProblem
    >(prefix, { keys: [key], prefixes: [prefix] }, (view) => {
      const before = view.get(key);
      if (rule === undefined && before === undefined) return fail(unknown(name));
      const failed = whyNotExpected(view, key, terms, `the discovery rule ${name}`);
      if (failed !== undefined) return { ok: true, value: failed, writes: [] };
      if (before === undefined && view.under(prefix).length >= discoveryRulesMax) {
        const text = `there are ${discoveryRulesMax} discovery rules; take some away`;
        return fail({ kind: 'discovery-rules-too-many', text });
      }
      if (terms.dryRun === true) return { ok: true, value: undefined, writes: [] };
      const was = before && decodeRule(name, before.value);
      const { write: record, condition } = auditWrite(actor, now, chance, {
        category: 'discoveries',
        instance: `rule ${name}`,
        action: rule === undefined ? 'delete' : 'put',
        detail: rule === undefined ? '' : JSON.stringify(ruleToJson(rule)),
        ...(was?.ok === true ? { before: ruleToJson(was.value) } : {}),
        ...(rule === undefined ? {} : { after: ruleToJson(rule) }),
      });
      const own: Write =
        rule === undefined
          ? { kind: 'delete', key }
          : { kind: 'put', key, value: new TextEncoder().encode(JSON.stringify(ruleToJson(rule))) };
      return { ok: true, value: undefined, writes: [own, record], conditions: [condition] };
    });
    const done = settled(result);
    if (!done.ok) return done;
    await mirror.reached(done.value.revision, ownWriteTimeoutMs);
    return ok({ revision: done.value.revision });
  };

  return {
    mirror,
    records: createRecords(new Map([[prefix, mirror]])),
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
      return write(name, rule.value, actor, terms);
    },
    remove: (name, actor, terms = {}) => write(name, undefined, actor, terms),
  };
}

function unknown(name: string): RuleProblem {
  const shown = JSON.stringify(name.slice(0, 100));
  return { kind: 'discovery-rule-unknown', text: `there is no discovery rule ${shown}` };
}
