/** One turn of Node's event loop: when it resolves, every promise that could settle has settled. */

import { setImmediate } from 'node:timers';

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
