/** Time and timers from Node. */

import { instant } from '../time.ts';
import type { Clock } from '../world.ts';

/** `setTimeout` turns anything longer into 1 ms. */
const timerMaxMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => instant(Date.now()),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    // Work that only lets others go first should not wait out a timer's millisecond each time.
    if (delayMs <= 0) {
      const turn = setImmediate(callback);
      return () => clearImmediate(turn);
    }
    const dueMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const wait = () => {
      const leftMs = dueMs - performance.now();
      timer =
        leftMs > timerMaxMs
          ? setTimeout(wait, timerMaxMs)
          : setTimeout(callback, Math.max(0, Math.ceil(leftMs)));
    };
    wait();
    return () => clearTimeout(timer);
  },
};
