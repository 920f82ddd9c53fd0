/** What a template may call: Go's built-ins and Sabakan's own (`MyURL`, `Metadata`, `json`, `add` …). */

import {
  formatValue,
  type GoValue,
  isList,
  isMap,
  isTrue,
  jsonFromGo,
  typeName,
} from './go-value.ts';
import { sprint, sprintf, sprintln } from './printf.ts';

/** What went wrong inside a function; the runner adds template, line and expression. */
export class CallProblem extends Error {}

export type TemplateFunction = (args: readonly GoValue[]) => GoValue;

export type TemplateSettings = {
  readonly advertiseUrl: string;
  readonly advertiseUrlHttps: string;
  /** The template's `meta`. */
  readonly metadata: ReadonlyMap<string, GoValue>;
};

/** `and` and `or` stop early, so the runner evaluates them; their names are here for the parser. */
export const lazyFunctions: ReadonlySet<string> = new Set(['and', 'or']);

export function templateFunctions(
  settings: TemplateSettings,
): ReadonlyMap<string, TemplateFunction> {
  return new Map<string, TemplateFunction>([
    ['not', (args) => !isTrue(only(args, 'not'))],
    ['len', (args) => length(only(args, 'len'))],
    ['index', indexed],
    ['slice', sliced],
    ['print', sprint],
    ['println', sprintln],
    ['printf', (args) => sprintf(text(args[0], 'printf'), args.slice(1))],
    ['html', (args) => escapeHtml(joined(args))],
    ['js', (args) => escapeJs(joined(args))],
    ['urlquery', (args) => escapeQuery(joined(args))],
    [
      'call',
      (args) =>
        refuse(
          args.length === 0
            ? 'wrong number of args for call: want at least 1 got 0'
            : `non-function of type ${typeName(args[0])}`,
        ),
    ],
    ['eq', equalToAny],
    ['ne', (args) => !equal(...two(args, 'ne'))],
    ['lt', (args) => less(...two(args, 'lt'))],
    ['le', (args) => lessOrEqual(...two(args, 'le'))],
    ['gt', (args) => !lessOrEqual(...two(args, 'gt'))],
    ['ge', (args) => !less(...two(args, 'ge'))],
    ['MyURL', () => settings.advertiseUrl],
    ['MyURLHTTPS', () => settings.advertiseUrlHttps],
    ['Metadata', (args) => metadata(settings, args)],
    ['json', (args) => goJson(only(args, 'json'))],
    ['add', (args) => arithmetic('add', args)],
    ['sub', (args) => arithmetic('sub', args)],
    ['mul', (args) => arithmetic('mul', args)],
    ['div', (args) => arithmetic('div', args)],
  ]);
}

function refuse(problem: string): never {
  throw new CallProblem(problem);
}

function only(args: readonly GoValue[], name: string): GoValue {
  if (args.length !== 1) refuse(`wrong number of args for ${name}: want 1 got ${args.length}`);
  return args[0];
}

function two(args: readonly GoValue[], name: string): [GoValue, GoValue] {
  if (args.length !== 2) refuse(`wrong number of args for ${name}: want 2 got ${args.length}`);
  return [args[0], args[1]];
}

function text(value: GoValue, name: string): string {
  if (typeof value !== 'string')
    refuse(`wrong type for ${name}: want string, got ${typeName(value)}`);
  return value;
}

function length(value: GoValue): bigint {
  if (typeof value === 'string') return BigInt(new TextEncoder().encode(value).length);
  if (isList(value)) return BigInt(value.length);
  if (isMap(value)) return BigInt(value.entries.size);
  return refuse(value === undefined ? 'len of nil pointer' : `len of type ${typeName(value)}`);
}

function indexed(args: readonly GoValue[]): GoValue {
  if (args.length === 0) refuse('wrong number of args for index: want at least 1 got 0');
  if (args[0] === undefined) refuse('index of untyped nil');
  return args.slice(1).reduce((value: GoValue, key) => {
    if (isMap(value)) {
      if (typeof key !== 'string') refuse(`value has type ${typeName(key)}; should be string`);
      return value.entries.has(key) ? value.entries.get(key) : value.zero;
    }
    if (isList(value)) return value[position(key, value.length - 1)];
    if (typeof value === 'string') {
      const octets = new TextEncoder().encode(value);
      return BigInt(octets[position(key, octets.length - 1)] ?? 0);
    }
    return refuse(
      value === undefined ? 'index of nil pointer' : `can't index item of type ${typeName(value)}`,
    );
  }, args[0]);
}

function position(key: GoValue, last: number): number {
  if (typeof key !== 'bigint')
    refuse(
      key === undefined
        ? 'cannot index slice/array with nil'
        : `cannot index slice/array with type ${typeName(key)}`,
    );
  if (key < 0n || key > BigInt(last)) refuse(`index out of range: ${key}`);
  return Number(key);
}

function sliced(args: readonly GoValue[]): GoValue {
  const [value, ...bounds] = args;
  if (args.length === 0) refuse('wrong number of args for slice: want at least 1 got 0');
  if (value === undefined) refuse('slice of untyped nil');
  if (bounds.length > 3) refuse(`too many slice indexes: ${bounds.length}`);
  const octets = typeof value === 'string' ? new TextEncoder().encode(value) : undefined;
  if (octets !== undefined && bounds.length === 3) refuse('cannot 3-index slice a string');
  if (octets === undefined && !isList(value)) refuse(`can't slice item of type ${typeName(value)}`);
  const size = octets?.length ?? (isList(value) ? value.length : 0);
  const [from = 0, to = size, limit = size] = bounds.map((bound) => position(bound, size));
  if (from > to) refuse(`invalid slice index: ${from} > ${to}`);
  if (to > limit) refuse(`invalid slice index: ${to} > ${limit}`);
  return octets === undefined && isList(value)
    ? value.slice(from, to)
    : new TextDecoder().decode(octets?.subarray(from, to));
}

function equalToAny(args: readonly GoValue[]): boolean {
  if (args.length < 2)
    refuse(
      args.length === 0
        ? 'wrong number of args for eq: want at least 1 got 0'
        : 'missing argument for comparison',
    );
  return args.slice(1).some((other) => equal(args[0], other));
}

function equal(a: GoValue, b: GoValue): boolean {
  if (a === undefined || b === undefined) return a === b;
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA !== kindB)
    refuse(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
  if (kindA === undefined) refuse(`non-comparable type ${formatValue(a)}: ${typeName(a)}`);
  return a === b;
}

function less(a: GoValue, b: GoValue): boolean {
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA === undefined || kindB === undefined || kindA === 'boolean')
    refuse('invalid type for comparison');
  if (kindA !== kindB)
    refuse(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
  return (a as bigint) < (b as bigint);
}

function lessOrEqual(a: GoValue, b: GoValue): boolean {
  return less(a, b) || equal(a, b);
}

function basicKind(value: GoValue): string | undefined {
  return typeof value === 'object' || value === undefined ? undefined : typeof value;
}

function metadata(settings: TemplateSettings, args: readonly GoValue[]): GoValue {
  const key = text(only(args, 'Metadata'), 'Metadata');
  if (!settings.metadata.has(key)) refuse(`no such meta data: ${key}`);
  return settings.metadata.get(key);
}

/** `json`: Go's `encoding/json`, which escapes `<`, `>`, `&` for HTML. */
function goJson(value: GoValue): string {
  return JSON.stringify(jsonFromGo(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

type Operation = 'add' | 'sub' | 'mul' | 'div';

/** Two whole numbers give a 64-bit whole number; any fraction makes it a float. */
function arithmetic(name: Operation, args: readonly GoValue[]): GoValue {
  const [a, b] = two(args, name);
  for (const value of [a, b]) {
    if (typeof value !== 'bigint' && typeof value !== 'number')
      refuse(`${name}: ${formatValue(value)} (${typeName(value)}) is not a number`);
  }
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    if (name === 'div' && b === 0n) refuse('div: division by zero');
    const results = { add: () => a + b, sub: () => a - b, mul: () => a * b, div: () => a / b };
    return BigInt.asIntN(64, results[name]());
  }
  const [x, y] = [Number(a), Number(b)];
  if (name === 'div' && y === 0) refuse('div: division by zero');
  const results = { add: () => x + y, sub: () => x - y, mul: () => x * y, div: () => x / y };
  return results[name]();
}

function joined(args: readonly GoValue[]): string {
  return args.length === 1 && typeof args[0] === 'string' ? args[0] : sprint(args);
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

function escapeHtml(value: string): string {
  return value.replace(/[\0"'&<>]/g, (character) => htmlEscapes[character] ?? character);
}

function escapeJs(value: string): string {
  return [...value]
    .map((character) => {
      if (`\\'"`.includes(character)) return `\\${character}`;
      const code = character.codePointAt(0) ?? 0;
      if (!'<>&='.includes(character) && code >= 0x20 && code !== 0x7f) return character;
      return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
    })
    .join('');
}

function escapeQuery(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
