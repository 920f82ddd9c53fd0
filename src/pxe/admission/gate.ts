/** This server's own order of machines that boot: its network is the bottleneck that they share. */

import type { Clock } from '../../base/world.ts';
import type { Machine } from '../../inventory/machine.ts';
import type { Sighting } from '../sightings.ts';
import {
  type Admission,
  type AdmissionPolicy,
  askToBoot,
  type DownloadSign,
  nobody,
  noteDownload,
  type Precedence,
  type Verdict,
  withoutSilent,
} from './admission.ts';

export type AdmissionStatus = {
  /** 0: any number. */
  readonly downloadsMax: number;
  readonly downloading: number;
  readonly waiting: number;
  /** Of the machine that waits longest now. */
  readonly longestWaitSeconds: number;
  readonly counters: Readonly<AdmissionCounters>;
};

export type AdmissionCounters = {
  /** Scripts given at once, and to machines that had waited. */
  admitted: number;
  admittedAfterWaiting: number;
  /** Scripts that said to wait. */
  toldToWait: number;
  /** Machines that fell silent while they waited, or while they loaded. */
  placesLost: number;
  turnsLost: number;
};

export type Gate = {
  /** @param address where the machine asks from */
  readonly ask: (machine: Machine, address: string) => Verdict;
  readonly note: (sighting: Sighting) => void;
  readonly status: () => AdmissionStatus;
};

export function createGate(deps: {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly policy: AdmissionPolicy;
  readonly precedenceOf: (machine: Machine) => Precedence;
}): Gate {
  const { clock, policy, precedenceOf } = deps;
  const counters: AdmissionCounters = {
    admitted: 0,
    admittedAfterWaiting: 0,
    toldToWait: 0,
    placesLost: 0,
    turnsLost: 0,
  };
  let state: Admission = nobody;

  const forgetSilent = (): void => {
    const left = withoutSilent(state, clock.monotonicMs());
    counters.turnsLost += state.slots.size - left.slots.size;
    counters.placesLost += state.waiters.size - left.waiters.size;
    state = left;
  };

  return {
    ask: (machine, address) => {
      forgetSilent();
      const asks = { serial: machine.spec.serial, address, precedence: precedenceOf(machine) };
      const { next, verdict } = askToBoot(state, asks, policy, clock.monotonicMs());
      const hasWaited = state.waiters.has(asks.serial);
      state = next;
      if (verdict.kind === 'wait') counters.toldToWait += 1;
      else if (hasWaited) counters.admittedAfterWaiting += 1;
      else counters.admitted += 1;
      return verdict;
    },
    note: (sighting) => {
      if (state.slots.size === 0) return;
      const sign = signOf(sighting);
      if (sign !== undefined) state = noteDownload(state, sign, clock.monotonicMs());
    },
    status: () => {
      forgetSilent();
      const sinceMs = [...state.waiters.values()].map((waiter) => waiter.sinceMs);
      const nowMs = clock.monotonicMs();
      return {
        downloadsMax: policy.downloadsMax,
        downloading: state.slots.size,
        waiting: state.waiters.size,
        longestWaitSeconds: Math.round((nowMs - Math.min(nowMs, ...sinceMs)) / 1000),
        counters: { ...counters },
      };
    },
  };
}

function signOf(sighting: Sighting): DownloadSign | undefined {
  if (sighting.by !== 'http' || sighting.method !== 'GET') return undefined;
  const { kind, phase, status, requestId, remoteAddress: address } = sighting;
  if (kind !== 'kernel' && kind !== 'initrd') return undefined;
  // An answer without a body moves nothing: the machine was sent elsewhere, or goes on waiting for what is missing.
  if (status !== 200 && status !== 206) return undefined;
  if (phase === 'answered') return { address, requestId, kind: 'began' };
  if (phase === 'moving') return { address, requestId, kind: 'moves' };
  const isWhole = sighting.sentBytes >= sighting.bodyBytes;
  return { address, requestId, kind: isWhole ? `${kind}-done` : 'broke-off' };
}
