/** HTTP between simulated hosts: a request finds the handler that listens at its address and port. */

import { fail, ok, type Result } from '../base/result.ts';
import type { Clock, HttpClient, HttpProblem, HttpRequest, HttpResponse } from '../base/world.ts';

export type SimHandler = (
  request: HttpRequest & { readonly remoteAddress: string },
) => Promise<HttpResponse>;

export type SimWeb = {
  /** Returns how to stop listening. `isUp` false: connections hang until they time out. */
  readonly listen: (
    address: string,
    port: number,
    listener: { readonly isUp: () => boolean; readonly handle: SimHandler },
  ) => () => void;
  /** Connections that somebody's packet filter swallows: from an address to `address:port`; undefined: none. */
  readonly setFilter: (swallows: ((from: string, place: string) => boolean) | undefined) => void;
  readonly clientOf: (host: {
    readonly address: () => string;
    readonly isUp: () => boolean;
  }) => HttpClient;
};

/** A quiet gigabit: round trip to the first byte, then bytes per millisecond. */
const roundTripMs = 1;
const bytesPerMs = 125_000;

export function createSimWeb(clock: Clock): SimWeb {
  const listeners = new Map<string, { isUp: () => boolean; handle: SimHandler }>();

  let swallows: ((from: string, place: string) => boolean) | undefined;

  const wait = (ms: number): Promise<void> => new Promise((done) => clock.after(ms, done));

  const exchange = async (
    request: HttpRequest,
    remoteAddress: string,
  ): Promise<Result<HttpResponse, HttpProblem> | 'silence'> => {
    const url = new URL(request.url);
    const place = `${url.hostname}:${url.port === '' ? '80' : url.port}`;
    await wait(roundTripMs);
    if (swallows?.(remoteAddress, place) === true) return 'silence';
    const listener = listeners.get(place);
    if (listener === undefined) {
      return fail({ kind: 'refused', text: `nobody listens at ${place}` });
    }
    if (!listener.isUp()) return 'silence';
    const response = await listener.handle({ ...request, remoteAddress });
    if (response.body.length > request.bodyBytesMax) {
      return fail({ kind: 'too-large', text: `more than ${request.bodyBytesMax} bytes` });
    }
    await wait(response.body.length / bytesPerMs);
    return listener.isUp() ? ok(response) : 'silence';
  };

  return {
    listen: (address, port, listener) => {
      const place = `${address}:${port}`;
      listeners.set(place, listener);
      return () => listeners.delete(place);
    },
    setFilter: (next) => {
      swallows = next;
    },
    clientOf: (host) => ({
      request: (request) =>
        new Promise((resolve) => {
          const timedOut = fail<HttpProblem>({
            kind: 'timed-out',
            text: `no answer within ${request.timeoutMs} ms`,
          });
          const stop = clock.after(request.timeoutMs, () => resolve(timedOut));
          if (!host.isUp()) return;
          exchange(request, host.address()).then(
            (outcome) => {
              if (outcome === 'silence' || !host.isUp()) return;
              stop();
              resolve(outcome);
            },
            (error: unknown) => {
              stop();
              resolve(fail({ kind: 'failed', text: String(error) }));
            },
          );
        }),
    }),
  };
}
