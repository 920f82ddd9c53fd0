/** Network boot on the metrics page: what it has done, and what stands still or waits in it. */

import { bootStepNames } from '../pxe/boot.ts';
import type { Pxe } from '../pxe/pxe.ts';
import { gauge, type MetricFamily } from './metric-text.ts';

/** By the name of their series, without `tetsukan_` and `_total`. */
export function bootCounters(pxe: Pxe): Readonly<Record<string, number>> {
  const { dhcp, tftp, pulls, admission } = pxe.status();
  return {
    ...prefixed('boot_admission', admission.counters),
    ...prefixed('dhcp', dhcp?.counters ?? {}),
    ...prefixed('tftp', tftp.counters),
    ...prefixed('image_pulls', pulls.counters.image),
    ...prefixed('asset_pulls', pulls.counters.asset),
    ...prefixed('boots', pxe.boots.counters()),
    ...prefixed('discoveries', pxe.discoveries.counters()),
  };
}

export function bootFamilies({ boots, discoveries, status }: Pxe): readonly MetricFamily[] {
  const stuck = boots.stuck();
  const { bytes, bytesMax } = boots.stored();
  const { downloading, waiting, longestWaitSeconds } = status().admission;
  return [
    // Every step and every state has its series, so that one that rises from nothing is seen.
    {
      name: 'tetsukan_boots_stuck',
      help: 'Boots whose next step is overdue, by the step they wait for.',
      type: 'gauge',
      samples: bootStepNames.map((step) => ({ labels: { step }, value: stuck.get(step) ?? 0 })),
    },
    gauge('tetsukan_boots_stored_bytes', 'Records of boots in the store.', bytes),
    gauge('tetsukan_boots_stored_bytes_max', 'Beyond it the oldest boots go.', bytesMax),
    {
      name: 'tetsukan_discoveries',
      help: 'Machines that nobody registered, by what became of them; those that wait need a decision.',
      type: 'gauge',
      samples: Object.entries(discoveries.states()).map(([state, value]) => ({
        labels: { state },
        value,
      })),
    },
    gauge('tetsukan_boot_downloading', 'Machines that load kernel and initrd.', downloading),
    gauge('tetsukan_boot_waiting', 'Machines told to wait for their turn to load.', waiting),
    gauge(
      'tetsukan_boot_longest_wait_seconds',
      'How long the machine that came first has been waiting for its turn.',
      longestWaitSeconds,
    ),
  ];
}

/** `{ rangeFull: 1 }` → `{ dhcp_range_full: 1 }`. */
function prefixed(
  name: string,
  counters: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).map(([key, value]) => [
      `${name}_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      value,
    ]),
  );
}
