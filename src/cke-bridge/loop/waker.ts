/** Runs one piece of work at a time: soon after it is woken, and at the latest when it asked to be. */

import type { Clock } from '../../base/world.ts';

export type Waker = {
  readonly start: () => void;
  readonly stop: () => void;
  /** Soon: wake-ups within the debounce time become one. */
  readonly wake: () => void;
  /** In `delayMs` at the latest; called by the work itself when it ends. */
  readonly at: (delayMs: number) => void;
};

/** `work` must not reject. */
export function createWaker(
  clock: Pick<Clock, 'after'>,
  debounceMs: number,
  work: () => Promise<void>,
): Waker {
  let going = false;
  let working = false;
  let again = false;
  let soon: (() => void) | undefined;
  let later: (() => void) | undefined;

  const run = async (): Promise<void> => {
    soon?.();
    later?.();
    soon = undefined;
    later = undefined;
    if (!going) return;
    if (working) {
      again = true;
      return;
    }
    working = true;
    again = false;
    await work();
    working = false;
    if (again) wake();
  };

  const wake = (): void => {
    if (!going) return;
    if (working) again = true;
    else soon ??= clock.after(debounceMs, () => void run());
  };

  return {
    start: () => {
      going = true;
      wake();
    },
    stop: () => {
      going = false;
      soon?.();
      later?.();
      soon = undefined;
      later = undefined;
    },
    wake,
    at: (delayMs) => {
      later?.();
      later = going ? clock.after(delayMs, () => void run()) : undefined;
    },
  };
}
