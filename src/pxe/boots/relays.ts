/** When each relay, and each link of our own, was heard last: one that fell silent while others speak is unplugged. */

import type { Ipv4 } from '../../base/addresses.ts';
import type { Instant } from '../../base/time.ts';
import type { RelayHeard } from './suspicion.ts';

/** Stands for the links that are served directly. */
export const directly = 0 as Ipv4;
/** One for each rack; beyond it those that were silent for longest are forgotten. */
export const relaysMax = 1_024;
/** At the bound so many go at once: whoever writes invented relays into datagrams costs little. */
const evictedShare = 8;

export type Relays = {
  readonly heard: (relay: Ipv4, at: Instant) => void;
  readonly of: (relay: Ipv4) => RelayHeard | undefined;
};

export function createRelays(): Relays {
  /** Changed in place: every DHCP message is heard from one. */
  const heard = new Map<Ipv4, { lastAt: Instant }>();

  const forgetOldest = (): void => {
    const oldestFirst = [...heard].sort(([, a], [, b]) => a.lastAt - b.lastAt);
    for (const [relay] of oldestFirst.slice(0, relaysMax / evictedShare)) heard.delete(relay);
  };

  return {
    heard: (relay, at) => {
      const known = heard.get(relay);
      if (known !== undefined) {
        known.lastAt = at;
        return;
      }
      if (heard.size >= relaysMax) forgetOldest();
      heard.set(relay, { lastAt: at });
    },
    of: (relay) => {
      const known = heard.get(relay);
      if (known === undefined) return undefined;
      let othersAt: Instant | undefined;
      for (const [other, { lastAt }] of heard) {
        if (other !== relay && (othersAt === undefined || lastAt > othersAt)) othersAt = lastAt;
      }
      return { lastAt: known.lastAt, othersAt };
    },
  };
}
