/** One machine: the image, kernel parameters and template it boots with, and who chose each of them. */

import type { Machine, Role } from '../../inventory/machine.ts';
import type { BootPolicy, BootRule, Pins } from '../boot-policy.ts';
import { compareRules, isMeant } from './precedence.ts';

/** `default`: no rule says anything, so the newest image, the stored parameters, the highest template. */
export type ChosenBy =
  | { readonly kind: 'default' }
  | { readonly kind: 'rule'; readonly rule: string; readonly channel: string | undefined };

export type Chosen<T> = {
  /** Undefined: there is none to boot with. */
  readonly value: T | undefined;
  /** What is pinned, be it there or not. */
  readonly pinned: string | undefined;
  readonly by: ChosenBy;
};

/** The template a role boots with; `version` is that of Ignition's configuration: `2.3`, `3.4`. */
export type ChosenTemplate = { readonly id: string; readonly version: string };

export type BootChoice = {
  /** Its id: kernel and initrd of one boot come from it, wherever a channel points meanwhile. */
  readonly image: Chosen<string>;
  readonly kernelParams: Chosen<string> & { readonly value: string };
  readonly template: Chosen<ChosenTemplate>;
  /** All rules that mean this machine, the one that counts first. */
  readonly rules: readonly BootRule[];
  /** Channels that these rules name and nobody has: the rules say less than they should. */
  readonly lostChannels: readonly { readonly rule: string; readonly channel: string }[];
};

/** What there is to choose from. */
export type BootOffer = {
  /** The newest that this server has. */
  readonly newestImage: () => string | undefined;
  /** It is here, or on a server that is known. */
  readonly hasImage: (id: string) => boolean;
  readonly kernelParams: () => string;
  readonly latestTemplate: (role: Role) => ChosenTemplate | undefined;
  readonly template: (role: Role, id: string) => ChosenTemplate | undefined;
};

export function chooseBoot(machine: Machine, policy: BootPolicy, offer: BootOffer): BootChoice {
  const { role } = machine.spec;
  const rules = policy.rules
    .filter(({ match }) => isMeant(match, machine))
    // Equals cannot be written here; of what others wrote, the first name counts on every server.
    .sort((a, b) => compareRules(a, b) || (a.name < b.name ? -1 : 1));
  const pinOf = (part: (pins: Pins) => string | undefined) => pinIn(rules, policy, part);

  const image = pinOf((pins) => pins.image);
  const params = pinOf((pins) => pins.kernelParams);
  const template = pinOf((pins) => pins.templates.get(role));
  return {
    image:
      image === undefined
        ? byDefault(offer.newestImage())
        : { ...image, value: offer.hasImage(image.pinned) ? image.pinned : undefined },
    kernelParams:
      params === undefined
        ? { ...byDefault(''), value: offer.kernelParams() }
        : { ...params, value: params.pinned },
    template:
      template === undefined
        ? byDefault(offer.latestTemplate(role))
        : { ...template, value: offer.template(role, template.pinned) },
    rules,
    lostChannels: rules.flatMap(({ name, channel }) =>
      channel === undefined || policy.channels.has(channel) ? [] : [{ rule: name, channel }],
    ),
  };
}

/** `the rule web-canary`, `the channel canary (rule web-canary)`. */
export function chosenByText(by: ChosenBy): string {
  if (by.kind === 'default') return 'no rule';
  return by.channel === undefined
    ? `the rule ${by.rule}`
    : `the channel ${by.channel} (rule ${by.rule})`;
}

function byDefault<T>(value: T | undefined): Chosen<T> {
  return { value, pinned: undefined, by: { kind: 'default' } };
}

function pinIn(
  rules: readonly BootRule[],
  { channels }: BootPolicy,
  part: (pins: Pins) => string | undefined,
): { readonly pinned: string; readonly by: ChosenBy } | undefined {
  for (const { name: rule, channel, pins } of rules) {
    const own = part(pins);
    if (own !== undefined) return { pinned: own, by: { kind: 'rule', rule, channel: undefined } };
    const followed = channel === undefined ? undefined : channels.get(channel);
    const its = followed && part(followed.pins);
    if (its !== undefined) return { pinned: its, by: { kind: 'rule', rule, channel } };
  }
  return undefined;
}
