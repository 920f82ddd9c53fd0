/** What a template may call: Go's built-ins and Sabakan's own (`MyURL`, `Metadata`, `json`, `add` …). */

import { type Arithmetic, arithmetic } from './arithmetic.ts';
import type { Budget } from './budget.ts';
import { type Callable, type Parameter, refuse } from './callable.ts';
import { equalsAny, isLess, isLessOrEqual } from './compare.ts';
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts';
import { anyType, stringType } from './go-type.ts';
import {
  insideInterface,
  isTrue,
  type MaybeValue,
  ofBool,
  ofString,
  type Value,
} from './go-value.ts';
import { indexed, lengthOf, sliced } from './indexing.ts';
import { jsonOf } from './json.ts';
import { joined, sprint, sprintf, sprintln } from './printf.ts';

export type TemplateSettings = {
  readonly advertiseUrl: string;
  readonly advertiseUrlHttps: string;
  /** The template's `meta`. */
  readonly metadata: ReadonlyMap<string, Value>;
};

export function templateFunctions(settings: TemplateSettings): ReadonlyMap<string, Callable> {
  return new Map([...builtins, ...sabakanFunctions(settings)]);
}

type Make = (args: readonly MaybeValue[], budget: Budget) => string;

const exactly = (count: number, call: Callable['call']): Callable => ({
  takes: Array<Parameter>(count).fill('value'),
  call,
});
const values = (fixed: number, call: Callable['call']): Callable => ({
  takes: Array<Parameter>(fixed + 1).fill('value'),
  variadic: true,
  call,
});
/** Makes text of anything, which is charged. */
const textOfAny = (make: Make, first: readonly Parameter[] = []): Callable => ({
  takes: [...first, anyType],
  variadic: true,
  call: (args, budget) => charged(make(args, budget), budget),
});
const test = (decide: (args: readonly MaybeValue[]) => boolean): Callable =>
  exactly(2, (args) => ofBool(decide(args)));
const lazy = (name: 'and' | 'or'): Callable => ({
  takes: ['value', 'value'],
  variadic: true,
  lazy: name,
  call: () => undefined,
});

function charged(text: string, budget: Budget): Value {
  budget.characters(text.length);
  return ofString(text);
}

/** The rest of a string argument's cost: reading it once more. */
function words(value: MaybeValue): string {
  return (value?.data ?? '') as string;
}

const builtins: readonly (readonly [string, Callable])[] = [
  ['and', lazy('and')],
  ['or', lazy('or')],
  ['not', exactly(1, ([value]) => ofBool(!isTrue(value)))],
  ['len', exactly(1, ([value]) => lengthOf(value))],
  ['index', values(1, indexed)],
  ['slice', values(1, sliced)],
  ['call', { ...values(2, refuseCall), takes: ['value', 'value'], wantsName: true }],
  ['eq', values(1, (args) => ofBool(equalsAny(args)))],
  ['ne', test((args) => !equalsAny(args))],
  ['lt', test(isLess)],
  ['le', test(isLessOrEqual)],
  ['gt', test((args) => !isLessOrEqual(args))],
  ['ge', test((args) => !isLess(args))],
  ['print', textOfAny(sprint)],
  ['println', textOfAny(sprintln)],
  [
    'printf',
    textOfAny(([format, ...args], budget) => sprintf(words(format), args, budget), [stringType]),
  ],
  ['html', textOfAny((args, budget) => escapeHtml(joined(args, budget)))],
  ['js', textOfAny((args, budget) => escapeJs(joined(args, budget)))],
  ['urlquery', textOfAny((args, budget) => escapeQuery(joined(args, budget)))],
];

/** There is no value that could be called. */
function refuseCall([name, value]: readonly MaybeValue[]): never {
  const inside = insideInterface(value);
  if (inside === undefined) return refuse('call of nil');
  return refuse(`non-function ${words(name)} of type ${inside.type.name}`);
}

function sabakanFunctions(settings: TemplateSettings): readonly (readonly [string, Callable])[] {
  const { advertiseUrl, advertiseUrlHttps, metadata } = settings;
  const url = (text: string): Callable => ({ takes: [], call: () => ofString(text) });
  const compute = (name: Arithmetic): readonly [string, Callable] => [
    name,
    { takes: [anyType, anyType], call: ([a, b]) => arithmetic(name, a, b) },
  ];
  return [
    ['MyURL', url(advertiseUrl)],
    ['MyURLHTTPS', url(advertiseUrlHttps)],
    [
      'Metadata',
      {
        takes: [stringType],
        call: ([key]) => metadata.get(words(key)) ?? refuse(`no such meta data: ${words(key)}`),
      },
    ],
    ['json', { takes: [anyType], call: ([value], budget) => charged(jsonOf(value), budget) }],
    compute('add'),
    compute('sub'),
    compute('mul'),
    compute('div'),
  ];
}
