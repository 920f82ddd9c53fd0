/**
 * Brings an old database to schema version 3, under Sabakan's own lock. Every write is conditional on holding it and on
 * the record being the one that was planned with; the version key moves last. So whoever dies in the middle leaves a
 * database that the next start completes.
 */

import { fail, ok, type Result } from '../base/result.ts';
import {
  absent,
  type Claim,
  type Condition,
  type Revision,
  type StoreProblem,
} from '../base/store.ts';
import { keys } from './keys.ts';
import { batchesOf } from './takeover/batches.ts';
import { type LockWorld, lockLost, takeSchemaLock } from './takeover/schema-lock.ts';
import {
  type Finding,
  planTakeover,
  type Records,
  type RecordWrite,
  recordsOf,
  type SchemaFound,
  schemaOf,
  type TakeoverPart,
  type TakeoverPlan,
  unknownVersion,
} from './takeover.ts';

/** What an upgrade did; nothing when there was nothing to do. */
export type Upgrade = {
  readonly found: SchemaFound;
  readonly steps: readonly {
    readonly from: string;
    readonly to: string;
    /** Records changed, the version key among them. */
    readonly changed: number;
  }[];
};

export type UpgradeProblem =
  | StoreProblem
  /** Nothing was written. */
  | {
      readonly kind: 'not-understood';
      readonly findings: readonly Finding[];
      readonly text: string;
    };

/** How often records may change under a plan: a Sabakan that still runs. */
const plansMax = 3;
/** Findings in one text; `tetsu migrate --check` lists all. */
const findingsShownMax = 5;

export async function upgradeDatabase(
  world: LockWorld,
  parts: readonly TakeoverPart[],
): Promise<Result<Upgrade, UpgradeProblem>> {
  const { store, log } = world;
  const asked = await store.get([keys.version, keys.ipam]);
  if (!asked.ok) return asked;
  const now = recordsOf(asked.value.entries);
  const found = schemaOf(now.get(keys.version), now.get(keys.ipam));
  if (found === '3' || found === 'fresh') return ok({ found, steps: [] });
  if (typeof found === 'object') return fail(notUnderstood([unknownVersion(found.unknown)]));

  const lock = await takeSchemaLock(world);
  if (!lock.ok) return lock;
  log.info('upgrading the database', { from: found, to: '3' });
  try {
    const upgrade = await underLock(world, lock.value, parts);
    if (upgrade.ok) log.info('upgraded the database', { from: found, to: '3' });
    return upgrade;
  } finally {
    await lock.value.release();
  }
}

async function underLock(
  { store, log }: LockWorld,
  lock: Claim,
  parts: readonly TakeoverPart[],
): Promise<Result<Upgrade, UpgradeProblem>> {
  for (let plans = 0; plans < plansMax; plans += 1) {
    const listing = await store.list('');
    if (!listing.ok) return listing;
    const records = recordsOf(listing.value.entries.filter(({ key }) => key !== lock.key));
    const plan = planTakeover(records, parts);
    const problems = plan.findings.filter(({ weight }) => weight === 'problem');
    const { found } = plan;
    // Somebody else was faster.
    if (found === '3' || found === 'fresh') return ok({ found, steps: [] });
    if (problems.length > 0) return fail(notUnderstood(problems));
    for (const { key, what, does } of plan.findings)
      log.warn('noticed a record', { key, what, does });
    const done = await write({ store, log }, lock, plan, records);
    if (!done.ok) return done;
    if (done.value === 'moved') continue;
    const steps = plan.steps.map(({ from, to, changes }) => ({
      from,
      to,
      changed: changes.length,
    }));
    return ok({ found, steps });
  }
  const text =
    'records keep changing during the upgrade: stop every Sabakan server on this database';
  return fail({ kind: 'store-unavailable', text });
}

async function write(
  { store, log }: Pick<LockWorld, 'store' | 'log'>,
  lock: Claim,
  plan: TakeoverPlan,
  records: Records,
): Promise<Result<'done' | 'moved', StoreProblem>> {
  const held: Condition = { kind: 'held', key: lock.key, createRevision: lock.createRevision };
  const moved = new Map<string, Revision>();
  const unmoved = ({ key }: RecordWrite): Condition => {
    const modRevision = moved.get(key) ?? records.get(key)?.modRevision ?? absent;
    return { kind: 'unmoved', key, modRevision };
  };
  for (const { from, to, changes } of plan.steps) {
    // One condition goes to the lock, so one write fewer than the store would take.
    for (const writes of batchesOf(changes, store.conditionsMax - 1)) {
      const committed = await store.commit([held, ...writes.map(unmoved)], writes);
      if (!committed.ok) return committed;
      if (committed.value.kind === 'moved') return whoMoved(store, lock);
      for (const { key, kind } of writes) {
        moved.set(key, kind === 'put' ? committed.value.revision : absent);
      }
    }
    log.info('upgraded the schema', { from, to, records: changes.length });
  }
  return ok('done');
}

async function whoMoved(
  store: LockWorld['store'],
  lock: Claim,
): Promise<Result<'moved', StoreProblem>> {
  const found = await store.get([lock.key]);
  if (!found.ok) return found;
  const isHeld = found.value.entries[0]?.createRevision === lock.createRevision;
  return isHeld ? ok('moved') : fail(lockLost);
}

function notUnderstood(findings: readonly Finding[]): UpgradeProblem {
  const shown = findings
    .slice(0, findingsShownMax)
    .map(({ key, what, remedy }) => `  ${key}: ${what} (${remedy})`);
  const more = findings.length - shown.length;
  const text = [
    'the database is not upgraded and nothing was changed, since there is something in it that is not understood:',
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
    'tetsu migrate --check lists everything.',
  ].join('\n');
  return { kind: 'not-understood', findings, text };
}
