/** A claim in a memory store: renewed while its session has a link, expiring by the clock when it has none. */

import type { MemoryCore } from './memory-core.ts';
import type { Claim, Revision, StoreProblem } from './store.ts';
import type { Clock } from './world.ts';

const marginMaxMs = 500;

/** @param down why the session cannot reach the store just now; undefined when it can. */
export function memoryClaim(
  core: MemoryCore,
  key: string,
  createRevision: Revision,
  ttlMs: number,
  clock: Clock | undefined,
  down: () => StoreProblem | undefined,
): { readonly claim: Claim; readonly drop: (why: string) => void } {
  let certainUntilMs = (clock?.monotonicMs() ?? 0) + ttlMs - marginOf(ttlMs);
  if (clock === undefined) certainUntilMs = Number.POSITIVE_INFINITY;
  const timers = new Set<() => void>();
  let drop: (why: string) => void = () => {};
  const lost = new Promise<string>((resolve) => {
    drop = resolve;
  });
  const remove = () => {
    core.commit([{ kind: 'held', key, createRevision }], [{ kind: 'delete', key }]);
  };
  const stopTimers = () => {
    for (const stop of timers) stop();
    timers.clear();
  };
  const after = (delayMs: number, run: () => void) => {
    if (clock === undefined) return;
    const stop = clock.after(delayMs, () => {
      timers.delete(stop);
      run();
    });
    timers.add(stop);
  };

  const renew = () => {
    stopTimers();
    const stillThere = core.data.get(key)?.createRevision === createRevision;
    if (!stillThere) return drop('the claim was removed from the store');
    if (clock !== undefined) certainUntilMs = clock.monotonicMs() + ttlMs - marginOf(ttlMs);
    after(ttlMs - marginOf(ttlMs), () => drop('the lease could not be renewed in time'));
    after(ttlMs, remove);
    after(ttlMs / 3, tick);
  };
  const tick = () => {
    if (down() === undefined && certainUntilMs > (clock?.monotonicMs() ?? 0)) return renew();
    after(ttlMs / 3, tick);
  };
  if (clock !== undefined) renew();

  return {
    claim: {
      key,
      createRevision,
      certainUntilMs: () => certainUntilMs,
      lost,
      release: async () => {
        stopTimers();
        certainUntilMs = 0;
        remove();
        drop('released');
        await null;
      },
    },
    drop,
  };
}

function marginOf(ttlMs: number): number {
  return Math.min(marginMaxMs, ttlMs / 4);
}
