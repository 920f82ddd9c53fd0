/**
 * What is changed in lease tables beside DHCP itself: a lease is ended by hand, an address is set aside that somebody uses.
 * Each with its audit record in one commit, on the tables that DHCP on every server decides on next.
 */

import { formatIpv4, type Ipv4 } from '../base/addresses.ts';
import { receipted } from '../base/receipt.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Revision } from '../base/store.ts';
import { formatInstant, type Instant } from '../base/time.ts';
import type { Transact, TransactProblem } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import { type Actor, auditWrite } from '../inventory/audit.ts';
import { isDeclined, type LeaseTable, leasePrefix, openLeaseTable } from './dhcp/leases.ts';
import type { AddressInUse } from './dhcp/probe.ts';

export type LeaseProblem =
  | { readonly kind: 'lease-unknown'; readonly text: string }
  | { readonly kind: 'lease-moved'; readonly text: string }
  | { readonly kind: 'record-broken'; readonly key: string; readonly text: string };

export type LeaseWrites = {
  /**
   * Ends a lease at once, as its client's DHCPRELEASE would; of a declined address, gives it back. The audit record is
   * part of the commit, which DHCP on every server decides on next. One that has ended already is left as it is.
   *
   * @param terms.mac the client it must belong to; absent: whoever has it.
   */
  readonly release: (
    address: Ipv4,
    terms: { readonly mac?: string; readonly dryRun?: boolean },
    actor: Actor,
  ) => Promise<Result<{ readonly revision: Revision }, LeaseProblem | TransactProblem>>;
  /**
   * Sets an address aside for DHCP on every server, with its audit record. Of several servers that find it in use
   * together, one writes. `leased`: somebody has it; `full`: so many of its range are aside that one more is not kept.
   */
  readonly setAside: (
    inUse: AddressInUse,
    actor: Actor,
  ) => Promise<Result<'aside' | 'leased' | 'full', LeaseProblem | TransactProblem>>;
};

/** Of a range: a host that answers for every address fills no table. */
export const asidePerRangeMax = 1_024;

/**
 * @param deps.firstOf the first address of the range in whose table an address is; undefined: in none
 * @param deps.shows resolves when this server's own copy shows a revision, or it has waited long enough
 */
export function createLeaseWrites(deps: {
  readonly transact: Transact;
  readonly clock: Pick<World['clock'], 'now'>;
  readonly chance: World['chance'];
  readonly firstOf: (address: Ipv4) => Ipv4 | undefined;
  readonly shows: (revision: Revision) => Promise<unknown>;
  readonly noteReleased: (address: Ipv4, at: Instant) => void;
}): LeaseWrites {
  const { transact, clock, chance, firstOf, shows, noteReleased } = deps;
  return {
    release: async (address, { mac, dryRun }, actor) => {
      const first = firstOf(address);
      const text = formatIpv4(address);
      if (first === undefined) return fail(unknownLease(text));
      const key = leasePrefix + formatIpv4(first);
      const now = clock.now();
      const result = await receipted(transact, actor.receipt)<undefined, LeaseProblem>(
        `leases/${formatIpv4(first)}`,
        { keys: [key] },
        (view) => {
          const opened = openLeaseTable(view.get(key)?.value);
          if (!opened.ok) return fail(brokenTable(key, opened.error));
          const holder = opened.value.holderOf(address - first);
          const lease = holder && opened.value.leaseOf(holder);
          if (holder === undefined || lease === undefined) return fail(unknownLease(text));
          if (mac !== undefined && mac !== holder) return fail(movedLease(text, holder, mac));
          if (dryRun === true || lease.expiresAt <= now) {
            return { ok: true, value: undefined, writes: [] };
          }
          opened.value.release(holder, now);
          // Before the copy hears of it; it counts only beside a stored end that fits.
          noteReleased(address, now);
          const { write, condition } = auditWrite(actor, now, chance, {
            category: 'dhcp',
            instance: text,
            action: 'release',
            detail: holder,
          });
          const writes = [{ kind: 'put', key, value: opened.value.encode() } as const, write];
          return { ok: true, value: undefined, writes, conditions: [condition] };
        },
      );
      if (!result.ok) return result;
      const { revision } = result.value;
      await shows(revision);
      return ok({ revision });
    },
    setAside: async ({ address, first, usedBy, until }, actor) => {
      const key = leasePrefix + formatIpv4(first);
      const index = address - first;
      const now = clock.now();
      const result = await transact<'aside' | 'leased' | 'full', LeaseProblem>(
        `leases/${formatIpv4(first)}`,
        { keys: [key] },
        (view) => {
          const opened = openLeaseTable(view.get(key)?.value);
          if (!opened.ok) return fail(brokenTable(key, opened.error));
          const table = opened.value;
          const holder = heldBy(table, index, now);
          if (holder !== undefined) {
            const value = isDeclined(holder, index) ? 'aside' : 'leased';
            return { ok: true, value, writes: [] };
          }
          if (asideIn(table, now) >= asidePerRangeMax)
            return { ok: true, value: 'full', writes: [] };
          table.setAside(index, until, usedBy);
          const { write, condition } = auditWrite(actor, now, chance, {
            category: 'dhcp',
            instance: formatIpv4(address),
            action: 'set-aside',
            detail: `in use by ${usedBy ?? 'a host'} that answered for it; until ${formatInstant(until)}`,
          });
          const writes = [{ kind: 'put', key, value: table.encode() } as const, write];
          return { ok: true, value: 'aside', writes, conditions: [condition] };
        },
      );
      if (!result.ok) return result;
      const { value, revision } = result.value;
      await shows(revision);
      return ok(value);
    },
  };
}

/** Whose it is now, be it nobody's as a declined one is. */
function heldBy(table: LeaseTable, index: number, now: Instant): string | undefined {
  const holder = table.holderOf(index);
  const lease = holder && table.leaseOf(holder);
  return lease !== undefined && lease.expiresAt > now ? holder : undefined;
}

function asideIn(table: LeaseTable, now: Instant): number {
  let count = 0;
  for (const [name, { index, expiresAt }] of table.entries()) {
    if (expiresAt > now && isDeclined(name, index)) count += 1;
  }
  return count;
}

function unknownLease(address: string): LeaseProblem {
  return { kind: 'lease-unknown', text: `no lease of ${address} is stored` };
}

function movedLease(address: string, holder: string, mac: string): LeaseProblem {
  return { kind: 'lease-moved', text: `${address} is leased to ${holder} now, not to ${mac}` };
}

function brokenTable(key: string, why: string): LeaseProblem {
  const text = `the record ${key} in the store is broken and was left alone: ${why}`;
  return { kind: 'record-broken', key, text };
}
