/** The subnets of version 2, counted from the IPAM configuration, the machines and the leases. */

import { addToIpv4, formatIpv4, type Ipv4, networkOf } from '../../base/addresses.ts';
import { fail, ok } from '../../base/result.ts';
import { compareRevisions, type Revision } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import {
  bmcAddress,
  gatewayOf,
  leaseRangeOf,
  nodeAddresses,
  rackOf,
} from '../../inventory/ipam.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { BookedLease, LeaseBook } from '../../pxe/lease-book.ts';
import type { subnetColumns } from '../contract/columns.ts';
import { getSubnet, listSubnets, type SubnetV2 } from '../contract/subnet.ts';
import { whyNotRead, whyNotWhole } from '../whole-truth.ts';
import type { ApiPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { getEndpoint, listEndpoint } from './collection-endpoints.ts';
import { leaseStateOf } from './leases.ts';

export type SubnetPartDeps = {
  readonly clock: Clock;
  readonly inventory: Inventory;
  readonly pxe: { readonly leases: LeaseBook };
};

type Subnet = SubnetV2;

/** A pool with room for more racks shows those that are in use. */
const racksShownMax = 1_024;

const columns: Readonly<Record<keyof typeof subnetColumns, Omit<Column<Subnet>, 'name'>>> = {
  name: { text: ({ name }) => name },
  kind: { text: ({ kind }) => kind },
  rack: { text: ({ rack }) => String(rack), number: ({ rack }) => rack },
  network: { text: ({ network }) => network },
  used: { text: ({ machines }) => String(machines.used), number: ({ machines }) => machines.used },
  free: {
    text: ({ leases }) => leases?.free.toString(),
    number: ({ leases }) => leases?.free ?? Number.POSITIVE_INFINITY,
  },
};

export function subnetPart(deps: SubnetPartDeps): ApiPart {
  const collection = subnetCollection(deps);
  return {
    endpoints: [
      listEndpoint(listSubnets, collection, deps.clock),
      getEndpoint(getSubnet, collection, 'name', deps.clock),
    ],
  };
}

function subnetCollection({
  clock,
  inventory,
  pxe: { leases },
}: SubnetPartDeps): Collection<Subnet> {
  const changed = (): Revision => newer(inventory.machinesRevision(), leases.changed());
  const subnets = (): readonly Subnet[] => {
    const ipam = inventory.ipam();
    if (ipam === undefined) return [];
    const used = Map.groupBy(inventory.machines(), ({ spec }) => spec.rack);
    const lent = Map.groupBy(leases.leases(), ({ first }) => first);
    const racks = new Set([
      ...used.keys(),
      ...[...lent.keys()].flatMap((at) => rackOf(ipam, at) ?? []),
    ]);
    for (let rack = 0; rack < racksShownMax && fits(ipam, rack); rack += 1) racks.add(rack);
    const now = clock.now();
    return [...racks]
      .sort((a, b) => a - b)
      .flatMap((rack) => ofRack(ipam, rack, used.get(rack)?.length ?? 0, lent, now, changed()));
  };
  const whole = <T>(value: () => T) => {
    const doubt = whyNotWhole(inventory) ?? whyNotRead(leases, 'the lease table');
    return doubt === undefined ? ok(value()) : fail(doubt);
  };
  const completeTo = (): Revision => older(inventory.machinesCompleteTo(), leases.completeTo());
  return {
    noun: 'subnets',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    ages: true,
    nameOf: ({ name }) => name,
    toJson: (subnet) => subnet,
    revisionOf: ({ revision }) => revision as Revision,
    snapshot: () =>
      whole(() => ({ changed: changed(), completeTo: completeTo(), items: subnets() })),
    find: (name) => whole(() => subnets().find((subnet) => subnet.name === name)),
    completeTo,
    subscribe: () => () => {},
  };
}

function ofRack(
  ipam: IpamConfig,
  rack: number,
  used: number,
  lent: ReadonlyMap<Ipv4, readonly BookedLease[]>,
  now: Instant,
  revision: Revision,
): readonly Subnet[] {
  const room = ipam.maxNodesInRack;
  const nodes = nodeAddresses(ipam, rack, 0).map(({ address: base }, at): Subnet => {
    const bits = ipam.nodeIpv4RangeMask;
    const range = leaseRangeOf(ipam, addToIpv4(base, 1));
    const held = (range && lent.get(range.first)) ?? [];
    const states = held.map((lease) => leaseStateOf(lease, now));
    const leased = states.filter((state) => state === 'leased').length;
    const declined = states.filter((state) => state === 'declined').length;
    return {
      name: `node-${rack}-${at}`,
      revision,
      kind: 'node',
      rack,
      network: `${formatIpv4(networkOf(base, bits))}/${bits}`,
      gateway: formatIpv4(gatewayOf(ipam, base)),
      machines: { used, room },
      leases: range
        ? {
            first: formatIpv4(range.first),
            count: range.count,
            leased,
            declined,
            free: Math.max(range.count - leased - declined, 0),
          }
        : null,
    };
  });
  const { address, maskBits, gateway } = bmcAddress(ipam, rack, 0);
  return [
    ...nodes,
    {
      name: `bmc-${rack}`,
      revision,
      kind: 'bmc',
      rack,
      network: `${formatIpv4(networkOf(address, maskBits))}/${maskBits}`,
      gateway: formatIpv4(gateway),
      machines: { used, room },
      leases: null,
    },
  ];
}

/** Whether all its networks lie in the pool. */
function fits(ipam: IpamConfig, rack: number): boolean {
  return nodeAddresses(ipam, rack, 0).every(({ address }) => rackOf(ipam, address) === rack);
}

function newer(a: Revision, b: Revision): Revision {
  return compareRevisions(a, b) >= 0 ? a : b;
}

function older(a: Revision, b: Revision): Revision {
  return compareRevisions(a, b) <= 0 ? a : b;
}
