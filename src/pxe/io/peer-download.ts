/** Downloads from other servers as they come: an image does not fit into memory. */

import { request } from 'undici';
import { fail, ok } from '../../base/result.ts';
import type { PeerDownload } from '../images/pull-loop.ts';

/** Without a byte; a slow download is no failed one. */
const silenceMs = 30_000;

export const peerDownload: PeerDownload = async (url) => {
  try {
    const { statusCode, body } = await request(url, {
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    });
    body.on('error', () => {});
    return ok({ status: statusCode, chunks: body, close: () => void body.destroy() });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};
