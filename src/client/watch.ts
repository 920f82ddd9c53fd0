/**
 * A watch that goes on by itself: when the connection breaks or the server stops, it comes again with the id it had
 * last, so that every change is told once and in order.
 */

import { createEventReader } from './event-reader.ts';
import type { Row } from './generated/table.ts';
import { ProblemError, problemOf } from './problem.ts';
import { type Args, ask, type CallTerms, type Link, linkProblem } from './request.ts';

export type Change<T> = {
  /** With selectors: added when it begins to match, deleted when it ceases to. */
  readonly kind: 'added' | 'modified' | 'deleted';
  readonly name: string;
  readonly object: T;
};

export type WatchNews<T> =
  /** All changes of one revision together. */
  | {
      readonly kind: 'changes';
      /** Where to go on from. */
      readonly id: string;
      readonly revision: string;
      readonly changes: readonly Change<T>[];
    }
  /** Nothing up to `id` is missing. */
  | { readonly kind: 'bookmark'; readonly id: string };

export type WatchTerms = Pick<CallTerms, 'signal'> & {
  /** Told of each break that the watch gets over by itself. */
  readonly onBreak?: (problem: ProblemError) => void;
};

/** Servers send a bookmark every 15 seconds: after three of them the connection is dead. */
const silenceMs = 45_000;
const pauseMsMin = 200;
const pauseMsMax = 10_000;

/** @throws ProblemError where going on is not for the watch to decide: 401, 403, 410 (list again), 429, a mistake. */
export async function* watch<T>(
  link: Link,
  row: Row,
  args: Args,
  terms: WatchTerms = {},
): AsyncGenerator<WatchNews<T>> {
  const { signal, onBreak } = terms;
  let last = args['from'] === undefined ? '' : String(args['from']);
  let pauseMs = pauseMsMin;
  while (!signal?.aborted) {
    try {
      for await (const news of connection<T>(
        link,
        row,
        { ...args, from: undefined },
        last,
        signal,
      )) {
        last = news.id;
        pauseMs = pauseMsMin;
        yield news;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof ProblemError) || !isPassing(error)) throw error;
      onBreak?.(error);
    }
    await link.ambience.pause(pauseMs * (0.5 + link.ambience.chance() / 2), signal);
    pauseMs = Math.min(pauseMs * 2, pauseMsMax);
  }
}

/** A slow reader is told to go on from its last id; a server that is full is no matter of this reader. */
function isPassing({ kind, status }: ProblemError): boolean {
  if (kind === 'too-slow') return true;
  return status === undefined ? kind !== 'broken-answer' : status >= 500;
}

async function* connection<T>(
  link: Link,
  row: Row,
  args: Args,
  from: string,
  stop: AbortSignal | undefined,
): AsyncGenerator<WatchNews<T>> {
  let deadline = link.ambience.deadline(silenceMs);
  const ended = new AbortController();
  const heard = (): void => {
    deadline.stop();
    deadline = link.ambience.deadline(silenceMs);
    deadline.signal.addEventListener('abort', () => ended.abort());
  };
  heard();
  const signal = stop === undefined ? ended.signal : AbortSignal.any([ended.signal, stop]);
  const more = from === '' ? {} : { 'last-event-id': from };
  try {
    const answer = await ask(link, row, args, {}, signal, more);
    const decoder = new TextDecoder();
    if (answer.status !== 200) {
      let text = '';
      for await (const piece of answer.pieces) text += decoder.decode(piece, { stream: true });
      throw problemOf(answer.status, text, answer.header);
    }
    const read = createEventReader(from);
    for await (const piece of answer.pieces) {
      heard();
      for (const { name, id, data } of read(decoder.decode(piece, { stream: true }))) {
        if (name === 'error') throw streamProblem(data);
        if (name === 'bookmark') yield { kind: 'bookmark', id };
        if (name === 'changes') {
          const { revision, changes } = JSON.parse(data) as {
            readonly revision: string;
            readonly changes: readonly Change<T>[];
          };
          yield { kind: 'changes', id, revision, changes };
        }
      }
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw linkProblem(link, error, ended.signal.aborted);
  } finally {
    deadline.stop();
    ended.abort();
  }
}

/** The last event of a stream that the server ends. */
function streamProblem(data: string): ProblemError {
  const { status, detail } = JSON.parse(data) as { status: number; detail: string };
  if (status === 429) return new ProblemError(detail, { kind: 'too-slow', status });
  return problemOf(status, JSON.stringify({ detail }), () => undefined);
}
