/** Requests by node:http: `fetch` refuses port 10080, Sabakan's own, as one of its "bad ports". */

import http, { type IncomingMessage } from 'node:http';
import type { Transport } from '../transport.ts';

/** PEM texts. */
export type ClientTls = {
  /** Who signed the server's certificate; absent: one of the system's roots. */
  readonly ca?: string;
  /** Our own, where the server asks for one. */
  readonly cert?: string;
  readonly key?: string;
};

export function nodeTransport({ ca, cert, key }: ClientTls = {}): Transport {
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
  return async ({ method, url, headers, body, signal }) => {
    const isTls = url.startsWith('https:');
    const { request } = isTls ? await import('node:https') : http;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(url, { ...(isTls ? tls : {}), method, headers, signal, agent: false });
      asked.on('response', resolve);
      asked.on('error', reject);
      if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
        asked.end(body);
        return;
      }
      sendAll(asked, body).catch((error: unknown) =>
        asked.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    });
    return {
      status: answer.statusCode ?? 0,
      header: (name) => {
        const value = answer.headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
      pieces: answer as AsyncIterable<Uint8Array>,
    };
  };
}

/** The socket sets the pace. */
async function sendAll(asked: http.ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of body) {
    if (asked.destroyed) return;
    if (!asked.write(piece)) {
      await new Promise<void>((go) => {
        asked.once('drain', go);
        asked.once('close', go);
      });
    }
  }
  asked.end();
}
