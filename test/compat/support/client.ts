/** HTTP as a client of Sabakan speaks it: paths as they are given, a length or chunks, from an address of choice. */

import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
  readonly json: any;
};

export type How = {
  /** Objects become JSON. */
  readonly body?: string | Uint8Array | object;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address the request comes from; default 127.0.0.1. */
  readonly from?: string;
  /** Chunks in place of a length. */
  readonly chunked?: boolean;
};

/** `ask('PUT /api/v1/state/a', { body: 'healthy' })`. */
export type Client = (what: string, how?: How) => Promise<Answer>;

export function clientOf(url: string): Client {
  const { hostname, port, protocol } = new URL(url);
  const request = protocol === 'https:' ? tlsRequest : plainRequest;
  return (what, how = {}) =>
    new Promise((resolve, reject) => {
      const [method = 'GET', path = '/'] = what.split(' ', 2);
      const body = bytesOf(how.body);
      const options: RequestOptions & { rejectUnauthorized: boolean } = {
        ...{ host: hostname, port, method, path, agent: false },
        localAddress: how.from ?? '127.0.0.1',
        headers: {
          ...(body === undefined || how.chunked ? {} : { 'content-length': String(body.length) }),
          ...(how.chunked ? { 'transfer-encoding': 'chunked' } : {}),
          ...how.headers,
        },
        rejectUnauthorized: false,
      };
      const sending = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => resolve(answerOf(incoming, Buffer.concat(chunks))));
      });
      sending.on('error', reject);
      if (how.headers?.['expect'] === '100-continue') {
        sending.flushHeaders();
        sending.once('continue', () => sending.end(body));
      } else sending.end(body);
    });
}

function answerOf(incoming: IncomingMessage, bytes: Buffer): Answer {
  const text = bytes.toString();
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    bytes,
    text,
    get json() {
      return JSON.parse(text);
    },
  };
}

function bytesOf(body: How['body']): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
