/** What another server's answer is to us: content that we can use from where we are, the way elsewhere, or nothing. */

import type { PeerAnswer } from './spreadable.ts';

export type Refusal = {
  readonly why: string;
  /** Asking the same server again, soon, would bring the same. */
  readonly isFinal: boolean;
};

export type PeerReading =
  | {
      readonly kind: 'content';
      /** Octets at its beginning that we have. */
      readonly skip: number;
      /** A strong one, with its quotes. */
      readonly etag: string | undefined;
      /** Of the whole blob. */
      readonly sizeBytes: number | undefined;
    }
  | { readonly kind: 'elsewhere'; readonly to: string }
  | ({ readonly kind: 'refused' } & Refusal);

export type SoFar = {
  /** Octets we have. */
  readonly at: number;
  /** Of the content we have them from. */
  readonly etag: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly bytesMax: number;
  readonly accepts: ((headers: ReadonlyMap<string, string>) => string | undefined) | undefined;
};

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function readPeerAnswer(
  { status, headers }: Pick<PeerAnswer, 'status' | 'headers'>,
  url: string,
  soFar: SoFar,
): PeerReading {
  const { at, bytesMax, accepts } = soFar;
  if (redirects.has(status)) return elsewhere(headers.get('location') ?? '', url);
  // An error page is no blob.
  if (status !== 200 && status !== 206) {
    return refused(`HTTP ${status}`, status >= 400 && status < 500);
  }
  const wrong = accepts?.(headers);
  if (wrong !== undefined) return refused(wrong, true);
  const etag = strongTag(headers.get('etag'));
  const isSame = accepts !== undefined || (etag !== undefined && etag === soFar.etag);
  if (at > 0 && !isSame) return refused('has no proof that it is the same content', true);
  const extent = status === 206 ? partOf(headers, at) : wholeOf(headers, at);
  if (typeof extent === 'string') return refused(extent, true);
  const { skip, sizeBytes } = extent;
  if (sizeBytes !== undefined && sizeBytes > bytesMax) {
    return refused(`offers ${sizeBytes} bytes, more than the ${bytesMax} that it may be`, true);
  }
  if (soFar.sizeBytes !== undefined && sizeBytes !== undefined && sizeBytes !== soFar.sizeBytes) {
    return refused(`has ${sizeBytes} bytes, not ${soFar.sizeBytes}`, true);
  }
  return { kind: 'content', skip, etag, sizeBytes };
}

function refused(why: string, isFinal: boolean): PeerReading {
  return { kind: 'refused', why, isFinal };
}

function elsewhere(location: string, from: string): PeerReading {
  const to = URL.parse(location, from);
  const isWeb = to?.protocol === 'http:' || to?.protocol === 'https:';
  return isWeb && location !== ''
    ? { kind: 'elsewhere', to: to.href }
    : refused(`sent us to ${JSON.stringify(location.slice(0, 100))}`, true);
}

function strongTag(header: string | undefined): string | undefined {
  return header !== undefined && /^"[^"]*"$/.test(header) ? header : undefined;
}

type Extent = { readonly skip: number; readonly sizeBytes: number | undefined };

/** RFC 9110 section 14.4; a part that begins elsewhere is not the one we want. */
function partOf(headers: ReadonlyMap<string, string>, at: number): Extent | string {
  const range = headers.get('content-range') ?? '';
  const [, start, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(range) ?? [];
  if (start === undefined || Number(start) !== at) {
    return `sent ${JSON.stringify(range.slice(0, 100))} instead of ${at}-`;
  }
  return { skip: 0, sizeBytes: total === '*' ? undefined : Number(total) };
}

function wholeOf(headers: ReadonlyMap<string, string>, at: number): Extent {
  const length = headers.get('content-length') ?? '';
  return { skip: at, sizeBytes: /^\d{1,15}$/.test(length) ? Number(length) : undefined };
}
