/** What a configuration may look like, as data; `checkShape` says every place where a tree differs. */

import type { Mistake } from '../mistake.ts';
import type { Tree } from './tree.ts';

export type Shape =
  /** `wrong` returns what would be right, or undefined when all is well. */
  | { readonly kind: 'text'; readonly wrong?: (text: string) => string | undefined }
  | { readonly kind: 'integer'; readonly min: number; readonly max?: number }
  | { readonly kind: 'flag' }
  | { readonly kind: 'list'; readonly of: Shape; readonly min?: number }
  | {
      readonly kind: 'members';
      readonly members: Readonly<Record<string, Shape>>;
      readonly required?: readonly string[];
    }
  | { readonly kind: 'map'; readonly key: (text: string) => string | undefined; readonly of: Shape }
  /** A Kubernetes component's configuration file, passed on as it stands. */
  | { readonly kind: 'component'; readonly apiVersion: string; readonly component: string }
  | {
      readonly kind: 'either';
      readonly text: string;
      readonly fits: (tree: Tree) => Shape | undefined;
    };

const mistakesMax = 100;

/** Adds what is wrong to `found`, up to `mistakesMax` places: nobody reads more than that. */
export function checkShape(tree: Tree, shape: Shape, path: string, found: Mistake[]): void {
  if (found.length >= mistakesMax) return;
  const text = tree.value.kind === 'other' ? tree.value.text : wrongHere(tree, shape);
  if (text !== undefined) {
    found.push(mistakeAt(tree, path, text));
    return;
  }
  switch (shape.kind) {
    case 'list':
      for (const [at, item] of itemsOf(tree).entries()) {
        checkShape(item, shape.of, `${path}/${at}`, found);
      }
      return;
    case 'map':
      for (const [key, item] of membersOf(tree)) {
        const wrong = shape.key(key);
        if (wrong !== undefined) found.push(mistakeAt(item, `${path}/${key}`, wrong, key));
        checkShape(item, shape.of, `${path}/${key}`, found);
      }
      return;
    case 'members':
      checkMembers(tree, shape, path, found);
      return;
    case 'either': {
      const fitting = shape.fits(tree);
      if (fitting !== undefined) checkShape(tree, fitting, path, found);
      return;
    }
    case 'text':
    case 'integer':
    case 'flag':
    case 'component':
  }
}

/** What is wrong with this very place, leaving aside what it contains. */
function wrongHere(tree: Tree, shape: Shape): string | undefined {
  const { value } = tree;
  const scalar = value.kind === 'scalar' ? value.scalar : undefined;
  switch (shape.kind) {
    case 'text':
      if (typeof scalar !== 'string') return 'must be a text (put numbers in quotes)';
      return shape.wrong?.(scalar);
    case 'integer': {
      const max = shape.max ?? Number.MAX_SAFE_INTEGER;
      const right =
        Number.isInteger(scalar) && Number(scalar) >= shape.min && Number(scalar) <= max;
      const upTo = shape.max === undefined ? ' or more' : ` to ${shape.max}`;
      return right ? undefined : `must be a whole number, ${shape.min}${upTo}`;
    }
    case 'flag':
      return typeof scalar === 'boolean' ? undefined : 'must be true or false';
    case 'list':
      if (value.kind !== 'list') return 'must be a list';
      return value.items.length < (shape.min ?? 0) ? 'must not be empty' : undefined;
    case 'map':
    case 'members':
      return value.kind === 'members' ? undefined : 'must be a mapping';
    case 'component': {
      const [version, kind] = ['apiVersion', 'kind'].map((name) => memberOf(tree, name)?.plain);
      return version === shape.apiVersion && kind === shape.component
        ? undefined
        : `must have apiVersion: ${shape.apiVersion} and kind: ${shape.component}`;
    }
    case 'either':
      return shape.fits(tree) === undefined ? shape.text : undefined;
  }
}

function checkMembers(
  tree: Tree,
  shape: Extract<Shape, { kind: 'members' }>,
  path: string,
  found: Mistake[],
): void {
  const known = new Map(Object.entries(shape.members));
  for (const [name, item] of membersOf(tree)) {
    const expected = known.get(name);
    if (expected === undefined) {
      const text = `is not a member we know; known are ${[...known.keys()].join(', ')}`;
      found.push(mistakeAt(item, `${path}/${name}`, text, name));
    } else {
      checkShape(item, expected, `${path}/${name}`, found);
    }
  }
  for (const name of shape.required ?? []) {
    if (!membersOf(tree).has(name)) found.push(mistakeAt(tree, `${path}/${name}`, 'is missing'));
  }
}

export function mistakeAt(tree: Tree, path: string, text: string, value?: string): Mistake {
  const shown =
    value ?? (tree.value.kind === 'scalar' ? String(tree.value.scalar) : tree.value.kind);
  const line = tree.line === undefined ? {} : { line: tree.line };
  return { path, ...line, value: shown.slice(0, 80), text };
}

/** The member of a tree, if it is there. */
export function memberOf(tree: Tree, name: string): Tree | undefined {
  return tree.value.kind === 'members' ? tree.value.members.get(name) : undefined;
}

export function itemsOf(tree: Tree | undefined): readonly Tree[] {
  return tree?.value.kind === 'list' ? tree.value.items : [];
}

const none: ReadonlyMap<string, Tree> = new Map();

function membersOf(tree: Tree): ReadonlyMap<string, Tree> {
  return tree.value.kind === 'members' ? tree.value.members : none;
}

/** A mapping of texts as a Map, in its own order. */
export function textsOf(tree: Tree | undefined): ReadonlyMap<string, string> {
  const entries = tree?.value.kind === 'members' ? [...tree.value.members] : [];
  return new Map(entries.map(([key, item]) => [key, String(item.plain)]));
}
