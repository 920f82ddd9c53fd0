/**
 * What a change leaves behind in its own commit, so that the same request, sent again because its answer was lost, is
 * not carried out twice: not by another server, and not by a first commit that arrives late.
 */

import type { Decision, Reads, View } from './decision.ts';
import { fail } from './result.ts';
import type { Transact } from './transact.ts';

export type Receipt = {
  readonly key: string;
  readonly value: Uint8Array;
  /** Wherever the same request may have left its receipt, `key` among them. */
  readonly guards: readonly string[];
};

/** Every change that it commits has the receipt with it; `request-repeated` where there is one already. */
export function receipted(transact: Transact, receipt: Receipt | undefined): Transact {
  if (receipt === undefined) return transact;
  const { key, value, guards } = receipt;
  return <T, E>(lane: string, reads: Reads, decide: (view: View) => Decision<T, E>) =>
    transact<T, E | { readonly kind: 'request-repeated'; readonly text: string }>(
      lane,
      { ...reads, keys: [...reads.keys, ...guards] },
      (view) => {
        if (guards.some((guard) => view.get(guard) !== undefined)) {
          const text = 'this very request has been carried out already';
          return fail({ kind: 'request-repeated', text } as const);
        }
        const decision = decide(view);
        // An answer without a change is given again by deciding again.
        if (!decision.ok || decision.writes.length === 0) return decision;
        return { ...decision, writes: [...decision.writes, { kind: 'put', key, value }] };
      },
    );
}
