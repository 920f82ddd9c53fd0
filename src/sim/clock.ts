/**
 * Virtual time: it stands still while anything can still run, then jumps to the next timer.
 *
 * Between two timers the caller's `turn` lets all promises settle, so that what a timer started is finished (or
 * waits for another timer) before time goes on. That is what makes a run repeatable.
 */

import { assert } from '../base/assert.ts';
import { instant } from '../base/time.ts';
import type { Clock } from '../base/world.ts';

/** Timers that may wait at once; more is a loop that never calls its timers off. */
const timersMax = 1_000_000;

export type SimClock = Clock & {
  /** Milliseconds since the simulation began. */
  readonly elapsedMs: () => number;
  /** Fires every timer due up to `elapsedMs`, in order of time and then of creation; `afterEach` sees each step. */
  readonly runUntil: (elapsedMs: number, afterEach?: () => void) => Promise<void>;
  /** Timers fired so far. */
  readonly fired: () => number;
};

type Timer = { readonly dueMs: number; readonly order: number; callback: (() => void) | undefined };

export function createSimClock(options: {
  readonly startMs: number;
  readonly turn: () => Promise<void>;
}): SimClock {
  const heap: Timer[] = [];
  let nowMs = 0;
  let order = 0;
  let fired = 0;

  const runUntil = async (untilMs: number, afterEach?: () => void): Promise<void> => {
    await options.turn();
    for (let next = heap[0]; next !== undefined && next.dueMs <= untilMs; next = heap[0]) {
      popLeast(heap);
      const { callback } = next;
      if (callback === undefined) continue;
      next.callback = undefined;
      nowMs = Math.max(nowMs, next.dueMs);
      fired += 1;
      callback();
      await options.turn();
      afterEach?.();
    }
    nowMs = Math.max(nowMs, untilMs);
  };

  return {
    now: () => instant(options.startMs + Math.floor(nowMs)),
    monotonicMs: () => nowMs,
    elapsedMs: () => nowMs,
    fired: () => fired,
    runUntil,
    after: (delayMs, callback) => {
      assert(Number.isFinite(delayMs), `a timer of ${delayMs} ms`);
      assert(heap.length < timersMax, `more than ${timersMax} timers wait`);
      const timer: Timer = { dueMs: nowMs + Math.max(0, delayMs), order: order++, callback };
      push(heap, timer);
      return () => {
        timer.callback = undefined;
      };
    },
  };
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(timer, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = timer;
}

function popLeast(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (left === undefined) break;
    const least = right !== undefined && isBefore(right, left) ? right : left;
    if (!isBefore(least, last)) break;
    heap[at] = least;
    at = least === left ? 2 * at + 1 : 2 * at + 2;
  }
  heap[at] = last;
}
