/** What only the process knows of itself, under Prometheus' usual names. */

import { gauge, type MetricFamily, one } from '../metric-text.ts';

export function processFamilies(): readonly MetricFamily[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const startedAt = Date.now() / 1000 - process.uptime();
  return [
    gauge('process_resident_memory_bytes', 'Resident memory.', rss),
    gauge('nodejs_heap_size_used_bytes', 'Heap in use.', heapUsed),
    one(
      'process_cpu_seconds_total',
      'counter',
      'CPU time, user and system.',
      (user + system) / 1e6,
    ),
    gauge(
      'process_start_time_seconds',
      'When the process started, since 1970.',
      Math.round(startedAt),
    ),
  ];
}
