/** Workers: who leaves (gone, or replaced), who joins (in place of a failed one, or to grow), and who waits. */

import { type Draft, workersOf } from './draft.ts';
import { failedWorkers } from './failed.ts';
import { addWorkers } from './joining.ts';
import { removeWorkers } from './leaving.ts';

export function planWorkers(draft: Draft): void {
  const failed = failedWorkers(draft);
  callOffSwaps(draft);
  removeWorkers(draft, failed);
  addWorkers(
    draft,
    failed.filter((each) => draft.next.has(each.member.facts.serial)),
  );
}

/** The failed one is healthy again, or gone: its newcomer is a member like any other. */
function callOffSwaps(draft: Draft): void {
  for (const member of workersOf(draft)) {
    const { replaces } = member;
    if (replaces === undefined) continue;
    const other = draft.next.get(replaces);
    const settledBack =
      other !== undefined && draft.input.memory.get(replaces)?.downSince === undefined;
    if (other === undefined || settledBack) {
      draft.next.set(member.facts.serial, { ...member, replaces: undefined });
    }
  }
}
