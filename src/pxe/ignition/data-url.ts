/** `data:` URLs (RFC 2397) as Ignition uses them, byte by byte: file contents need not be text. */

import { bytesFromText, textFromBytes } from '../template/lossless-text.ts';

const unreserved = /[A-Za-z0-9\-_.!~*'()]/;

/** Undefined when `url` is no well-formed data URL. */
export function decodeDataUrl(url: string): Uint8Array | undefined {
  const parts = /^data:([^,]*?)(;base64)?,([\s\S]*)$/i.exec(url);
  if (parts === null) return undefined;
  const body = percentDecode(parts[3] ?? '');
  if (body === undefined || parts[2] === undefined) return body;
  const text = new TextDecoder('latin1').decode(body).replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) =>
    c.charCodeAt(0),
  );
}

/** The content as text (see lossless-text.ts); undefined when `url` is no well-formed data URL. */
export function decodeDataText(url: string): string | undefined {
  // Nearly all contents are UTF-8 and percent-encoded; going through their octets takes ten times as long.
  const [, plain] = /^data:[^,;]*,([\s\S]*)$/i.exec(url) ?? [];
  if (plain?.isWellFormed()) {
    try {
      return decodeURIComponent(plain);
    } catch {
      // It is not: its octets are kept as they are below.
    }
  }
  const bytes = decodeDataUrl(url);
  return bytes === undefined ? undefined : textFromBytes(bytes);
}

export function encodeDataText(text: string): string {
  // JavaScript leaves the very characters as they are that Sabakan's library does.
  return text.isWellFormed()
    ? `data:,${encodeURIComponent(text)}`
    : encodeDataUrl(bytesFromText(text));
}

/** `data:,` and percent-encoding of every byte outside `A-Z a-z 0-9 - _ . ! ~ * ' ( )`. */
export function encodeDataUrl(bytes: Uint8Array): string {
  const parts = Array.from(bytes, (octet) => {
    const character = String.fromCharCode(octet);
    if (octet < 0x80 && unreserved.test(character)) return character;
    return `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return `data:,${parts.join('')}`;
}

function percentDecode(text: string): Uint8Array | undefined {
  const source = new TextEncoder().encode(text);
  const decoded: number[] = [];
  for (let at = 0; at < source.length; at += 1) {
    if (source[at] !== 0x25) {
      decoded.push(source[at] ?? 0);
      continue;
    }
    const hex = String.fromCharCode(source[at + 1] ?? 0, source[at + 2] ?? 0);
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) return undefined;
    decoded.push(Number.parseInt(hex, 16));
    at += 2;
  }
  return Uint8Array.from(decoded);
}
