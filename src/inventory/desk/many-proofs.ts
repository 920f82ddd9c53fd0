/** What a change of many registered machines reads, and how it proves in its commit that nothing moved meanwhile. */

import { type CommitLimits, groupLength } from '../../base/commit-size.ts';
import type { Reads, View } from '../../base/decision.ts';
import { absent, type Condition, type Write } from '../../base/store.ts';
import { keys } from '../keys.ts';

/** Up to here each key read is a condition of its own, so that nothing else disturbs the change. */
export const provenKeysMax = 60;
/** With more machines, how many lists of racks, and how many machines that change, are still conditions of their own. */
export const provenListsMax = 30;
export const provenMachinesMax = 90;
/** Configuration, audit records and a receipt bring conditions and writes, too. */
export const othersMax = 8;

export type ManyProofs = {
  readonly reads: Reads;
  /** What the reads do not prove of a commit of these writes: see docs/adr/0005-big-commits.md. */
  readonly conditionsOf: (view: View, writes: readonly Write[]) => readonly Condition[];
};

/** @param racks those the machines are in: a machine goes only together with a change of its rack's list. */
export function manyProofs(
  wanted: Reads,
  racks: readonly number[],
  limits: CommitLimits,
): ManyProofs {
  // An etcd with a smaller `--max-txn-ops` takes fewer conditions.
  const roomFor = (most: number, share: number): number =>
    Math.min(most, Math.floor(limits.operationsMax * share) - othersMax);
  if (wanted.keys.length <= roomFor(provenKeysMax, 1)) {
    return { reads: wanted, conditionsOf: () => [] };
  }
  const machines = wanted.keys.filter(isMachine);
  const isList = (key: string): boolean => key.startsWith(keys.indexLists);
  const lists = [...new Set([...wanted.keys.filter(isList), ...racks.map(keys.nodeIndices)])];
  const others = wanted.keys.filter((key) => !isMachine(key) && !isList(key));
  const listsAreProven = lists.length <= roomFor(provenListsMax, 0.5);
  const reads: Reads = {
    ...wanted,
    keys: [...others, ...(listsAreProven ? lists : [])],
    unproven: [...machines, ...(listsAreProven ? [] : lists)],
  };
  return {
    reads,
    conditionsOf: (view, writes) => {
      if (writes.length === 0) return [];
      const quiet = (prefix: string): Condition => ({
        kind: 'quiet-under',
        prefix,
        since: view.readAt,
      });
      const changing = writes.flatMap((write) =>
        'key' in write && isMachine(write.key) ? [write.key] : [],
      );
      const conditions = reads.keys.length + changing.length + othersMax;
      const size = { conditions, writes: writes.length };
      const isEach =
        changing.length <= provenMachinesMax && groupLength(size, limits) !== undefined;
      return [
        ...(listsAreProven ? [] : [quiet(keys.indexLists)]),
        ...(isEach
          ? changing.map((key): Condition => {
              return { kind: 'unmoved', key, modRevision: view.revisionOf(key) ?? absent };
            })
          : [quiet(keys.machines)]),
      ];
    },
  };
}

function isMachine(key: string): boolean {
  return key.startsWith(keys.machines);
}
