/** Requests by `fetch`: browsers, and whatever else has it. Not for port 10080, which `fetch` refuses. */

import type { Transport } from '../transport.ts';

export const fetchTransport: Transport = async ({ method, url, headers, body, signal }) => {
  const answer = await fetch(url, {
    method,
    headers,
    signal,
    redirect: 'manual',
    ...(body === undefined ? {} : { body: bodyOf(body), duplex: 'half' }),
  } as RequestInit);
  return {
    status: answer.status,
    header: (name) => answer.headers.get(name) ?? undefined,
    pieces: piecesOf(answer.body),
  };
};

function bodyOf(body: string | Uint8Array | AsyncIterable<Uint8Array>): unknown {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  const iterator = body[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** Not every browser lets a stream be looped over. */
async function* piecesOf(stream: Response['body']): AsyncGenerator<Uint8Array> {
  if (stream === null) return;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
