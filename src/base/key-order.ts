/** Keys are ordered as etcd orders them: by their UTF-8 bytes, which is code point order. */

/** Negative, 0 or positive, as for `sort`. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Where `key` is or belongs in `sorted`. */
export function keyPosition<T>(
  sorted: readonly T[],
  key: string,
  keyOf: (item: T) => string,
): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keyOf(sorted[middle] as T), key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

// JavaScript compares UTF-16 units, in which surrogates (code points from 0x10000) sort before 0xE000 to 0xFFFF.
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
