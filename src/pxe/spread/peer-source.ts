/** A blob from other servers as one stream: where one of them breaks off, it or the next goes on from there. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import { type Refusal, readPeerAnswer } from './peer-answer.ts';
import type { PeerAnswer, PeerDownload } from './spreadable.ts';

export type PeerSource = {
  /** The whole blob from byte 0; throws when no server is left. Nothing is asked for before it is read. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The servers that sent a part of it. */
  readonly senders: () => readonly string[];
  /** Why the stream ended early; undefined as long as it did not. */
  readonly failure: () => string | undefined;
  readonly receivedBytes: () => number;
  /** Connections that broke before the end. */
  readonly breaks: () => number;
  /** Cuts the connection that is open; the stream ends with an error. */
  readonly abort: () => void;
};

/** Of one blob, over all servers: one that breaks after every few bytes is no way to get it. */
const attemptsMax = 40;
/** In a row without one more byte; with the pauses between them, a server has half a minute to restart. */
const idleRoundsMax = 5;
const pauseMinMs = 1_000;
const pauseMaxMs = 10_000;
/** Assets answer 302 to a server that has them. */
const redirectsMax = 3;

/** @param deps.peers URLs in the order in which they are asked. */
export function createPeerSource(deps: {
  readonly clock: Pick<Clock, 'after'>;
  readonly download: PeerDownload;
  readonly peers: readonly string[];
  /** Whether a URL leads back to us. */
  readonly isOwn: (url: string) => boolean;
  readonly bytesMax: number;
  readonly accepts?: ((headers: ReadonlyMap<string, string>) => string | undefined) | undefined;
}): PeerSource {
  const { clock, download, peers, isOwn, bytesMax, accepts } = deps;
  const senders = new Set<string>();
  /** The last trouble with each server. */
  const troubles = new Map<string, string>();
  /** Asking these again would bring the same. */
  const finished = new Set<string>();
  let current: PeerAnswer | undefined;
  let isAborted = false;
  let endPause = () => {};
  let at = 0;
  let breaks = 0;
  let failure: string | undefined;
  /** Of the content that came first. */
  let etag: string | undefined;
  let sizeBytes: number | undefined;

  const open = async (
    given: string,
  ): Promise<Result<{ readonly answer: PeerAnswer; readonly skip: number }, Refusal>> => {
    let url = given;
    for (let redirects = 0; ; redirects += 1) {
      const opened = await download(url, { fromByte: at, ifRange: etag });
      if (!opened.ok) return fail({ why: opened.error, isFinal: false });
      const answer = opened.value;
      const read = readPeerAnswer(answer, url, { at, etag, sizeBytes, bytesMax, accepts });
      if (read.kind === 'content') {
        etag ??= read.etag;
        sizeBytes ??= read.sizeBytes;
        return ok({ answer, skip: read.skip });
      }
      answer.close();
      if (read.kind === 'refused') return fail(read);
      if (isOwn(read.to)) return fail({ why: 'sent us back to ourselves', isFinal: true });
      if (redirects === redirectsMax) {
        return fail({ why: `sent us on more than ${redirectsMax} times`, isFinal: true });
      }
      url = read.to;
    }
  };

  const pause = (idleRounds: number): Promise<void> =>
    new Promise((resolve) => {
      const ms = Math.min(pauseMaxMs, pauseMinMs * 2 ** idleRounds);
      const cancel = clock.after(ms, resolve);
      endPause = () => {
        cancel();
        resolve();
      };
    });

  /** @returns whether the blob is whole. */
  async function* read(url: string): AsyncGenerator<Uint8Array, boolean> {
    const opened = await open(url);
    if (!opened.ok) {
      troubles.set(url, opened.error.why);
      if (opened.error.isFinal) finished.add(url);
      return false;
    }
    const { answer, skip } = opened.value;
    current = answer;
    if (isAborted) answer.close();
    try {
      for await (const chunk of without(answer.chunks, skip)) {
        if (at + chunk.length > bytesMax) {
          finished.add(url);
          throw new Error(`sent more than the ${bytesMax} bytes that it may be`);
        }
        senders.add(url);
        at += chunk.length;
        yield chunk;
      }
      if (sizeBytes === undefined || at === sizeBytes) return true;
      throw new Error('the answer ended early');
    } catch (error) {
      // All of it came before the connection broke.
      if (at > 0 && at === sizeBytes) return true;
      breaks += 1;
      const why = error instanceof Error ? error.message : String(error);
      troubles.set(url, `broke off at byte ${at}: ${why}`);
      return false;
    } finally {
      current = undefined;
      answer.close();
    }
  }

  async function* chunks(): AsyncGenerator<Uint8Array> {
    let idleRounds = 0;
    let attempts = 0;
    while (!isAborted) {
      const before = at;
      for (const url of peers.filter((peer) => !finished.has(peer))) {
        if (isAborted || attempts === attemptsMax || isLost()) break;
        attempts += 1;
        if (yield* read(url)) return;
      }
      idleRounds = at > before ? 0 : idleRounds + 1;
      // What has not begun can as well be begun later.
      const isOver = at === 0 || isLost() || attempts === attemptsMax || idleRounds > idleRoundsMax;
      if (isAborted || isOver || finished.size === peers.length) break;
      await pause(idleRounds);
    }
    failure = whyNot();
    throw new Error(failure);
  }

  /** Without an ETag or a sure header, the rest that somebody sends may be of something else. */
  const isLost = () => at > 0 && etag === undefined && accepts === undefined;

  const whyNot = (): string => {
    const texts = [...troubles].map(([url, why]) => `${url}: ${why}`);
    if (isLost()) texts.push('it cannot be gone on with: the answer had no ETag');
    if (isAborted) texts.push('called off');
    return texts.length === 0 ? 'no other server offers it' : texts.join('; ');
  };

  return {
    chunks: chunks(),
    senders: () => [...senders],
    failure: () => failure,
    receivedBytes: () => at,
    breaks: () => breaks,
    abort: () => {
      isAborted = true;
      current?.close();
      endPause();
    },
  };
}

/** Without the first `count` bytes. */
async function* without(
  chunks: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of chunks) {
    const cut = Math.min(left, chunk.length);
    left -= cut;
    if (cut < chunk.length) yield cut === 0 ? chunk : chunk.subarray(cut);
  }
  if (left > 0) throw new Error(`it is ${left} bytes shorter than what came before`);
}
