/** Machines that nobody registered: noticed while they ask to boot, and kept waiting until somebody decides. */

import Type, { type Static, type TSchema } from 'typebox';
import { deleteOperation, type Noun, readOperations } from './collection-operations.ts';
import { discoveryColumns } from './columns.ts';
import { dryRunQuery } from './dry-run.ts';
import type { Operation } from './operation.ts';

const closed = { additionalProperties: false };
const time = (description: string) => Type.String({ format: 'date-time', description });
const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const said = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const rackNumber = Type.Integer({ minimum: 0, maximum: 1_000_000 });
const labels = Type.Record(Type.String(), Type.String());

const conflictKinds = [
  ...(['serial-missing', 'serial-default', 'serial-invalid'] as const),
  ...(['serial-duplicate', 'serial-registered', 'mac-duplicate'] as const),
];

export const discoverySchema = Type.Object({
  id: Type.String({ description: 'its MAC address with hyphens' }),
  revision: Type.String({ description: "the store's, of its last change; the object's ETag" }),
  state: Type.Enum(['waiting', 'approved', 'rejected']),
  serial: said('it is to be registered under: what was edited, else what its firmware says'),
  mac: Type.String(),
  firstSeen: time('when it was noticed'),
  lastSeen: time('to a minute'),
  confirmed: Type.Boolean({
    description: 'it follows our scripts: it reached iPXE, and did not only ask for an address',
  }),
  signs: Type.Array(Type.Enum(['dhcp', 'tftp', 'ipxe', 'facts'])),
  claims: Type.Object(
    {
      serial: said('SMBIOS'),
      uuid: said('SMBIOS'),
      manufacturer: said('SMBIOS'),
      product: said('SMBIOS'),
      asset: said('SMBIOS'),
      macs: Type.Array(Type.String(), { description: 'of all its network cards' }),
      vendorClass: said('DHCP option 60'),
      userClass: said('DHCP option 77'),
      architecture: said('DHCP option 93'),
      buildarch: said('of its iPXE'),
      platform: said('of its iPXE: efi or pcbios'),
      hostName: said('DHCP option 12'),
    },
    { description: 'what it says of itself; nothing proves it' },
  ),
  place: Type.Object({
    address: said('it was lent or asks from'),
    network: said('the name of its network'),
    relay: said('the relay agent it came over'),
    circuit: said('option 82 sub-option 1, often the port of a switch'),
    remote: said('option 82 sub-option 2, often the switch'),
    interface: said('of the server, where it came in'),
    proof: said('lease: its address is leased to its MAC address; claim: nothing tells'),
  }),
  rackGuess: orNull(
    Type.Object({ rack: rackNumber, by: Type.String({ description: 'what tells so' }) }),
  ),
  wish: Type.Object(
    {
      serial: said('in place of its own'),
      role: said('it is to have'),
      rack: orNull(rackNumber),
      labels: orNull(labels),
      bmcType: said('the type of its BMC'),
    },
    { description: 'what was edited' },
  ),
  conflict: orNull(
    Type.Object({
      kind: Type.Enum([...conflictKinds]),
      text: Type.String({ description: 'what is in the way' }),
      todo: Type.String({ description: 'what a person can do' }),
    }),
  ),
  rule: said('the rule that would decide about it'),
  decision: orNull(
    Type.Object({
      at: time('when'),
      by: Type.String({ description: 'a person, an address, or `rule NAME`' }),
      rule: said('the rule that said so'),
      text: Type.String(),
      serial: said('of the machine that it is now'),
    }),
  ),
  factsAt: orNull(time('when a discovery image looked at it')),
});
export type DiscoveryV2 = Static<typeof discoverySchema>;

const detailSchema = Type.Object({
  ...discoverySchema.properties,
  facts: Type.Unknown({
    description: 'what the discovery image found, in its own form; null: none has looked',
  }),
});

export const discoveries: Noun = {
  noun: 'discoveries',
  one: 'discovery',
  key: 'id',
  keyHolds: 'its MAC address with hyphens, as in 52-54-00-12-34-56',
  columns: discoveryColumns,
  hasLabels: false,
  schema: discoverySchema,
  detail: detailSchema,
};

export const discoveryReads = readOperations(discoveries);

const commitProblems = ['contended', 'store-unavailable', 'outcome-unknown'];

const patchBody = Type.Object(
  {
    serial: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 128 }))),
    role: Type.Optional(orNull(Type.String())),
    rack: Type.Optional(orNull(rackNumber)),
    labels: Type.Optional(orNull(labels)),
    bmcType: Type.Optional(orNull(Type.String())),
  },
  { ...closed, description: 'what is left out stays; null takes it away' },
);
export type DiscoveryPatchV2 = Static<typeof patchBody>;

export const patchDiscovery: Operation = {
  id: 'patchDiscovery',
  method: 'PATCH',
  path: '/discoveries/{id}',
  summary: 'says what a discovered machine shall be once it is approved',
  needs: 'operator',
  parameters: { id: discoveries.keyHolds },
  query: dryRunQuery,
  isConditional: true,
  body: patchBody,
  example: { role: 'cs', rack: 3, labels: { product: 'R650' } },
  answer: { status: 200, holds: 'the discovery as it is now', schema: discoverySchema },
  problems: [
    ...(['discovery-unknown', 'discovery-invalid', 'discovery-settled'] as const),
    ...(['precondition-failed', 'precondition-missing'] as const),
    ...commitProblems,
  ],
};

const approvalMembers = {
  serial: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  role: Type.Optional(Type.String()),
  rack: Type.Optional(rackNumber),
  labels: Type.Optional(labels),
  bmcType: Type.Optional(Type.String({ description: 'default: none' })),
};
const approveBody = Type.Object(
  {
    ...approvalMembers,
    adopt: Type.Optional(
      Type.Boolean({
        description:
          'it is the registered machine of this serial, with a network card it never had',
      }),
    ),
  },
  { ...closed, description: 'what is left out is as edited; the rack as guessed' },
);
export type ApprovalV2 = Static<typeof approveBody>;

const approveProblems = [
  ...(['discovery-unknown', 'discovery-conflict', 'discovery-invalid'] as const),
  ...(['discovery-settled', 'machine-exists', 'rack-full', 'boot-slot-taken'] as const),
  ...(['outside-pool', 'ipam-missing'] as const),
];

export const approveDiscovery: Operation = {
  id: 'approveDiscovery',
  method: 'POST',
  path: '/discoveries/{id}/approve',
  summary: 'registers a discovered machine in one commit; while it waits, it goes on by itself',
  needs: 'operator',
  parameters: { id: discoveries.keyHolds },
  query: dryRunQuery,
  body: approveBody,
  example: { role: 'cs', rack: 3 },
  answer: { status: 200, holds: 'the discovery as it is now', schema: discoverySchema },
  problems: [...approveProblems, ...commitProblems],
};

const rejectBody = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 1_000, description: 'its screen shows it' }) },
  closed,
);
export type RejectionV2 = Static<typeof rejectBody>;

export const rejectDiscovery: Operation = {
  id: 'rejectDiscovery',
  method: 'POST',
  path: '/discoveries/{id}/reject',
  summary: 'turns a discovered machine away; it may be approved later',
  needs: 'operator',
  parameters: { id: discoveries.keyHolds },
  query: dryRunQuery,
  body: rejectBody,
  example: { reason: 'it belongs to the laboratory' },
  answer: { status: 200, holds: 'the discovery as it is now', schema: discoverySchema },
  problems: ['discovery-unknown', 'discovery-settled', ...commitProblems],
};

export const forgetDiscovery = deleteOperation(discoveries, {
  summary: 'forgets a discovered machine; it comes back when it asks again',
  problems: ['discovery-unknown', 'precondition-failed', 'precondition-missing', ...commitProblems],
});

/** As many as are kept. */
export const bulkDiscoveriesMax = 1_000;

const bulkBody = Type.Object(
  {
    select: Type.Object(
      {
        names: Type.Optional(
          Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: bulkDiscoveriesMax }),
        ),
        fieldSelector: Type.Optional(
          Type.String({ minLength: 1, maxLength: 4_096, description: 'as in lists' }),
        ),
      },
      { ...closed, description: 'one of the two' },
    ),
    expect: Type.Integer({
      minimum: 0,
      description: 'how many you saw selected; with another number nothing is done',
    }),
    approve: Type.Optional(
      Type.Object(
        {
          role: approvalMembers.role,
          rack: approvalMembers.rack,
          labels: approvalMembers.labels,
          bmcType: approvalMembers.bmcType,
        },
        closed,
      ),
    ),
    reject: Type.Optional(rejectBody),
    forget: Type.Optional(Type.Literal(true)),
  },
  { ...closed, description: 'exactly one of approve, reject and forget' },
);
export type DiscoveryBulkV2 = Static<typeof bulkBody>;

export const bulkDiscoveries: Operation = {
  id: 'bulkDiscoveries',
  method: 'POST',
  path: '/bulk/discoveries',
  summary: 'the same decision about many discovered machines, each by itself',
  needs: 'operator',
  query: dryRunQuery,
  body: bulkBody,
  example: {
    select: { fieldSelector: 'state=waiting,rack=3' },
    expect: 12,
    approve: { role: 'cs' },
  },
  answer: {
    status: 200,
    holds: 'the outcome for each; look at `failed`',
    schema: Type.Object({
      selected: Type.Integer({ minimum: 0 }),
      done: Type.Integer({ minimum: 0 }),
      failed: Type.Integer({ minimum: 0 }),
      items: Type.Array(
        Type.Object({
          name: Type.String(),
          outcome: Type.Enum(['done', 'failed']),
          serial: said('of the machine that it is now'),
          problem: Type.Optional(
            Type.Object({ type: Type.String(), status: Type.Integer(), detail: Type.String() }),
          ),
        }),
      ),
    }),
  },
  problems: ['count-differs', 'not-live', ...commitProblems],
};

export const discoveryOperations: readonly Operation[] = [
  ...Object.values(discoveryReads),
  patchDiscovery,
  approveDiscovery,
  rejectDiscovery,
  forgetDiscovery,
  bulkDiscoveries,
];
