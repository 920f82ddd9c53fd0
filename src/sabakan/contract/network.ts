/** Networks: where this fleet answers machines that boot, and how. */

import Type, { type Static } from 'typebox';
import { discoveryPolicies, networkModes, noteCharactersMax } from '../../pxe/network-spec.ts';
import {
  changeProblems,
  conditionProblems,
  deleteOperation,
  type Noun,
  putOperation,
  readOperations,
} from './collection-operations.ts';
import { networkColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const name = 'the name of a network, as in rack-3';
const cidr = {
  description: 'as in 10.69.0.0/20; of networks one within the other the narrower counts',
};
const mode = {
  description:
    'server: lends addresses; proxy: names boot files beside a DHCP server of others, and lends nothing; off: answers nothing',
};
const discovery = {
  description:
    'what becomes of machines nobody registered: off: nothing; ask: a person approves; rules: rules may',
};

export const networkSchema = Type.Object({
  name: Type.String({ description: name }),
  revision: Type.String({ description: "the store's, of the last change; the object's ETag" }),
  cidr: Type.String(cidr),
  mode: Type.Enum([...networkModes], mode),
  discovery: Type.Enum([...discoveryPolicies], discovery),
  note: Type.String({ description: 'for people; may be empty' }),
  implicit: Type.Boolean({
    description:
      'no record: the node pool, served because there are an IPAM and a DHCP configuration, as with Sabakan',
  }),
});
export type NetworkV2 = Static<typeof networkSchema>;

const text = (description: string) => Type.String({ description });
const flag = (description: string) => Type.Boolean({ description });

const otherServerSchema = Type.Object({
  address: text('as it calls itself (option 54)'),
  via: text('where it was heard: an interface of the server that answers, or a relay'),
  dhcp: flag('it lends addresses'),
  pxe: flag('it names boot files'),
  bootFile: Type.Union([Type.String(), Type.Null()], { description: 'the last one' }),
  messages: Type.Integer(),
  firstAt: Type.String({ format: 'date-time' }),
  lastAt: Type.String({ format: 'date-time' }),
});

const networkDetailSchema = Type.Object({
  ...networkSchema.properties,
  otherServers: Type.Array(otherServerSchema, {
    description:
      'DHCP and PXE servers with an address in it that are none of ours; changes without a revision',
  }),
});
export type NetworkDetailV2 = Static<typeof networkDetailSchema>;

const networks: Noun = {
  noun: 'networks',
  one: 'network',
  key: 'name',
  keyHolds: name,
  columns: networkColumns,
  hasLabels: false,
  schema: networkSchema,
  detail: networkDetailSchema,
};

const newNetworkSchema = Type.Object(
  {
    cidr: Type.String(cidr),
    mode: Type.Enum([...networkModes], mode),
    discovery: Type.Optional(Type.Enum([...discoveryPolicies], { ...discovery, default: 'off' })),
    note: Type.Optional(Type.String({ maxLength: noteCharactersMax, description: 'for people' })),
  },
  { additionalProperties: false },
);

export const networkReads = readOperations(networks);

const writeProblems = [...conditionProblems, ...changeProblems];

export const putNetwork = putOperation(networks, {
  summary: 'says how a network is answered; replacing what is said takes If-Match',
  body: newNetworkSchema,
  example: { cidr: '10.69.0.0/20', mode: 'server', discovery: 'ask' },
  answer: { status: 200, holds: 'as it is now, with its ETag', schema: networkSchema },
  problems: ['network-invalid', 'network-exists', 'networks-too-many', ...writeProblems],
});

export const deleteNetwork = deleteOperation(networks, {
  summary: 'takes a network away: it is answered as if it had never been named',
  problems: ['network-unknown', ...writeProblems],
});

export const networkOperations: readonly Operation[] = [
  ...Object.values(networkReads),
  putNetwork,
  deleteNetwork,
];
