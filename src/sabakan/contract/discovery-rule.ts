/** Rules that decide about discovered machines by pattern. */

import Type, { type Static } from 'typebox';
import {
  changeProblems,
  conditionProblems,
  deleteOperation,
  type Noun,
  putOperation,
  readOperations,
} from './collection-operations.ts';
import { discoveryRuleColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const closed = { additionalProperties: false };
const glob = (of: string) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: `${of}: * is any text, ? one character`,
    }),
  );
const rack = Type.Integer({ minimum: 0, maximum: 1_000_000 });

const ruleMembers = {
  order: Type.Integer({
    minimum: -1_000_000,
    maximum: 1_000_000,
    description: 'lower ones are asked first; equal ones by name; the first that matches decides',
  }),
  match: Type.Object(
    {
      serial: glob('the serial number'),
      manufacturer: glob('of SMBIOS'),
      product: glob('of SMBIOS'),
      vendorClass: glob('DHCP option 60'),
      macPrefix: Type.Optional(Type.String({ description: 'as in 52:54:00' })),
      network: glob('the name of its network'),
      rack: Type.Optional(rack),
    },
    { ...closed, description: 'all that are given must match' },
  ),
  approve: Type.Optional(
    Type.Object(
      {
        role: Type.String(),
        rack: Type.Optional(rack),
        labels: Type.Optional(Type.Record(Type.String(), Type.String())),
        bmcType: Type.Optional(Type.String()),
      },
      { ...closed, description: 'without rack: the rack it is guessed to be in' },
    ),
  ),
  reject: Type.Optional(
    Type.Object({ reason: Type.String({ minLength: 1, maxLength: 1_000 }) }, closed),
  ),
};

export const discoveryRuleSchema = Type.Object({
  name: Type.String(),
  revision: Type.String({ description: "the store's, of its last change; the object's ETag" }),
  ...ruleMembers,
});
export type DiscoveryRuleV2 = Static<typeof discoveryRuleSchema>;

const rules: Noun = {
  noun: 'discovery-rules',
  one: 'discovery-rule',
  key: 'name',
  keyHolds: 'the name of a rule, as in dell-r650',
  columns: discoveryRuleColumns,
  hasLabels: false,
  schema: discoveryRuleSchema,
};

export const discoveryRuleReads = readOperations(rules);

const ruleBody = Type.Object(
  { ...ruleMembers, order: Type.Optional(ruleMembers.order) },
  { ...closed, description: 'with one of approve and reject; order is 0 when it is left out' },
);

const writeProblems = [...conditionProblems, ...changeProblems];

export const putDiscoveryRule = putOperation(rules, {
  summary: 'sets a rule about discovered machines; replacing one takes If-Match',
  body: ruleBody,
  example: { order: 10, match: { manufacturer: 'Dell*', rack: 3 }, approve: { role: 'cs' } },
  answer: { status: 200, holds: 'as it is now, with its ETag', schema: discoveryRuleSchema },
  problems: ['discovery-rule-invalid', 'discovery-rules-too-many', ...writeProblems],
});

export const deleteDiscoveryRule = deleteOperation(rules, {
  summary: 'takes a rule about discovered machines away',
  problems: ['discovery-rule-unknown', ...writeProblems],
});

export const discoveryRuleOperations: readonly Operation[] = [
  ...Object.values(discoveryRuleReads),
  putDiscoveryRule,
  deleteDiscoveryRule,
];
