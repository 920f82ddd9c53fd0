/** Requests out, with a bound on time and size. Redirects are not followed. */

import { Agent, type Dispatcher, request } from 'undici';
import { fail, ok, type Result } from '../result.ts';
import type { HttpClient, HttpProblem, HttpRequest, HttpResponse } from '../world.ts';

/** Connections kept to one origin; a probe round asks each machine once. */
const connectionsPerOriginMax = 4;
/** Idle connections go soon: a fleet has a thousand origins, and each would hold a socket. */
const keepAliveMs = 4_000;

/** @returns the client, and how to close the connections it keeps. */
export function createHttpClient(): HttpClient & { readonly close: () => Promise<void> } {
  const agent = new Agent({
    connections: connectionsPerOriginMax,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    pipelining: 1,
  });
  return {
    request: (wanted) => exchange(agent, wanted),
    close: () => agent.destroy(),
  };
}

async function exchange(
  agent: Agent,
  wanted: HttpRequest,
): Promise<Result<HttpResponse, HttpProblem>> {
  try {
    const response = await request(wanted.url, {
      dispatcher: agent,
      method: wanted.method,
      signal: AbortSignal.timeout(wanted.timeoutMs),
      ...(wanted.headers === undefined ? {} : { headers: { ...wanted.headers } }),
      ...(wanted.body === undefined ? {} : { body: wanted.body }),
    });
    const body = await readBody(response, wanted.bodyBytesMax);
    if (body === undefined) {
      const text = `the answer of ${wanted.url} is larger than ${wanted.bodyBytesMax} bytes`;
      return fail({ kind: 'too-large', text });
    }
    return ok({ status: response.statusCode, headers: flatHeaders(response.headers), body });
  } catch (error) {
    return fail(problemOf(wanted, error));
  }
}

async function readBody(
  response: Dispatcher.ResponseData,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function flatHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function problemOf(wanted: HttpRequest, error: unknown): HttpProblem {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  const text = `${wanted.method} ${wanted.url}: ${message ?? String(error)}`;
  if (name === 'TimeoutError' || code?.includes('TIMEOUT')) {
    return {
      kind: 'timed-out',
      text: `${wanted.method} ${wanted.url}: no answer within ${wanted.timeoutMs} ms`,
    };
  }
  return { kind: code === 'ECONNREFUSED' ? 'refused' : 'failed', text };
}
