/**
 * Downloads from other servers as they come: an image does not fit into memory. By Node's own client: undici's ends the
 * process when a server closes the connection while the body waits for its reader.
 */

import http from 'node:http';
import https from 'node:https';
import { fail, ok } from '../../base/result.ts';
import type { PeerDownload } from '../spread/spreadable.ts';

/** Without a byte; a slow download is no failed one. */
const silenceMs = 30_000;

export const peerDownload: PeerDownload = (url, { fromByte, ifRange }) =>
  new Promise((resolve) => {
    const refuse = (error: unknown): void =>
      resolve(fail(error instanceof Error ? error.message : String(error)));
    try {
      const { get } = url.startsWith('https:') ? https : http;
      const headers = {
        ...(fromByte > 0 && { range: `bytes=${fromByte}-` }),
        ...(fromByte > 0 && ifRange !== undefined && { 'if-range': ifRange }),
      };
      // A connection kept from before may be to a process that is gone.
      const asked = get(url, { agent: false, timeout: silenceMs, headers }, (answer) => {
        answer.on('error', () => {});
        const first = (value: string | string[] | undefined) =>
          Array.isArray(value) ? value[0] : value;
        const named = Object.entries(answer.headers);
        resolve(
          ok({
            status: answer.statusCode ?? 0,
            headers: new Map(named.map(([name, value]) => [name, first(value) ?? ''])),
            chunks: answer,
            close: () => void answer.destroy(),
          }),
        );
      });
      asked.on('timeout', () => asked.destroy(new Error('nothing came for 30 seconds')));
      asked.on('error', refuse);
    } catch (error) {
      refuse(error);
    }
  });
