/** What machines boot with, as operators say it: channels, and the rules that map machines to them. */

import Type, { type Static } from 'typebox';
import { revisionSchema, writeProblems } from './blob.ts';
import {
  deleteOperation,
  type Noun,
  putOperation,
  readOperations,
} from './collection-operations.ts';
import { bootRuleColumns, channelColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const closed = { additionalProperties: false };
const says = {
  image: 'the id of an image; kernel and initrd of a boot both come from it',
  kernelParams: 'in place of the stored kernel parameters, not after them',
  templates: 'by role, a version of its Ignition template',
  channel: 'the channel they follow; what the rule pins itself goes before what it says',
};
const templates = Type.Record(Type.String(), Type.String(), { description: says.templates });
const orNull = (description: string) =>
  Type.Union([Type.String(), Type.Null()], { description: `${description}; null: not pinned` });

const pins = {
  image: orNull(says.image),
  kernelParams: orNull(says.kernelParams),
  templates,
};
const newPins = {
  image: Type.Optional(Type.String({ description: says.image })),
  kernelParams: Type.Optional(Type.String({ maxLength: 4_096, description: says.kernelParams })),
  templates: Type.Optional(templates),
};

export const channelSchema = Type.Object({
  name: Type.String(),
  revision: revisionSchema('its record'),
  ...pins,
});
export type ChannelV2 = Static<typeof channelSchema>;

const newChannelSchema = Type.Object(newPins, closed);

const labels = Type.Record(Type.String(), Type.String(), { description: 'all of these labels' });

export const bootRuleSchema = Type.Object({
  name: Type.String(),
  revision: revisionSchema('its record'),
  match: Type.Object(
    {
      serials: Type.Array(Type.String(), { description: 'one of these; empty: any machine' }),
      role: Type.Union([Type.String(), Type.Null()], { description: 'null: any role' }),
      labels,
    },
    { description: 'machines for which all of it holds' },
  ),
  channel: Type.Union([Type.String(), Type.Null()], { description: says.channel }),
  ...pins,
});
export type BootRuleV2 = Static<typeof bootRuleSchema>;

const newBootRuleSchema = Type.Object(
  {
    match: Type.Optional(
      Type.Object(
        {
          serials: Type.Optional(Type.Array(Type.String())),
          role: Type.Optional(Type.String()),
          labels: Type.Optional(labels),
        },
        { ...closed, description: 'absent or empty: every machine' },
      ),
    ),
    channel: Type.Optional(Type.String({ description: says.channel })),
    ...newPins,
  },
  closed,
);

const channels: Noun = {
  noun: 'channels',
  one: 'channel',
  key: 'name',
  keyHolds: 'its name, such as stable',
  columns: channelColumns,
  hasLabels: false,
  schema: channelSchema,
};
const bootRules: Noun = {
  noun: 'boot-rules',
  one: 'boot-rule',
  key: 'name',
  keyHolds: 'its name, such as web-canary',
  columns: bootRuleColumns,
  hasLabels: false,
  schema: bootRuleSchema,
};

export const channelReads = readOperations(channels);

const putProblems = ['precondition-missing', 'pin-missing', 'boot-policy-full', ...writeProblems];

export const putChannel = putOperation(channels, {
  summary: 'makes a channel; switching it to another image takes If-Match',
  body: newChannelSchema,
  example: { kernelParams: 'console=ttyS0' },
  answer: { status: 200, holds: 'the channel as it is now, with its ETag', schema: channelSchema },
  problems: ['bad-request', ...putProblems],
});

export const deleteChannel = deleteOperation(channels, {
  summary: 'takes a channel away that no rule follows',
  problems: ['channel-unknown', 'still-named', ...writeProblems],
});

export const channelOperations: readonly Operation[] = [
  ...Object.values(channelReads),
  putChannel,
  deleteChannel,
];

export const bootRuleReads = readOperations(bootRules);

export const putBootRule = putOperation(bootRules, {
  summary: 'makes a rule; one that could tie with another is refused; replacing takes If-Match',
  body: newBootRuleSchema,
  example: { match: { role: 'cs' }, kernelParams: 'console=ttyS0' },
  answer: { status: 200, holds: 'the rule as it is now, with its ETag', schema: bootRuleSchema },
  problems: ['bad-request', 'boot-rules-tied', ...putProblems],
});

export const deleteBootRule = deleteOperation(bootRules, {
  summary: 'takes a rule away; its machines boot by the next one, or by default',
  problems: ['boot-rule-unknown', ...writeProblems],
});

export const bootRuleOperations: readonly Operation[] = [
  ...Object.values(bootRuleReads),
  putBootRule,
  deleteBootRule,
];
