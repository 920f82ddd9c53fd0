/** Range headers, as firmware and downloaders really send them (RFC 9110 section 14). */

export type WantedRange =
  /** No range, one we cannot read, or several: the whole content answers each of them. */
  | { readonly kind: 'whole' }
  /** Octets from `start` up to but without `end`. */
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const whole: WantedRange = { kind: 'whole' };
const unsatisfiable: WantedRange = { kind: 'unsatisfiable' };

/**
 * RFC 9110 section 14.2: a malformed Range is ignored. Several ranges get the whole content too, since multipart
 * answers grow with what a client writes into one header.
 */
export function readRange(header: string | undefined, sizeBytes: number): WantedRange {
  if (header === undefined) return whole;
  const [, first = '', last = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header) ?? [];
  if (first === '') {
    if (last === '') return whole;
    const length = Math.min(Number(last), sizeBytes);
    return length === 0
      ? unsatisfiable
      : { kind: 'part', start: sizeBytes - length, end: sizeBytes };
  }
  const start = Number(first);
  if (last !== '' && isBelow(last, first)) return whole;
  if (start >= sizeBytes) return unsatisfiable;
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  return { kind: 'part', start, end };
}

/** Compared as text: numbers beyond 2^53 would run into one another. */
function isBelow(a: string, b: string): boolean {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return x.length < y.length || (x.length === y.length && x < y);
}
