/** Remembers when a write last went well and last did not. */

import type { Store } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';

export type WriteWatch = {
  readonly store: Store;
  readonly last: () => {
    readonly succeeded?: Instant;
    readonly failed?: Instant;
    readonly why?: string;
  };
};

/** A commit that lost against another one is an answer of a store that works. */
export function watchWrites(store: Store, clock: Pick<Clock, 'now'>): WriteWatch {
  let succeeded: Instant | undefined;
  let failure: { readonly failed: Instant; readonly why: string } | undefined;
  return {
    store: {
      ...store,
      commit: async (...args) => {
        const done = await store.commit(...args);
        if (done.ok) succeeded = clock.now();
        else if (done.error.kind !== 'too-large') {
          failure = { failed: clock.now(), why: done.error.text };
        }
        return done;
      },
    },
    last: () => ({ ...(succeeded !== undefined && { succeeded }), ...failure }),
  };
}
