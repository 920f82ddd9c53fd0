/** A YAML mapping read member by member: every mistake is kept with its line, and members nobody asked for are mistakes, too. */

import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { nearestName } from '../base/nearest-name.ts';

export type ConfigMistake = {
  /** Line of the configuration file, from 1; undefined for flags and for what is missing. */
  readonly line: number | undefined;
  /** `etcd.endpoints`, or a flag's name. */
  readonly member: string;
  readonly text: string;
};

export type Section = {
  /** The plain value, undefined when the member is absent. */
  readonly raw: (name: string) => unknown;
  readonly text: (name: string, otherwise: string) => string;
  readonly optionalText: (name: string) => string | undefined;
  readonly flag: (name: string, otherwise: boolean) => boolean;
  readonly integer: (
    name: string,
    otherwise: number,
    range: readonly [min: number, max: number],
  ) => number;
  /** A list of texts; a single text stands for a list of one. */
  readonly texts: (name: string, otherwise: readonly string[]) => readonly string[];
  /** A mapping whose names are the user's. */
  readonly mapping: (name: string) => Readonly<Record<string, unknown>>;
  /** A mapping below; an absent one reads as empty. */
  readonly section: (name: string) => Section;
  /** All members but these, as one plain value: for a parser that checks them itself. */
  readonly others: (names: readonly string[]) => Readonly<Record<string, unknown>>;
  readonly has: (name: string) => boolean;
  /** Reports a mistake at a member, or further below it (`probes/1/port`). */
  readonly mistake: (name: string, text: string) => void;
  /** Call last: whatever was not asked for is unknown. */
  readonly refuseOthers: () => void;
};

/** A configuration file of this size is not one. */
const configBytesMax = 1024 * 1024;

export function readYaml(source: string, mistakes: ConfigMistake[]): Section | undefined {
  if (source.length > configBytesMax) {
    mistakes.push({
      line: undefined,
      member: '',
      text: `the file is larger than ${configBytesMax} bytes`,
    });
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(source, {
    lineCounter: lines,
    uniqueKeys: true,
    maxAliasCount: 100,
  } as never);
  for (const problem of document.errors) {
    const line = problem.linePos?.[0].line;
    mistakes.push({
      line,
      member: '',
      text: problem.message.split('\n')[0]?.replace(/ at line.*$/, '') ?? '',
    });
  }
  if (document.errors.length > 0) return undefined;
  if (document.contents !== null && !isMap(document.contents)) {
    mistakes.push({
      line: 1,
      member: '',
      text: 'the file must be a mapping of members and values',
    });
    return undefined;
  }
  const lineOf = (node: unknown): number | undefined => {
    const start = (node as Node | null)?.range?.[0];
    return start === undefined ? undefined : lines.linePos(start).line;
  };
  return sectionOf(document.contents, '', lineOf, mistakes);
}

/** Flags in the place of a file: the same members, no lines. */
export function readPlain(
  values: Readonly<Record<string, unknown>>,
  mistakes: ConfigMistake[],
  heard: Heard = () => {},
): Section {
  const document = parseDocument(JSON.stringify(values));
  return sectionOf(document.contents, '', () => undefined, mistakes, heard);
}

/** Told of every member that a reader asks for, with the default it named; sections are not told. */
export type Heard = (path: string, otherwise: unknown) => void;

type LineOf = (node: unknown) => number | undefined;

function sectionOf(
  contents: unknown,
  path: string,
  lineOf: LineOf,
  mistakes: ConfigMistake[],
  heard: Heard = () => {},
): Section {
  const items = isMap(contents) ? contents.items : [];
  const asked = new Set<string>();
  const pair = (name: string) => {
    asked.add(name);
    return items.find((item) => isScalar(item.key) && String(item.key.value) === name);
  };
  const raw = (name: string): unknown => {
    const value = pair(name)?.value;
    return value === undefined || value === null
      ? undefined
      : ((value as Node).toJSON() ?? undefined);
  };
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const mistake = (name: string, text: string): void => {
    const [first = '', ...below] = name.split('/');
    const found = items.find((item) => isScalar(item.key) && String(item.key.value) === first);
    let node: unknown = found?.value;
    for (const step of below) {
      const next = isMap(node)
        ? node.get(step, true)
        : (node as { get?: (k: number, keep: true) => unknown })?.get?.(Number(step), true);
      if (next === undefined) break;
      node = next;
    }
    const line = lineOf(node) ?? lineOf(found?.key);
    mistakes.push({ line, member: at(name.replaceAll('/', '.')), text });
  };
  const expect = <T>(
    name: string,
    otherwise: T,
    isRight: (value: unknown) => boolean,
    wanted: string,
  ): T => {
    heard(at(name), otherwise);
    const value = raw(name);
    if (value === undefined) return otherwise;
    if (isRight(value)) return value as T;
    mistake(name, `must be ${wanted}, not ${JSON.stringify(value)}`);
    return otherwise;
  };
  const isText = (value: unknown): boolean => typeof value === 'string';
  return {
    raw,
    text: (name, otherwise) => expect(name, otherwise, isText, 'text'),
    optionalText: (name) => expect<string | undefined>(name, undefined, isText, 'text'),
    flag: (name, otherwise) =>
      expect(name, otherwise, (value) => typeof value === 'boolean', 'true or false'),
    integer: (name, otherwise, [min, max]) =>
      expect(
        name,
        otherwise,
        (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
        `a whole number from ${min} to ${max}`,
      ),
    texts: (name, otherwise) => {
      heard(at(name), otherwise);
      const value = raw(name);
      if (isText(value)) return [value as string];
      return expect(
        name,
        otherwise,
        (list) => Array.isArray(list) && list.every(isText),
        'a list of texts',
      );
    },
    mapping: (name) =>
      expect(
        name,
        {},
        (value) => typeof value === 'object' && !Array.isArray(value),
        'a mapping of names and values',
      ),
    section: (name) => {
      const value = pair(name)?.value;
      const isEmpty =
        value === undefined || value === null || (isScalar(value) && value.value === null);
      if (!isEmpty && !isMap(value)) mistake(name, 'must be a mapping of members and values');
      return sectionOf(value, at(name), lineOf, mistakes, heard);
    },
    others: (names) => {
      const rest = items
        .map((item) => (isScalar(item.key) ? String(item.key.value) : '?'))
        .filter((name) => !names.includes(name));
      return Object.fromEntries(rest.map((name) => [name, raw(name)]));
    },
    has: (name) => raw(name) !== undefined,
    mistake,
    refuseOthers: () => {
      const known = [...asked].toSorted();
      for (const item of items) {
        const name = isScalar(item.key) ? String(item.key.value) : '?';
        if (asked.has(name)) continue;
        const meant = nearestName(name, known);
        const advice =
          meant === undefined
            ? 'take it out (Sabakan passes over such a member, and so would over a misspelt one)'
            : `did you mean ${meant}?`;
        const text = `unknown member: ${advice}; known here: ${known.join(', ')}`;
        mistakes.push({ line: lineOf(item.key), member: at(name), text });
      }
    },
  };
}
