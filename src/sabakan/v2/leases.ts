/** The DHCP leases of version 2. */

import { formatIpv4, parseIpv4, parseMac } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { BookedLease } from '../../pxe/lease-book.ts';
import type { leaseColumns } from '../contract/columns.ts';
import { getLease, listLeases, releaseLease, watchLeases } from '../contract/lease.ts';
import { emptyAnswer } from '../exchange.ts';
import { badRequest } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import { whySilent } from '../whole-truth.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import { missingRanges, whyAddressUnknown, whyListIncomplete } from './broken-ranges.ts';
import type { Collection, Column } from './collection.ts';
import type { Refusal } from './endpoint.ts';
import {
  expiresText,
  type LeaseViewDeps,
  leaseJson,
  leaseStateOf,
  rackOfLease,
  serialOfLease,
} from './lease-json.ts';

export type LeasePartDeps = LeaseViewDeps & {
  readonly clock: Clock;
  readonly serverName: string;
};

type Lease = BookedLease;

export function leaseCollection(deps: LeasePartDeps): Collection<Lease> {
  const { clock, inventory } = deps;
  const { leases } = deps.pxe;
  const rackNow = (lease: Lease) => rackOfLease(deps, lease);
  const columns: Readonly<Record<keyof typeof leaseColumns, Omit<Column<Lease>, 'name'>>> = {
    address: {
      text: ({ address }) => formatIpv4(address),
      number: ({ address }) => address,
    },
    mac: { text: ({ mac }) => mac },
    serial: { text: (lease) => serialOfLease(deps, lease) },
    state: { text: (lease) => leaseStateOf(lease, clock.now()) },
    expires: {
      text: (lease) => expiresText(lease) ?? undefined,
      number: ({ expiresAt }) => expiresAt,
    },
    rack: {
      text: (lease) => rackNow(lease)?.toString(),
      number: (lease) => rackNow(lease) ?? Number.POSITIVE_INFINITY,
    },
    range: { text: ({ first }) => formatIpv4(first), number: ({ first }) => first },
  };
  const all = () => ({
    changed: leases.changed(),
    completeTo: leases.completeTo(),
    items: leases.leases(),
  });
  return {
    noun: 'leases',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    ages: true,
    nameOf: ({ address }) => formatIpv4(address),
    toJson: (lease, now) => leaseJson(deps, lease, now),
    revisionOf: ({ revision }) => revision,
    snapshot: () => {
      const doubt = whyListIncomplete(leases);
      return doubt === undefined ? ok(all()) : fail(doubt);
    },
    readable: () => {
      const silence = whySilent(leases, 'the lease table');
      const missing = missingRanges(leases, inventory.ipam());
      return silence === undefined ? ok({ ...all(), missing }) : fail(silence);
    },
    find: (name) => {
      const address = parseIpv4(name);
      if (!address.ok) return ok(undefined);
      const doubt = whyAddressUnknown(leases, inventory.ipam(), address.value);
      return doubt === undefined ? ok(leases.find(address.value)) : fail(doubt);
    },
    completeTo: leases.completeTo,
    subscribe: (listener) =>
      leases.subscribe((news) => {
        if ('kind' in news) return listener(news);
        listener({
          kind: 'changed',
          revision: news.revision,
          heldBytes: news.heldBytes,
          // Read when somebody watches, and not before: most packets change a table that nobody looks at.
          get changes() {
            return news.changes.map((change) => ({ name: nameOf(change), ...change }));
          },
        });
      }),
  };
}

/** A noun that ends leases, beside list, get and watch. */
export function leasePart(deps: LeasePartDeps): ApiPart {
  const { clock, serverName, pxe, inventory } = deps;
  const operations = { list: listLeases, get: getLease, watch: watchLeases };
  return collectionPart(operations, leaseCollection(deps), 'address', clock, [
    {
      operation: releaseLease,
      handle: async ({ exchange, parameters, query }) => {
        const wish = readWish(parameters.get('address') ?? '', query.get('mac'));
        if (!wish.ok) return wish;
        const { address, mac } = wish.value;
        const doubt = whyAddressUnknown(pxe.leases, inventory.ipam(), address);
        if (doubt !== undefined) return fail({ problem: doubt });
        const terms = {
          ...(mac === undefined ? {} : { mac }),
          dryRun: query.get('dryRun') === 'true',
        };
        const released = await pxe.leases.release(address, terms, actorOf(exchange, serverName));
        return released.ok ? ok(emptyAnswer(204)) : fail({ problem: released.error });
      },
    },
  ]);
}

function readWish(addressText: string, macText: string | undefined) {
  const address = parseIpv4(addressText);
  if (!address.ok) return refused('address', address.error);
  if (macText === undefined) return ok({ address: address.value, mac: undefined });
  const mac = parseMac(macText);
  return mac.ok ? ok({ address: address.value, mac: mac.value }) : refused('mac', mac.error);
}

function refused(parameter: string, detail: string): Result<never, Refusal> {
  return fail({ problem: badRequest(detail), places: [{ parameter, detail }] });
}

function nameOf({
  before,
  after,
}: {
  readonly before?: Lease | undefined;
  readonly after?: Lease | undefined;
}): string {
  const address = (after ?? before)?.address;
  return address === undefined ? '' : formatIpv4(address);
}
