/** One call as requests: where it goes, how long it may take, and whether it may be made once more. */

import type { Row } from './generated/table.ts';
import { ProblemError, problemOf } from './problem.ts';
import type { Ambience, Transport, TransportAnswer } from './transport.ts';

export type Link = {
  /** `http://host:10080`, without a slash at the end. */
  readonly server: string;
  readonly token: string | undefined;
  readonly transport: Transport;
  readonly ambience: Ambience;
  readonly timeoutMs: number;
};

/** Beside what an operation takes. */
export type CallTerms = {
  readonly signal?: AbortSignal;
  /** Of one request, connect to last byte; default: the client's. */
  readonly timeoutMs?: number;
  /** The same key once more has the first answer again; with one, a write is tried again when its answer is lost. */
  readonly idempotencyKey?: string;
};

/** Members of path, query and headers by name, and `body`. */
export type Args = Readonly<Record<string, unknown>>;

export type Reply = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Parsed JSON; undefined where there is none. */
  readonly body: unknown;
};

const triesMax = 3;
const firstPauseMs = 250;
/** What a server may ask to wait at most before the caller is told instead. */
const retryAfterMsMax = 10_000;
/** Of JSON answers: the largest page of a list is a tenth of it. */
const answerBytesMax = 256 * 1024 * 1024;

/** @throws ProblemError */
export async function call(
  link: Link,
  row: Row,
  args: Args,
  terms: CallTerms = {},
): Promise<Reply> {
  const mayRepeat =
    (row.method === 'GET' || terms.idempotencyKey !== undefined) && !isStream(args['body']);
  for (let tries = 1; ; tries += 1) {
    try {
      return await once(link, row, args, terms);
    } catch (error) {
      if (!(error instanceof ProblemError) || !error.retryable || !mayRepeat) throw error;
      const pauseMs = pauseBefore(error, tries, link.ambience);
      if (tries >= triesMax || pauseMs > retryAfterMsMax || terms.signal?.aborted) throw error;
      await link.ambience.pause(pauseMs, terms.signal);
    }
  }
}

function pauseBefore(error: ProblemError, tries: number, { chance }: Ambience): number {
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  return Math.max(asked, firstPauseMs * 2 ** (tries - 1)) * (1 + chance() / 2);
}

async function once(link: Link, row: Row, args: Args, terms: CallTerms): Promise<Reply> {
  const deadline = link.ambience.deadline(terms.timeoutMs ?? link.timeoutMs);
  const signals = [deadline.signal, ...(terms.signal === undefined ? [] : [terms.signal])];
  try {
    const answer = await ask(link, row, args, terms, AbortSignal.any(signals));
    const text = await textOf(answer.pieces);
    if (answer.status >= 300) throw problemOf(answer.status, text, answer.header);
    return { status: answer.status, header: answer.header, body: parsed(link, text) };
  } catch (error) {
    if (error instanceof ProblemError || terms.signal?.aborted) throw error;
    throw linkProblem(link, error, deadline.signal.aborted);
  } finally {
    deadline.stop();
  }
}

/** Sends a request, and leaves the body of its answer to the caller. */
export function ask(
  link: Link,
  row: Row,
  args: Args,
  terms: CallTerms,
  signal: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<TransportAnswer> {
  const body = bodyOf(args['body']);
  const headers: Record<string, string> = {
    accept: row.reads === 'events' ? 'text/event-stream' : 'application/json',
    ...(link.token === undefined ? {} : { authorization: `Bearer ${link.token}` }),
    ...(body === undefined ? {} : { 'content-type': row.type ?? 'application/json' }),
    ...(terms.idempotencyKey === undefined ? {} : { 'idempotency-key': terms.idempotencyKey }),
    ...condition('if-match', args['ifMatch']),
    ...condition('if-none-match', args['ifNoneMatch']),
    ...more,
  };
  const url = urlOf(link.server, row, args);
  const request = { method: row.method, url, headers, signal };
  return link.transport(body === undefined ? request : { ...request, body });
}

/** What is no parameter of the path and no header is one of the query. */
export function urlOf(server: string, { path }: Row, args: Args): string {
  const used = new Set(['body', 'ifMatch', 'ifNoneMatch']);
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = args[name];
    if (value === undefined || value === '') throw new TypeError(`${path} needs ${name}`);
    used.add(name);
    return encodeURIComponent(String(value));
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) {
    if (value !== undefined && !used.has(name)) query.set(name, String(value));
  }
  const text = query.toString();
  return `${server}/api/v2${filled}${text === '' ? '' : `?${text}`}`;
}

/** A revision as it stands in objects becomes an entity tag. */
function condition(name: string, value: unknown): Record<string, string> {
  if (value === undefined) return {};
  const text = String(value);
  return { [name]: text === '*' || text.startsWith('"') ? text : `"${text}"` };
}

function bodyOf(body: unknown): string | Uint8Array | AsyncIterable<Uint8Array> | undefined {
  if (body === undefined || body instanceof Uint8Array) return body;
  return isStream(body) ? body : JSON.stringify(body);
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > answerBytesMax) throw new RangeError(`an answer over ${answerBytesMax} bytes`);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function parsed({ server }: Link, text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new ProblemError(`${server} answered with something that is no JSON`, {
      kind: 'broken-answer',
    });
  }
}

/** Nothing came, or not all of it. */
export function linkProblem({ server }: Link, cause: unknown, isLate: boolean): ProblemError {
  if (isLate) {
    const text = `${server} did not answer in time`;
    return new ProblemError(text, { kind: 'timed-out', retryable: true, cause });
  }
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  const text = `cannot reach ${server}: ${why}`;
  return new ProblemError(text, { kind: 'unreachable', retryable: true, cause });
}
