/**
 * The subnets of version 2, counted from the IPAM configuration, the machines and the leases. News of any of these is
 * counted for the racks it touches, and what differs from what was told last is told on.
 */

import { type Ipv4, parseIpv4 } from '../../base/addresses.ts';
import { fail, ok } from '../../base/result.ts';
import { absent, compareRevisions, type Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { rackOf } from '../../inventory/ipam.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { LeaseBook } from '../../pxe/lease-book.ts';
import type { subnetColumns } from '../contract/columns.ts';
import { getSubnet, listSubnets, type SubnetV2, watchSubnets } from '../contract/subnet.ts';
import type { FaceProblem } from '../problems.ts';
import { whyNotWhole, whySilent } from '../whole-truth.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import { missingRanges, whyAddressUnknown, whyListIncomplete } from './broken-ranges.ts';
import type { Collection, CollectionChange, Column } from './collection.ts';
import { machineCollection } from './machines.ts';
import { isInPool, rangesOfRack, subnetsOfRack } from './subnets-of-rack.ts';

export type SubnetPartDeps = {
  readonly clock: Clock;
  readonly inventory: Inventory;
  readonly pxe: { readonly leases: LeaseBook };
};

type Subnet = SubnetV2;

/** A pool with room for more racks shows those that are in use. */
const racksShownMax = 1_024;
/** A rack that powers on changes its leases many times a second: they are counted for all of these together. */
const leaseNewsEveryMs = 250;
/** Where counting takes long, since hundreds of racks change, it waits this many times as long: packets come first. */
const leaseNewsRest = 60;
/** Ranges counted in one turn of the event loop, half a millisecond's worth: a DISCOVER waits no longer for its answer. */
const rangesPerTurn = 8;

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
  const operations = { list: listSubnets, get: getSubnet, watch: watchSubnets };
  return collectionPart(operations, subnetCollection(deps), 'name', deps.clock);
}

export function subnetCollection({
  clock,
  inventory,
  pxe: { leases },
}: SubnetPartDeps): Collection<Subnet> {
  const { configs } = inventory;
  const changed = (): Revision =>
    newest(inventory.machinesRevision(), leases.changed(), configs.changed());
  const lent = (first: Ipv4) => leases.inRange(first) ?? [];
  const isShown = (ipam: IpamConfig, rack: number, used: number): boolean =>
    used > 0 ||
    (rack < racksShownMax && isInPool(ipam, rack)) ||
    rangesOfRack(ipam, rack).some((first) => lent(first).length > 0);
  const ofRack = (ipam: IpamConfig, rack: number, used: number, revision: Revision) =>
    isShown(ipam, rack, used) ? subnetsOfRack(ipam, rack, used, lent, clock.now(), revision) : [];
  const rackNow = (rack: number, revision: Revision): readonly Subnet[] => {
    const ipam = inventory.ipam();
    if (ipam === undefined) return [];
    return ofRack(ipam, rack, inventory.search({ having: { racks: [rack] } }).length, revision);
  };
  const subnets = (revision: Revision): readonly Subnet[] => {
    const ipam = inventory.ipam();
    if (ipam === undefined) return [];
    const used = Map.groupBy(inventory.machines(), ({ spec }) => spec.rack);
    const lending = leases.leases().flatMap(({ first }) => rackOf(ipam, first) ?? []);
    const racks = new Set([...used.keys(), ...lending]);
    for (let rack = 0; rack < racksShownMax && isInPool(ipam, rack); rack += 1) racks.add(rack);
    return [...racks]
      .sort((a, b) => a - b)
      .flatMap((rack) => ofRack(ipam, rack, used.get(rack)?.length ?? 0, revision));
  };
  /** What waits to be told becomes part of the list first. */
  const all = () => {
    const reached = completeTo();
    const revision = changed();
    return { changed: revision, completeTo: reached, items: subnets(revision) };
  };

  /** Why nobody knows how full it is. */
  const whyUncounted = ({ leases: range }: Subnet): FaceProblem | undefined => {
    const first = range === null ? undefined : parseIpv4(range.first);
    if (first?.ok !== true || leases.inRange(first.value) !== undefined) return undefined;
    return whyAddressUnknown(leases, inventory.ipam(), first.value);
  };

  /** As far as anybody was told: what is heard of up to here comes too late to be told in order. */
  let shown: Revision = absent;
  /** What each subscription has heard of leases and not told yet. */
  const untold = new Set<() => void>();
  /** The newest of the sources': one in which nothing changes hears of progress every ten minutes. */
  const completeTo = (): Revision => {
    for (const tellOn of untold) tellOn();
    const reached = newest(
      inventory.machinesCompleteTo(),
      leases.completeTo(),
      configs.completeTo(),
    );
    shown = newest(shown, reached);
    return shown;
  };
  return {
    noun: 'subnets',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    ages: true,
    nameOf: ({ name }) => name,
    toJson: (subnet) => subnet,
    revisionOf: ({ revision }) => revision as Revision,
    snapshot: () => {
      const doubt = whyNotWhole(inventory) ?? whyListIncomplete(leases);
      return doubt === undefined ? ok(all()) : fail(doubt);
    },
    readable: () => {
      const doubt = whyNotWhole(inventory) ?? whySilent(leases, 'the lease table');
      if (doubt !== undefined) return fail(doubt);
      const missing = missingRanges(leases, inventory.ipam());
      const shown = all();
      const items = shown.items.filter((subnet) => whyUncounted(subnet) === undefined);
      return ok({ ...shown, items, missing });
    },
    find: (name) => {
      const doubt = whyNotWhole(inventory) ?? whySilent(leases, 'the lease table');
      if (doubt !== undefined) return fail(doubt);
      const found = subnets(changed()).find((subnet) => subnet.name === name);
      const unread = found && whyUncounted(found);
      return unread === undefined ? ok(found) : fail(unread);
    },
    completeTo,
    subscribe: (listener) => {
      /** As they were told last, by rack. */
      const told = new Map<number, readonly Subnet[]>();
      const rememberAll = (all: readonly Subnet[]): void => {
        told.clear();
        for (const [rack, some] of Map.groupBy(all, ({ rack }) => rack)) told.set(rack, some);
      };
      const relist = (): void => {
        counting = undefined;
        rememberAll(subnets(changed()));
        listener({ kind: 'listed' });
      };
      const count = (rack: number, revision: Revision): readonly CollectionChange<Subnet>[] => {
        const before = told.get(rack) ?? [];
        const after = rackNow(rack, revision);
        if (after.length === 0) told.delete(rack);
        else told.set(rack, after);
        return differences(before, after);
      };
      const tell = (revision: Revision, racks: Iterable<number>): void => {
        publish(
          revision,
          [...new Set(racks)].flatMap((rack) => count(rack, revision)),
        );
      };
      const publish = (revision: Revision, changes: readonly CollectionChange<Subnet>[]): void => {
        if (changes.length === 0) return;
        if (compareRevisions(revision, shown) <= 0) {
          relist();
          return;
        }
        shown = revision;
        listener({ kind: 'changed', revision, changes });
      };
      const tellAll = (revision: Revision): void => {
        const racks = subnets(revision).map(({ rack }) => rack);
        tell(revision, [...told.keys(), ...racks]);
      };
      const ranges = new Set<Ipv4>();
      let rangesAt: Revision = absent;
      let cancel = (): void => {};
      let restMs = leaseNewsEveryMs;
      let counting: Counting | undefined;
      const countSome = (rangesMax: number): void => {
        const ipam = inventory.ipam();
        if (counting === undefined) {
          counting = { ranges: [...ranges], at: rangesAt, done: 0, tookMs: 0, changes: [] };
          ranges.clear();
        }
        const { at, changes } = counting;
        const beganMs = clock.monotonicMs();
        const some = counting.ranges.slice(counting.done, counting.done + rangesMax);
        // Nobody may act on a table that cannot be read as if it were empty.
        if (some.some((first) => leases.inRange(first) === undefined)) {
          relist();
          return;
        }
        const racks = ipam === undefined ? [] : some.flatMap((first) => rackOf(ipam, first) ?? []);
        for (const rack of new Set(racks)) changes.push(...count(rack, at));
        counting.done += some.length;
        counting.tookMs += clock.monotonicMs() - beganMs;
        if (counting.done < counting.ranges.length) return;
        restMs = Math.max(leaseNewsEveryMs, leaseNewsRest * counting.tookMs);
        counting = undefined;
        publish(at, changes);
      };
      const countInTurns = (): void => {
        countSome(rangesPerTurn);
        if (counting !== undefined) cancel = clock.after(0, countInTurns);
        else if (ranges.size > 0) cancel = clock.after(restMs, countInTurns);
      };
      const tellLeases = (): void => {
        cancel();
        while (counting !== undefined || ranges.size > 0) countSome(Number.POSITIVE_INFINITY);
      };
      untold.add(tellLeases);
      rememberAll(subnets(changed()));
      const ends = [
        () => {
          cancel();
          untold.delete(tellLeases);
        },
        machineCollection(inventory, clock).subscribe((news) => {
          if (news.kind === 'listed') return relist();
          tellLeases();
          const machines = news.changes.flatMap(({ before, after }) => [before, after]);
          const racks = machines.flatMap((machine) => machine?.spec.rack ?? []);
          tell(news.revision, racks);
        }),
        leases.subscribe((news) => {
          if ('kind' in news) return relist();
          if (ranges.size === 0 && counting === undefined) {
            cancel = clock.after(restMs, countInTurns);
          }
          rangesAt = news.revision;
          for (const first of news.ranges) ranges.add(first);
        }),
        configs.subscribe((news) => {
          if (news.kind === 'listed') return relist();
          tellLeases();
          tellAll(news.revision);
        }),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** News of leases that is being counted, some ranges in each turn: packets come in between. */
type Counting = {
  readonly ranges: readonly Ipv4[];
  readonly at: Revision;
  readonly changes: CollectionChange<Subnet>[];
  done: number;
  tookMs: number;
};

/** Whatever was counted, a subnet is the same while its figures are. */
function differences(
  before: readonly Subnet[],
  after: readonly Subnet[],
): readonly CollectionChange<Subnet>[] {
  const was = new Map(before.map((subnet) => [subnet.name, subnet]));
  const is = new Map(after.map((subnet) => [subnet.name, subnet]));
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((name) => ({ name, before: was.get(name), after: is.get(name) }))
    .filter((change) => figures(change.before) !== figures(change.after));
}

function figures(subnet: Subnet | undefined): string {
  return JSON.stringify({ ...subnet, revision: '' });
}

function newest(...revisions: readonly Revision[]): Revision {
  return revisions.reduce((a, b) => (compareRevisions(a, b) >= 0 ? a : b), absent);
}
