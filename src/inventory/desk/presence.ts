/** Which machines are there, in the transaction, and which of them the lists of their racks lack. */

import type { View } from '../../base/decision.ts';
import { keys } from '../keys.ts';
import type { Machine, Serial } from '../machine.ts';
import { readMachine } from './change.ts';
import type { Present } from './wishes.ts';

/** Nothing was done: ask again with these as well. */
export type LookAgain = {
  readonly kind: 'look-again';
  readonly racks: readonly number[];
  readonly inspected: readonly Serial[];
};

export function presentIn(view: View, serial: Serial): Present {
  const revision = view.revisionOf(keys.machine(serial));
  const found = readMachine(view, serial);
  if (found.ok) return { machine: found.value.machine, revision };
  if (found.error.kind !== 'record-broken') return { machine: undefined, revision };
  return { machine: undefined, revision, broken: found.error };
}

/** What has to be read, too, before slots can be given; undefined when all is there. */
export function lookAgain(
  presents: ReadonlyMap<Serial, Present>,
  indices: ReadonlyMap<number, readonly number[]>,
  known: readonly Machine[],
): LookAgain | undefined {
  const racks = new Set<number>();
  for (const { machine } of presents.values()) {
    if (machine !== undefined && !indices.has(machine.spec.rack)) racks.add(machine.spec.rack);
  }
  const inspected = known
    .filter((machine) => !isListed(machine, indices) && !presents.has(machine.spec.serial))
    .map(({ spec }) => spec.serial);
  if (racks.size + inspected.length === 0) return undefined;
  return { kind: 'look-again', racks: [...racks], inspected };
}

/** A rack whose list was not read lacks nobody. */
export function isListed(
  { spec }: Machine,
  indices: ReadonlyMap<number, readonly number[]>,
): boolean {
  return indices.get(spec.rack)?.includes(spec.indexInRack) !== false;
}
