/** JSON (RFC 8259) to a tree with places. By hand, because `JSON.parse` tells no places and takes members twice. */

import type { RosterMistake } from '../roster-spot.ts';
import { below, type Member, type Places, type Tree, treeDepthMax } from './tree.ts';

/** Where reading ended: nothing after it is known. */
class NoJson extends Error {
  readonly at: number;
  constructor(at: number, text: string) {
    super(text);
    this.at = at;
  }
}

/** The longest object is a machine's labels. */
const membersMax = 1_000;
/** Above what is taken of machines, so that their number can still be told. */
const itemsMax = 20_000;

const space = /[ \t\r\n]*/y;
const numeral = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
/** Other control characters are refused by the rules of what they stand in. */
const plainCharacters = /[^"\\\n\r]*/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The one value of a text, or undefined with the mistake that ends it. Members that are there twice are mistakes. */
export function jsonTree(
  text: string,
  places: Places,
  mistakes: RosterMistake[],
): Tree | undefined {
  let at = 0;
  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    at += found.length;
    return found;
  };
  const refuse = (what: string): never => {
    throw new NoJson(at, at >= text.length ? `${what}, but the file ends here` : what);
  };
  const take = (character: string, what: string): void => {
    if (text[at] !== character) refuse(what);
    at += 1;
  };

  const string = (): string => {
    take('"', 'a text in double quotes must stand here');
    let value = '';
    for (;;) {
      value += skip(plainCharacters);
      const next = text[at];
      if (next === '"') {
        at += 1;
        return value;
      }
      if (next !== '\\') refuse('the text is not closed in its line');
      value += escaped();
    }
  };
  const escaped = (): string => {
    const letter = text[at + 1] ?? '';
    if (letter === 'u') {
      const digits = text.slice(at + 2, at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) refuse('four hexadecimal digits must follow \\u');
      at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const meant = escapes[letter];
    if (meant === undefined) refuse('JSON knows no such escape');
    at += 2;
    return meant ?? '';
  };
  /** `[…]` or `{…}`: what `one` reads, with commas between. */
  const listed = (close: string, one: () => void): void => {
    at += 1;
    skip(space);
    if (text[at] === close) {
      at += 1;
      return;
    }
    for (;;) {
      one();
      skip(space);
      if (text[at] === close) {
        at += 1;
        return;
      }
      take(',', `a comma or ${close} must stand here`);
      skip(space);
    }
  };
  const value = (pointer: string, depth: number): Tree => {
    if (depth > treeDepthMax) refuse(`nested over ${treeDepthMax} levels`);
    const begun = at;
    const next = text[at] ?? '';
    if (next === '{') {
      const members = new Map<string, Member>();
      listed('}', () => {
        const nameAt = at;
        const name = string();
        skip(space);
        take(':', 'a colon must stand here');
        skip(space);
        const path = below(pointer, name);
        if (members.has(name)) {
          mistakes.push(
            places.mistake(nameAt, path, `member ${JSON.stringify(name)} is there twice`),
          );
        }
        if (members.size >= membersMax) refuse(`more than ${membersMax} members in one object`);
        members.set(name, { nameAt, tree: value(path, depth + 1) });
      });
      return { at: begun, value: { kind: 'object', members } };
    }
    if (next === '[') {
      const items: Tree[] = [];
      listed(']', () => {
        if (items.length >= itemsMax) refuse(`more than ${itemsMax} items in one list`);
        items.push(value(below(pointer, items.length), depth + 1));
      });
      return { at: begun, value: { kind: 'list', items } };
    }
    if (next === '"') return { at: begun, value: { kind: 'text', text: string() } };
    for (const word of ['true', 'false', 'null'] as const) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return {
        at: begun,
        value: word === 'null' ? { kind: 'null' } : { kind: 'truth', source: word },
      };
    }
    const source = skip(numeral);
    if (source === '' || /[\w.]/.test(text[at] ?? '')) {
      at = begun;
      refuse('a value must stand here: a text in double quotes, a number, [ or {');
    }
    return { at: begun, value: { kind: 'number', source } };
  };

  try {
    skip(space);
    const tree = value('', 0);
    skip(space);
    if (at < text.length) refuse('the file goes on after its value');
    return tree;
  } catch (problem) {
    if (!(problem instanceof NoJson)) throw problem;
    mistakes.push(places.mistake(problem.at, '', `no JSON: ${problem.message}`));
    return undefined;
  }
}
