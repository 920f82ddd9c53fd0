/** Rules at work: a machine that waits is decided about by the first rule that matches, once at a time. */

import type { Result } from '../../base/result.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import { type Approval, type Discovery, discoveriesMax } from '../discovery.ts';
import type { DiscoveryRule } from '../discovery-rules.ts';

export type Verdicts = {
  /** Has the rules decide; says what they do, or why they did not. */
  readonly consider: (discovery: Discovery) => string;
};

type Done = Promise<Result<unknown, { readonly text: string }>>;

/** After a rule could not do what it says. */
const ruleAgainMs = 30_000;

export function createVerdicts(deps: {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly serverName: string;
  readonly ruleFor: (discovery: Discovery) => DiscoveryRule | undefined;
  readonly approve: (id: string, asked: Approval, actor: Actor) => Done;
  readonly reject: (
    id: string,
    asked: { readonly reason: string; readonly rule: string },
    actor: Actor,
  ) => Done;
}): Verdicts {
  const { clock, log } = deps.world;
  /** Ids at which a rule is at work, or until when it failed and why; of those that come and go, no more than may wait. */
  const considered = new Map<string, { readonly untilMs: number; readonly text: string }>();
  const remember = (id: string, text: string): void => {
    considered.delete(id);
    considered.set(id, { untilMs: clock.monotonicMs() + ruleAgainMs, text });
    const [oldest] = considered.keys();
    if (considered.size > discoveriesMax && oldest !== undefined) considered.delete(oldest);
  };

  /** @returns why it could not. */
  const decide = async (discovery: Discovery, rule: DiscoveryRule): Promise<string | undefined> => {
    const actor: Actor = { user: `rule ${rule.name}`, ip: '', host: deps.serverName };
    const { verdict } = rule;
    const { id, wish } = discovery;
    const fields = { id, rule: rule.name };
    const done =
      verdict.kind === 'reject'
        ? await deps.reject(id, { reason: verdict.reason, rule: rule.name }, actor)
        : await deps.approve(id, { ...approvalOf(verdict), ...wish, rule: rule.name }, actor);
    if (done.ok) {
      log.info('a rule decided about a discovered machine', { ...fields, verdict: verdict.kind });
      return undefined;
    }
    const { text } = done.error;
    log.warn('a rule could not decide about a discovered machine', { ...fields, text });
    return text;
  };

  return {
    consider: (discovery) => {
      const { id } = discovery;
      const before = considered.get(id);
      if (before !== undefined && clock.monotonicMs() < before.untilMs) return before.text;
      const rule = deps.ruleFor(discovery);
      if (rule === undefined) return 'No rule matches it: a person has to decide.';
      const text = `Rule ${rule.name} is deciding.`;
      remember(id, text);
      void decide(discovery, rule).then((failed) => {
        if (failed === undefined) considered.delete(id);
        else remember(id, `Rule ${rule.name} could not: ${failed}`);
      });
      return text;
    },
  };
}

function approvalOf(verdict: Extract<DiscoveryRule['verdict'], { readonly kind: 'approve' }>) {
  const { kind: _, labels, ...wish } = verdict;
  return labels.size === 0 ? wish : { ...wish, labels };
}
