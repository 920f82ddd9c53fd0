/** Lease tables that cannot be read: which list lacks what by them, and which question has no answer. */

import { formatIpv4, type Ipv4, parseIpv4 } from '../../base/addresses.ts';
import { leaseRangeOf, rackOf } from '../../inventory/ipam.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { LeaseBook } from '../../pxe/lease-book.ts';
import type { Missing } from '../contract/list.ts';
import type { FaceProblem } from '../problems.ts';
import { whySilent } from '../whole-truth.ts';

type Leases = Pick<LeaseBook, 'freshness' | 'broken'>;

/** What a list that rests on leases lacks, ascending by address. */
export function missingRanges(
  leases: Pick<LeaseBook, 'broken'>,
  ipam: IpamConfig | undefined,
): readonly Missing[] {
  return [...leases.broken()].map(([key, why]) => {
    const first = firstOf(key);
    const rack = ipam && first !== undefined ? rackOf(ipam, first) : undefined;
    const place = rack === undefined ? '' : ` (rack ${rack})`;
    const range = first === undefined ? 'no range' : `the range from ${formatIpv4(first)}${place}`;
    return {
      key,
      text: `the leases of ${range} are not all listed: the record ${key} is broken: ${why}`,
      todo: mend(key),
    };
  });
}

/** Why a list is not all there is; undefined when it is. */
export function whyListIncomplete(leases: Leases): FaceProblem | undefined {
  const silence = whySilent(leases, 'the lease table');
  if (silence !== undefined) return silence;
  const [broken] = leases.broken();
  if (broken === undefined) return undefined;
  const [key, why] = broken;
  const text = `the record ${key} cannot be read, so no list is complete (partial=true lists the rest): ${why}`;
  return { kind: 'failed', text };
}

/**
 * Why nobody can say whether an address is lent; undefined when its own table, and any other that reaches so far, can be
 * read. A table of a configuration that was replaced has any number of addresses.
 */
export function whyAddressUnknown(
  leases: Leases,
  ipam: IpamConfig | undefined,
  address: Ipv4,
): FaceProblem | undefined {
  const silence = whySilent(leases, 'the lease table');
  if (silence !== undefined) return silence;
  for (const [key, why] of leases.broken()) {
    const first = firstOf(key);
    if (first === undefined || first > address) continue;
    const range = ipam && leaseRangeOf(ipam, first);
    if (range?.first === first && address >= first + range.count) continue;
    const text = `the record ${key} cannot be read, so nobody knows whether ${formatIpv4(address)} is lent: ${why}; ${mend(key)}`;
    return { kind: 'failed', text };
  }
  return undefined;
}

function firstOf(key: string): Ipv4 | undefined {
  const first = parseIpv4(key.slice(key.lastIndexOf('/') + 1));
  return first.ok ? first.value : undefined;
}

function mend(key: string): string {
  return `keep a copy of ${key} (etcdctl get), then mend it, or delete it once its range has lent nothing for the time of a lease`;
}
