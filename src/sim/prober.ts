/** A prober that asks simulated machines, with the answers a real one would get. */

import { formatIpv4 } from '../base/addresses.ts';
import type { Clock } from '../base/world.ts';
import type { Probe, ProbeResult, Prober } from '../health/probe.ts';
import type { OsAnswer, SimOsDirectory } from './os.ts';

/** Loopback to the rack and back. */
const roundTripMs = 0.4;

/** @param isUp false: the server that probes is cut off itself. */
export function createSimProber(
  clock: Clock,
  directory: Pick<SimOsDirectory, 'ask'>,
  isUp: () => boolean,
): Prober {
  return {
    ask: ({ address, probe, timeoutMs }) =>
      new Promise((resolve) => {
        const answer: OsAnswer = isUp() ? directory.ask(formatIpv4(address)) : { kind: 'silent' };
        const result = resultOf(answer, probe, timeoutMs);
        clock.after(result.latencyMs, () => resolve(result));
      }),
  };
}

function resultOf(answer: OsAnswer, probe: Probe, timeoutMs: number): ProbeResult {
  if (answer.kind === 'silent') {
    return { kind: 'silent', latencyMs: timeoutMs, text: `nothing within ${timeoutMs} ms` };
  }
  // A slow or sick OS still completes TCP handshakes: its kernel does that.
  if (probe.kind === 'tcp') return { kind: 'answered', latencyMs: roundTripMs, text: 'connected' };
  const latencyMs = roundTripMs + answer.afterMs;
  if (latencyMs > timeoutMs) {
    const text = `connected, then nothing within ${timeoutMs} ms`;
    return { kind: 'wrong', latencyMs: timeoutMs, text };
  }
  const { status } = answer;
  return status === probe.expectStatus
    ? { kind: 'answered', latencyMs, status, text: `status ${status}` }
    : { kind: 'wrong', latencyMs, status, text: `status ${status}, not ${probe.expectStatus}` };
}
