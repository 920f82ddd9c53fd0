/** One stretch of power: what a machine does between being switched on and going dark. */

import type { Clock } from '../base/world.ts';

export type Life = {
  readonly isOver: () => boolean;
  /** Runs when power goes, at once if it has gone already; returns how to forget it. */
  readonly onEnd: (callback: () => void) => () => void;
  readonly end: () => void;
  /** Resolves after `ms`, unless power goes first. */
  readonly wait: (ms: number) => Promise<void>;
  /** Goes on with the promise's outcome, unless power went meanwhile. */
  readonly during: <T>(promise: Promise<T>) => Promise<T>;
};

/**
 * A machine without power does not fail, it just stops: promises of an ended life never settle, so whatever awaits
 * one is left where it stood and forgotten.
 */
export function createLife(clock: Pick<Clock, 'after'>): Life {
  const endings = new Set<() => void>();
  let over = false;

  const onEnd = (callback: () => void): (() => void) => {
    if (over) callback();
    else endings.add(callback);
    return () => endings.delete(callback);
  };

  return {
    isOver: () => over,
    onEnd,
    end: () => {
      over = true;
      for (const ending of [...endings]) ending();
      endings.clear();
    },
    wait: (ms) =>
      new Promise((resolve) => {
        const stop = clock.after(ms, () => {
          forget();
          resolve();
        });
        const forget = onEnd(stop);
      }),
    during: (promise) =>
      new Promise((resolve, reject) => {
        promise.then(
          (value) => {
            if (!over) resolve(value);
          },
          (error: unknown) => {
            if (!over) reject(error);
          },
        );
      }),
  };
}
