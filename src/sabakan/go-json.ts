/** JSON as Go writes it (HTML characters escaped, a newline at the end) and as it finds members in it. */

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

/**
 * An object's members under the names that are known, whatever case they came in, a later one over an earlier one; null
 * stands for an object without members. Anything else comes back as it is, for its parser to refuse.
 */
export function goMembers(json: unknown, names: readonly string[]): unknown {
  if (json === null) return {};
  if (typeof json !== 'object' || Array.isArray(json)) return json;
  const known = new Map(names.map((name) => [name.toLowerCase(), name]));
  const members = Object.entries(json).flatMap(([given, value]) => {
    const name = known.get(given.toLowerCase());
    return name === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(members);
}
