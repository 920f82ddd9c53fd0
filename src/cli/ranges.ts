/**
 * Node ranges, as people at large clusters know them: `rack3`, `rack[1-4]`, `r[1-4]`, `ABC123`, `ABC[001-020]`,
 * `r[1-2]-n[01-28]`, comma lists, `@file`, `-` for standard input, `^` or `!` before what is left out.
 */

import { fail, ok, type Result } from '../base/result.ts';

/** What is named, before anybody asked a server whether it exists. */
export type NodeRange = {
  readonly names: readonly string[];
  readonly racks: readonly number[];
  readonly without: { readonly names: readonly string[]; readonly racks: readonly number[] };
  /** One plain name and nothing else: what is answered is that object, not a list. */
  readonly isOne: boolean;
};

export type RangeTexts = {
  /** The text behind `@file`, or behind `-`; read by the caller. */
  readonly textOf: (source: string) => string | undefined;
};

/** More than any hall holds; `A[1-999999]` is a slip of the finger. */
export const rangeNamesMax = 20_000;
/** Of one range, or of one file with ranges. */
export const rangeCharactersMax = 4 * 1024 * 1024;
/** As many as a person mends in one go. */
const mistakesMax = 20;

const example = 'as in: rack3, rack[1-4], ABC123, ABC[001-020], @file, -, ^ABC007';
const racksPattern = /^(?:rack|r)(\d+|\[[^\]]*\])$/;

/** The sources that the arguments name, so that the caller can read them: file names, and `-`. */
export function rangeSources(args: readonly string[]): readonly string[] {
  return args
    .flatMap((arg) => splitList(arg))
    .map(({ text }) => text.replace(/^[\^!]/, ''))
    .filter((text) => text.startsWith('@') || text === '-')
    .map((text) => (text === '-' ? '-' : text.slice(1)));
}

/**
 * @param args as given on the command line, each a range of its own
 * @param texts what the files behind `@file` and `-` hold: ranges, one or several a line, `#` begins a comment
 * @returns every mistake with the argument it stands in
 */
export function parseRanges(
  args: readonly string[],
  texts: RangeTexts = { textOf: () => undefined },
): Result<NodeRange, readonly string[]> {
  const reader = createReader(texts);
  for (const arg of args) reader.read(arg, '');
  const { mistakes, names, racks, without, plain } = reader;
  if (mistakes.length > 0) return fail(mistakes);
  return ok({
    names: [...names],
    racks: [...racks],
    without: { names: [...without.names], racks: [...without.racks] },
    isOne: plain && names.size === 1 && args.length === 1 && racks.size === 0,
  });
}

/** Everything that is named, whether it is there or not; the rest is for whoever has the inventory. */
export function isEmptyRange({ names, racks }: NodeRange): boolean {
  return names.length === 0 && racks.length === 0;
}

function createReader({ textOf }: RangeTexts) {
  const mistakes: string[] = [];
  const names = new Set<string>();
  const racks = new Set<number>();
  const without = { names: new Set<string>(), racks: new Set<number>() };
  const found = { mistakes, names, racks, without, plain: true };
  const say = (text: string): void => {
    if (mistakes.length < mistakesMax) mistakes.push(text);
  };

  const expand = (text: string, place: string): readonly string[] => {
    const room = rangeNamesMax - names.size - without.names.size;
    const expanded = expandBrackets(text, room);
    if (expanded.ok) return expanded.value;
    say(`${place}${JSON.stringify(text)}: ${expanded.error}`);
    return [];
  };

  const term = (text: string, place: string, isInFile: boolean): void => {
    const isLeftOut = /^[\^!]/.test(text);
    const wanted = isLeftOut ? text.slice(1) : text;
    const into = isLeftOut ? without : { names, racks };
    if (isLeftOut || /[[@]/.test(text) || text === '-') found.plain = false;
    if (wanted === '') {
      say(`${place}${JSON.stringify(text)} leaves out nothing; ${example}`);
    } else if (/^[\^!]/.test(wanted)) {
      say(`${place}${JSON.stringify(text)} leaves out what is left out; write it without ^ or !`);
    } else if (wanted === '-' || wanted.startsWith('@')) {
      const source = wanted === '-' ? '-' : wanted.slice(1);
      if (isInFile) say(`${place}${wanted}: a file of names cannot name another one`);
      else if (isLeftOut) for (const line of linesOf(source)) term(`^${line}`, `${source}: `, true);
      else for (const line of linesOf(source)) term(line, `${source}: `, true);
    } else if (wanted.startsWith('serial:')) {
      into.names.add(wanted.slice('serial:'.length));
    } else if (wanted.includes('=')) {
      say(`${place}${JSON.stringify(text)}: selectors are given with --field-selector or -l`);
    } else if (racksPattern.test(wanted)) {
      const numbers = racksPattern.exec(wanted)?.[1] ?? '';
      for (const number of expand(numbers, place)) into.racks.add(Number(number));
    } else {
      for (const name of expand(wanted, place)) into.names.add(name);
    }
  };

  const linesOf = (source: string): readonly string[] => {
    const text = textOf(source);
    if (text === undefined) {
      say(source === '-' ? 'nothing came on standard input' : `${source}: cannot be read`);
      return [];
    }
    if (text.length > rangeCharactersMax) {
      say(`${source}: has ${text.length} characters, at most ${rangeCharactersMax} are read`);
      return [];
    }
    const terms = text
      .split('\n')
      .map((line) => line.replace(/#.*/, ''))
      .flatMap((line) => line.split(/\s+/))
      .flatMap((part) => splitList(part).map((one) => one.text));
    if (terms.length === 0) say(`${source === '-' ? 'standard input' : source} names nothing`);
    return terms;
  };

  const read = (arg: string, place: string): void => {
    const terms = splitList(arg);
    if (terms.length !== 1) found.plain = false;
    if (terms.length === 0) say(`${place}${JSON.stringify(arg)} names nothing; ${example}`);
    for (const { text } of terms) term(text, place, false);
  };
  return Object.assign(found, { read });
}

/** At commas outside of brackets. */
function splitList(text: string): readonly { readonly text: string }[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const letter = text[at];
    if (letter === '[') depth += 1;
    else if (letter === ']') depth -= 1;
    else if (letter === undefined || (letter === ',' && depth <= 0)) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return parts.filter((part) => part !== '').map((part) => ({ text: part }));
}

/** `A[1-3,7]B[01-02]` → every combination, the last bracket fastest. */
function expandBrackets(text: string, room: number): Result<readonly string[], string> {
  const pieces = /^(?:[^[\]]|\[[^[\]]*\])*$/.test(text)
    ? (text.match(/\[[^\]]*\]|[^[]+/g) ?? [])
    : undefined;
  if (pieces === undefined) return fail('a bracket is not closed, not opened, or inside another');
  let all: readonly string[] = [''];
  for (const piece of pieces) {
    const choices = piece.startsWith('[') ? numbersOf(piece.slice(1, -1), room) : ok([piece]);
    if (!choices.ok) return choices;
    if (all.length * choices.value.length > room) return fail(tooMany);
    all = all.flatMap((before) => choices.value.map((choice) => before + choice));
  }
  return ok(all);
}

const tooMany = `a range names at most ${rangeNamesMax}; select by --field-selector instead`;

/** `001-020,7` → the numbers, as wide as the first of each range is written. */
function numbersOf(text: string, room: number): Result<readonly string[], string> {
  const numbers: string[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part.trim());
    if (match === null) {
      return fail(`[${text}] must hold numbers and ranges of them, as in [1-4,7] or [001-020]`);
    }
    const [, from = '', to = from] = match;
    if (Number(to) < Number(from)) return fail(`[${part}] counts down; write [${to}-${from}]`);
    if (Number(to) - Number(from) >= room - numbers.length) return fail(tooMany);
    for (let number = Number(from); number <= Number(to); number += 1) {
      numbers.push(String(number).padStart(from.length, '0'));
    }
  }
  return ok(numbers);
}
