/** A process that can die: from then on none of its timers fire and nothing it says gets out. */

import { fail } from '../base/result.ts';
import type { World } from '../base/world.ts';

/** @param isAlive asked at each step across the border; once false it must stay false. */
export function mortalWorld(world: World, isAlive: () => boolean): World {
  return {
    ...world,
    clock: {
      ...world.clock,
      after: (delayMs, callback) =>
        world.clock.after(delayMs, () => {
          if (isAlive()) callback();
        }),
    },
    net: {
      ...world.net,
      openUdp: async (options) => {
        const nobody = fail({ kind: 'failed', text: 'the process has ended' } as const);
        return isAlive() ? world.net.openUdp(options) : nobody;
      },
    },
  };
}
