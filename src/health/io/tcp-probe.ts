/** Does a port answer? One connection, opened and closed. */

import { connect } from 'node:net';
import type { ProbeResult } from '../probe.ts';
import { afterPendingEvents, problemResult, tenths } from './outcome.ts';

/** @param address dotted decimal, checked by the caller: no name is ever looked up. */
export function probeTcp(address: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, family: 4, noDelay: true });
    const settle = (kind: ProbeResult['kind'], text: string) => {
      clearTimeout(timer);
      // A reset, so that thousands of probes leave no connection in TIME_WAIT on either side.
      socket.resetAndDestroy();
      resolve({ kind, latencyMs: tenths(performance.now() - startMs), text });
    };
    const timer = setTimeout(
      () => afterPendingEvents(() => settle('silent', `nothing within ${timeoutMs} ms`)),
      timeoutMs,
    );
    socket.once('connect', () => settle('answered', 'connected'));
    // Stays on for good: an error after the end must not be an uncaught one.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const { kind, text } = problemResult(error);
      settle(kind, text);
    });
  });
}
