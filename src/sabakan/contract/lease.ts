/** DHCP leases: what is lent to clients that are no registered machine's own address yet. */

import Type, { type Static } from 'typebox';
import { getOperation, listOperation, type Noun, watchOperation } from './collection-operations.ts';
import { leaseColumns } from './columns.ts';
import type { Operation } from './operation.ts';

export const leaseStates = ['leased', 'ended', 'declined'] as const;

const leaseSchema = Type.Object({
  address: Type.String({ format: 'ipv4', description: 'the address that is lent' }),
  revision: Type.String({ description: "the store's, of the last change in its range" }),
  mac: Type.Union([Type.String(), Type.Null()], {
    description: 'of the client; null: it is set aside, since another host uses it',
  }),
  serial: Type.Union([Type.String(), Type.Null()], {
    description:
      'of the machine that has this hardware address, as far as this server knows; it is no part of the revision',
  }),
  usedBy: Type.Union([Type.String(), Type.Null()], {
    description:
      'of an address that is set aside: the hardware address that answered when it was asked for; null: a client declined it, or behind a relay nobody knows',
  }),
  state: Type.Enum([...leaseStates], {
    description:
      'ended: it ran out or was released, and is remembered for the return of its client until another one needs the address; declined: a client declined it or a host answered for it, so it is lent to nobody until it ends',
  }),
  expires: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description:
      'when it ends or ended, as it is stored: of one that was released two minutes before; null: what is stored is no time, so it never does',
  }),
  released: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description:
      'when its client or a person gave it up; null: it ran out or has not ended, or this server did not see it',
  }),
  range: Type.String({ format: 'ipv4', description: 'the first address of its range' }),
  rack: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
    description: 'whose network the address is in; null where the IPAM configuration has none',
  }),
  network: Type.Union([Type.String(), Type.Null()], {
    description: 'the network that the address is in; null: in none that is served',
  }),
  others: Type.Object(
    { may: Type.Boolean(), text: Type.String({ description: 'why, and from when on' }) },
    { description: 'whether another client may be lent the address now' },
  ),
});
export type LeaseV2 = Static<typeof leaseSchema>;

const leases: Noun = {
  noun: 'leases',
  one: 'lease',
  key: 'address',
  keyHolds: 'an IPv4 address',
  columns: leaseColumns,
  mayBePartial: true,
  hasLabels: false,
  schema: leaseSchema,
};

export const listLeases = listOperation(leases);
export const getLease = getOperation(leases);
export const watchLeases = watchOperation(leases);

export const releaseLease: Operation = {
  id: 'releaseLease',
  method: 'DELETE',
  path: '/leases/{address}',
  summary: 'ends a lease at once, or gives a declined address back; one that has ended stays so',
  needs: 'operator',
  parameters: { address: leases.keyHolds },
  query: Type.Object(
    {
      mac: Type.Optional(
        Type.String({ description: 'only while this client has it, as in 52:54:00:12:34:56' }),
      ),
      dryRun: Type.Optional(
        Type.Enum(['true', 'false'], {
          description: 'true: decide on what is stored now, write nothing',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  answer: { status: 204, holds: 'nothing: it is over; in a dry run: it would be' },
  problems: [
    'lease-unknown',
    'lease-moved',
    'record-broken',
    'not-live',
    'contended',
    'store-unavailable',
    'outcome-unknown',
  ],
};

export const leaseOperations: readonly Operation[] = [
  listLeases,
  getLease,
  watchLeases,
  releaseLease,
];
