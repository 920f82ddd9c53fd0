/** An answer on its way out: lengths that firmware relies on, and streams at the reader's pace. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { World } from '../../base/world.ts';
import type { Answer, BodyWatch } from '../exchange.ts';
import { createSendTurns, turnBytesDefault } from './send-turns.ts';

type Channel = {
  readonly request: FastifyRequest['raw'];
  readonly response: FastifyReply['raw'];
  /** The client may still be sending. */
  readonly unread: boolean;
  readonly world: Pick<World, 'clock' | 'log'>;
};

/** A client that is still sending gets this long to see our answer before the connection goes. */
const lingerMs = 2_000;
/** Whoever watches a body hears of so much at a time; it costs nothing beside what the network takes. */
const sliceBytes = 256 * 1024;

const turns = createSendTurns(turnBytesDefault, setImmediate);

export async function sendAnswer(answer: Answer, channel: Channel): Promise<void> {
  const { request, response, unread } = channel;
  const { status, body } = answer;
  const hasBody = request.method !== 'HEAD' && status !== 304 && status !== 204;
  const length =
    body.kind === 'bytes' ? body.bytes.length : body.kind === 'stream' ? body.length : 0;
  response.writeHead(status, {
    'x-content-type-options': 'nosniff',
    ...(length !== undefined && (hasBody || body.kind !== 'none')
      ? { 'content-length': String(length) }
      : {}),
    ...answer.headers,
    ...(unread ? { connection: 'close' } : {}),
  });
  const meter = answer.watch && createMeter(answer.watch, response);
  if (hasBody && body.kind === 'stream') return pump(body.open(), channel, meter);
  const bytes = hasBody && body.kind === 'bytes' ? body.bytes : undefined;
  if (bytes !== undefined && meter !== undefined && bytes.length > sliceBytes && !unread) {
    return pump(slicesOf(bytes), channel, meter);
  }
  meter?.wrote(bytes?.length ?? 0);
  if (unread) {
    if (bytes !== undefined) response.write(bytes);
    await discardRest(channel);
    response.end();
  } else {
    // Head and body in one segment.
    response.end(bytes);
  }
}

/** Ends the iterator in every case: it may hold an open file. */
async function pump(
  chunks: AsyncIterable<Uint8Array>,
  channel: Channel,
  meter: Meter | undefined,
): Promise<void> {
  const { response, world } = channel;
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    while (!response.destroyed) {
      const next = await iterator.next();
      if (next.done === true) {
        response.end();
        return;
      }
      meter?.wrote(next.value.length);
      if (!response.write(next.value)) await drained(response);
      await turns.after(next.value.length);
      meter?.look();
    }
  } catch (problem) {
    // The status is out already; a connection cut short is what is left to say that this is not all.
    const text = problem instanceof Error ? problem.message : String(problem);
    world.log.error('an answer broke off', { text });
    response.destroy();
  } finally {
    await iterator.return?.();
  }
}

async function* slicesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sliceBytes) yield bytes.subarray(at, at + sliceBytes);
}

type Meter = { readonly wrote: (bytes: number) => void; readonly look: () => void };

/** What was written and does not wait in the socket's buffer has left. */
function createMeter(watch: BodyWatch, response: Channel['response']): Meter {
  let written = 0;
  let left = 0;
  const look = (): void => {
    if (response.destroyed) return;
    left = Math.max(left, written - (response.socket?.writableLength ?? 0));
    watch.moved(left);
  };
  const end = (): void => watch.ended(response.writableFinished ? written : left);
  if (response.closed) end();
  else response.once('close', end);
  return {
    wrote: (bytes) => {
      written += bytes;
    },
    look,
  };
}

function drained(response: Channel['response']): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
    if (response.destroyed) done();
  });
}

/** Closing at once would reset the connection, and the client would never see why. */
function discardRest({ request, world }: Channel): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      request.off('end', done);
      request.off('close', done);
      resolve();
    };
    const cancel = world.clock.after(lingerMs, done);
    request.on('end', done);
    request.on('close', done);
    request.resume();
    if (request.readableEnded || request.destroyed) done();
  });
}
