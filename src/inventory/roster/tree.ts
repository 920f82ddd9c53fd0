/** JSON or YAML as a tree that remembers where everything stands. */

import type { RosterMistake, Spot } from '../roster-spot.ts';

export type Tree = {
  /** Of its first character in the text. */
  readonly at: number;
  readonly value: TreeValue;
};
export type TreeValue =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly source: string }
  | { readonly kind: 'truth'; readonly source: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Member> }
  /** What only YAML has: an alias, a tag. */
  | { readonly kind: 'strange'; readonly says: string };
export type Member = { readonly nameAt: number; readonly tree: Tree };

/** A list of machines in a fleet's object is four deep; functions that walk a tree call themselves per level. */
export const treeDepthMax = 32;

/** A place in a text with where it is in the tree. */
export type Places = {
  readonly spot: (at: number, pointer: string) => Spot;
  readonly mistake: (at: number, pointer: string, text: string) => RosterMistake;
};

export function placesIn(text: string): Places {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const spot = (at: number, pointer: string): Spot => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle;
    }
    return { kind: 'text', line: low + 1, column: at - (starts[low] ?? 0) + 1, pointer };
  };
  return { spot, mistake: (at, pointer, what) => ({ spot: spot(at, pointer), text: what }) };
}

/** RFC 6901. */
export function below(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** For a sentence: `a list`, `the number 00123`. */
export function sayTree({ value }: Tree): string {
  switch (value.kind) {
    case 'text':
      return 'a text';
    case 'number':
      return `the number ${value.source.slice(0, 40)}`;
    case 'truth':
      return `the truth value ${value.source}`;
    case 'null':
      return 'nothing';
    case 'list':
      return 'a list';
    case 'object':
      return 'an object';
    case 'strange':
      return value.says;
  }
}

/** As a plain value, for parsers that take JSON. */
export function plainOf({ value }: Tree): unknown {
  switch (value.kind) {
    case 'text':
      return value.text;
    case 'number':
      // 1.0 and 1e3 are no counts to Go, nor is what YAML 1.1 would read as octal.
      return /^-?(0|[1-9]\d*)$/.test(value.source) ? Number(value.source) : Number.NaN;
    case 'truth':
      return /^true$/i.test(value.source);
    case 'null':
      return null;
    case 'list':
      return value.items.map(plainOf);
    case 'object':
      return Object.fromEntries(
        [...value.members].map(([name, { tree }]) => [name, plainOf(tree)]),
      );
    case 'strange':
      return undefined;
  }
}
