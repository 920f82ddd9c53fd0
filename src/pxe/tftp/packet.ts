/**
 * TFTP packets as bytes and values (RFC 1350 section 5, RFC 2347).
 *
 *     RRQ   00 01 | file 00 | mode 00 | (option 00 value 00)*       WRQ 00 02, the same
 *     DATA  00 03 | block (2) | 0 to blksize octets
 *     ACK   00 04 | block (2)
 *     ERROR 00 05 | code (2) | text 00
 *     OACK  00 06 | (option 00 value 00)*
 */

import { fail, ok, type Result } from '../../base/result.ts';

export type Options = readonly (readonly [name: string, value: string])[];

export type TftpPacket =
  | {
      readonly kind: 'read';
      readonly file: string;
      readonly mode: string;
      readonly options: Options;
    }
  | {
      readonly kind: 'write';
      readonly file: string;
      readonly mode: string;
      readonly options: Options;
    }
  /** `data` shares memory with the packet it was decoded from. */
  | { readonly kind: 'data'; readonly block: number; readonly data: Uint8Array }
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly text: string }
  | { readonly kind: 'options-ack'; readonly options: Options };

/** RFC 1350 appendix, RFC 2347 section 2. */
export const errorCodes = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransfer: 5,
  optionsRefused: 8,
} as const;

/** RFC 2347 section 2: a request fits into 512 octets. */
const requestBytesMax = 512;
export const dataHeaderBytes = 4;

/** The error says what is wrong with the packet. */
export function decodeTftp(bytes: Uint8Array): Result<TftpPacket, string> {
  if (bytes.length < 4) return fail(`${bytes.length} bytes are too few for any packet`);
  const number = wordAt(bytes, 2);
  switch (wordAt(bytes, 0)) {
    case 1:
      return decodeRequest('read', bytes);
    case 2:
      return decodeRequest('write', bytes);
    case 3:
      return ok({ kind: 'data', block: number, data: bytes.subarray(dataHeaderBytes) });
    case 4:
      return ok({ kind: 'ack', block: number });
    case 5:
      return ok({ kind: 'error', code: number, text: textUntilNul(bytes, 4) });
    case 6: {
      const words = wordsOf(bytes.subarray(2));
      return words === undefined || words.length % 2 !== 0
        ? fail('an OACK must hold pairs of texts, each ended by NUL')
        : ok({ kind: 'options-ack', options: pairsOf(words) });
    }
    default:
      return fail(`${wordAt(bytes, 0)} is no TFTP operation`);
  }
}

/** The block of an ACK, or undefined: what the hot path asks, without making an object. */
export function ackedBlock(bytes: Uint8Array): number | undefined {
  return bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 4 ? wordAt(bytes, 2) : undefined;
}

export function encodeTftp(packet: TftpPacket): Uint8Array {
  switch (packet.kind) {
    case 'read':
    case 'write':
      return encodeTexts(packet.kind === 'read' ? [0, 1] : [0, 2], [
        packet.file,
        packet.mode,
        ...packet.options.flat(),
      ]);
    case 'data':
      return encodeData(packet.block, packet.data, 0, packet.data.length);
    case 'ack':
      return Uint8Array.of(0, 4, (packet.block >> 8) & 0xff, packet.block & 0xff);
    case 'error':
      return encodeTexts([0, 5, (packet.code >> 8) & 0xff, packet.code & 0xff], [packet.text]);
    case 'options-ack':
      return encodeTexts([0, 6], packet.options.flat());
  }
}

/** DATA with `content[start, end)`; `block` counts on past 65535 and is cut to 16 bits here. */
export function encodeData(
  block: number,
  content: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  const bytes = new Uint8Array(dataHeaderBytes + end - start);
  bytes[1] = 3;
  bytes[2] = (block >> 8) & 0xff;
  bytes[3] = block & 0xff;
  bytes.set(content.subarray(start, end), dataHeaderBytes);
  return bytes;
}

/**
 * DATA `first` to `last` end to end into `target`, which has room for them.
 *
 * @returns how many octets that is
 */
export function writeFrames(
  target: Uint8Array,
  blocks: {
    readonly content: Uint8Array;
    readonly blockBytes: number;
    readonly first: number;
    readonly last: number;
  },
): number {
  const { content, blockBytes, first, last } = blocks;
  let at = 0;
  for (let block = first; block <= last; block += 1) {
    const start = (block - 1) * blockBytes;
    const data = content.subarray(start, Math.min(start + blockBytes, content.length));
    target[at] = 0;
    target[at + 1] = 3;
    target[at + 2] = (block >> 8) & 0xff;
    target[at + 3] = block & 0xff;
    target.set(data, at + dataHeaderBytes);
    at += dataHeaderBytes + data.length;
  }
  return at;
}

function decodeRequest(kind: 'read' | 'write', bytes: Uint8Array): Result<TftpPacket, string> {
  if (bytes.length > requestBytesMax) return fail(`a request of ${bytes.length} bytes, over 512`);
  const words = wordsOf(bytes.subarray(2));
  const [file, mode, ...rest] = words ?? [];
  if (file === undefined || mode === undefined) {
    return fail('a request must hold a file name and a mode, each ended by NUL');
  }
  // RFC 2347 knows pairs only; a name without its value is not an option.
  return ok({ kind, file, mode, options: pairsOf(rest) });
}

function encodeTexts(start: readonly number[], texts: readonly string[]): Uint8Array {
  return Uint8Array.of(...start, ...latin1(texts.map((text) => `${text}\0`).join('')));
}

/** File names are bytes to TFTP; Latin-1 keeps each as one character. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}

function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function textUntilNul(bytes: Uint8Array, from: number): string {
  const end = bytes.indexOf(0, from);
  return textOf(bytes.subarray(from, Math.min(end === -1 ? bytes.length : end, from + 256)));
}

/** Undefined when the last text has no NUL. */
function wordsOf(bytes: Uint8Array): string[] | undefined {
  if (bytes.length > 0 && bytes[bytes.length - 1] !== 0) return undefined;
  const words: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    words.push(textOf(bytes.subarray(at, end)));
    at = end + 1;
  }
  return words;
}

function pairsOf(words: readonly string[]): Options {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    pairs.push([words[at] ?? '', words[at + 1] ?? '']);
  }
  return pairs;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
