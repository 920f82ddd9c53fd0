/** `html`, `js` and `urlquery`. */

import { bytesFromText } from './lossless-text.ts';
import { isPrint } from './quote.ts';

const htmlEscapes: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (character) => htmlEscapes[character] ?? character);
}

export function escapeJs(text: string): string {
  let escaped = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (`\\'"`.includes(character)) escaped += `\\${character}`;
    else if (code >= 0xdc80 && code <= 0xdcff) escaped += '\uFFFD';
    else if ('<>&='.includes(character) || code < 0x20) escaped += unicodeEscape(code);
    else escaped += code < 0x80 || isPrint(character) ? character : unicodeEscape(code);
  }
  return escaped;
}

function unicodeEscape(code: number): string {
  return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** As Go's net/url does for a query: a space becomes `+`. */
export function escapeQuery(text: string): string {
  return Array.from(bytesFromText(text), (octet) => {
    const character = String.fromCharCode(octet);
    if (octet < 0x80 && /[A-Za-z0-9\-_.~]/.test(character)) return character;
    return octet === 0x20 ? '+' : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
