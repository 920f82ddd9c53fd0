/**
 * kubectl's JSONPath templates: text with `{…}` in it, `{range .items[*]}…{end}`, filters `?(@.a=="b")`. What RFC 9535
 * calls JSONPath has neither templates nor `range`, so this dialect is read here.
 */

import { fail, ok, type Result } from '../../base/result.ts';

export type Template = readonly Part[];
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'range'; readonly over: Path; readonly body: Template };

export type Path = readonly Step[];
export type Step =
  | { readonly kind: 'root' }
  | { readonly kind: 'current' }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'all' }
  | { readonly kind: 'deep' }
  | { readonly kind: 'indices'; readonly indices: readonly number[] }
  | { readonly kind: 'slice'; readonly from?: number; readonly to?: number; readonly step: number }
  | { readonly kind: 'filter'; readonly filter: Filter };

export type Filter = {
  readonly left: Operand;
  readonly right?: { readonly operator: Operator; readonly operand: Operand };
};
export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: string | number | boolean | null };

const operators = ['==', '!=', '<=', '>=', '<', '>'] as const;
export type Operator = (typeof operators)[number];

export const templateCharactersMax = 16 * 1024;
/** `range` inside of `range`. */
const depthMax = 16;

/** @returns the template, or what is wrong and after how many characters */
export function parseTemplate(given: string): Result<Template, string> {
  if (given.length > templateCharactersMax) {
    return fail(`has ${given.length} characters, at most ${templateCharactersMax} make a template`);
  }
  // As kubectl's --sort-by: a lone path needs no braces.
  const text = /^[.$[@]/.test(given) && !given.includes('{') ? `{${given}}` : given;
  const reader: Reader = { text, at: 0 };
  try {
    return ok(parts(reader, 0));
  } catch (problem) {
    if (problem instanceof Mistake) return fail(problem.message);
    throw problem;
  }
}

/** A path alone, without braces: `.spec.bmc.ipv4`. */
export function parsePath(text: string): Result<Path, string> {
  const template = parseTemplate(`{${text}}`);
  if (!template.ok) return template;
  const [only, ...more] = template.value;
  return only?.kind === 'path' && more.length === 0 ? ok(only.path) : fail(`${text} is no path`);
}

type Reader = { readonly text: string; at: number };

/** Caught at the door of this file. */
class Mistake extends Error {}

function refuse(reader: Reader, what: string): never {
  const found =
    reader.at >= reader.text.length
      ? 'the end'
      : JSON.stringify(reader.text.slice(reader.at, reader.at + 20));
  throw new Mistake(`after ${reader.at} characters: expected ${what}, found ${found}`);
}

function parts(reader: Reader, depth: number): Template {
  const found: Part[] = [];
  const { text } = reader;
  while (reader.at < text.length) {
    const open = text.indexOf('{', reader.at);
    const literal = text.slice(reader.at, open === -1 ? text.length : open);
    if (literal !== '') found.push({ kind: 'text', text: literal });
    if (open === -1) {
      reader.at = text.length;
      break;
    }
    reader.at = open + 1;
    skipSpace(reader);
    if (takeWord(reader, 'end')) {
      if (depth === 0) refuse(reader, 'a {range …} before this {end}');
      take(reader, '}', '} after end');
      return found;
    }
    found.push(...action(reader, depth));
  }
  if (depth > 0) refuse(reader, '{end} for each {range …}');
  return found;
}

/** What stands between braces: strings and paths, or the head of a range. */
function action(reader: Reader, depth: number): readonly Part[] {
  if (takeWord(reader, 'range')) {
    if (depth === depthMax) refuse(reader, `at most ${depthMax} ranges inside one another`);
    skipSpace(reader);
    const over = path(reader);
    take(reader, '}', '} after the path of range');
    return [{ kind: 'range', over, body: parts(reader, depth + 1) }];
  }
  const found: Part[] = [];
  for (;;) {
    skipSpace(reader);
    const letter = reader.text[reader.at];
    if (letter === '}') break;
    if (letter === '"' || letter === "'") found.push({ kind: 'text', text: quoted(reader) });
    else found.push({ kind: 'path', path: path(reader) });
  }
  reader.at += 1;
  return found;
}

function path(reader: Reader): Path {
  const steps: Step[] = [];
  const { text } = reader;
  const start = reader.at;
  if (text[reader.at] === '$') {
    reader.at += 1;
    steps.push({ kind: 'root' });
  } else if (text[reader.at] === '@') {
    reader.at += 1;
    steps.push({ kind: 'current' });
  }
  for (;;) {
    const letter = text[reader.at];
    if (letter === '.') {
      reader.at += 1;
      if (text[reader.at] === '.') {
        reader.at += 1;
        steps.push({ kind: 'deep' });
      }
      if (text[reader.at] === '[') continue;
      if (text[reader.at] === '*') {
        reader.at += 1;
        steps.push({ kind: 'all' });
        continue;
      }
      const name = fieldName(reader);
      // `{.}` is the object itself.
      if (name !== '') steps.push({ kind: 'names', names: [name] });
    } else if (letter === '[') {
      reader.at += 1;
      steps.push(bracket(reader));
    } else break;
  }
  if (reader.at === start) {
    refuse(reader, 'a path such as .items[*].serial, a quoted string, range or end');
  }
  return steps;
}

/** A backslash takes the next letter as it is: `.labels.example\.com/x`. */
function fieldName(reader: Reader): string {
  let name = '';
  for (; reader.at < reader.text.length; reader.at += 1) {
    const letter = reader.text[reader.at] ?? '';
    if (letter === '\\') {
      reader.at += 1;
      name += reader.text[reader.at] ?? '';
    } else if (/[\w/-]/.test(letter) || letter > '\u007F') name += letter;
    else break;
  }
  return name;
}

function bracket(reader: Reader): Step {
  skipSpace(reader);
  const rest = reader.text.slice(reader.at);
  if (rest.startsWith('*')) {
    reader.at += 1;
    closeBracket(reader);
    return { kind: 'all' };
  }
  if (rest.startsWith('?(')) {
    reader.at += 2;
    const filter = readFilter(reader);
    take(reader, ')', ') after the filter');
    closeBracket(reader);
    return { kind: 'filter', filter };
  }
  if (/^["']/.test(rest)) {
    const names = list(reader, quoted);
    closeBracket(reader);
    return { kind: 'names', names };
  }
  const slice = /^(-?\d+)?\s*:\s*(-?\d+)?(?:\s*:\s*(\d+)?)?/.exec(rest);
  if (slice !== null) {
    const [whole, from, to, step = '1'] = slice;
    if (Number(step) === 0) refuse(reader, 'a step of 1 or more');
    reader.at += whole.length;
    closeBracket(reader);
    return {
      kind: 'slice',
      ...(from === undefined ? {} : { from: Number(from) }),
      ...(to === undefined ? {} : { to: Number(to) }),
      step: Number(step),
    };
  }
  const indices = list(reader, (inner) => {
    const number = /^-?\d+/.exec(inner.text.slice(inner.at));
    if (number === null) return refuse(inner, 'an index, a slice, *, a quoted name or ?(…)');
    inner.at += number[0].length;
    return Number(number[0]);
  });
  closeBracket(reader);
  return { kind: 'indices', indices };
}

function list<T>(reader: Reader, one: (reader: Reader) => T): readonly T[] {
  const found = [one(reader)];
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] !== ',') return found;
    reader.at += 1;
    skipSpace(reader);
    found.push(one(reader));
  }
}

function readFilter(reader: Reader): Filter {
  const left = operand(reader);
  skipSpace(reader);
  const operator = operators.find((sign) => reader.text.startsWith(sign, reader.at));
  if (operator === undefined) {
    if (reader.text[reader.at] !== ')') refuse(reader, `) or one of ${operators.join(' ')}`);
    return { left };
  }
  reader.at += operator.length;
  return { left, right: { operator, operand: operand(reader) } };
}

function operand(reader: Reader): Operand {
  skipSpace(reader);
  const rest = reader.text.slice(reader.at);
  if (/^["']/.test(rest)) return { kind: 'value', value: quoted(reader) };
  const [number] = /^-?\d+(\.\d+)?/.exec(rest) ?? [];
  if (number !== undefined) {
    reader.at += number.length;
    return { kind: 'value', value: Number(number) };
  }
  const [word] = /^(true|false|null)\b/.exec(rest) ?? [];
  if (word !== undefined) {
    reader.at += word.length;
    return { kind: 'value', value: JSON.parse(word) as boolean | null };
  }
  if (!/^[@$]/.test(rest)) refuse(reader, 'a path from @, a number or a quoted string');
  return { kind: 'path', path: path(reader) };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', 0: '\0' };

function quoted(reader: Reader): string {
  const quote = reader.text[reader.at];
  let text = '';
  for (reader.at += 1; reader.at < reader.text.length; reader.at += 1) {
    const letter = reader.text[reader.at] ?? '';
    if (letter === quote) {
      reader.at += 1;
      return text;
    }
    if (letter === '\\') {
      reader.at += 1;
      const escaped = reader.text[reader.at] ?? '';
      text += escapes[escaped] ?? escaped;
    } else text += letter;
  }
  return refuse(reader, `the closing ${quote}`);
}

function closeBracket(reader: Reader): void {
  take(reader, ']', 'the closing ]');
}

function take(reader: Reader, sign: string, what: string): void {
  skipSpace(reader);
  if (reader.text[reader.at] !== sign) refuse(reader, what);
  reader.at += 1;
}

function takeWord(reader: Reader, word: string): boolean {
  const follows = reader.text[reader.at + word.length] ?? '';
  if (!reader.text.startsWith(word, reader.at) || /[\w.]/.test(follows)) return false;
  reader.at += word.length;
  return true;
}

function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at += 1;
}
