/** Captures of the flight recorder. */

import { fail, ok } from '../../base/result.ts';
import { formatInstant } from '../../base/time.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import { type CaptureV2, getCapture } from '../contract/capture.ts';
import { bytesAnswer } from '../exchange.ts';
import { json } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';

export type CaptureDeps = {
  readonly serverName: string;
  readonly pxe: Pick<Pxe, 'captureOf'>;
};

/** Neither standard nor registered, but what tools say. */
const pcapngType = 'application/x-pcapng';

export function captureEndpoint({ serverName, pxe }: CaptureDeps): Endpoint {
  return {
    operation: getCapture,
    handle: async ({ parameters, query }) => {
      const of = parameters.get('machine') ?? '';
      const capture = pxe.captureOf(of, serverName);
      if (capture === undefined) {
        const shown = JSON.stringify(of.slice(0, 150));
        const text = `${serverName} has recorded nothing of ${shown}; another server may have, and a serial number is known once its script was asked for: try the hardware address`;
        return fail({ problem: { kind: 'not-found', text } });
      }
      const { mac, messages, firstAt, lastAt, pcapng } = capture;
      if (query.get('format') === 'pcapng') {
        const name = `${mac.replaceAll(':', '')}-${serverName.replace(/[^\w.-]/g, '_')}.pcapng`;
        const headers = { 'content-disposition': `attachment; filename="${name}"` };
        return ok(bytesAnswer(200, pcapngType, pcapng, headers));
      }
      const shown: CaptureV2 = {
        ...{ of, mac, server: serverName, messages },
        firstAt: formatInstant(firstAt),
        lastAt: formatInstant(lastAt),
        pcapng: btoa(Array.from(pcapng, (octet) => String.fromCharCode(octet)).join('')),
      };
      return ok(json(shown));
    },
  };
}
