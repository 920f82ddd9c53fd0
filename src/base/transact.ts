/**
 * Decide inside the transaction, speak after the commit.
 *
 * `transact` reads, calls the pure `decide`, and writes if nothing moved meanwhile; otherwise it reads and decides
 * again. Deciding twice is harmless because deciding does nothing.
 */

import type { Decision, Reads, Transacted, TransactProblem, View } from './decision.ts';
import { createLane, type Lane, type LaneCounters } from './lane.ts';
import type { Result } from './result.ts';
import type { Store } from './store.ts';
import type { World } from './world.ts';

export type { Decision, Reads, TransactProblem, View } from './decision.ts';

/**
 * One queue per lane: decisions that wait in the same lane are folded into one commit, in the order they came.
 * A lane is a name for what they contend for, such as `rack/3` or `leases/10.69.0.32`.
 */
export type Transact = <T, E = never>(
  lane: string,
  reads: Reads,
  decide: (view: View) => Decision<T, E>,
) => Promise<Result<Transacted<T>, E | TransactProblem>>;

/** Lanes that keep what they last saw. The least recently used are forgotten. */
const lanesMax = 4096;
export type TransactCounters = Readonly<LaneCounters>;

/**
 * The common road of every change. An entry a lane saw last is taken as still true, which the commit's conditions then
 * prove or refute: the usual change costs one round trip. A refusal, or an answer that writes nothing, has no commit to
 * prove it and is given on entries read for it (or proven by a commit it shares).
 *
 * Answers `contended` after `attemptsMax` tries. `outcome-unknown` is passed on and never tried again.
 */
export function createTransact(
  store: Store,
  world: Pick<World, 'clock' | 'chance'>,
): Transact & { readonly counters: () => TransactCounters } {
  const counters = { decided: 0, commits: 0, moved: 0, reads: 0, contended: 0 };
  const lanes = new Map<string, Lane>();
  const laneOf = (name: string): Lane => {
    const lane = lanes.get(name) ?? createLane(store, world, counters);
    lanes.delete(name);
    lanes.set(name, lane);
    if (lanes.size > lanesMax) {
      for (const [other, { idle }] of lanes) {
        if (!idle()) continue;
        lanes.delete(other);
        break;
      }
    }
    return lane;
  };
  const transact = <T, E>(
    name: string,
    reads: Reads,
    decide: (view: View) => Decision<T, E>,
  ): Promise<Result<Transacted<T>, E | TransactProblem>> =>
    new Promise((answer, reject) => {
      laneOf(name).add({
        reads,
        decide,
        // The lane treats all decisions alike; this pair of arrows is where the types of this one come back.
        answer: (result) => answer(result as Result<Transacted<T>, E | TransactProblem>),
        reject,
        attempts: 0,
        conditioned: false,
      });
    });
  return Object.assign(transact, { counters: () => ({ ...counters }) });
}
