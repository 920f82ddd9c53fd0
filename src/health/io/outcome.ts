/** What an error of a socket says about the machine, and what only about us. */

import type { ProbeResult } from '../probe.ts';

/** connect(2), ip(7): a host or net that is unreachable is the machine's silence; the rest is ours. */
export function problemResult(error: NodeJS.ErrnoException): Pick<ProbeResult, 'kind' | 'text'> {
  switch (error.code) {
    case 'ECONNREFUSED':
      return { kind: 'refused', text: 'connection refused' };
    case 'ECONNRESET':
    case 'EPIPE':
      return { kind: 'wrong', text: 'connection reset' };
    case 'ETIMEDOUT':
      return { kind: 'silent', text: 'connection timed out' };
    case 'EHOSTUNREACH':
      return { kind: 'silent', text: 'no route to host: nobody answers for its address' };
    case 'EHOSTDOWN':
      return { kind: 'silent', text: 'host is down' };
    case 'ENETUNREACH':
      return { kind: 'silent', text: 'network unreachable' };
    default:
      // EMFILE, ENOBUFS, EADDRNOTAVAIL, EPERM, ENETDOWN, …: the question never left this server.
      return { kind: 'unasked', text: `could not be asked: ${error.code ?? error.message}` };
  }
}

/** A tenth of a millisecond is what people compare by. */
export function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/**
 * Gives events that wait their turn first. After a pause of the whole process timers fire before sockets are read, and
 * everything that answered during the pause would look silent.
 */
export function afterPendingEvents(callback: () => void): void {
  setImmediate(() => setImmediate(callback));
}
