/**
 * Kinds of failure → status, text and GraphQL type. One table for every face.
 *
 * Version 1 speaks Sabakan 3.1.9's texts, because clients show and match them; the odd statuses that clients rely on
 * (500 for a forbidden transition) are kept on purpose.
 */

import type { TransactProblem } from '../base/transact.ts';
import type { BrakeProblem } from '../inventory/brakes.ts';
import type { Mistake } from '../inventory/mistake.ts';
import type { InventoryProblem } from '../inventory/problem.ts';
import type { Pxe } from '../pxe/pxe.ts';
import type { AccessProblem } from './access.ts';
import type { BodyProblem } from './exchange.ts';
import type { TokenProblem } from './who/token-changes.ts';
import type { WorkProblem } from './works/desk.ts';

/** What the face itself refuses. */
export type FaceProblem =
  | { readonly kind: 'bad-request'; readonly text: string }
  | AccessProblem
  /** 429: over a limit that has a name. */
  | { readonly kind: 'limited'; readonly text: string; readonly retryAfterSeconds: number }
  | TokenProblem
  | { readonly kind: 'not-found'; readonly text: string }
  | { readonly kind: 'method-not-allowed'; readonly text: string; readonly allow: string }
  | { readonly kind: 'length-missing'; readonly text: string }
  | { readonly kind: 'precondition-missing'; readonly text: string }
  | { readonly kind: 'media-type-unknown'; readonly text: string }
  | { readonly kind: 'count-differs'; readonly text: string; readonly selected: number }
  | { readonly kind: 'bulk-refused'; readonly text: string }
  | WorkProblem
  | { readonly kind: 'idempotency-key-reused'; readonly text: string }
  | { readonly kind: 'idempotency-keys-full'; readonly text: string }
  | { readonly kind: 'not-live'; readonly text: string }
  | TemplateBroken
  | { readonly kind: 'cursor-gone'; readonly text: string }
  | { readonly kind: 'history-gone'; readonly text: string }
  | { readonly kind: 'watchers-busy'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'disk-key-unknown'; readonly text: string }
  | { readonly kind: 'disk-key-too-large'; readonly text: string };

/** A template that does not render for a machine. */
export type TemplateBroken = {
  readonly kind: 'template-broken';
  readonly text: string;
  readonly template: {
    readonly serial: string;
    /** Null: it came with the request. */
    readonly id: string | null;
    readonly member: string;
    readonly line: number | null;
    readonly expression: string | null;
  };
};

type ErrorOf<T> =
  Extract<T, { readonly ok: false }> extends { readonly error: infer E } ? E : never;

/** What images, assets, templates and kernel parameters refuse. */
export type ArtefactProblem =
  | ErrorOf<Awaited<ReturnType<Pxe['images']['put']>>>
  | ErrorOf<Awaited<ReturnType<Pxe['assets']['put']>>>
  | ErrorOf<Awaited<ReturnType<Pxe['templates']['put']>>>
  | ErrorOf<Awaited<ReturnType<Pxe['kernelParams']['put']>>>
  | ErrorOf<Awaited<ReturnType<Pxe['bootPolicy']['putRule']>>>
  | ErrorOf<Awaited<ReturnType<Pxe['leases']['release']>>>
  | ErrorOf<Awaited<ReturnType<Pxe['networks']['put']>>>
  | ErrorOf<Awaited<ReturnType<Pxe['discoveries']['approve']>>>
  | ErrorOf<Awaited<ReturnType<Pxe['discoveries']['rules']['put']>>>;

export type Problem =
  | InventoryProblem
  | TransactProblem
  | FaceProblem
  | BodyProblem
  | ArtefactProblem
  | BrakeProblem;
export type ProblemKind = Problem['kind'];

export type Row = {
  readonly status: number;
  /** Where Sabakan's status says something else than what it is. */
  readonly v2?: number;
  /** Sabakan's error string; `text` of the problem is only in it where Sabakan has a cause there. */
  readonly v1: 'invalid request' | 'text' | 'cause' | (string & {});
  readonly graphql:
    | 'MACHINE_NOT_FOUND'
    | 'ENCRYPTION_KEY_EXISTS'
    | 'INVALID_STATE_TRANSITION'
    | 'INTERNAL_SERVER_ERROR';
  /** Trying again unchanged may work. */
  readonly retryable?: true;
};

const internal = 'INTERNAL_SERVER_ERROR';
const notFound = 'requested resource is not found';

export const problemTable = {
  'machine-unknown': { status: 404, v1: notFound, graphql: 'MACHINE_NOT_FOUND' },
  'label-unknown': { status: 404, v1: notFound, graphql: internal },
  'machine-exists': { status: 409, v1: 'conflicted', graphql: internal },
  'boot-slot-taken': { status: 409, v1: 'conflicted', graphql: internal },
  'serial-repeated': { status: 500, v2: 400, v1: 'cause', graphql: internal },
  'rack-full': { status: 500, v2: 409, v1: 'cause', graphql: internal },
  'outside-pool': { status: 400, v1: 'invalid request', graphql: internal },
  'change-forbidden': { status: 409, v1: 'cause', graphql: internal },
  'not-as-expected': { status: 412, v1: 'text', graphql: internal },
  'machines-refused': { status: 409, v1: 'cause', graphql: internal },
  'ipam-missing': { status: 500, v2: 409, v1: 'cause', graphql: internal },
  'machines-exist': { status: 500, v2: 409, v1: 'cause', graphql: internal },
  'not-retired': { status: 500, v2: 409, v1: 'cause', graphql: internal },
  'disk-keys-exist': {
    status: 400,
    v2: 409,
    v1: 'invalid request',
    graphql: 'ENCRYPTION_KEY_EXISTS',
  },
  'disk-key-exists': { status: 409, v1: 'conflicted', graphql: internal },
  // Sabakan's 500s, which its clients try again and people find in their notes; the documents say 404 for the first.
  'disk-key-owner-unknown': {
    status: 500,
    v1: 'not found: Internal Server Error',
    graphql: internal,
  },
  'disk-key-too-late': {
    status: 500,
    v1: 'machine was retiring or retired: Internal Server Error',
    graphql: internal,
  },
  'disk-keys-too-many': { status: 500, v1: 'cause', graphql: internal },
  'disk-key-too-large': { status: 500, v1: 'cause', graphql: internal },
  'disk-key-unknown': { status: 404, v1: notFound, graphql: internal },
  'not-retiring': {
    status: 500,
    v1: 'machine is not retiring: Internal Server Error',
    graphql: internal,
  },
  'state-moved': { status: 409, v1: 'conflicted', graphql: internal, retryable: true },
  'precondition-failed': { status: 412, v1: 'text', graphql: internal },
  'precondition-missing': { status: 428, v1: 'text', graphql: internal },
  'media-type-unknown': { status: 415, v1: 'text', graphql: internal },
  'count-differs': { status: 409, v1: 'text', graphql: internal },
  'bulk-refused': { status: 409, v1: 'text', graphql: internal },
  'operation-unknown': { status: 404, v1: 'text', graphql: internal },
  'operation-ended': { status: 409, v1: 'text', graphql: internal },
  'operations-busy': { status: 429, v1: 'text', graphql: internal, retryable: true },
  'request-repeated': { status: 409, v1: 'text', graphql: internal, retryable: true },
  'idempotency-key-reused': { status: 422, v1: 'text', graphql: internal },
  'idempotency-keys-full': { status: 429, v1: 'text', graphql: internal },
  'record-broken': { status: 500, v1: 'cause', graphql: internal },
  invalid: { status: 400, v1: 'invalid request', graphql: internal },
  'transition-forbidden': {
    status: 500,
    v2: 409,
    v1: 'cause',
    graphql: 'INVALID_STATE_TRANSITION',
  },
  'store-unavailable': { status: 503, v1: 'cause', graphql: internal, retryable: true },
  'outcome-unknown': { status: 503, v1: 'cause', graphql: internal },
  'too-large': { status: 413, v1: 'text', graphql: internal },
  'store-refused': { status: 500, v1: 'cause', graphql: internal },
  contended: { status: 503, v1: 'cause', graphql: internal, retryable: true },
  'bad-request': { status: 400, v1: 'invalid request', graphql: internal },
  'token-missing': { status: 401, v1: 'text', graphql: internal },
  'token-wrong': { status: 401, v1: 'text', graphql: internal },
  limited: { status: 429, v1: 'text', graphql: internal, retryable: true },
  'token-unknown': { status: 404, v1: 'text', graphql: internal },
  'tokens-too-many': { status: 409, v1: 'text', graphql: internal },
  forbidden: { status: 403, v1: 'forbidden', graphql: internal },
  'not-found': { status: 404, v1: notFound, graphql: internal },
  'method-not-allowed': { status: 405, v1: 'method not allowed', graphql: internal },
  'not-live': { status: 503, v1: 'cause', graphql: internal, retryable: true },
  'cursor-gone': { status: 410, v1: 'text', graphql: internal },
  'history-gone': { status: 410, v1: 'text', graphql: internal },
  'watchers-busy': { status: 429, v1: 'text', graphql: internal, retryable: true },
  failed: { status: 500, v1: 'cause', graphql: internal },
  'body-too-large': { status: 413, v1: 'text', graphql: internal },
  'body-cut': { status: 400, v1: 'invalid request', graphql: internal },
  'template-exists': { status: 409, v1: 'conflicted', graphql: internal },
  'template-unknown': { status: 404, v1: notFound, graphql: internal },
  'template-broken': { status: 422, v1: 'cause', graphql: internal },
  'template-invalid': { status: 400, v1: 'invalid request', graphql: internal },
  'image-invalid': { status: 400, v1: 'invalid request', graphql: internal },
  'image-unknown': { status: 404, v1: notFound, graphql: internal },
  'image-deleted-lately': { status: 409, v1: 'conflicted', graphql: internal },
  'image-differs': { status: 500, v2: 409, v1: 'cause', graphql: internal },
  'image-too-large': { status: 413, v1: 'text', graphql: internal },
  // Sabakan says 500, which would send operators looking for a fault of the server.
  'upload-broken': { status: 400, v1: 'invalid request', graphql: internal },
  'uploads-busy': { status: 503, v1: 'cause', graphql: internal, retryable: true },
  'shelf-failed': { status: 500, v1: 'cause', graphql: internal },
  'length-missing': { status: 411, v1: 'content-length is required', graphql: internal },
  'asset-invalid': { status: 400, v1: 'invalid request', graphql: internal },
  'asset-unknown': { status: 404, v1: notFound, graphql: internal },
  'asset-raced': { status: 409, v1: 'conflicted', graphql: internal, retryable: true },
  'asset-differs': { status: 500, v2: 400, v1: 'cause', graphql: internal },
  'asset-too-large': { status: 413, v1: 'too large asset', graphql: internal },
  // Sabakan sends such a client back to itself.
  'asset-nowhere': { status: 503, v1: 'cause', graphql: internal, retryable: true },
  'os-invalid': { status: 400, v1: 'invalid request', graphql: internal },
  'kernel-params-unknown': { status: 404, v1: notFound, graphql: internal },
  'kernel-params-invalid': { status: 400, v1: 'kernel params is not valid', graphql: internal },
  'images-pinned': { status: 409, v1: 'cause', graphql: internal },
  'still-named': { status: 409, v1: 'cause', graphql: internal },
  'channel-unknown': { status: 404, v1: notFound, graphql: internal },
  'boot-rule-unknown': { status: 404, v1: notFound, graphql: internal },
  'pin-missing': { status: 409, v1: 'cause', graphql: internal },
  'boot-rules-tied': { status: 409, v1: 'cause', graphql: internal },
  'boot-policy-full': { status: 409, v1: 'cause', graphql: internal },
  'lease-unknown': { status: 404, v1: notFound, graphql: internal },
  'lease-moved': { status: 409, v1: 'conflicted', graphql: internal },
  'network-unknown': { status: 404, v1: notFound, graphql: internal },
  'network-invalid': { status: 400, v1: 'invalid request', graphql: internal },
  'network-exists': { status: 409, v1: 'conflicted', graphql: internal },
  'networks-too-many': { status: 409, v1: 'conflicted', graphql: internal },
  'discovery-unknown': { status: 404, v1: notFound, graphql: internal },
  'discovery-conflict': { status: 409, v1: 'conflicted', graphql: internal },
  'discovery-settled': { status: 409, v1: 'conflicted', graphql: internal },
  'discovery-invalid': { status: 400, v1: 'invalid request', graphql: internal },
  'discovery-rule-unknown': { status: 404, v1: notFound, graphql: internal },
  'discovery-rule-invalid': { status: 400, v1: 'invalid request', graphql: internal },
  'discovery-rules-too-many': { status: 409, v1: 'text', graphql: internal },
  'brake-unknown': { status: 404, v1: notFound, graphql: internal },
  'brake-fixed': { status: 409, v1: 'conflicted', graphql: internal },
} as const satisfies Readonly<Record<ProblemKind, Row>>;

/** Sabakan's names of statuses, which it appends to a cause. */
const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function statusText(status: number): string {
  return statusTexts[status] ?? String(status);
}

export function rowOf(kind: ProblemKind): Row {
  return problemTable[kind];
}

/** The status of a kind in version 2. */
export function v2Status(kind: ProblemKind): number {
  const row: Row = problemTable[kind];
  return row.v2 ?? row.status;
}

/** The `error` member of version 1. */
export function v1Text(problem: Problem): string {
  const row: Row = problemTable[problem.kind];
  if (row.v1 === 'text') return problem.text;
  if (row.v1 === 'cause') return `${problem.text}: ${statusText(row.status)}`;
  if (row.v1 !== 'invalid request' || problem.kind === 'disk-keys-exist') return row.v1;
  return problem.text === '' ? row.v1 : `${row.v1}: ${problem.text}`;
}

/** One place that is wrong: in the body (RFC 6901) or a parameter of path or query. */
export type Place = {
  readonly pointer?: string;
  readonly parameter?: string;
  /** Of a table, as a spreadsheet counts: the header is row 1. */
  readonly row?: number;
  /** Of a text, from 1. */
  readonly line?: number;
  /** In that row or line, from 1. */
  readonly column?: number;
  readonly detail: string;
};

export function badRequest(text: string): FaceProblem {
  return { kind: 'bad-request', text };
}

export function unknownPath(path: string): FaceProblem {
  return { kind: 'not-found', text: `nothing is served at this path (${path.length} characters)` };
}

export function wrongMethod(allow: string): FaceProblem {
  return { kind: 'method-not-allowed', text: `allowed here: ${allow}`, allow };
}

/** More mistakes than a person reads are counted, not listed. */
const mistakesShownMax = 10;

/** Each mistake's own sentence first, as Sabakan says it, then where it is. */
export function mistakesText(mistakes: readonly Mistake[]): string {
  const shown = mistakes
    .slice(0, mistakesShownMax)
    .map(({ path, text }) => (path === '' ? text : `${text} (at ${path})`));
  const more = mistakes.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more mistakes`] : [])].join('; ');
}

/** The same for people, in one line. */
export function placesText(places: readonly Place[]): string {
  return places
    .map(({ pointer, parameter, detail }) => `${parameter ?? (pointer || 'the body')} ${detail}`)
    .join('; ');
}
