/** A clock that stands still until a test moves it. */

import { type Instant, instant } from '../../src/base/time.ts';
import type { Clock } from '../../src/base/world.ts';

export type ManualClock = Clock & {
  /** Moves time and runs what became due, in order, without letting promises settle in between. */
  readonly advance: (ms: number) => void;
  /** The same, but promises settle before each timer and at the end: what loops with `await` need. */
  readonly run: (ms: number) => Promise<void>;
  /** Moves wall time alone, as an administrator or NTP would. */
  readonly jump: (ms: number) => void;
  /** How many timers wait. */
  readonly timers: () => number;
};

/** `startMs`: wall time in milliseconds since 1970; monotonic time starts at 0. */
export function manualClock(startMs = Date.UTC(2026, 10, 21, 6)): ManualClock {
  let elapsedMs = 0;
  let wallStartMs = startMs;
  let nextId = 0;
  const waiting = new Map<number, { dueMs: number; callback: () => void }>();

  const takeDue = (untilMs: number): (() => void) | undefined => {
    let first: { id: number; dueMs: number } | undefined;
    for (const [id, timer] of waiting) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) {
        first = { id, dueMs: timer.dueMs };
      }
    }
    if (first === undefined) return undefined;
    const callback = waiting.get(first.id)?.callback;
    waiting.delete(first.id);
    elapsedMs = Math.max(elapsedMs, first.dueMs);
    return callback;
  };

  return {
    now: (): Instant => instant(wallStartMs + elapsedMs),
    monotonicMs: () => elapsedMs,
    after: (delayMs, callback) => {
      const id = nextId++;
      waiting.set(id, { dueMs: elapsedMs + Math.max(0, delayMs), callback });
      return () => void waiting.delete(id);
    },
    advance: (ms) => {
      const untilMs = elapsedMs + ms;
      for (let due = takeDue(untilMs); due !== undefined; due = takeDue(untilMs)) due();
      elapsedMs = untilMs;
    },
    run: async (ms) => {
      const untilMs = elapsedMs + ms;
      await settled();
      for (let due = takeDue(untilMs); due !== undefined; due = takeDue(untilMs)) {
        due();
        await settled();
      }
      elapsedMs = untilMs;
    },
    jump: (ms) => {
      wallStartMs += ms;
    },
    timers: () => waiting.size,
  };
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A seeded stream of numbers in [0, 1) (mulberry32), so that a failing test fails again. */
export function seededChance(seed = 1): { readonly next: () => number } {
  let state = seed >>> 0;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}
