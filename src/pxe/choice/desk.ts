/** The rules and channels of all servers: kept in the store, read from memory. */

import { createMirror, type Freshness, ownWriteTimeoutMs } from '../../base/mirror.ts';
import {
  type PreconditionFailed,
  type PutTerms,
  settled,
  whyNotExpected,
} from '../../base/put-terms.ts';
import { receipted } from '../../base/receipt.ts';
import { createRecords, type Records } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Store, StoreProblem, Write } from '../../base/store.ts';
import type { Transact, TransactProblem, View } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type Actor, auditWrite } from '../../inventory/audit.ts';
import {
  type BootPolicy,
  type BootRule,
  bootRulesMax,
  type Channel,
  channelsMax,
  decodeChannel,
  decodeRule,
  encodePolicy,
  type Pins,
  pinsJson,
  policyKeys,
  ruleJson,
} from '../boot-policy.ts';
import { ignitionsPrefix } from '../ignition/shelf.ts';
import { decodeIndex, imageKeys } from '../images/image-json.ts';
import { policyIn, policyPrefixes, type StillNamed, stillNamed, whoFollows } from './named.ts';
import { matchText, tiedWith } from './precedence.ts';

export type PolicyProblem =
  | { readonly kind: 'channel-unknown'; readonly text: string }
  | { readonly kind: 'boot-rule-unknown'; readonly text: string }
  /** It names an image, a template or a channel that is not there. */
  | { readonly kind: 'pin-missing'; readonly text: string }
  | { readonly kind: 'boot-rules-tied'; readonly text: string }
  | { readonly kind: 'boot-policy-full'; readonly text: string }
  | StillNamed
  | PreconditionFailed;

type Written = Promise<Result<{ readonly revision: Revision }, PolicyProblem | TransactProblem>>;

export type PolicyDesk = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** Keys of records that cannot be read, and why: machines boot as if these were not there. */
  readonly broken: () => ReadonlyMap<string, string>;
  /** The same object while nothing changes. */
  readonly policy: () => BootPolicy;
  readonly rules: Records<BootRule>;
  readonly channels: Records<Channel>;
  readonly putRule: (rule: BootRule, terms: PutTerms, actor: Actor) => Written;
  readonly removeRule: (name: string, terms: PutTerms, actor: Actor) => Written;
  readonly putChannel: (channel: Channel, terms: PutTerms, actor: Actor) => Written;
  /** Refused while a rule follows it. */
  readonly removeChannel: (name: string, terms: PutTerms, actor: Actor) => Written;
};

const lane = 'boot-policy';

export function createPolicyDesk(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
}): PolicyDesk {
  const { store, transact } = deps;
  const { clock, chance, log } = deps.world;
  const common = { store, clock, log };
  const rules = createMirror<BootRule>({
    ...common,
    prefix: policyKeys.rules,
    decode: decodeRule,
  });
  const channels = createMirror<Channel>({
    ...common,
    prefix: policyKeys.channels,
    decode: decodeChannel,
  });
  const ruleRecords = createRecords(new Map([[policyKeys.rules, rules]]));
  const channelRecords = createRecords(new Map([[policyKeys.channels, channels]]));
  let policy: BootPolicy | undefined;
  for (const mirror of [rules, channels]) {
    mirror.subscribe(() => {
      policy = undefined;
    });
  }

  type Change = {
    readonly noun: 'boot-rules' | 'channels';
    readonly name: string;
    /** What this record becomes; undefined: it goes. */
    readonly after: { readonly json: object; readonly pins: Pins } | undefined;
    readonly whyNot: (view: View, now: BootPolicy) => PolicyProblem | undefined;
  };

  const write = async (
    { noun, name, after, whyNot }: Change,
    terms: PutTerms,
    actor: Actor,
  ): Written => {
    const key = (noun === 'channels' ? policyKeys.channel : policyKeys.rule)(name);
    const now = clock.now();
    const templateKeys = [...(after?.pins.templates ?? [])].map(
      ([role, id]) => `${ignitionsPrefix}${role}/${id}`,
    );
    const reads = { keys: [key, imageKeys.index, ...templateKeys], prefixes: policyPrefixes };
    const result = await receipted(transact, actor.receipt)<
      PreconditionFailed | undefined,
      PolicyProblem
    >(lane, reads, (view) => {
      const before = view.get(key);
      if (after === undefined && before === undefined) return fail(unknown(noun, name));
      const failed = whyNotExpected(view, key, terms, `${oneOf[noun]} ${name}`);
      if (failed !== undefined) return { ok: true, value: failed, writes: [] };
      const why = whyNot(view, policyIn(view)) ?? (after && whyMissing(view, after.pins));
      if (why !== undefined) return fail(why);
      if (terms.dryRun === true) return { ok: true, value: undefined, writes: [] };
      const record = auditWrite(actor, now, chance, {
        category: noun,
        instance: name,
        action: after === undefined ? 'delete' : 'put',
        detail: after === undefined ? '' : JSON.stringify(after.json),
        ...(before === undefined ? {} : { before: readable(before.value) }),
        ...(after === undefined ? {} : { after: after.json }),
      });
      const change: Write =
        after === undefined
          ? { kind: 'delete', key }
          : { kind: 'put', key, value: encodePolicy(after.json) };
      const { condition } = record;
      return {
        ok: true,
        value: undefined,
        writes: [change, record.write],
        conditions: [condition],
      };
    });
    const done = settled(result);
    if (!done.ok) return done;
    const mirror = noun === 'channels' ? channels : rules;
    if (terms.dryRun !== true) await mirror.reached(done.value.revision, ownWriteTimeoutMs);
    return ok({ revision: done.value.revision });
  };

  return {
    start: async () => {
      const started = await channels.start();
      return started.ok ? rules.start() : started;
    },
    stop: () => {
      channels.stop();
      rules.stop();
    },
    freshness: () => {
      const [a, b] = [channels.freshness(), rules.freshness()];
      return a.kind === 'live' ? b : a;
    },
    broken: () => new Map([...ruleRecords.broken(), ...channelRecords.broken()]),
    policy: () => {
      policy ??= {
        rules: rules.entries().map(([, rule]) => rule),
        channels: new Map(channels.entries()),
      };
      return policy;
    },
    rules: ruleRecords,
    channels: channelRecords,
    putRule: (rule, terms, actor) =>
      write(
        {
          noun: 'boot-rules',
          name: rule.name,
          after: { json: ruleJson(rule), pins: rule.pins },
          whyNot: (_, now) => whyNoRule(rule, now),
        },
        terms,
        actor,
      ),
    removeRule: (name, terms, actor) =>
      write({ noun: 'boot-rules', name, after: undefined, whyNot: none }, terms, actor),
    putChannel: (channel, terms, actor) =>
      write(
        {
          noun: 'channels',
          name: channel.name,
          after: { json: pinsJson(channel.pins), pins: channel.pins },
          whyNot: (_, now) =>
            now.channels.size >= channelsMax && !now.channels.has(channel.name)
              ? full(`${channelsMax} channels exist`)
              : undefined,
        },
        terms,
        actor,
      ),
    removeChannel: (name, terms, actor) =>
      write(
        {
          noun: 'channels',
          name,
          after: undefined,
          whyNot: (_, now) => {
            const by = whoFollows(now, name);
            return by === undefined ? undefined : stillNamed(`the channel ${name}`, by);
          },
        },
        terms,
        actor,
      ),
  };
}

const oneOf = { 'boot-rules': 'the boot rule', channels: 'the channel' } as const;

function none(): undefined {
  return undefined;
}

function whyNoRule(rule: BootRule, now: BootPolicy): PolicyProblem | undefined {
  const { name, channel, match } = rule;
  const isNew = !now.rules.some((one) => one.name === name);
  if (isNew && now.rules.length >= bootRulesMax) return full(`${bootRulesMax} boot rules exist`);
  if (channel !== undefined && !now.channels.has(channel)) {
    const there = [...now.channels.keys()].join(', ') || 'none';
    return missing(`the rule names the channel ${channel}; channels there are: ${there}`);
  }
  const rival = tiedWith(rule, now.rules);
  if (rival === undefined) return undefined;
  const text = `the rules ${name} (${matchText(match)}) and ${rival.name} (${matchText(rival.match)}) are equally specific and can mean the same machine: name machines or one label more in one of them, or make them one rule`;
  return { kind: 'boot-rules-tied', text };
}

/** A mistyped id would otherwise be noticed by machines that do not boot. */
function whyMissing(view: Pick<View, 'get'>, pins: Pins): PolicyProblem | undefined {
  const { image, templates } = pins;
  if (image !== undefined) {
    const index = decodeIndex(view.get(imageKeys.index)?.value);
    const ids = index.ok ? index.value.map(({ id }) => id) : [];
    if (!ids.includes(image)) {
      return missing(`there is no image ${image}; images there are: ${ids.join(', ') || 'none'}`);
    }
  }
  for (const [role, id] of templates) {
    if (view.get(`${ignitionsPrefix}${role}/${id}`) === undefined) {
      return missing(`role ${role} has no template ${id}`);
    }
  }
  return undefined;
}

function unknown(noun: 'boot-rules' | 'channels', name: string): PolicyProblem {
  const shown = JSON.stringify(name.slice(0, 100));
  return noun === 'channels'
    ? { kind: 'channel-unknown', text: `there is no channel ${shown}` }
    : { kind: 'boot-rule-unknown', text: `there is no boot rule ${shown}` };
}

function missing(text: string): PolicyProblem {
  return { kind: 'pin-missing', text };
}

function full(what: string): PolicyProblem {
  return { kind: 'boot-policy-full', text: `${what}, as many as there may be: remove some first` };
}

/** For the audit; what was no JSON is not kept. */
function readable(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(value));
  } catch {
    return null;
  }
}
