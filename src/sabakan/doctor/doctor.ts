/** A server that examines itself when it is asked, however many ask. */

import { formatInstant } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import type { DoctorReportV2 } from '../contract/doctor.ts';
import { type Check, examine } from './examination.ts';
import type { DoctorFinding } from './finding.ts';

export type DoctorReport = DoctorReportV2;

/** One examination serves all who ask within this time: it costs etcd writes, and reads the whole inventory. */
const keptMs = 2_000;

export function createDoctor(
  checks: readonly Check[],
  clock: Clock,
  server: string,
): () => Promise<DoctorReport> {
  let last: Promise<DoctorReport> | undefined;
  /** Undefined while it is under way. */
  let endedMs: number | undefined;
  return () => {
    const isFresh = endedMs === undefined || clock.monotonicMs() - endedMs < keptMs;
    if (last !== undefined && isFresh) return last;
    endedMs = undefined;
    last = examine(checks, clock).then((findings) => {
      endedMs = clock.monotonicMs();
      return reportOf(server, findings, clock);
    });
    return last;
  };
}

export function reportOf(
  server: string,
  findings: readonly DoctorFinding[],
  clock: Pick<Clock, 'now'>,
): DoctorReport {
  return {
    server,
    at: formatInstant(clock.now()),
    healthy: findings.every(({ level }) => level !== 'problem'),
    findings: [...findings],
  };
}
