/** Conditional requests (RFC 9110 section 13). */

import { type Instant, instant } from '../../base/time.ts';

export type Validators = {
  /** With its quotes; always a strong one. */
  readonly etag: string;
  readonly modifiedAt: Instant;
};

/** `pass`: answer as if nothing had been asked. */
export type Verdict = 'pass' | 'not-modified' | 'precondition-failed';

type Headers = ReadonlyMap<string, string>;

/** For GET and HEAD, in the order of RFC 9110 section 13.2.2. */
export function judgeConditions(headers: Headers, current: Validators): Verdict {
  const ifMatch = headers.get('if-match');
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, current.etag, 'strong')) return 'precondition-failed';
  } else {
    const since = parseHttpDate(headers.get('if-unmodified-since'));
    if (since !== undefined && wholeSeconds(current.modifiedAt) > since) {
      return 'precondition-failed';
    }
  }
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== undefined) {
    return lists(ifNoneMatch, current.etag, 'weak') ? 'not-modified' : 'pass';
  }
  const since = parseHttpDate(headers.get('if-modified-since'));
  return since !== undefined && wholeSeconds(current.modifiedAt) <= since ? 'not-modified' : 'pass';
}

/** RFC 9110 section 13.1.5: whether the Range header counts. A weak tag never does, a date only if it is the same. */
export function rangeStillMeant(headers: Headers, current: Validators): boolean {
  const ifRange = headers.get('if-range');
  if (ifRange === undefined) return true;
  if (/^(W\/)?"/.test(ifRange)) return ifRange === current.etag;
  return parseHttpDate(ifRange) === wholeSeconds(current.modifiedAt);
}

export function formatHttpDate(at: Instant): string {
  return new Date(at).toUTCString();
}

function parseHttpDate(text: string | undefined): Instant | undefined {
  if (text === undefined || !/^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d.*$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : instant(ms);
}

function wholeSeconds(at: Instant): Instant {
  return instant(Math.floor(at / 1_000) * 1_000);
}

function lists(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (comparison === 'weak' && tag === `W/${etag}`));
}
