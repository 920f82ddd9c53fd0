/** Go's quoted strings and characters, both ways (strconv). Strings are as in lossless-text.ts. */

import { bytesFromText, textFromBytes } from './lossless-text.ts';

const named: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
]);

/** `"…"` with escapes; `ascii`: everything outside ASCII is escaped, too. */
export function quote(text: string, ascii = false): string {
  return quoteWith(text, '"', ascii);
}

export function quoteCharacter(code: number, ascii = false): string {
  return quoteWith(String.fromCodePoint(code), "'", ascii);
}

function quoteWith(text: string, mark: string, ascii: boolean): string {
  let inner = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === mark) inner += `\\${mark}`;
    else if (named.has(character)) inner += named.get(character);
    else if (code >= 0xdc80 && code <= 0xdcff) inner += `\\x${hex(code - 0xdc00, 2)}`;
    else if (code < 0x80 ? code >= 0x20 && code < 0x7f : !ascii && isPrint(character))
      inner += character;
    else if (code < 0x80) inner += `\\x${hex(code, 2)}`;
    else inner += code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  }
  return mark + inner + mark;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
export function isPrint(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character);
}

/** May stand between back quotes as it is: no control characters but the tab, no byte order mark, nothing broken. */
export function fitsBackQuotes(text: string): boolean {
  return text.isWellFormed() && /^(?:\t|(?![`\ufeff])\P{Cc})*$/u.test(text);
}

const escapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
};

/** A double-quoted or back-quoted constant → its text; undefined when it is malformed. */
export function unquote(quoted: string): string | undefined {
  if (quoted.startsWith('`')) return quoted.slice(1, -1).replaceAll('\r', '');
  const inner = quoted.slice(1, -1);
  if (!inner.includes('\\')) return inner;
  const octets: number[] = [];
  for (let at = 0; at < inner.length; ) {
    const one = unquoteOne(inner, at, '"');
    if (one === undefined) return undefined;
    if (one.isOctet) octets.push(one.code);
    else octets.push(...bytesFromText(String.fromCodePoint(one.code)));
    at += one.length;
  }
  return textFromBytes(Uint8Array.from(octets));
}

export type Unquoted = {
  readonly code: number;
  readonly length: number;
  /** Written as `\xff` or `\377`: an octet, not a character. */
  readonly isOctet: boolean;
};

/** One character or escape at `at`; undefined when it is malformed. */
export function unquoteOne(text: string, at: number, mark: string): Unquoted | undefined {
  const first = text[at];
  if (first === undefined || first === mark) return undefined;
  if (first !== '\\') {
    const code = text.codePointAt(at) ?? 0;
    return { code, length: code > 0xffff ? 2 : 1, isOctet: false };
  }
  const rest = text.slice(at + 1, at + 11);
  const numeric = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/.exec(
    rest,
  );
  if (numeric !== null) {
    const [whole, octet, short, long, octal] = numeric;
    const code = Number.parseInt(
      octet ?? short ?? long ?? octal ?? '',
      octal === undefined ? 16 : 8,
    );
    const isOctet = octet !== undefined || octal !== undefined;
    if (isOctet ? code > 255 : code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      return undefined;
    return { code, length: whole.length + 1, isOctet };
  }
  const letter = rest[0] ?? '';
  const code = letter === mark ? letter.charCodeAt(0) : escapes[letter];
  return code === undefined ? undefined : { code, length: 2, isOctet: false };
}
