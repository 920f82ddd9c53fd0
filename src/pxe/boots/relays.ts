/** When each relay, and each link of our own, was heard last: one that fell silent while others speak is unplugged. */

import type { Ipv4 } from '../../base/addresses.ts';
import type { Instant } from '../../base/time.ts';
import type { RelayHeard } from './diagnose.ts';

/** Stands for the links that are served directly. */
export const directly = 0 as Ipv4;
/** One for each rack; beyond it the one that was silent for longest is forgotten. */
export const relaysMax = 1_024;

export type Relays = {
  readonly heard: (relay: Ipv4, at: Instant) => void;
  readonly of: (relay: Ipv4) => RelayHeard | undefined;
};

export function createRelays(): Relays {
  /** Silent for longest first. */
  const lastAt = new Map<Ipv4, Instant>();
  return {
    heard: (relay, at) => {
      lastAt.delete(relay);
      lastAt.set(relay, at);
      if (lastAt.size <= relaysMax) return;
      const [oldest] = lastAt.keys();
      if (oldest !== undefined) lastAt.delete(oldest);
    },
    of: (relay) => {
      const at = lastAt.get(relay);
      if (at === undefined) return undefined;
      const others = [...lastAt].findLast(([other]) => other !== relay);
      return { lastAt: at, othersAt: others?.[1] };
    },
  };
}
