/** Downloads from other servers as they come: an image does not fit into memory. */

import { request } from 'undici';
import { fail, ok } from '../../base/result.ts';
import type { PeerDownload } from '../spread/spreadable.ts';

/** Without a byte; a slow download is no failed one. */
const silenceMs = 30_000;

export const peerDownload: PeerDownload = async (url, { fromByte, ifRange }) => {
  try {
    const { statusCode, headers, body } = await request(url, {
      headers: {
        ...(fromByte > 0 && { range: `bytes=${fromByte}-` }),
        ...(fromByte > 0 && ifRange !== undefined && { 'if-range': ifRange }),
      },
      // A connection kept from before may be to a process that is gone.
      reset: true,
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    });
    body.on('error', () => {});
    const first = (value: string | string[] | undefined) =>
      Array.isArray(value) ? value[0] : value;
    return ok({
      status: statusCode,
      headers: new Map(Object.entries(headers).map(([name, value]) => [name, first(value) ?? ''])),
      chunks: body,
      close: () => void body.destroy(),
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};
