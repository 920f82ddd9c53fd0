/** What a call ends with when it does not end well: one class, told apart by `kind`. */

import type { ProblemKind } from './generated/types.ts';

/** Nothing answered, or what came was no answer of a Tetsukan. */
export type LinkKind = 'unreachable' | 'timed-out' | 'broken-answer';

export type Place = {
  /** RFC 6901, into the body that was sent. */
  readonly pointer?: string;
  /** Of path or query. */
  readonly parameter?: string;
  readonly detail: string;
};

/** The server's own problem document (RFC 9457), or why there is none. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly kind: ProblemKind | LinkKind;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  /** Every mistake of the request, each with its place. */
  readonly errors: readonly Place[];
  /** Trying again unchanged may work. */
  readonly retryable: boolean;
  /** Stands in the server's log, too. */
  readonly requestId: string | undefined;
  /** Of the object, where another revision was expected (412). */
  readonly currentRevision: string | undefined;
  /** What the server asks to wait, seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(text: string, facts: ProblemFacts) {
    super(text, facts.cause === undefined ? {} : { cause: facts.cause });
    this.kind = facts.kind;
    this.status = facts.status;
    this.errors = facts.errors ?? [];
    this.retryable = facts.retryable ?? false;
    this.requestId = facts.requestId;
    this.currentRevision = facts.currentRevision;
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

type ProblemFacts = {
  readonly kind: ProblemKind | LinkKind;
  readonly status?: number;
  readonly errors?: readonly Place[];
  readonly retryable?: boolean;
  readonly requestId?: string;
  readonly currentRevision?: string;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
};

/** Kinds of answers that carry none: of a proxy in between, or of an older server. */
const kindOfStatus: Readonly<Record<number, string>> = {
  401: 'token-missing',
  403: 'forbidden',
  404: 'not-found',
  410: 'history-gone',
  412: 'precondition-failed',
  429: 'limited',
  503: 'store-unavailable',
};

/** @param text the body of an answer that is no success. */
export function problemOf(
  status: number,
  text: string,
  header: (name: string) => string | undefined,
): ProblemError {
  const document = objectOf(text);
  const textAt = (name: string): string | undefined => {
    const value = document[name];
    return typeof value === 'string' ? value : undefined;
  };
  const kind = textAt('type')?.split(':').at(-1) ?? kindOfStatus[status] ?? 'failed';
  const seconds = Number(header('retry-after'));
  const requestId = textAt('requestId');
  const currentRevision = textAt('currentRevision');
  const said = textAt('detail') ?? textAt('error') ?? (text.slice(0, 200) || `status ${status}`);
  return new ProblemError(said, {
    kind,
    status,
    errors: Array.isArray(document['errors']) ? (document['errors'] as readonly Place[]) : [],
    retryable: document['retryable'] === true || status === 503 || status === 429,
    ...(requestId !== undefined && { requestId }),
    ...(currentRevision !== undefined && { currentRevision }),
    ...(Number.isFinite(seconds) && seconds > 0 && { retryAfterSeconds: seconds }),
  });
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
