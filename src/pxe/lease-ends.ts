/**
 * When leases really ended. What is stored of a released one is an end so long before that others may have its address at
 * once; people are told the moment it was given up, as far as this server saw it.
 */

import type { Ipv4 } from '../base/addresses.ts';
import { createRecent } from '../base/recent.ts';
import { addMs, type Instant } from '../base/time.ts';
import { reuseMarginMs } from './dhcp/reuse.ts';

type Lease = { readonly address: Ipv4; readonly expiresAt: Instant };

export type Releases = {
  readonly note: (address: Ipv4, at: Instant) => void;
  /** Undefined: it ran out, or is lent still, or another server or an earlier run saw it end. */
  readonly of: (lease: Lease) => Instant | undefined;
};

/** Of all racks, those that were released last. */
export const releasesMax = 16_384;
/** Between a decision and the note of it. */
const sameMs = 5_000;

export function createReleases(): Releases {
  const releases = createRecent<Ipv4, Instant>(releasesMax);
  return {
    note: releases.set,
    of: (lease) => {
      const at = releases.get(lease.address);
      const free = othersFrom(lease);
      // Whoever was lent the address since has another end.
      return at !== undefined && Math.abs(at - free) < sameMs ? free : undefined;
    },
  };
}

/** From when on another client may be lent the address, unless a server's clock has jumped. */
export function othersFrom({ expiresAt }: Pick<Lease, 'expiresAt'>): Instant {
  return addMs(expiresAt, reuseMarginMs);
}
