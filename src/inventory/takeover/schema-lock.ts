/**
 * Sabakan's mutex for schema upgrades, so that of all servers, its and ours, one upgrades at a time.
 *
 * It is that of etcd's Go library: each server creates a key of its own under a lease below `schema-lock//` (the library
 * adds a slash to Sabakan's `schema-lock/`), and the oldest key has the lock. The key's name means nothing.
 */

import { fail, ok, type Result } from '../../base/result.ts';
import { type Claim, compareRevisions, type Entry, type StoreProblem } from '../../base/store.ts';
import type { World } from '../../base/world.ts';
import { schemaLockPrefix } from '../takeover.ts';

/** Upgrades take seconds; a server that stands still this long has lost its right. */
const ttlSeconds = 30;
/** The lease of a Sabakan that was killed lasts a minute; an upgrade of 100,000 machines takes less than that. */
const waitMaxMs = 180_000;
const lookAgainMs = 250;

export type LockWorld = Pick<World, 'store' | 'clock' | 'chance' | 'log'>;

export async function takeSchemaLock(world: LockWorld): Promise<Result<Claim, StoreProblem>> {
  const { store, clock, log } = world;
  const key = `${schemaLockPrefix}/tetsukan-${randomHex(world)}`;
  const value = new TextEncoder().encode('tetsukan');
  const claimed = await store.claim(key, value, ttlSeconds);
  if (!claimed.ok) {
    // A key of 48 random bits is nobody else's.
    if (claimed.error.kind !== 'held-by-other') return fail(claimed.error);
    return fail({ kind: 'store-unavailable', text: `the key ${key} exists already` });
  }
  const claim = claimed.value;
  const untilMs = clock.monotonicMs() + waitMaxMs;
  let told = false;
  for (;;) {
    const listing = await store.list(schemaLockPrefix);
    const ahead = listing.ok ? olderThan(claim, listing.value.entries) : undefined;
    if (ahead === undefined || clock.monotonicMs() >= claim.certainUntilMs()) {
      await claim.release();
      return listing.ok ? fail(lockLost) : listing;
    }
    const [first] = ahead;
    if (first === undefined) return ok(claim);
    if (!told) log.info('waiting for another server to upgrade the database', { key: first.key });
    told = true;
    if (clock.monotonicMs() >= untilMs) {
      await claim.release();
      const text =
        `another server holds the lock for upgrades since more than ${waitMaxMs / 1000} seconds: ` +
        `the key ${first.key}; stop all Sabakan servers; a key without a lease must be deleted by hand`;
      return fail({ kind: 'store-refused', text });
    }
    await new Promise<void>((wake) => void clock.after(lookAgainMs, wake));
  }
}

export const lockLost: StoreProblem = {
  kind: 'store-unavailable',
  text: 'the lock for upgrades was lost, since etcd was too slow; what was done stays done: start again',
};

/** Undefined when the claim's own key is gone. */
function olderThan(claim: Claim, entries: readonly Entry[]): readonly Entry[] | undefined {
  if (!entries.some(({ createRevision }) => createRevision === claim.createRevision))
    return undefined;
  return entries.filter(
    ({ createRevision }) => compareRevisions(createRevision, claim.createRevision) < 0,
  );
}

function randomHex({ chance }: Pick<World, 'chance'>): string {
  return Math.floor(chance.next() * 2 ** 48)
    .toString(16)
    .padStart(12, '0');
}
