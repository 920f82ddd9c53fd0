/**
 * One HTTP request and its answer as plain data: what the routes see, whoever carries it (a real listener, a test, or
 * the simulated world).
 */

import type { Receipt } from '../base/receipt.ts';
import type { Result } from '../base/result.ts';
import type { Caller } from './who/caller.ts';
import type { Permission } from './who/role.ts';
import type { Stay } from './who/stays.ts';

export type Exchange = {
  readonly method: string;
  /** Percent-decoded once and not normalised: `//` and `..` are text like any other. */
  readonly path: string;
  /** The first value of each parameter. */
  readonly query: ReadonlyMap<string, string>;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The socket's peer; IPv4 addresses never in their IPv6-mapped form. */
  readonly remoteAddress: string;
  /** Given by the client or made by us; stands in errors and log lines. */
  readonly requestId: string;
  readonly body: RequestBody;
  /** Of a request that may come again. */
  readonly receipt?: Receipt;
  /** It came over TLS. */
  readonly isSecure?: boolean;
  /** Common name of a client certificate that the configured authority has signed. */
  readonly certificateName?: string;
  /** Set by the door, once it has let the request in. */
  readonly admitted?: Admitted;
};

export type Admitted = {
  readonly caller: Caller;
  /** For answers that go on and on. */
  readonly stay: Stay;
};

export type RequestBody = {
  /** The whole body, or why not; more than `bytesMax` is an error, never a cut body. */
  readonly read: (bytesMax: number) => Promise<Result<Uint8Array, BodyProblem>>;
  /** For what is too large to hold; the reader sets the pace. May be taken once. */
  readonly stream: () => AsyncIterable<Uint8Array>;
};

export type BodyProblem = {
  readonly kind: 'body-too-large' | 'body-cut';
  readonly text: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
  /** Whoever carries the body says how far it is. */
  readonly watch?: BodyWatch;
};

/** Octets of the body that were handed to the network, not those that wait in our own buffers. */
export type BodyWatch = {
  readonly moved: (sentBytes: number) => void;
  /** Exactly once: the body has left, whole or not. */
  readonly ended: (sentBytes: number) => void;
};

export type AnswerBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'stream';
      /** In bytes, where it is known: firmware needs Content-Length. */
      readonly length?: number;
      /** Called once, when the answer is sent; not called for HEAD. */
      readonly open: () => AsyncIterable<Uint8Array>;
    };

export type Handler = (exchange: Exchange) => Promise<Answer>;

/** A route that a path leads to; `name` is bounded text for metrics: `/api/v1/state/{serial}`. */
export type Route = {
  readonly name: string;
  readonly handle: Handler;
  /** What each method needs; absent: see `who/permissions.ts`. */
  readonly needs?: (method: string) => Permission;
};

const utf8 = new TextEncoder();
// A byte order mark is text like any other, as it is to Go: nothing we take may begin with one.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const noBody: AnswerBody = { kind: 'none' };

export function emptyAnswer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers, body: noBody };
}

export function textAnswer(status: number, contentType: string, text: string): Answer {
  return bytesAnswer(status, contentType, utf8.encode(text));
}

export function bytesAnswer(
  status: number,
  contentType: string,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { 'content-type': contentType, ...headers },
    body: { kind: 'bytes', bytes },
  };
}

/** Undefined when the bytes are no UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}
