/** A boot storm as gauges: how many machines load from this server, and how many wait for their turn. */

import type { PxeStatus } from '../pxe/pxe-status.ts';
import { gauge, type MetricFamily } from './metric-text.ts';

export function admissionMetrics(admission: PxeStatus['admission']): readonly MetricFamily[] {
  const { downloading, waiting, longestWaitSeconds } = admission;
  return [
    gauge('tetsukan_boot_downloading', 'Machines that load kernel and initrd.', downloading),
    gauge('tetsukan_boot_waiting', 'Machines told to wait for their turn to load.', waiting),
    gauge(
      'tetsukan_boot_longest_wait_seconds',
      'How long the machine that came first has been waiting for its turn.',
      longestWaitSeconds,
    ),
  ];
}
