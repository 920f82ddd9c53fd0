/** Configuration as a tree that remembers its lines; made from YAML text or from plain values. */

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Mistake } from '../mistake.ts';

export type Tree = {
  readonly line?: number;
  /** The plain value, for what is passed on as it stands. */
  readonly plain: unknown;
  readonly value:
    | { readonly kind: 'scalar'; readonly scalar: string | number | boolean | null }
    | { readonly kind: 'list'; readonly items: readonly Tree[] }
    | { readonly kind: 'members'; readonly members: ReadonlyMap<string, Tree> }
    | { readonly kind: 'other'; readonly text: string };
};

/** A cluster template is some hundred lines; more than this is not one. */
const yamlCharactersMax = 1_048_576;
const depthMax = 40;

/** Strict YAML 1.2, one document, no repeated members. */
export function treeOfYaml(text: string): Result<Tree, readonly Mistake[]> {
  if (text.length > yamlCharactersMax) {
    const right = `is ${text.length} characters; at most ${yamlCharactersMax} are read`;
    return fail([{ path: '', value: '', text: right }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  if (document.errors.length > 0) {
    return fail(
      document.errors.map((error) => ({
        path: '',
        line: lines.linePos(error.pos[0]).line,
        value: '',
        text: error.message.split('\n')[0] ?? error.message,
      })),
    );
  }
  const lineOf = (node: unknown): { line: number } | Record<never, never> => {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return range?.[0] === undefined ? {} : { line: lines.linePos(range[0]).line };
  };
  const grow = (node: unknown, depth: number): Tree => {
    const where = lineOf(node);
    if (depth > depthMax) return { ...where, plain: null, value: other('is nested too deeply') };
    if (isAlias(node)) return { ...where, plain: null, value: other('is an alias; write it out') };
    if (isMap(node)) {
      const members = new Map<string, Tree>();
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : '(not a text)';
        const grown = grow(pair.value, depth + 1);
        // Line of the name: that is where one looks for a wrong member.
        members.set(key, { ...grown, ...lineOf(pair.key) });
      }
      const plain = Object.fromEntries([...members].map(([key, member]) => [key, member.plain]));
      return { ...where, plain, value: { kind: 'members', members } };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => grow(item, depth + 1));
      return { ...where, plain: items.map((item) => item.plain), value: { kind: 'list', items } };
    }
    return { ...where, ...scalarTree(isScalar(node) ? node.value : null) };
  };
  return ok(grow(document.contents, 0));
}

/** Plain values (parsed JSON or a part of a parsed configuration). */
export function treeOfPlain(plain: unknown, depth = 0): Tree {
  if (depth > depthMax) return { plain: null, value: other('is nested too deeply') };
  if (Array.isArray(plain)) {
    return {
      plain,
      value: { kind: 'list', items: plain.map((item) => treeOfPlain(item, depth + 1)) },
    };
  }
  if (typeof plain === 'object' && plain !== null) {
    const entries = plain instanceof Map ? [...plain] : Object.entries(plain);
    const members = new Map(
      entries.map(([key, item]) => [String(key), treeOfPlain(item, depth + 1)]),
    );
    return { plain, value: { kind: 'members', members } };
  }
  return scalarTree(plain);
}

function scalarTree(scalar: unknown): Tree {
  if (
    scalar === null ||
    typeof scalar === 'string' ||
    typeof scalar === 'number' ||
    typeof scalar === 'boolean'
  ) {
    return { plain: scalar, value: { kind: 'scalar', scalar } };
  }
  if (scalar === undefined) return { plain: null, value: { kind: 'scalar', scalar: null } };
  return { plain: null, value: other('is not a text, number, list or mapping') };
}

function other(text: string): { readonly kind: 'other'; readonly text: string } {
  return { kind: 'other', text };
}
