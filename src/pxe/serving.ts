/**
 * Whether machines are being given something just now: who wants to stop everything for a moment waits. Whoever only waits
 * itself (for its approval, for its turn) or renews a lease is not served in this sense: there would be no end of it.
 */

import type { Clock } from '../base/world.ts';
import { movingEveryMs, type Sighting, type Sightings } from './sightings.ts';

/** From one message of a machine to what follows it: OVMF collects offers for 3.8 s. */
const nextWithinMs = 4_000;
/** What goes on says so every `movingEveryMs`. */
const movesWithinMs = movingEveryMs + 1_000;

/** @returns whether anything was given within the last seconds, or still is. */
export function watchServing(
  sightings: Pick<Sightings, 'subscribe'>,
  clock: Pick<Clock, 'monotonicMs'>,
): () => boolean {
  let untilMs = Number.NEGATIVE_INFINITY;
  sightings.subscribe((sighting) => {
    const forMs = servedForMs(sighting);
    if (forMs > 0) untilMs = Math.max(untilMs, clock.monotonicMs() + forMs);
  });
  return () => clock.monotonicMs() < untilMs;
}

/** How long after this something else may be on its way to the same machine; 0: nothing is. */
export function servedForMs(sighting: Sighting): number {
  switch (sighting.by) {
    case 'dhcp':
      if (sighting.sent === undefined || sighting.message === 'extending') return 0;
      return nextWithinMs;
    case 'tftp':
      return sighting.kind === 'started' || sighting.kind === 'moving'
        ? movesWithinMs
        : nextWithinMs;
    case 'http':
      // A script without an image: it asks again, for as long as nobody approves it or it has no turn.
      if (sighting.kind === 'script' && sighting.imageId === undefined) return 0;
      return sighting.phase === 'ended' ? nextWithinMs : movesWithinMs;
  }
}
