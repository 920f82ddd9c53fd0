/** A stored file as an HTTP answer: length, ranges and validators (RFC 9110 sections 8, 13, 14). */

import type { Result } from '../../base/result.ts';
import type { Instant } from '../../base/time.ts';
import { formatHttpDate, judgeConditions, rangeStillMeant } from './conditional.ts';
import { type BootRequest, type BootResponse, errorResponse } from './message.ts';
import { readRange } from './ranges.ts';

/** What can be asked for by HTTP, in whole and in part. */
export type Artefact = {
  readonly sizeBytes: number;
  /** The same for the same octets, on every server: the ETag without its quotes. */
  readonly tag: string;
  readonly modifiedAt: Instant;
  readonly open: () => Promise<Result<OpenContent, { readonly text: string }>>;
};

/** Content that never changes under its hash. */
export type Content = Omit<Artefact, 'tag'> & {
  /** Lower-case hexadecimal. */
  readonly sha256: string;
};

export type OpenContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** An open file: exactly one of `read` and `close` is called, and `read`'s iterator closes it at its end. */
  | {
      readonly kind: 'file';
      readonly read: (start: number, end: number) => AsyncIterable<Uint8Array>;
      readonly close: () => void;
    };

/** The answer to GET or HEAD. */
export async function artefactResponse(
  request: BootRequest,
  content: Content | Artefact,
  contentType: string,
): Promise<BootResponse> {
  const { sizeBytes, modifiedAt } = content;
  const validators = { etag: `"${'tag' in content ? content.tag : content.sha256}"`, modifiedAt };
  const common: [string, string][] = [
    ['etag', validators.etag],
    ['last-modified', formatHttpDate(modifiedAt)],
    ['accept-ranges', 'bytes'],
    ['x-content-type-options', 'nosniff'],
    // The old URLs name "the newest image"; asking again costs a 304.
    ['cache-control', 'no-cache'],
  ];
  const bare = (status: number, more: readonly [string, string][]): BootResponse => ({
    status,
    headers: new Map([...common, ...more]),
    body: { kind: 'none' },
  });
  const verdict = judgeConditions(request.headers, validators);
  if (verdict === 'not-modified') return bare(304, []);
  if (verdict === 'precondition-failed') return bare(412, [['content-length', '0']]);
  // RFC 9110 section 14.2: Range is defined for GET alone.
  const asksRange = request.method === 'GET' && rangeStillMeant(request.headers, validators);
  const range = readRange(asksRange ? request.headers.get('range') : undefined, sizeBytes);
  if (range.kind === 'unsatisfiable') {
    return bare(416, [
      ['content-range', `bytes */${sizeBytes}`],
      ['content-length', '0'],
    ]);
  }
  const { start, end } = range.kind === 'part' ? range : { start: 0, end: sizeBytes };
  const more: [string, string][] = [
    ['content-type', contentType],
    ['content-length', String(end - start)],
  ];
  if (range.kind === 'part') more.push(['content-range', `bytes ${start}-${end - 1}/${sizeBytes}`]);
  const response = bare(range.kind === 'part' ? 206 : 200, more);
  if (request.method === 'HEAD') return response;
  const opened = await content.open();
  if (!opened.ok) {
    return errorResponse(request, 500, `${opened.error.text}: Internal Server Error`);
  }
  const body = opened.value;
  return {
    ...response,
    body:
      body.kind === 'bytes'
        ? { kind: 'bytes', bytes: body.bytes, start, end }
        : { kind: 'stream', length: end - start, chunks: body.read(start, end) },
  };
}
