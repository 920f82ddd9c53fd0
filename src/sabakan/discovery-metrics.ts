/** Metrics of machines that nobody registered. */

import type { Discoveries } from '../pxe/discoveries.ts';
import type { MetricFamily } from './metric-text.ts';

/** Every state has its series, so that one that rises from nothing is seen. */
export function discoveryFamilies(
  discoveries: Pick<Discoveries, 'states'>,
): readonly MetricFamily[] {
  return [
    {
      name: 'tetsukan_discoveries',
      help: 'Machines that nobody registered, by what became of them; those that wait need a decision.',
      type: 'gauge',
      samples: Object.entries(discoveries.states()).map(([state, value]) => ({
        labels: { state },
        value,
      })),
    },
  ];
}
