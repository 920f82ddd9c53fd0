/** Timers and chance, as Node and browsers both have them. */

import type { Ambience } from '../transport.ts';

export const ambience: Ambience = {
  pause: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
    }),
  chance: Math.random,
  deadline: (ms) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new DOMException('', 'TimeoutError')), ms);
    return { signal: controller.signal, stop: () => clearTimeout(timer) };
  },
};
