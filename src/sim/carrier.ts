/** Carries simulated HTTP to the server's own handler, as its listener does in the real world. */

import { fail, ok } from '../base/result.ts';
import type { Answer, Handler } from '../sabakan/exchange.ts';
import type { SimHandler } from './web.ts';

/** @param requestId a new one for each request. */
export function carry(handle: Handler, requestId: () => string): SimHandler {
  return async (request) => {
    const url = new URL(request.url);
    const body = request.body ?? new Uint8Array();
    const answer = await handle({
      method: request.method,
      path: decodeURIComponent(url.pathname),
      query: new Map([...url.searchParams].toReversed()),
      headers: new Map(Object.entries(request.headers ?? {})),
      remoteAddress: request.remoteAddress,
      requestId: requestId(),
      body: {
        read: async (bytesMax) =>
          body.length <= bytesMax
            ? ok(body)
            : fail({ kind: 'body-too-large', text: `more than ${bytesMax} bytes` }),
        stream: async function* () {
          yield body;
        },
      },
    });
    const isHead = request.method === 'HEAD';
    const bytes = isHead ? new Uint8Array() : await bytesOf(answer);
    const length = isHead ? lengthOf(answer) : bytes.length;
    answer.watch?.ended(bytes.length);
    const headers = { ...answer.headers, 'content-length': String(length) };
    return { status: answer.status, headers, body: bytes };
  };
}

async function bytesOf({ body }: Answer): Promise<Uint8Array> {
  if (body.kind === 'none') return new Uint8Array();
  if (body.kind === 'bytes') return body.bytes;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open()) chunks.push(chunk);
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** What a HEAD announces: the length its GET would have. */
function lengthOf(answer: Answer): number {
  const announced = answer.headers['content-length'];
  if (announced !== undefined) return Number(announced);
  if (answer.body.kind === 'bytes') return answer.body.bytes.length;
  return answer.body.kind === 'stream' ? (answer.body.length ?? 0) : 0;
}
