/** The rules and channels of all servers: kept in the store, read from memory. */

import { type Freshness, worstFreshness } from '../../base/mirror.ts';
import type { PutTerms } from '../../base/put-terms.ts';
import type { Records } from '../../base/records.ts';
import type { Result } from '../../base/result.ts';
import type { Store, StoreProblem } from '../../base/store.ts';
import type { Transact, View } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import {
  createRecordDesk,
  type RecordChange,
  type RecordWritten,
} from '../../inventory/record-desk.ts';
import {
  type BootPolicy,
  type BootRule,
  bootRulesMax,
  type Channel,
  channelsMax,
  decodeChannel,
  decodeRule,
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
  | StillNamed;

type Written = RecordWritten<PolicyProblem>;

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
  const ruleDesk = createRecordDesk<BootRule, PolicyProblem>(deps, {
    prefix: policyKeys.rules,
    decode: decodeRule,
    form: 'json',
    category: 'boot-rules',
    called: (name) => `the boot rule ${name}`,
    unknown: unknownRule,
    lane,
  });
  const channelDesk = createRecordDesk<Channel, PolicyProblem>(deps, {
    prefix: policyKeys.channels,
    decode: decodeChannel,
    form: 'json',
    category: 'channels',
    called: (name) => `the channel ${name}`,
    unknown: unknownChannel,
    lane,
  });
  const [rules, channels] = [ruleDesk.mirror, channelDesk.mirror];
  let policy: BootPolicy | undefined;
  for (const mirror of [rules, channels]) {
    mirror.subscribe(() => {
      policy = undefined;
    });
  }

  return {
    start: async () => {
      const started = await channels.start();
      return started.ok ? rules.start() : started;
    },
    stop: () => {
      channels.stop();
      rules.stop();
    },
    freshness: () => worstFreshness([channels.freshness(), rules.freshness()]),
    broken: () => new Map([...ruleDesk.broken(), ...channelDesk.broken()]),
    policy: () => {
      policy ??= {
        rules: rules.entries().map(([, rule]) => rule),
        channels: new Map(channels.entries()),
      };
      return policy;
    },
    rules: ruleDesk.records,
    channels: channelDesk.records,
    putRule: (rule, terms, actor) => {
      const { name, pins } = rule;
      const whyNot = (now: BootPolicy) => whyNoRule(rule, now);
      return ruleDesk.change(put(name, ruleJson(rule), pins, whyNot), actor, terms);
    },
    removeRule: (name, terms, actor) => ruleDesk.change({ name, text: undefined }, actor, terms),
    putChannel: ({ name, pins }, terms, actor) => {
      const whyNot = ({ channels }: BootPolicy) =>
        channels.size >= channelsMax && !channels.has(name)
          ? full(`${channelsMax} channels exist`)
          : undefined;
      return channelDesk.change(put(name, pinsJson(pins), pins, whyNot), actor, terms);
    },
    removeChannel: (name, terms, actor) =>
      channelDesk.change(
        {
          name,
          text: undefined,
          reads: { prefixes: policyPrefixes },
          whyNot: (view) => {
            const by = whoFollows(policyIn(view), name);
            return by === undefined ? undefined : stillNamed(`the channel ${name}`, by);
          },
        },
        actor,
        terms,
      ),
  };
}

/** Decided on together with all that its pins name. */
function put(
  name: string,
  json: object,
  pins: Pins,
  whyNot: (now: BootPolicy) => PolicyProblem | undefined,
): RecordChange<PolicyProblem> {
  const templates = [...pins.templates].map(([role, id]) => `${ignitionsPrefix}${role}/${id}`);
  return {
    name,
    text: JSON.stringify(json),
    reads: { keys: [imageKeys.index, ...templates], prefixes: policyPrefixes },
    whyNot: (view) => whyNot(policyIn(view)) ?? whyMissing(view, pins),
  };
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

function unknownRule(name: string): PolicyProblem {
  const shown = JSON.stringify(name.slice(0, 100));
  return { kind: 'boot-rule-unknown', text: `there is no boot rule ${shown}` };
}

function unknownChannel(name: string): PolicyProblem {
  const shown = JSON.stringify(name.slice(0, 100));
  return { kind: 'channel-unknown', text: `there is no channel ${shown}` };
}

function missing(text: string): PolicyProblem {
  return { kind: 'pin-missing', text };
}

function full(what: string): PolicyProblem {
  return { kind: 'boot-policy-full', text: `${what}, as many as there may be: remove some first` };
}
