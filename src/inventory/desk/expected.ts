/** Changes on condition of the revision the caller knows. */

import type { View } from '../../base/decision.ts';
import type { Revision } from '../../base/store.ts';
import type { WriteTerms } from '../inventory.ts';
import { keys } from '../keys.ts';
import type { Serial } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';

/** Whether the machine has one of the revisions the caller expects; one that a commit under way gives it is none. */
export function isExpected(
  view: Pick<View, 'revisionOf'>,
  serial: Serial,
  { expected }: WriteTerms,
): boolean {
  if (expected === undefined) return true;
  const revision = view.revisionOf(keys.machine(serial));
  return revision !== undefined && expected.includes(revision);
}

export function movedMachine(
  serial: Serial,
  current: Revision,
): Extract<InventoryProblem, { readonly kind: 'precondition-failed' }> {
  const text = `machine ${serial} has been changed: its revision is ${current} now`;
  return { kind: 'precondition-failed', serial, current, text };
}
