/** What rules and channels name must stay: which of them name an image, a template or a channel. */

import type { View } from '../../base/transact.ts';
import {
  type BootPolicy,
  type BootRule,
  type Channel,
  decodeChannel,
  decodeRule,
  type Pins,
  policyKeys,
} from '../boot-policy.ts';

/** Others rest on it. */
export type StillNamed = { readonly kind: 'still-named'; readonly text: string };

export const policyPrefixes = [policyKeys.rules, policyKeys.channels] as const;

/** As a transaction sees it that reads `policyPrefixes`; what cannot be read names nothing. */
export function policyIn(view: Pick<View, 'under'>): BootPolicy {
  const rules = view.under(policyKeys.rules).flatMap(({ key, value }): readonly BootRule[] => {
    const rule = decodeRule(key.slice(policyKeys.rules.length), value);
    return rule.ok ? [rule.value] : [];
  });
  const channels = view.under(policyKeys.channels).flatMap(({ key, value }): readonly Channel[] => {
    const channel = decodeChannel(key.slice(policyKeys.channels.length), value);
    return channel.ok ? [channel.value] : [];
  });
  return { rules, channels: new Map(channels.map((one) => [one.name, one])) };
}

/** `the channel stable and the rule web`; undefined: none does. */
export function whoPins(policy: BootPolicy, names: (pins: Pins) => boolean): string | undefined {
  return listed([
    ...[...policy.channels.values()]
      .filter(({ pins }) => names(pins))
      .map(({ name }) => `the channel ${name}`),
    ...policy.rules.filter(({ pins }) => names(pins)).map(({ name }) => `the rule ${name}`),
  ]);
}

export function whoFollows({ rules }: BootPolicy, channel: string): string | undefined {
  return listed(
    rules.filter((rule) => rule.channel === channel).map(({ name }) => `the rule ${name}`),
  );
}

export function stillNamed(what: string, by: string): StillNamed {
  return { kind: 'still-named', text: `${what} is named by ${by}: change that first` };
}

/** More of them than a person reads are counted. */
const shownMax = 5;

function listed(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const more = names.length - shownMax;
  return [...names.slice(0, shownMax), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
