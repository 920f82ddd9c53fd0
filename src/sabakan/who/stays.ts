/** Answers that go on and on (watches): each caller may have so many, and they end when its right to read does. */

import type { Clock } from '../../base/world.ts';

export type StayEnd = { readonly status: number; readonly detail: string };

/** Of one request. */
export type Stay = {
  /** False: this caller has as many open as it may. */
  readonly hasRoom: () => boolean;
  /** `end` is called at most once, when the caller may not read on. Call what is returned when the stream is over. */
  readonly begin: (end: (why: StayEnd) => void) => () => void;
};

export type Stays = {
  /** @param whyNot asked from time to time: why the caller may not read on; undefined: it may. */
  readonly of: (key: string, whyNot: (() => string | undefined) | undefined) => Stay;
  /** Asks all at once: something has changed. */
  readonly check: () => void;
  readonly stop: () => void;
};

/** Tokens expire without anything happening in the store. */
const lookEveryMs = 1_000;

export function createStays(clock: Clock, perCallerMax: number): Stays {
  const counts = new Map<string, number>();
  const watched = new Set<() => void>();
  let cancel: (() => void) | undefined;

  const check = (): void => {
    for (const look of [...watched]) look();
  };
  const tick = (): void => {
    cancel = undefined;
    check();
    if (watched.size > 0) cancel = clock.after(lookEveryMs, tick);
  };

  return {
    of: (key, whyNot) => ({
      hasRoom: () => (counts.get(key) ?? 0) < perCallerMax,
      begin: (end) => {
        counts.set(key, (counts.get(key) ?? 0) + 1);
        const look = (): void => {
          const detail = whyNot?.();
          if (detail === undefined) return;
          watched.delete(look);
          end({ status: 401, detail });
        };
        if (whyNot !== undefined) {
          watched.add(look);
          look();
          cancel ??= clock.after(lookEveryMs, tick);
        }
        let isOver = false;
        return () => {
          if (isOver) return;
          isOver = true;
          watched.delete(look);
          const left = (counts.get(key) ?? 1) - 1;
          if (left === 0) counts.delete(key);
          else counts.set(key, left);
        };
      },
    }),
    check,
    stop: () => {
      cancel?.();
      cancel = undefined;
      watched.clear();
    },
  };
}
