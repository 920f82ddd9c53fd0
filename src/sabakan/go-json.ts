/** JSON as Go's encoder writes it: HTML characters escaped, a newline at the end. */

import { type Answer, textAnswer } from './exchange.ts';

const htmlCharacters = /[<>&\u2028\u2029]/;
const everyHtmlCharacter = /[<>&\u2028\u2029]/g;

/** Without the newline, to be put together with more. */
export function goJsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (!htmlCharacters.test(text)) return text;
  return text.replace(
    everyHtmlCharacter,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return textAnswer(status, 'application/json', `${goJsonText(value)}\n`);
}
