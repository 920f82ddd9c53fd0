/** Who is due when, and a bound on how many are under way. */

import { assert } from '../base/assert.ts';
import type { Clock } from '../base/world.ts';

export type Schedule = {
  /** Plans `key` in `delayMs`; one that is planned already moves there, one under way is planned when it ends. */
  readonly plan: (key: string, delayMs: number) => void;
  readonly drop: (key: string) => void;
  readonly has: (key: string) => boolean;
  /** Monotonic milliseconds; undefined while it is under way. */
  readonly dueMs: (key: string) => number | undefined;
  readonly underWay: () => number;
  /** How late the one that waits longest for a free place is. */
  readonly lateMs: () => number;
  readonly stop: () => void;
};

type Item = { dueMs: number; cancel: (() => void) | undefined; running: boolean };

/**
 * @param options.work is called once at a time per key and answers in how many milliseconds it is due again;
 * it must not reject. At most `underWayMax` run at once; who is due beyond that waits in the order they came due.
 */
export function createSchedule(options: {
  readonly clock: Clock;
  readonly underWayMax: () => number;
  readonly work: (key: string) => Promise<number>;
}): Schedule {
  const { clock } = options;
  const items = new Map<string, Item>();
  // Insertion order is the order in which they came due. The crowd brake leans on it: when a machine's patience ends,
  // everybody who was due before has been asked, however far behind we are.
  const ready = new Set<string>();
  let underWay = 0;
  let stopped = false;

  const plan = (key: string, delayMs: number) => {
    assert(Number.isFinite(delayMs), `${key} planned in ${delayMs} ms`);
    if (stopped) return;
    const item = items.get(key) ?? { dueMs: 0, cancel: undefined, running: false };
    items.set(key, item);
    item.dueMs = clock.monotonicMs() + Math.max(0, delayMs);
    if (item.running) return;
    item.cancel?.();
    ready.delete(key);
    item.cancel = clock.after(delayMs, () => {
      item.cancel = undefined;
      ready.add(key);
      admit();
    });
  };

  const admit = () => {
    for (const key of ready) {
      if (stopped || underWay >= options.underWayMax()) return;
      ready.delete(key);
      const item = items.get(key);
      if (item === undefined) continue;
      item.running = true;
      underWay += 1;
      void run(key, item);
    }
  };

  const run = async (key: string, item: Item) => {
    const againInMs = await options.work(key);
    item.running = false;
    underWay -= 1;
    // It may have been dropped, and even planned anew, while it was under way.
    if (items.get(key) === item) plan(key, againInMs);
    admit();
  };

  return {
    plan,
    drop: (key) => {
      items.get(key)?.cancel?.();
      items.delete(key);
      ready.delete(key);
    },
    has: (key) => items.has(key),
    dueMs: (key) => {
      const item = items.get(key);
      return item === undefined || item.running ? undefined : item.dueMs;
    },
    underWay: () => underWay,
    lateMs: () => {
      const [first] = ready;
      const item = first === undefined ? undefined : items.get(first);
      return item === undefined ? 0 : Math.max(0, clock.monotonicMs() - item.dueMs);
    },
    stop: () => {
      stopped = true;
      for (const item of items.values()) item.cancel?.();
      items.clear();
      ready.clear();
    },
  };
}
