/**
 * Lease tables of many ranges, decided on in memory and stored together: one commit for all that wait, each table under
 * the condition that nobody else changed it. A range that another server keeps changing, or whose table is large, goes
 * on by itself and holds up no other.
 */

import { bytesOf } from '../../base/commit-size.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Condition, Entry, Revision, Store, StoreProblem, Write } from '../../base/store.ts';
import type { TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { LeaseMemory, Remembered } from './lease-memory.ts';

export type LeaseProblem =
  | TransactProblem
  | { readonly kind: 'table-broken'; readonly text: string };

/** What was decided on one table. */
export type Decided<T> = {
  readonly value: T;
  /** A refusal must not rest on what is remembered, which may be old by a moment. */
  readonly needsProof: boolean;
};

/** One range's decision; it changes the table handed in, and may be taken again on a newer one. */
export type Wanted<T> = {
  readonly tableKey: string;
  readonly decide: (memory: Remembered) => Decided<T>;
  /** Called once, after what was decided is stored or known to be true. */
  readonly answer: (result: Result<T, LeaseProblem>) => void;
};

export type LeaseCommits = {
  /** Resolves when the next ones may be handed in; ranges that go on by themselves answer later. */
  readonly settle: <T>(wanted: readonly Wanted<T>[]) => Promise<void>;
  /** Ranges handed to one `settle`. */
  readonly rangesMax: number;
  /** The last word with the store failed: what is remembered may be old. */
  readonly isAway: () => boolean;
};

/** A larger table takes so long to write that it would hold up the others. */
const sharedBytesMax = 65_536;
/** Others changed the table between our read and our commit so often: more is no chance. */
const attemptsMax = 40;
const backOffMaxMs = 50;

type Change<T> = {
  readonly wanted: Wanted<T>;
  readonly decided: Decided<T>;
  readonly modRevision: Revision;
  /** Undefined: nothing to store, but to be proven. */
  readonly put: Extract<Write, { kind: 'put' }> | undefined;
};

export function createLeaseCommits(deps: {
  readonly store: Pick<Store, 'get' | 'commit' | 'conditionsMax' | 'bytesMax'>;
  readonly world: Pick<World, 'clock' | 'chance'>;
  readonly memory: LeaseMemory;
}): LeaseCommits {
  const { store, memory } = deps;
  const { clock, chance } = deps.world;
  let away = false;

  const heard = <T>(result: Result<T, StoreProblem>): Result<T, StoreProblem> => {
    away = !result.ok && result.error.kind !== 'too-large';
    return result;
  };

  const read = async (tableKeys: readonly string[]): Promise<Result<void, StoreProblem>> => {
    const got = heard(await store.get(tableKeys));
    if (!got.ok) return got;
    const entries = new Map<string, Entry>(got.value.entries.map((entry) => [entry.key, entry]));
    for (const key of tableKeys) memory.learn(key, entries.get(key));
    return ok(undefined);
  };

  /** Undefined: it was answered. */
  const decide = <T>(wanted: Wanted<T>): Change<T> | undefined => {
    const { tableKey } = wanted;
    const found = memory.recall(tableKey);
    if (found === undefined || typeof found === 'string') {
      const text = found ?? 'it was forgotten';
      wanted.answer(fail({ kind: 'table-broken', text }));
      return undefined;
    }
    const before = found.table.version();
    const decided = wanted.decide(found);
    const { modRevision } = found;
    if (found.table.version() === before) return { wanted, decided, modRevision, put: undefined };
    const put = { kind: 'put', key: tableKey, value: found.table.encode() } as const;
    return { wanted, decided, modRevision, put };
  };

  const commit = async <T>(changes: readonly Change<T>[]): Promise<'done' | 'moved'> => {
    const keys = changes.map(({ wanted }) => wanted.tableKey);
    for (const key of keys) memory.hold(key, true);
    const conditions = changes.map(conditionOf);
    const outcome = heard(
      await store.commit(
        conditions,
        changes.flatMap(({ put }) => put ?? []),
      ),
    );
    for (const key of keys) memory.hold(key, false);
    if (outcome.ok && outcome.value.kind === 'committed') {
      for (const { wanted, decided, put } of changes) {
        if (put !== undefined) {
          memory.stored(put.key, put.value, outcome.value.revision);
        }
        wanted.answer(ok(decided.value));
      }
      return 'done';
    }
    // An unknown outcome, too: it is read again before anything else is decided.
    for (const key of keys) memory.forget(key);
    if (outcome.ok) return 'moved';
    for (const { wanted } of changes) wanted.answer(outcome);
    return 'done';
  };

  /** Reads, decides and stores one range until nobody else was faster. */
  const alone = async <T>(wanted: Wanted<T>): Promise<void> => {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (attempt > 1) await backOff(attempt);
      const known = await read([wanted.tableKey]);
      if (!known.ok) return wanted.answer(known);
      const change = decide(wanted);
      if (change === undefined) return;
      if (change.put === undefined) return wanted.answer(ok(change.decided.value));
      if ((await commit([change])) === 'done') return;
    }
    const text = `others kept changing ${wanted.tableKey}: gave up after ${attemptsMax} tries`;
    wanted.answer(fail({ kind: 'contended', text }));
  };

  const backOff = (attempt: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(chance.next() * Math.min(backOffMaxMs, 2 ** attempt), resolve);
    });

  /** Those that moved go on by themselves; without them the others are stored at the next try. */
  const together = async <T>(changes: readonly Change<T>[]): Promise<void> => {
    if ((await commit(changes)) === 'done') return;
    const known = await read(changes.map(({ wanted }) => wanted.tableKey));
    if (!known.ok) {
      for (const { wanted } of changes) wanted.answer(known);
      return;
    }
    const isMoved = ({ wanted, modRevision }: Change<T>): boolean => {
      const now = memory.recall(wanted.tableKey);
      return typeof now !== 'object' || now.modRevision !== modRevision;
    };
    const others = changes.filter((change) => !isMoved(change));
    // Nothing moved that can be seen: who is to blame shows when each is tried by itself.
    const isClear = others.length < changes.length;
    for (const change of changes) {
      if (!isClear || !others.includes(change)) void alone(change.wanted);
    }
    const again = isClear ? others.flatMap(({ wanted }) => decide(wanted) ?? []) : [];
    if (again.length > 0) await together(again);
  };

  return {
    rangesMax: Math.max(1, store.conditionsMax - 1),
    isAway: () => away,
    settle: async <T>(wishes: readonly Wanted<T>[]) => {
      // A broken one is read anew, too: somebody may have mended it, or taken it away, of which the copy says nothing.
      const unknown = wishes.filter(({ tableKey }) => typeof memory.recall(tableKey) !== 'object');
      const fresh = new Set(unknown.map(({ tableKey }) => tableKey));
      const known = fresh.size === 0 ? ok(undefined) : await read([...fresh]);
      if (!known.ok) for (const wanted of unknown) wanted.answer(known);
      const all = known.ok ? wishes : wishes.filter(({ tableKey }) => !fresh.has(tableKey));
      const shared: Change<T>[] = [];
      let room = store.bytesMax;
      for (const wanted of all) {
        const change = decide(wanted);
        if (change === undefined) continue;
        const { put, decided } = change;
        const isKnown =
          fresh.has(wanted.tableKey) || (!decided.needsProof && memory.isLive() && !away);
        if (put === undefined && isKnown) {
          wanted.answer(ok(decided.value));
          continue;
        }
        const bytes = bytesOf(conditionOf(change)) + (put === undefined ? 0 : bytesOf(put));
        if (bytes > Math.min(sharedBytesMax, room)) void together([change]);
        else {
          room -= bytes;
          shared.push(change);
        }
      }
      if (shared.some(({ put }) => put !== undefined)) return together(shared);
      for (const { wanted } of shared) void alone(wanted);
    },
  };
}

function conditionOf<T>({ wanted, modRevision }: Change<T>): Condition {
  return { kind: 'unmoved', key: wanted.tableKey, modRevision };
}
