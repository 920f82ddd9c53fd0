/** A lease as version 2 shows it: how it stands, whose it is, and whether others may have its address. */

import { formatIpv4, type MacAddress } from '../../base/addresses.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { rackOf } from '../../inventory/ipam.ts';
import type { BookedLease } from '../../pxe/lease-book.ts';
import { othersFrom } from '../../pxe/lease-ends.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import type { LeaseV2 } from '../contract/lease.ts';

export type LeaseViewDeps = {
  readonly inventory: Pick<Inventory, 'ipam' | 'ownerOf'>;
  readonly pxe: Pick<Pxe, 'leases' | 'networks' | 'serialOf'>;
};

type Lease = BookedLease;

export function leaseStateOf({ mac, expiresAt }: Lease, now: Instant): LeaseV2['state'] {
  if (expiresAt <= now) return 'ended';
  return mac === undefined ? 'declined' : 'leased';
}

export function leaseJson(deps: LeaseViewDeps, lease: Lease, now: Instant): LeaseV2 {
  const { leases, networks } = deps.pxe;
  const released = leaseStateOf(lease, now) === 'ended' ? leases.releasedAt(lease) : undefined;
  return {
    address: formatIpv4(lease.address),
    revision: lease.revision,
    mac: lease.mac ?? null,
    serial: serialOfLease(deps, lease) ?? null,
    usedBy: lease.usedBy ?? null,
    state: leaseStateOf(lease, now),
    expires: expiresText(lease),
    released: released === undefined ? null : formatInstant(released),
    range: formatIpv4(lease.first),
    rack: rackOfLease(deps, lease) ?? null,
    network: networks.of(lease.address)?.name ?? null,
    others: others(deps, lease, now),
  };
}

export function serialOfLease(
  { pxe }: Pick<LeaseViewDeps, 'pxe'>,
  { mac, address }: Lease,
): string | undefined {
  return mac === undefined ? undefined : pxe.serialOf(mac as MacAddress, address);
}

export function rackOfLease(
  { inventory }: Pick<LeaseViewDeps, 'inventory'>,
  { address }: Lease,
): number | undefined {
  const ipam = inventory.ipam();
  return ipam && rackOf(ipam, address);
}

export function expiresText({ expiresAt }: Pick<Lease, 'expiresAt'>): string | null {
  return Number.isFinite(expiresAt) ? formatInstant(expiresAt) : null;
}

/** Whether another client may be lent the address now, and why, as DHCP decides it. */
function others(deps: LeaseViewDeps, lease: Lease, now: Instant): LeaseV2['others'] {
  const no = (text: string) => ({ may: false, text });
  const network = deps.pxe.networks.of(lease.address);
  const owner = deps.inventory.ownerOf(lease.address)?.spec.serial;
  if (owner !== undefined) return no(`it is the own address of ${owner}, which is registered`);
  if (network === undefined) return no('it is in no network that is served');
  if (network.mode !== 'server') return no(`the network ${network.name} has mode ${network.mode}`);
  const until = expiresText(lease);
  if (until === null) return no('what is stored as its end is no time, so it never ends');
  const from = formatInstant(othersFrom(lease));
  switch (leaseStateOf(lease, now)) {
    case 'leased':
      return no(`it is lent; from ${from} on, unless it is renewed or released`);
    case 'declined': {
      const why =
        lease.usedBy === undefined
          ? 'a client declined it, or a host behind a relay answered for it'
          : `${lease.usedBy} answered for it`;
      return no(`it is set aside, since ${why}; from ${from} on, or once it is given back`);
    }
    case 'ended':
      return now < othersFrom(lease)
        ? no(`it has just ended, and clocks of servers may differ; from ${from} on`)
        : {
            may: true,
            text: 'addresses that were never used go first, then the one that ended longest ago; its last client gets it back while it is free',
          };
  }
}
