/** A plan as lines of a story: what was written, and what it waits for. */

import type { PlanView } from '../cke-bridge/plan-view.ts';

/** More changes of one generation are counted, not listed. */
const changesShownMax = 4;

/** New generations since `generation`, each as one line. */
export function planLines(view: PlanView, generation: number): readonly string[] {
  return view.writes
    .filter((write) => write.generation > generation)
    .map((write) => {
      const shown = write.changes.slice(0, changesShownMax);
      const more = write.changes.length - shown.length;
      const rest = more > 0 ? [`and ${more} more`] : [];
      return `plan ${write.generation}: ${[...shown, ...rest].join('; ')}`;
    });
}

/** What holds the plan or is awaited, without the everyday waiting for machines to settle. */
export function waitLines(
  view: PlanView,
): readonly { readonly key: string; readonly line: string }[] {
  const held = view.refusals.map((refusal) => ({
    key: `held ${refusal.kind}`,
    line: `held: ${refusal.text}`,
  }));
  const waiting = view.waitingFor
    .filter(({ kind }) => kind !== 'machines-settle' && kind !== 'newcomer-settles')
    .map(({ kind, serials, text }) => ({
      key: `waiting ${kind} ${serials.join()}`,
      line: `waiting: ${text}`,
    }));
  return [...held, ...waiting];
}
