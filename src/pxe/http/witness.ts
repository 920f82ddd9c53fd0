/** Tells what machines asked for by HTTP: when it was answered, while the body leaves, and how that ended. */

import type { Clock } from '../../base/world.ts';
import { type HttpSighting, movingEveryMs, type SightingListener } from '../sightings.ts';
import type { BodyWatch, BootRequest, BootResponse } from './message.ts';

/** What the path says, beside the kind. */
export type About = { readonly serial?: string; readonly imageId?: string | undefined };

/** The same response, with a watch on its body if it has one. */
export type Witness = (
  request: BootRequest,
  kind: HttpSighting['kind'],
  about: About,
  response: BootResponse,
  text?: string,
) => BootResponse;

export function createWitness(
  clock: Pick<Clock, 'now' | 'monotonicMs'>,
  tell: SightingListener,
): Witness {
  let unnamed = 0;
  return (request, kind, about, response, text = '') => {
    const { method, path, headers, remoteAddress } = request;
    const startedMs = clock.monotonicMs();
    unnamed += request.requestId === undefined ? 1 : 0;
    const bodyBytes = bodyBytesOf(response);
    const common = {
      by: 'http',
      kind,
      requestId: request.requestId ?? `unnamed-${unnamed}`,
      method,
      path,
      userAgent: headers.get('user-agent'),
      remoteAddress,
      serial: about.serial,
      imageId: about.imageId,
      status: response.status,
      bodyBytes,
      text,
    } as const;
    const told = (phase: HttpSighting['phase'], sentBytes: number): void => {
      const durationMs = clock.monotonicMs() - startedMs;
      tell({ ...common, at: clock.now(), phase, sentBytes, durationMs });
    };
    told('answered', 0);
    if (response.body.kind === 'none') return response;

    let toldMs = clock.monotonicMs();
    const watch: BodyWatch = {
      moved: (sentBytes) => {
        if (clock.monotonicMs() - toldMs < movingEveryMs) return;
        toldMs = clock.monotonicMs();
        told('moving', sentBytes);
      },
      ended: (sentBytes) => told('ended', sentBytes),
    };
    return { ...response, watch };
  };
}

/** Of HEAD: nothing is to be sent. */
function bodyBytesOf({ body }: BootResponse): number {
  switch (body.kind) {
    case 'none':
      return 0;
    case 'bytes':
      return body.end - body.start;
    case 'stream':
      return body.length;
  }
}
