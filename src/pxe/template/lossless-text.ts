/**
 * Bytes that are mostly UTF-8 as text and back without loss: an octet that is no valid UTF-8 becomes a lone
 * surrogate (U+DC80 to U+DCFF), which no real text contains.
 */

const escapeBase = 0xdc00;

type Decoder = { readonly decode: (bytes: Uint8Array) => string };

export function textFromBytes(bytes: Uint8Array): string {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return strict.decode(bytes);
  } catch {
    return piecewise(bytes, strict);
  }
}

export function bytesFromText(text: string): Uint8Array {
  if (text.isWellFormed()) return new TextEncoder().encode(text);
  const encoder = new TextEncoder();
  const octets: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= escapeBase + 0x80 && code <= escapeBase + 0xff) octets.push(code - escapeBase);
    else octets.push(...encoder.encode(character));
  }
  return Uint8Array.from(octets);
}

function piecewise(bytes: Uint8Array, strict: Decoder): string {
  const parts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] ?? 0);
    const part = length === 0 ? undefined : attempt(strict, bytes.subarray(at, at + length));
    parts.push(part ?? String.fromCharCode(escapeBase + (bytes[at] ?? 0)));
    at += part === undefined ? 1 : length;
  }
  return parts.join('');
}

function attempt(strict: Decoder, bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Octets of a UTF-8 sequence by its first one; 0 when none begins like this. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
