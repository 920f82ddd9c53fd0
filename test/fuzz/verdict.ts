/** Whether an answer is one that a client can live with. */

import { problemTable } from '../../src/sabakan/problems.ts';
import type { FuzzRequest } from './requests.ts';

export type FuzzAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly tookMs: number;
};

type Row = { readonly status: number; readonly v2?: number; readonly retryable?: true };
const table: Readonly<Record<string, Row>> = problemTable;

/**
 * What a server on a store that answers may be too busy for: its upload slots are taken, or a dozen clients change the
 * same key. That it has not heard from the store (`not-live`), or cannot reach it, is not true here.
 */
const rightly503 = ['uploads-busy', 'contended'];

/** What is wrong with it; undefined: nothing. */
export function wrongWith(request: FuzzRequest, answer: FuzzAnswer): string | undefined {
  const { status, body } = answer;
  if (status < 400 || request.method === 'HEAD') {
    // HEAD has no body.
    return status < 500 ? undefined : `${status} without a body to explain it`;
  }
  if (request.target.startsWith('/api/v2')) return wrongProblem(answer);
  // Refused before it was known which version is asked: the path cannot be read.
  if (request.target.startsWith('/graphql')) {
    if (status >= 500) return `${status}: ${body.slice(0, 300)}`;
    return body.trim() === '' ? `${status} with an empty body` : undefined;
  }
  // A file whose precondition fails comes without a word, as Go's http.ServeContent answers Sabakan's clients.
  if (status === 412 && request.method === 'GET' && body === '') return undefined;
  return wrongV1(answer);
}

function wrongProblem({ status, headers, body }: FuzzAnswer): string | undefined {
  const json = parsed(body);
  if (json === undefined) return `${status} without JSON: ${body.slice(0, 300)}`;
  if (json['error'] !== undefined) return refusedEarly(status, json);
  if (headers['content-type'] !== 'application/problem+json') {
    return `${status} as ${String(headers['content-type'])}`;
  }
  const { type, detail, title } = json;
  const kind = String(type).replace(/^urn:tetsukan:problem:/, '');
  const row = table[kind];
  if (row === undefined) return `an unknown kind of problem: ${String(type)}`;
  if (json['status'] !== status || (row.v2 ?? row.status) !== status) {
    return `${kind} with the status ${status}`;
  }
  if (typeof detail !== 'string' || detail.length < 5) return `${kind} without a reason`;
  if (typeof title !== 'string' || /^\d+$/.test(title)) return `${status} has no title`;
  return status < 500 || rightly503.includes(kind) ? undefined : `${status} ${kind}: ${detail}`;
}

/** Sabakan's odd 500s are its contract; a fault is none of them. */
function wrongV1({ status, headers, body }: FuzzAnswer): string | undefined {
  const json = parsed(body);
  if (json === undefined) {
    return status >= 500 || body.trim() === ''
      ? `${status} without JSON: ${body.slice(0, 300)}`
      : undefined;
  }
  if (typeof json['error'] !== 'string' || json['error'] === '')
    return `${status} without an error`;
  const told = headers['x-tetsukan-detail'];
  if (told === undefined) return refusedEarly(status, json);
  const [kind = '', ...text] = String(told).split(': ');
  if (table[kind]?.status !== status) return `${kind} with the status ${status}`;
  const isFault = kind === 'failed' && text.join(': ').startsWith('a fault');
  const isUntrue = status === 503 && !rightly503.includes(kind);
  return isFault || isUntrue || kind === 'record-broken' || kind === 'store-refused'
    ? `${status} ${String(told)}`
    : undefined;
}

/** Before any route: the request line or its headers are none. */
function refusedEarly(status: number, json: Readonly<Record<string, unknown>>): string | undefined {
  const isReasoned = typeof json['error'] === 'string' && json['error'].length > 3;
  return isReasoned && status < 500
    ? undefined
    : `${status}: ${JSON.stringify(json).slice(0, 300)}`;
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === 'object' && json !== null
      ? (json as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
