/** What an operator is shown of health as a whole, and what is counted for it. */

import type { Serial } from '../inventory/machine.ts';
import type { EvidenceShelf } from './evidence-shelf.ts';
import type { ProbeResult } from './probe.ts';
import type { Schedule } from './schedule.ts';
import type { HoldStatus, Watched } from './status.ts';
import type { Verdict } from './verdict.ts';

export type HealthOverview = {
  readonly running: boolean;
  /** Why nothing at all is moved at present; empty when machines are moved as judged. */
  readonly waitingFor: readonly string[];
  readonly holds: readonly HoldStatus[];
  readonly machines: number;
  /** How many machines have each kind of verdict. */
  readonly verdicts: Readonly<Record<Verdict['kind'], number>>;
  readonly underWay: number;
  /** How late the probes are because `probesInFlightMax` is reached. */
  readonly lateMs: number;
  readonly evidence: {
    readonly waiting: number;
    readonly trouble: string | undefined;
    readonly broken: ReadonlyMap<Serial, string>;
  };
  readonly counters: HealthCounters & {
    readonly evidenceWritten: number;
    readonly evidenceFailed: number;
  };
};

/** Of one term of leadership; the monitor counts on. */
export type HealthCounters = {
  passes: number;
  probes: number;
  /** By kind of result. */
  readonly results: Record<ProbeResult['kind'], number>;
  moves: number;
  /** Moves the inventory did not take: somebody was faster, the store is away, leadership is lost. */
  movesRefused: number;
  /** Verdicts that a crowd held back, counted once per machine and hold. */
  held: number;
  clockJumps: number;
  /** Probes that gave no result in time plus a second: a fault of the prober, not of the machine. */
  probesLost: number;
};

export function noCounts(): HealthCounters {
  return {
    passes: 0,
    probes: 0,
    results: { answered: 0, refused: 0, silent: 0, wrong: 0, unasked: 0 },
    moves: 0,
    movesRefused: 0,
    held: 0,
    clockJumps: 0,
    probesLost: 0,
  };
}

export function countPass(
  counters: HealthCounters,
  results: ReadonlyMap<string, ProbeResult>,
): void {
  counters.passes += 1;
  counters.probes += results.size;
  for (const { kind } of results.values()) counters.results[kind] += 1;
}

export function overviewOf(
  parts: Pick<HealthOverview, 'running' | 'waitingFor' | 'holds'> & {
    readonly watched: ReadonlyMap<Serial, Watched>;
    readonly schedule: Pick<Schedule, 'underWay' | 'lateMs'>;
    readonly shelf: Pick<EvidenceShelf, 'waiting' | 'trouble' | 'broken' | 'counters'>;
    readonly counters: HealthCounters;
  },
): HealthOverview {
  const { running, waitingFor, holds, watched, schedule, shelf, counters } = parts;
  const verdicts = { keep: 0, wait: 0, move: 0 };
  for (const { verdict } of watched.values()) verdicts[verdict.kind] += 1;
  const { written, failed } = shelf.counters();
  return {
    ...{ running, waitingFor, holds, machines: watched.size, verdicts },
    underWay: schedule.underWay(),
    lateMs: schedule.lateMs(),
    evidence: { waiting: shelf.waiting(), trouble: shelf.trouble(), broken: shelf.broken() },
    counters: {
      ...counters,
      results: { ...counters.results },
      evidenceWritten: written,
      evidenceFailed: failed,
    },
  };
}
