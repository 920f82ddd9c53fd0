/** A request's body, read within bounds of size and time. */

import type { FastifyRequest } from 'fastify';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { BodyProblem, RequestBody } from '../exchange.ts';

type Incoming = FastifyRequest['raw'];

/** A body that is held in memory comes whole within this, as with Sabakan. */
const wholeWithinMs = 30_000;
/** A streamed one may take hours, as long as something comes. */
const chunkWithinMs = 60_000;

/** @param begin called when a route wants the body: the client may be waiting to be asked for it. */
export function createRequestBody(raw: Incoming, clock: Clock, begin = () => {}): RequestBody {
  return {
    read: async (bytesMax) => {
      const tooLarge: BodyProblem = {
        kind: 'body-too-large',
        text: `the body is larger than ${bytesMax} bytes`,
      };
      if (Number(raw.headers['content-length'] ?? 0) > bytesMax) return fail(tooLarge);
      begin();
      const chunks: Uint8Array[] = [];
      let size = 0;
      const untilMs = clock.monotonicMs() + wholeWithinMs;
      const iterator = iteratorOf(raw);
      for (;;) {
        const next = await nextWithin(iterator, untilMs - clock.monotonicMs(), clock);
        if (!next.ok) return next;
        if (next.value === undefined) return ok(Buffer.concat(chunks));
        size += next.value.length;
        if (size > bytesMax) return fail(tooLarge);
        chunks.push(next.value);
      }
    },
    stream: async function* () {
      begin();
      const iterator = iteratorOf(raw);
      for (;;) {
        const next = await nextWithin(iterator, chunkWithinMs, clock);
        if (!next.ok) throw new Error(next.error.text);
        if (next.value === undefined) return;
        yield next.value;
      }
    },
  };
}

/** Whether octets of a body may still be on their way. */
export function hasUnreadBody(raw: Incoming): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = raw.headers;
  return ((length !== undefined && length !== '0') || coding !== undefined) && !raw.readableEnded;
}

/** One that leaves the request alone when we stop early: its answer is still to be sent. */
function iteratorOf(raw: Incoming): AsyncIterator<Uint8Array> {
  return raw.iterator({ destroyOnReturn: false });
}

/** Undefined at the end. */
async function nextWithin(
  iterator: AsyncIterator<Uint8Array>,
  withinMs: number,
  clock: Clock,
): Promise<Result<Uint8Array | undefined, BodyProblem>> {
  let cancel = () => {};
  const tooLate = new Promise<Result<never, BodyProblem>>((resolve) => {
    const text = 'the body did not arrive in time';
    cancel = clock.after(Math.max(withinMs, 0), () => resolve(fail({ kind: 'body-cut', text })));
  });
  const next = iterator.next().then(
    ({ done, value }) => ok(done === true ? undefined : value),
    (): Result<never, BodyProblem> =>
      fail({ kind: 'body-cut', text: 'the connection was closed before the body was complete' }),
  );
  const first = await Promise.race([next, tooLate]);
  cancel();
  return first;
}
