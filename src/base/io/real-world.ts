/** The real outside world, all edges in one bundle. */

import type { Store } from '../store.ts';
import type { Log, World } from '../world.ts';
import { createHttpClient } from './http-client.ts';
import { systemChance } from './system-chance.ts';
import { systemClock } from './system-clock.ts';
import { createNet } from './udp.ts';

/** The store is handed in because it needs configuration; `close` ends what the world itself keeps open. */
export function createRealWorld(parts: {
  readonly store: Store;
  readonly log: Log;
}): World & { readonly close: () => Promise<void> } {
  const http = createHttpClient();
  return {
    clock: systemClock,
    chance: systemChance,
    net: createNet(),
    http,
    store: parts.store,
    log: parts.log,
    close: http.close,
  };
}
