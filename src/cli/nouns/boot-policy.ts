/** Channels and boot rules, for people. */

import type { BootRuleV2, ChannelV2 } from '../../sabakan/contract/boot-policy.ts';
import { bootRuleColumns, channelColumns } from '../../sabakan/contract/columns.ts';
import { type CliNoun, columnsOf, pairs } from './noun.ts';

export const channelNoun: CliNoun = {
  names: ['channels', 'channel'],
  describes: 'channels: named pointers to an image, such as stable, that boot rules follow',
  nameOf: (object) => (object as ChannelV2).name,
  selectable: channelColumns,
  hasLabels: false,
  deletable: true,
  values: {},
  columns: columnsOf<ChannelV2>([
    ['NAME', ({ name }) => name],
    ['IMAGE', ({ image }) => image ?? '-'],
    ['TEMPLATES', ({ templates }) => pairs(templates) || '-'],
    ['KERNEL-PARAMS', ({ kernelParams }) => kernelParams ?? '-'],
  ]),
};

export const bootRuleNoun: CliNoun = {
  names: ['boot-rules', 'boot-rule'],
  describes: 'boot rules: which machines follow a channel, or boot with what is pinned',
  nameOf: (object) => (object as BootRuleV2).name,
  selectable: bootRuleColumns,
  hasLabels: false,
  deletable: true,
  values: {},
  columns: columnsOf<BootRuleV2>([
    ['NAME', ({ name }) => name],
    ['MACHINES', ({ match }) => meantText(match)],
    ['CHANNEL', ({ channel }) => channel ?? '-'],
    ['IMAGE', ({ image }) => image ?? '-'],
    ['TEMPLATES', ({ templates }) => pairs(templates) || '-'],
    ['KERNEL-PARAMS', ({ kernelParams }) => kernelParams ?? '-'],
  ]),
};

/** More serials than these are counted. */
const serialsShownMax = 3;

function meantText({ serials, role, labels }: BootRuleV2['match']): string {
  const more = serials.length - serialsShownMax;
  const parts = [
    ...serials.slice(0, serialsShownMax),
    ...(more > 0 ? [`${more} more`] : []),
    ...(Object.keys(labels).length === 0 ? [] : [pairs(labels)]),
    ...(role === null ? [] : [`role ${role}`]),
  ];
  return parts.length === 0 ? 'all' : parts.join(', ');
}
